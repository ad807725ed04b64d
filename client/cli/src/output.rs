//! What goes to stdout: one value, for a person or for a machine.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::exit::Failure;

/// Something that a command prints.
pub(crate) trait Show: Serialize {
    /// For a person. What is serialized is for machines.
    fn show(&self, out: &mut dyn Write) -> io::Result<()>;
}

/// Where results go, and in which form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// JSON, or text for a person.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether machines read it.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Prints a result: a text, or one line of JSON.
    pub(crate) fn print(self, result: &impl Show) -> Result<(), Failure> {
        write_out(|out| {
            if self.json {
                serde_json::to_writer(&mut *out, result)?;
                writeln!(out)
            } else {
                result.show(out)
            }
        })
    }
}

/// Writes one line of JSON for each row.
pub(crate) fn json_lines(rows: &[impl Serialize], out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    for row in rows {
        serde_json::to_writer(&mut out, row)?;
        writeln!(out)?;
    }
    out.flush()
}

/// Says something on stderr. Where nobody can read it, that is all the same.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes to stdout. When the reader of a pipe wants no more, the program ends as it does by SIGPIPE.
pub(crate) fn write_out(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(SIGPIPE_EXIT),
        result => result.map_err(|error| Failure::Server(format!("cannot write to stdout: {error}"))),
    }
}

/// What a shell reports for a program that SIGPIPE ended.
const SIGPIPE_EXIT: i32 = 141;

/// Whether a person looks at stdout, so that colours and tables make sense.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}
