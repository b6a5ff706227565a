//! The pages of a process: whether it lives, whether it is ready, and what it measures.
//!
//! They show nothing of a document, so they ask nobody who he is; where they listen is up to the settings.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::doors::Doors;
use crate::failure::{Failure, Result};
use crate::object::{JobId, ObjectId, Step};

/// How long a door may take to say that it is there.
const ASK: Duration = Duration::from_secs(5);

/// The text format of OpenMetrics, as it wants to be called.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Listens, and says where: a port of 0 is any that is free.
///
/// # Errors
/// [`Failure::Transient`] if the address cannot be had.
pub async fn listen(address: SocketAddr) -> Result<TcpListener> {
    let no_address = |error: std::io::Error| {
        tracing::error!(%address, kind = %error.kind(), "the pages cannot be shown there");
        Failure::transient(
            "web-address",
            "the address of the pages is taken, or not ours",
        )
    };
    let listener = TcpListener::bind(address).await.map_err(no_address)?;
    let at = listener.local_addr().map_err(no_address)?;
    tracing::info!("pages: http://{at}/livez /readyz /metrics");
    Ok(listener)
}

/// What the pages are made of.
#[derive(Clone)]
struct Pages {
    doors: Arc<Doors>,
    stopping: watch::Receiver<bool>,
}

/// Shows the pages for ever: also while the process is stopping, as long as it lives.
pub async fn serve(doors: Arc<Doors>, listener: TcpListener, stopping: watch::Receiver<bool>) {
    let pages = Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Pages { doors, stopping });
    // It ends only with the process.
    let _ = axum::serve(listener, pages).await;
}

/// Whether each door is there: 200 or 503, a line for each.
async fn ready(State(pages): State<Pages>) -> impl IntoResponse {
    if *pages.stopping.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
    }
    let doors = pages.doors;
    let answers = [
        ("ledger", answer(doors.ledger.standing()).await),
        ("queue", answer(doors.queue.ready()).await),
        ("store", answer(has_store(Arc::clone(&doors))).await),
    ];
    let status = match answers.iter().all(|(_, code)| *code == READY) {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let lines = answers.map(|(door, code)| format!("{door}: {code}\n"));
    (status, lines.concat())
}

const READY: &str = "ready";

/// What a door answers in time: a word for it.
async fn answer<T>(asked: impl Future<Output = Result<T>>) -> &'static str {
    match timeout(ASK, asked).await {
        Ok(Ok(_)) => READY,
        Ok(Err(failure)) => failure.reason().code,
        Err(_) => "no-answer",
    }
}

/// Whether the store says that an object is not there which never was.
async fn has_store(doors: Arc<Doors>) -> Result<bool> {
    let nothing = ObjectId {
        job: JobId::NONE,
        step: Step::Intake,
        ordinal: 0,
    };
    let looked = tokio::task::spawn_blocking(move || doors.vault.store().exists(&nothing));
    let broke_down = |_| Failure::transient("store-unavailable", "the store cannot be used");
    looked.await.map_err(broke_down)?
}

/// What this process has counted, and what stands in the ledger.
async fn metrics(State(Pages { doors, .. }): State<Pages>) -> impl IntoResponse {
    let standing = timeout(ASK, doors.ledger.standing()).await;
    let standing = standing.ok().and_then(Result::ok);
    let text = doors.measures.text(standing.as_ref(), doors.clock.now_ms());
    ([(CONTENT_TYPE, OPEN_METRICS)], text)
}
