//! Numbers of things, for a person.

use std::fmt::Display;

/// `1 unit`, `2 units`.
pub(crate) fn count(number: impl Display, thing: &str) -> String {
    let number = number.to_string();
    let ending = if matches!(&number[..], "1" | "-1") { "" } else { "s" };
    format!("{number} {thing}{ending}")
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn one_is_singular() {
        let units = [0, 1, -1, 2, 11].map(|units| count(units, "unit"));
        assert_eq!(units, ["0 units", "1 unit", "-1 unit", "2 units", "11 units"]);
    }
}
