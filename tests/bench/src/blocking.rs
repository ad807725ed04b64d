//! Blocking work, such as talking to a server over a [`Pipe`](crate::pipe::Pipe).

use crate::failure::Failure;

/// Does blocking work on a thread of its own. When the program is interrupted meanwhile, the servers are
/// dropped, and so the connections of this thread end.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await?
}
