//! The HTTP server.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::families::Format;
use super::shared::SharedSource;

/// Connections at once; further ones wait until they are accepted.
const CONNECTIONS: usize = 32;
/// The longest that a connection lasts. It serves one request.
const CONNECTION_LASTS: Duration = Duration::from_secs(10);
/// The longest until the head of the request has come: those that send none must not keep others out.
const HEAD_WITHIN: Duration = Duration::from_secs(1);
/// The longest request, and the buffer of a response. No request has a body.
const REQUEST_BYTES: usize = 16 * 1024;
/// The pause after the system could not accept a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves without end.
pub(super) async fn serve(listener: TcpListener, source: SharedSource) {
    let router = router(source);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    // It is never closed.
    while let Ok(place) = places.clone().acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let router = router.clone();
        tokio::spawn(async move {
            serve_one(stream, router).await;
            drop(place);
        });
    }
}

fn router(source: SharedSource) -> Router {
    let help = || async { "Metrics of Seckill for Prometheus: /metrics\n" };
    Router::new().route("/", get(help)).route("/metrics", get(metrics)).with_state(Arc::new(source))
}

/// Serves one request.
async fn serve_one(stream: TcpStream, router: Router) {
    let mut http = http1::Builder::new();
    http.keep_alive(false).max_buf_size(REQUEST_BYTES);
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // A client that sends nonsense or leaves is no concern of others.
    let _ = timeout(CONNECTION_LASTS, connection).await;
}

async fn metrics(State(source): State<Arc<SharedSource>>, headers: HeaderMap) -> Response {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let format = Format::accepted(accept);
    match source.scrape().await.families.page(format) {
        Ok(page) => ([(CONTENT_TYPE, format.content_type())], page).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
