//! Fields of INFO.

use super::server::Connection;

/// A field of a section of INFO.
pub(crate) async fn stat(connection: &mut Connection, section: &str, field: &str) -> String {
    let info: String = redis::cmd("INFO").arg(section).query_async(connection).await.unwrap();
    let value = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    value.unwrap_or_else(|| panic!("no {field} in INFO {section}:\n{info}")).to_owned()
}

/// The memory that a server uses, in bytes.
pub(crate) async fn used_memory(connection: &mut Connection) -> u64 {
    stat(connection, "memory", "used_memory").await.parse().unwrap()
}

/// The processor time that a server has used, in seconds.
pub(crate) async fn processor_time(connection: &mut Connection) -> f64 {
    let mut seconds = 0.0;
    for field in ["used_cpu_user", "used_cpu_sys"] {
        seconds += stat(connection, "cpu", field).await.parse::<f64>().unwrap();
    }
    seconds
}
