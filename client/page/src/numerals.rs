//! Counts as text.

/// A count, in groups of three digits.
#[must_use]
pub fn thousands(count: f64) -> String {
    let digits = format!("{count:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count, abbreviated when it is large.
#[must_use]
pub fn short(count: f64) -> String {
    if count < 1e6 {
        return thousands(count);
    }
    let tenths = (count / 1e5).round();
    let whole = thousands((tenths / 10.0).floor());
    if tenths % 10.0 == 0.0 { format!("{whole} M") } else { format!("{whole}.{} M", tenths % 10.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_counts_are_short() {
        assert_eq!([1e3, 1e5, 1e6, 1e7].map(short), ["1,000", "100,000", "1 M", "10 M"]);
        assert_eq!([1_250_000.0, 1.2e9].map(short), ["1.3 M", "1,200 M"]);
    }

    #[test]
    fn counts_have_groups() {
        assert_eq!([0.0, 999.4, 1_000.0, 1_234_567.0].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
