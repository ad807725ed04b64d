//! The instructions of a call, and whether they are more than in the table.

use seckill_page::numerals::thousands;

use crate::failure::Failure;
use crate::table::{Table, number, words};
use crate::workload::FLOOR;

/// Two runs of the same code differ by less than 0.5 %, those of SET by up to 1.5 %.
const MARGIN: f64 = 0.03;

/// The versions with which instructions were counted. Counts of other versions do not compare.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Versions {
    pub(crate) server: String,
    /// The compiler of the module.
    pub(crate) rustc: String,
}

/// The instructions of a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Count {
    pub(crate) workload: String,
    pub(crate) instructions: u64,
    /// Those of them that are the module's own.
    pub(crate) in_module: u64,
}

/// The counts of all workloads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counts {
    pub(crate) versions: Versions,
    pub(crate) counts: Vec<Count>,
}

impl Counts {
    /// The lower counts of two runs of the same workloads: collisions in hash tables only add to a count.
    pub(crate) fn least(mut self, other: Self) -> Self {
        for (least, other) in self.counts.iter_mut().zip(other.counts) {
            least.instructions = least.instructions.min(other.instructions);
            least.in_module = least.in_module.min(other.in_module);
        }
        self
    }

    /// A count as a multiple of the least that a command of the module takes.
    pub(crate) fn floors(&self, count: &Count) -> f64 {
        self.of(FLOOR).map_or(f64::NAN, |floor| count.instructions as f64 / floor.instructions as f64)
    }

    fn of(&self, workload: &str) -> Option<&Count> {
        self.counts.iter().find(|count| count.workload == workload)
    }
}

/// The change as a part of the earlier count.
fn change(then: &Count, now: &Count) -> f64 {
    now.instructions as f64 / then.instructions as f64 - 1.0
}

/// The counts now, beside those of the table.
pub(crate) fn beside(then: Option<&Counts>, now: &Counts) -> Table {
    let figure = |count: u64| thousands(count as f64);
    let row = |count: &Count| {
        let then = then.and_then(|then| then.of(&count.workload));
        let of_then = |show: &dyn Fn(&Count) -> String| then.map_or_else(String::new, show);
        vec![
            count.workload.clone(),
            figure(count.instructions),
            of_then(&|then| figure(then.instructions)),
            of_then(&|then| format!("{:+.1} %", 100.0 * change(then, count))),
            figure(count.in_module),
            of_then(&|then| figure(then.in_module)),
            format!("{:.2}", now.floors(count)),
        ]
    };
    Table {
        title: "Instructions a call".to_owned(),
        about: "Instructions of the server for a command once it is parsed, propagation included; less is better."
            .to_owned(),
        columns: vec![
            words("workload"),
            number("now"),
            number("then"),
            number(""),
            number("in the module"),
            number("then"),
            number("× floor"),
        ],
        rows: now.counts.iter().map(row).collect(),
        notes: Vec::new(),
    }
}

/// Fails when a workload takes clearly more than in the table. Otherwise there may be a remark.
pub(crate) fn compare(then: &Counts, now: &Counts) -> Result<Option<String>, Failure> {
    if then.versions != now.versions {
        let [then, now] = [then, now]
            .map(|Counts { versions: Versions { server, rustc }, .. }| format!("{server} and rustc {rustc}"));
        return Ok(Some(format!("The table is of {then}, this was {now}: they do not compare.")));
    }
    let known: Vec<_> = now
        .counts
        .iter()
        .filter_map(|count| Some((count, change(then.of(&count.workload)?, count))))
        .collect();
    let more: Vec<_> = known
        .iter()
        .filter(|(_, change)| *change > MARGIN)
        .map(|(count, _)| count.workload.as_str())
        .collect();
    if !more.is_empty() {
        return Err(format!("more instructions than the table says: {}", more.join("; ")).into());
    }
    let all_known = known.len() == now.counts.len() && known.len() == then.counts.len();
    let less = known.iter().any(|(_, change)| *change < -MARGIN);
    Ok((less || !all_known).then(|| "The table is out of date: --write renews it.".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(instructions: &[(&str, u64)]) -> Counts {
        let count = |&(workload, instructions): &(&str, u64)| Count {
            workload: workload.to_owned(),
            instructions,
            in_module: instructions / 2,
        };
        let versions = Versions { server: "Redis 7.0.15".to_owned(), rustc: "1.95.0".to_owned() };
        Counts { versions, counts: instructions.iter().map(count).collect() }
    }

    #[test]
    fn a_workload_that_takes_more_is_named() {
        let then = counts(&[("LOCK", 1_000), ("UNLOCK", 1_000), ("BUY", 1_000)]);
        let now = counts(&[("LOCK", 1_029), ("UNLOCK", 1_031), ("BUY", 500)]);
        let error = compare(&then, &now).unwrap_err().to_string();
        assert_eq!(error, "more instructions than the table says: UNLOCK");
    }

    #[test]
    fn a_table_that_is_out_of_date_is_said_to_be() {
        let then = counts(&[("LOCK", 1_000)]);
        let remark = |now: &[(&str, u64)]| compare(&then, &counts(now)).unwrap();
        assert_eq!(remark(&[("LOCK", 971)]), None);
        for now in [&[("LOCK", 969)][..], &[("LOCK", 1_000), ("BUY", 1)], &[]] {
            assert_eq!(
                remark(now).as_deref(),
                Some("The table is out of date: --write renews it."),
                "{now:?}"
            );
        }
    }

    #[test]
    fn counts_of_other_versions_are_not_compared() {
        let (then, mut now) = (counts(&[("LOCK", 1_000)]), counts(&[("LOCK", 2_000)]));
        now.versions.rustc = "1.96.0".to_owned();
        let remark = compare(&then, &now).unwrap().unwrap();
        assert!(remark.contains("rustc 1.95.0") && remark.contains("rustc 1.96.0"), "{remark}");
    }

    #[test]
    fn of_two_runs_the_lower_counts_stay() {
        let (one, other) =
            (counts(&[("LOCK", 1_000), ("BUY", 2_400)]), counts(&[("LOCK", 1_040), ("BUY", 2_200)]));
        assert_eq!(one.least(other), counts(&[("LOCK", 1_000), ("BUY", 2_200)]));
    }
}
