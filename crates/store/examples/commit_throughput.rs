//! How many round trips a second the embedded store makes durable: a start (look-up, commit with
//! limits, delivery and event), the settlement of its delivery, and a right check (look-up, commit).
//!
//!     cargo run --release -p countersign-store --example commit_throughput [directory [seconds [clients]]]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use countersign_core::time::Timestamp;
use countersign_store::fixtures::{self, NODE, START};
use countersign_store::{Commit, Lookup, SqliteStore, Store, StoreError};
use tokio::task::JoinSet;

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time and reads its own arguments")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its result")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory =
        arguments.next().map_or_else(|| std::env::temp_dir().join("countersign-bench"), PathBuf::from);
    let seconds = arguments.next().map_or(Ok(5), |seconds| seconds.parse())?;
    let clients = arguments
        .next()
        .map_or(Ok(vec![1, 64, 256]), |clients| clients.parse().map(|clients| vec![clients]))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!(
        "{:>7} {:>12} {:>9} {:>9} {:>9} {:>10} {:>9}",
        "clients", "round trips/s", "p50 ms", "p99 ms", "max ms", "batch", "log MiB"
    );
    for clients in clients {
        let line = runtime.block_on(measure(&directory, clients, Duration::from_secs(seconds)))?;
        println!("{line}");
    }
    Ok(())
}

async fn measure(
    directory: &Path,
    clients: u64,
    time: Duration,
) -> Result<String, Box<dyn std::error::Error>> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let store = SqliteStore::open(directory)?;
    let numbers = Arc::new(AtomicU64::new(0));
    let begun = now();
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        let (store, numbers) = (store.clone(), Arc::clone(&numbers));
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            while begun.elapsed() < time {
                let start = now();
                round_trip(&store, numbers.fetch_add(1, Ordering::Relaxed), begun).await?;
                latencies.push(start.elapsed());
            }
            Ok::<_, StoreError>(latencies)
        });
    }
    let mut latencies = Vec::new();
    let mut log_bytes = 0;
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done??);
        log_bytes = store.stats().wal_bytes.max(log_bytes);
    }
    let elapsed = begun.elapsed();
    let stats = store.stats();
    store.close().await;
    latencies.sort_unstable();
    let percentile = |percent: usize| latencies[(latencies.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    #[expect(clippy::cast_precision_loss, reason = "figures for the eye")]
    let (rate, batch, log) = (
        latencies.len() as f64 / elapsed.as_secs_f64(),
        stats.batched_requests as f64 / stats.batches as f64,
        log_bytes as f64 / f64::from(1 << 20),
    );
    Ok(format!(
        "{clients:>7} {rate:>12.0} {:>10.2} {:>9.2} {:>9.2} {batch:>10.1} {log:>9.1}",
        percentile(50),
        percentile(99),
        percentile(100),
    ))
}

async fn round_trip(store: &SqliteStore, number: u64, begun: Instant) -> Result<(), StoreError> {
    let at = Timestamp::from_millis(START.as_millis()).plus(begun.elapsed());
    let app = fixtures::app(1);
    let key = fixtures::subject_key(app, number);
    let loaded = store.load(Lookup::Subject(app, key)).await?.unwrap_or_else(|| fixtures::unseen(app, key));
    let mut start = fixtures::started(&loaded, at, number, Some(fixtures::lease(NODE, at)));
    start.reservation = fixtures::reservation(number, 0, u64::from(u32::MAX), at);
    let delivery = start.deliveries[0].delivery.clone();
    assert!(matches!(store.commit(vec![start]).await?[..], [Commit::Done(_)]), "a start must be taken");
    store.settle(vec![fixtures::accepted(&delivery, NODE, at)]).await?;
    let id = delivery.verification;
    let Some(loaded) = store.load(Lookup::Verification(app, id)).await? else {
        return Err(StoreError::Corrupt("a verification is missing".to_owned()));
    };
    let approval = fixtures::ended(&loaded, id, at, &fixtures::approved(at));
    assert!(matches!(store.commit(vec![approval]).await?[..], [Commit::Done(_)]), "a check must be taken");
    Ok(())
}
