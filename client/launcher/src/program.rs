//! Which server program to run, with which module.

use std::ffi::OsString;
use std::io;
use std::path::{self, PathBuf};
use std::process::Command;

use crate::error::Error;
use crate::module;

/// The server program when none is named.
pub const DEFAULT_SERVER: &str = "redis-server";

/// Which server program to run, with which module.
#[derive(Debug, Clone, clap::Args)]
pub struct Program {
    /// The server program, with arguments of its own where it needs them
    #[arg(long, env = "SERVER", value_name = "PROGRAM", default_value = DEFAULT_SERVER)]
    server: String,
    /// The module [default: the one that was built or installed with this program]
    #[arg(long, env = "SECKILL_MODULE", value_name = "PATH")]
    module: Option<PathBuf>,
    /// The arguments of the module.
    #[arg(skip)]
    module_arguments: Vec<String>,
    #[arg(skip)]
    without_module: bool,
}

impl Program {
    /// This server program, with arguments of its own where it needs them, and this module.
    pub fn new(server: impl Into<String>, module: impl Into<PathBuf>) -> Self {
        Self {
            server: server.into(),
            module: Some(module.into()),
            module_arguments: vec![],
            without_module: false,
        }
    }

    /// The same program, with arguments for the module.
    #[must_use]
    pub fn with_module_arguments<'a>(self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Self { module_arguments: arguments.into_iter().map(str::to_owned).collect(), ..self }
    }

    /// The same program, run by a tool such as valgrind.
    #[must_use]
    pub fn under(self, tool: &str) -> Self {
        Self { server: format!("{tool} {}", self.server), ..self }
    }

    /// The same program, which loads no module.
    #[must_use]
    pub fn without_module(self) -> Self {
        Self { without_module: true, ..self }
    }

    /// The absolute path of the module, for the server may change its directory first.
    pub fn module(&self) -> Result<PathBuf, Error> {
        match &self.module {
            Some(path) => path.canonicalize().map_err(|_| Error::NoSuchModule(path.clone())),
            None => module::find(),
        }
    }

    /// The command that starts the server with these arguments and the module.
    pub(crate) fn command(&self, arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Error> {
        let mut command = Command::new(self.executable());
        let own = self.server.split_whitespace().skip(1);
        command.args(own).args(arguments);
        if !self.without_module {
            command.arg("--loadmodule").arg(self.module()?).args(&self.module_arguments);
        }
        Ok(command)
    }

    pub(crate) fn cannot_run(&self, source: io::Error) -> Error {
        Error::Program { program: self.executable(), source }
    }

    /// A name, which is searched in PATH, or a path. A relative one is made absolute, so that an error shows
    /// which file was tried.
    fn executable(&self) -> PathBuf {
        let name = self.server.split_whitespace().next().unwrap_or(DEFAULT_SERVER);
        let absolute = name.contains('/').then(|| path::absolute(name).ok()).flatten();
        absolute.unwrap_or_else(|| name.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_must_exist() {
        let missing = PathBuf::from("no/such/module.so");
        let error = Program::new(DEFAULT_SERVER, &missing).module().expect_err("there is no module");
        assert!(matches!(error, Error::NoSuchModule(path) if path == missing));
    }

    #[test]
    fn a_relative_path_is_reported_as_an_absolute_one() {
        let folder = std::env::current_dir().expect("a working directory");
        let program = Program::new("no/such/server --port 0", "module.so");
        let error = program.cannot_run(io::ErrorKind::NotFound.into());
        assert!(matches!(error, Error::Program { program, .. } if program == folder.join("no/such/server")));
    }

    #[test]
    fn a_tool_runs_the_program_with_its_arguments() {
        let module = std::env::current_exe().expect("this test is a file");
        let program = Program::new("redis-server --port 0", &module).under("valgrind -q");
        let command = program.command(["config".into()]).expect("the module exists");
        assert_eq!(command.get_program(), "valgrind");
        let arguments: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        let module = module.canonicalize().expect("it exists").to_string_lossy().into_owned();
        assert_eq!(arguments, ["-q", "redis-server", "--port", "0", "config", "--loadmodule", &module]);
    }
}
