//! The table in the repository: lines of fields with tabs between them.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::counts::{Count, Counts, Versions};
use crate::failure::Failure;

const SERVER: &str = "server";
const RUSTC: &str = "rustc";
const HEADER: &str = "workload\tinstructions a call\tof these in the module\t× floor";

pub(crate) fn write(path: &Path, counts: &Counts) -> Result<(), Failure> {
    fs::write(path, print(counts)?).map_err(|error| format!("{}: {error}", path.display()).into())
}

pub(crate) fn read(path: &Path) -> Result<Counts, Failure> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&text).ok_or_else(|| format!("{} is no table of instructions", path.display()).into())
}

fn print(counts: &Counts) -> Result<String, Failure> {
    let Versions { server, rustc } = &counts.versions;
    let mut text = format!("{SERVER}\t{server}\n{RUSTC}\t{rustc}\n{HEADER}\n");
    for count in &counts.counts {
        let Count { workload, instructions, in_module } = count;
        writeln!(text, "{workload}\t{instructions}\t{in_module}\t{:.2}", counts.floors(count))?;
    }
    Ok(text)
}

fn parse(text: &str) -> Option<Counts> {
    let mut lines = text.lines();
    let mut version = |name| lines.next()?.strip_prefix(name)?.strip_prefix('\t').map(str::to_owned);
    let versions = Versions { server: version(SERVER)?, rustc: version(RUSTC)? };
    let (HEADER, counts) = (lines.next()?, lines) else { return None };
    let counts = counts.map(|line| {
        let mut fields = line.split('\t');
        Some(Count {
            workload: fields.next()?.to_owned(),
            instructions: fields.next()?.parse().ok()?,
            in_module: fields.next()?.parse().ok()?,
        })
    });
    Some(Counts { versions, counts: counts.collect::<Option<_>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::FLOOR;

    #[test]
    fn it_is_read_as_it_was_written() {
        let count = |workload: &str, instructions, in_module| Count {
            workload: workload.to_owned(),
            instructions,
            in_module,
        };
        let counts = Counts {
            versions: Versions { server: "Redis 7.0.15".to_owned(), rustc: "1.95.0".to_owned() },
            counts: vec![count(FLOOR, 2_000, 600), count("LOCK", 9_000, 1_000)],
        };
        let text = print(&counts).unwrap();
        assert!(text.ends_with("\nLOCK\t9000\t1000\t4.50\n"), "{text}");
        assert_eq!(parse(&text), Some(counts));
    }

    #[test]
    fn another_file_is_no_table() {
        assert_eq!(parse(""), None);
        assert_eq!(parse("server\tRedis 7.0.15\nrustc\t1.95.0\nanother header\n"), None);
    }
}
