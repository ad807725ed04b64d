//! `seckill serve`.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use seckill_launcher::{Program, Watchdog, run_in_foreground, temporary_directory};
use tempfile::TempDir;

use crate::data_directory::DataDirectory;
use crate::exit::{Exit, Failure};
use crate::output::write_out;

/// Where a server keeps its data, unless something else is said.
const DEFAULT_DIRECTORY: &str = "seckill-data";

/// Start redis-server with the module, in the foreground
///
/// It keeps its data in a directory, with an append-only file, and prints which. A configuration file says by
/// itself what is kept and where. The server ends when this program does: by SIGINT, SIGTERM, SIGKILL, or
/// because the terminal is closed.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill serve
  seckill serve --throwaway --port 7000 --maxmemory 1gb")]
pub(crate) struct Serve {
    #[command(flatten)]
    program: Program,
    /// The TCP port [default: 6379]
    #[arg(long)]
    port: Option<u16>,
    /// Where the data is kept [default: seckill-data]
    #[arg(long, value_name = "PATH", conflicts_with = "throwaway")]
    dir: Option<PathBuf>,
    /// Keep nothing: the data ends with the server
    #[arg(long)]
    throwaway: bool,
    /// Arguments for redis-server, after the options above: a configuration file, `--maxmemory 1gb`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

/// Where the data of a server is.
enum Data {
    Kept(DataDirectory),
    Discarded(TempDir),
    AsConfigured,
}

impl Serve {
    /// Returns when the server has ended.
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        if self.arguments.iter().any(|argument| argument.eq_ignore_ascii_case("--dir")) {
            let text = "--dir must come before the arguments for redis-server";
            return Err(Failure::Usage(text.to_owned()));
        }
        self.serve().map_err(Failure::server)?;
        Ok(Exit::Done)
    }

    fn serve(&self) -> Result<(), Box<dyn Error>> {
        let data = self.data()?;
        let module = self.program.module()?;
        write_out(|out| {
            writeln!(out, "seckill {}, {}", env!("CARGO_PKG_VERSION"), module.display())?;
            writeln!(out, "{data}")
        })?;
        let arguments = self.arguments(&data);
        let (watchdog, input) = data.guard()?;
        let serving = run_in_foreground(&self.program, arguments, input, watchdog);
        Ok(tokio::runtime::Runtime::new()?.block_on(serving)?)
    }

    fn data(&self) -> Result<Data, Box<dyn Error>> {
        if self.throwaway {
            return Ok(Data::Discarded(temporary_directory()?));
        }
        let path = match &self.dir {
            Some(path) => path,
            None if self.has_configuration() => return Ok(Data::AsConfigured),
            None => &PathBuf::from(DEFAULT_DIRECTORY),
        };
        let directory = DataDirectory::open(path)?;
        if self.decides_on_aof() {
            directory.check_for_aof()?;
        }
        Ok(Data::Kept(directory))
    }

    /// Whether the server has an AOF because nobody said otherwise.
    fn decides_on_aof(&self) -> bool {
        let names_it = |argument: &OsString| argument.eq_ignore_ascii_case("--appendonly");
        !self.has_configuration() && !self.arguments.iter().any(names_it)
    }

    /// Whether redis-server reads a configuration: the first argument names the file, or is `-` for its input.
    fn has_configuration(&self) -> bool {
        let first = self.arguments.first().map(|first| first.as_encoded_bytes());
        first.is_some_and(|first| first == b"-" || !first.starts_with(b"-"))
    }

    /// What redis-server gets. Of two options with one name the later one counts, so the user's come last.
    fn arguments(&self, data: &Data) -> Vec<OsString> {
        let (file, given) = self.arguments.split_at(usize::from(self.has_configuration()));
        let mut arguments = file.to_vec();
        let mut option = |name: &str, value: OsString| arguments.extend([name.into(), value]);
        if let Some(port) = self.port {
            option("--port", port.to_string().into());
        }
        match data {
            Data::Kept(directory) => {
                option("--dir", directory.path().into());
                if self.decides_on_aof() {
                    option("--appendonly", "yes".into());
                    option("--save", "".into());
                }
            }
            Data::Discarded(directory) => {
                option("--dir", directory.path().into());
                option("--appendonly", "no".into());
                option("--save", "".into());
            }
            Data::AsConfigured => {}
        }
        arguments.extend_from_slice(given);
        arguments
    }
}

impl Data {
    /// The watchdog for a server with this data, and the server's input.
    fn guard(self) -> io::Result<(Watchdog, Stdio)> {
        match self {
            Self::Kept(directory) => {
                // So the directory is locked as long as the server runs.
                Ok((Watchdog::that_shuts_down()?, directory.into_lock().into()))
            }
            Self::Discarded(directory) => {
                let watchdog = Watchdog::that_discards(directory.path())?;
                let _removed_by_the_watchdog = directory.keep();
                Ok((watchdog, Stdio::null()))
            }
            Self::AsConfigured => Ok((Watchdog::that_shuts_down()?, Stdio::inherit())),
        }
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept(directory) => write!(f, "Data is kept in {}", directory.path().display()),
            Self::Discarded(_) => f.write_str("Data is not kept"),
            Self::AsConfigured => f.write_str("Data is kept as the configuration says"),
        }
    }
}
