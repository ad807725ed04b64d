//! Figures beside those of an alternative.

use crate::numerals::times;
use crate::spread::Spread;

/// A figure as a multiple of that of an alternative.
#[derive(serde::Serialize)]
pub(crate) struct Beside {
    pub(crate) rival: String,
    pub(crate) ratio: Spread,
}

/// The ratios as text.
pub(crate) fn compare(beside: &[Beside], workload: &str) -> Vec<String> {
    let ratio =
        |beside: &Beside| format!("{} × {}", times(beside.ratio.median), rival_name(&beside.rival, workload));
    beside.iter().map(ratio).collect()
}

/// The name of a rival beside a workload: of `Lua: BUY` beside `BUY` only `Lua`.
pub(crate) fn rival_name<'a>(rival: &'a str, workload: &str) -> &'a str {
    rival.strip_suffix(workload).and_then(|start| start.strip_suffix(": ")).unwrap_or(rival)
}

pub(crate) fn quartiles(spread: &Spread, show: impl Fn(f64) -> String) -> String {
    format!("({} … {})", show(spread.low), show(spread.high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rival_of_the_same_name_is_named_by_its_kind() {
        assert_eq!(rival_name("Lua: BUY", "BUY"), "Lua");
        assert_eq!(rival_name("HINCRBY", "BUY"), "HINCRBY");
    }
}
