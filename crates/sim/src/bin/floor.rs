//! The least that an OTP round trip costs with the same libraries: axum reads two requests, SQLite writes
//! one row for each in grouped, durable transactions, reqwest hands the message over, ed25519-dalek signs.
//! No rules, no limits, no encryption, no timeline, no log. The benchmark shows Countersign beside it, so
//! that what the libraries cost and what the rules cost can be told apart.
//!
//! `floor URL`: where messages are handed over.

#![expect(clippy::print_stdout, reason = "whoever started it reads its address there")]

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use axum::extract::{Path as Segment, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_sim::folder::Folder;
use ed25519_dalek::{Signer as _, SigningKey};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

/// Writes that one transaction takes at most.
const MAX_BATCH: usize = 512;

#[derive(Serialize, Deserialize)]
struct Start {
    to: String,
    purpose: String,
    session: String,
}

#[derive(Deserialize)]
struct Check {
    code: String,
}

/// One row to write, and who waits until it is durable.
enum Write {
    Insert { id: u64, record: String, done: oneshot::Sender<bool> },
    Approve { id: u64, code: String, done: oneshot::Sender<bool> },
}

struct Floor {
    writer: mpsc::Sender<Write>,
    client: reqwest::Client,
    sink: String,
    key: SigningKey,
    next: AtomicU64,
    tasks: TaskTracker,
}

async fn start(State(floor): State<Arc<Floor>>, Json(start): Json<Start>) -> (StatusCode, Json<Value>) {
    let id = floor.next.fetch_add(1, Ordering::Relaxed);
    let code = code(id);
    let record = json!({ "code": code, "to": start.to, "purpose": start.purpose, "session": start.session });
    let (done, written) = oneshot::channel();
    let write = Write::Insert { id, record: record.to_string(), done };
    if floor.writer.send(write).await.is_err() || !written.await.unwrap_or(false) {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(Value::Null));
    }
    let message = json!({ "to": start.to, "text": format!("{code} is your code.") });
    let hand_over = floor.client.post(&floor.sink).json(&message).send();
    floor.tasks.spawn(async move {
        // A message that is lost here shows as a client that waits in vain.
        let _ = hand_over.await;
    });
    (StatusCode::CREATED, Json(json!({ "id": id.to_string(), "status": "pending" })))
}

async fn check(
    State(floor): State<Arc<Floor>>,
    Segment(id): Segment<u64>,
    Json(check): Json<Check>,
) -> (StatusCode, Json<Value>) {
    let (done, written) = oneshot::channel();
    let write = Write::Approve { id, code: check.code, done };
    if floor.writer.send(write).await.is_err() || !written.await.unwrap_or(false) {
        return (StatusCode::CONFLICT, Json(Value::Null));
    }
    let claims = json!({ "sub": id, "aud": "floor", "iss": "https://floor.example", "jti": id });
    let input = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode("{\"alg\":\"EdDSA\"}"),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature = floor.key.sign(input.as_bytes());
    let proof = format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
    (StatusCode::OK, Json(json!({ "id": id.to_string(), "result": "approved", "proof": proof })))
}

/// Six digits that differ from one row to the next.
fn code(id: u64) -> String {
    format!("{:06}", id.wrapping_mul(0x9E37_79B9_7F4A_7C15) % 1_000_000)
}

/// Writes what has queued up as one transaction with one fsync, then answers.
fn write_batches(connection: &Connection, mut writes: mpsc::Receiver<Write>) -> anyhow::Result<()> {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    while let Some(first) = writes.blocking_recv() {
        batch.push(first);
        // Those who are about to ask may wait for the core that this thread has just been given.
        std::thread::yield_now();
        while batch.len() < MAX_BATCH
            && let Ok(next) = writes.try_recv()
        {
            batch.push(next);
        }
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut answers = Vec::with_capacity(batch.len());
        for write in batch.drain(..) {
            answers.push(write_one(connection, write)?);
        }
        connection.prepare_cached("COMMIT")?.execute([])?;
        for (done, right) in answers {
            // Nobody listens any more when the client hung up.
            let _ = done.send(right);
        }
    }
    Ok(())
}

fn write_one(connection: &Connection, write: Write) -> anyhow::Result<(oneshot::Sender<bool>, bool)> {
    match write {
        Write::Insert { id, record, done } => {
            connection
                .prepare_cached("INSERT INTO verifications (id, record, approved) VALUES (?1, ?2, 0)")?
                .execute(params![id.cast_signed(), record])?;
            Ok((done, true))
        }
        Write::Approve { id, code, done } => {
            let changed = connection
                .prepare_cached(
                    "UPDATE verifications SET approved = 1
                     WHERE id = ?1 AND approved = 0 AND record ->> '$.code' = ?2",
                )?
                .execute(params![id.cast_signed(), code])?;
            Ok((done, changed == 1))
        }
    }
}

fn open(folder: &Path) -> anyhow::Result<Connection> {
    let connection = Connection::open(folder.join("floor.db"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE verifications (id INTEGER PRIMARY KEY, record TEXT NOT NULL, approved INTEGER NOT NULL);",
    )?;
    Ok(connection)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sink = std::env::args_os().nth(1).context("floor URL [FOLDER]")?;
    let parent = std::env::args_os().nth(2).map_or_else(std::env::temp_dir, Into::into);
    let folder = Folder::below(&parent)?;
    let connection = open(folder.path())?;
    let (writer, queue) = mpsc::channel(4096);
    std::thread::spawn(move || write_batches(&connection, queue));
    let floor = Floor {
        writer,
        client: reqwest::Client::builder().build()?,
        sink: sink.to_str().context("a URL is text")?.to_owned(),
        key: SigningKey::from_bytes(&[7; 32]),
        next: AtomicU64::new(1),
        tasks: TaskTracker::new(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        // As Countersign's listener does. A stream that refuses it is slower, and that is all.
        let _ = stream.set_nodelay(true);
    });
    let routes = Router::new()
        .route("/v1/verifications", post(start))
        .route("/v1/verifications/{id}/check", post(check))
        .with_state(Arc::new(floor));
    axum::serve(listener, routes).await?;
    Ok(())
}
