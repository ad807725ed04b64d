//! The machine and the server on which the figures were taken.

use std::fs;
use std::io;
use std::thread::available_parallelism;

use redis::{InfoDict, cmd};

use crate::failure::Failure;
use crate::pipe::Pipe;

/// The machine and the server.
#[derive(serde::Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    /// The load average of the last minute.
    pub(crate) load: f64,
    pub(crate) server: String,
    pub(crate) allocator: String,
}

impl Machine {
    pub(crate) fn inspect(pipe: &mut Pipe) -> Result<Self, Failure> {
        let info: InfoDict = pipe.ask(&cmd("INFO"))?;
        let field = |name| info.get::<String>(name);
        Ok(Self {
            processor: processor()?.unwrap_or_else(|| "unknown".to_owned()),
            cores: available_parallelism()?.get(),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            load: fs::read_to_string("/proc/loadavg")?.split(' ').next().unwrap_or_default().parse()?,
            server: server_version(&info),
            allocator: field("mem_allocator").unwrap_or_default(),
        })
    }
}

/// The server's name and version.
pub(crate) fn server_version(info: &InfoDict) -> String {
    let field = |name| info.get::<String>(name);
    match field("valkey_version") {
        Some(version) => format!("Valkey {version}"),
        None => format!("Redis {}", field("redis_version").unwrap_or_default()),
    }
}

fn processor() -> io::Result<Option<String>> {
    let text = fs::read_to_string("/proc/cpuinfo")?;
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    Ok(model.map(|(_, model)| model.trim().to_owned()))
}
