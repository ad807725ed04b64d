//! A server under callgrind, which counts the instructions of commands.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use redis::cmd;
use seckill_launcher::Program;
use tempfile::TempDir;

use crate::failure::Failure;
use crate::pipe::Pipe;
use crate::workload::{Numbers, Workload};

/// The function of the server that executes a command. It includes propagation, but no sockets, parsing or
/// cron.
const CALL: &str = "call";
/// ECHO makes callgrind write its counts to a file and reset them. `--vgdb=no` keeps callgrind_control, which
/// talks to every callgrind on the machine, from doing the same.
const OPTIONS: &str = "--tool=callgrind --vgdb=no --dump-before=echoCommand";

/// The instructions of several calls.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Cost {
    calls: u64,
    pub(crate) all: u64,
    /// Those of the module's own code, without the functions of the server and libraries that it calls.
    pub(crate) in_module: u64,
}

/// A server program under callgrind, and the files that callgrind writes.
pub(crate) struct Callgrind {
    program: Program,
    module: PathBuf,
    profiles: Option<PathBuf>,
    files: TempDir,
    written: u32,
}

impl Callgrind {
    pub(crate) fn new(program: &Program, profiles: Option<PathBuf>) -> Result<Self, Failure> {
        let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
        version.map_err(|_| "valgrind is missing: apt-get install valgrind")?;
        if let Some(directory) = &profiles {
            fs::create_dir_all(directory)?;
        }
        let files = tempfile::Builder::new().prefix("seckill-").tempdir()?;
        let tool = format!("valgrind {OPTIONS} --callgrind-out-file={}", file(&files).display());
        let module = program.module()?;
        Ok(Self { program: program.clone().under(&tool), module, profiles, files, written: 0 })
    }

    pub(crate) fn program(&self) -> &Program {
        &self.program
    }

    /// The version of the compiler, as it is recorded in the module.
    pub(crate) fn rustc(&self) -> Result<String, Failure> {
        const BEFORE: &[u8] = b"rustc version ";
        let bytes = fs::read(&self.module)?;
        let at = bytes.windows(BEFORE.len()).position(|window| window == BEFORE);
        let version = at.and_then(|at| bytes[at + BEFORE.len()..].split(|byte| b" \0".contains(byte)).next());
        Ok(version.map_or_else(|| "unknown".into(), |version| String::from_utf8_lossy(version).into_owned()))
    }

    /// The instructions of the calls of these numbers, and of the ECHO after them, which takes some 1,000.
    pub(crate) fn cost(
        &mut self,
        pipe: &mut Pipe,
        workload: &Workload,
        numbers: Numbers,
    ) -> Result<Cost, Failure> {
        (workload.prepare)(pipe, numbers.clone())?;
        self.next_file(pipe)?;
        pipe.send(numbers.clone().map(&workload.call), workload.reply)?;
        let file = self.next_file(pipe)?;
        if let Some(directory) = &self.profiles {
            fs::copy(&file, directory.join(&workload.name))?;
        }
        let cost = Cost::read(&fs::read_to_string(file)?, &self.module);
        let calls = numbers.end - numbers.start;
        // And the ECHO.
        if cost.calls != calls + 1 {
            return Err(format!("callgrind counted {} calls, not {}", cost.calls, calls + 1).into());
        }
        (workload.tidy)(pipe, numbers)?;
        Ok(cost)
    }

    /// The file with the counts since the last one.
    fn next_file(&mut self, pipe: &mut Pipe) -> Result<PathBuf, Failure> {
        pipe.ask::<()>(cmd("ECHO").arg(""))?;
        self.written += 1;
        Ok(file(&self.files).with_extension(self.written.to_string()))
    }
}

/// The name of the files, to which callgrind adds a number.
fn file(files: &TempDir) -> PathBuf {
    files.path().join("callgrind")
}

impl Cost {
    /// A file lists functions (`fn=`) of object files (`ob=`), each with its own cost for each line of code,
    /// and with the functions that it called (`cfn=`): how often (`calls=`) and, in the next line, their cost
    /// with everything that they called.
    fn read(text: &str, module: &Path) -> Self {
        let mut cost = Self::default();
        let (mut objects, mut functions) = (Names::default(), Names::default());
        let (mut object, mut callee, mut calls) = ("", "", None::<u64>);
        for line in text.lines() {
            match line.split_once('=') {
                Some(("ob", name)) => object = objects.resolve(name),
                Some(("cob", name)) => _ = objects.resolve(name),
                Some(("fn", name)) => _ = functions.resolve(name),
                Some(("cfn", name)) => callee = functions.resolve(name),
                Some(("calls", count)) => calls = first_number(count),
                Some(_) => {}
                None => {
                    let Some(instructions) = instructions(line) else { continue };
                    match calls.take() {
                        Some(calls) if callee == CALL => {
                            cost.calls += calls;
                            cost.all += instructions;
                        }
                        None if Path::new(object) == module => cost.in_module += instructions,
                        _ => {}
                    }
                }
            }
        }
        cost
    }
}

fn first_number(text: &str) -> Option<u64> {
    text.split(' ').next()?.parse().ok()
}

/// The cost that a line ends with, if it begins with the number of a line of code: absolute, or relative to
/// the last.
fn instructions(line: &str) -> Option<u64> {
    let (place, cost) = line.split_once(' ')?;
    let is_place = place.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first));
    if is_place { cost.parse().ok() } else { None }
}

/// Names have numbers: `(7) name` when one is mentioned first, and from then on `(7)`.
#[derive(Default)]
struct Names<'a>(HashMap<&'a str, &'a str>);

impl<'a> Names<'a> {
    fn resolve(&mut self, text: &'a str) -> &'a str {
        let (number, name) = text.split_once(' ').unwrap_or((text, ""));
        self.0.entry(number).or_insert(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# callgrind format
version: 1
positions: line
events: Ir
summary: 999

ob=(1) /usr/bin/redis-server
fl=(1) ???
fn=(1) processCommand
0 50
cfn=(2) call
calls=3 0
0 900

fn=(2)
0 100
cob=(2) /lib/seckill.so
cfi=(2) lib.rs
cfn=(3) buy
calls=3 10
* 800

ob=(2)
fl=(2)
fn=(3)
12 70
+3 7
* 1
cob=(1)
cfn=(4) RM_Replicate
calls=3 0
-2 600
";

    #[test]
    fn calls_count_with_what_they_call_and_the_module_without() {
        let cost = Cost::read(FILE, Path::new("/lib/seckill.so"));
        assert_eq!(cost, Cost { calls: 3, all: 900, in_module: 78 });
    }
}
