//! Figures as text.

/// A ratio: 1/4.2 rather than 0.24.
pub(crate) fn times(ratio: f64) -> String {
    if ratio < 0.5 { format!("1/{:.1}", 1.0 / ratio) } else { format!("{ratio:.2}") }
}

/// µs of a call.
pub(crate) fn us(us: f64) -> String {
    format!("{us:.2}")
}

/// Bytes of an order.
pub(crate) fn bytes(bytes: f64) -> String {
    format!("{bytes:.1}")
}

/// A time in µs, in a larger unit if need be.
pub(crate) fn duration(us: f64) -> String {
    match us {
        ..1e3 => format!("{us} µs"),
        ..1e6 => format!("{} ms", us / 1e3),
        _ => format!("{} s", us / 1e6),
    }
}

/// The share of all but one in `rarity`, as a percentage with all its nines.
pub(crate) fn share(rarity: f64) -> String {
    let decimals = (rarity.log10().ceil() - 2.0).max(0.0) as usize;
    format!("{:.decimals$} %", 100.0 - 100.0 / rarity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_below_a_half_are_fractions() {
        assert_eq!([0.25, 1.0 / 3.0, 0.5, 1.234].map(times), ["1/4.0", "1/3.0", "0.50", "1.23"]);
    }

    #[test]
    fn times_have_units() {
        assert_eq!([1.0, 100.0, 1_500.0, 1e7].map(duration), ["1 µs", "100 µs", "1.5 ms", "10 s"]);
    }

    #[test]
    fn shares_have_nines() {
        assert_eq!([1.0, 2.0, 10.0, 100.0, 1e4].map(share), ["0 %", "50 %", "90 %", "99 %", "99.99 %"]);
    }
}
