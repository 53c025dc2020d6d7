//! What a bare axum server does with a start's body: read the JSON, answer 201 with it. The benchmark
//! compares Countersign with it.

#![expect(clippy::print_stdout, reason = "whoever started it reads its address there")]

use std::io::Write as _;

use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[derive(Serialize, Deserialize)]
struct Start {
    to: String,
    purpose: String,
    session: String,
    client: Client,
}

#[derive(Serialize, Deserialize)]
struct Client {
    ip: String,
}

async fn echo(Json(start): Json<Start>) -> (StatusCode, Json<Start>) {
    (StatusCode::CREATED, Json(start))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        // As Countersign's listener does. A stream that refuses it is slower, and that is all.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, Router::new().route("/v1/verifications", post(echo))).await?;
    Ok(())
}
