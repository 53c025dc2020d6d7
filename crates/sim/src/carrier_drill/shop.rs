//! The shop: it starts verifications at a steady pace, and asks again under the same key where no answer came.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::api::{Answer, Api, Request};
use crate::clock;
use crate::phones;

/// Starts without an answer at a time.
const AT_ONCE: usize = 512;
/// How long a start is asked again.
const PATIENCE: Duration = Duration::from_secs(40);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// A verification that was answered 201.
#[derive(Clone, Debug)]
pub(super) struct Started {
    pub(super) phone: String,
    pub(super) id: String,
    /// It expires before this: its life after its answer, Unix milliseconds.
    pub(super) expired_ms: i64,
}

/// How many have been started.
pub(super) type Count = Arc<AtomicU64>;

/// Starts those of the numbers, so many a second, each with a life of so many seconds.
pub(super) async fn start_all(
    api: Api,
    numbers: std::ops::Range<u64>,
    per_second: u32,
    life_s: u64,
    count: Count,
) -> anyhow::Result<Vec<Started>> {
    let mut tick = tokio::time::interval(Duration::from_secs(1) / per_second.max(1));
    let free = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for number in numbers {
        tick.tick().await;
        let place = Arc::clone(&free).acquire_owned().await?;
        let (api, count) = (api.clone(), Arc::clone(&count));
        running.spawn(async move {
            let started = start(&api, number, life_s).await;
            count.fetch_add(1, Ordering::Relaxed);
            drop(place);
            started
        });
    }
    let mut all = Vec::new();
    while let Some(started) = running.join_next().await {
        all.push(started??);
    }
    Ok(all)
}

async fn start(api: &Api, number: u64, life_s: u64) -> anyhow::Result<Started> {
    let phone = phones::phone(number);
    let body =
        json!({ "to": phone, "purpose": "login", "session": format!("s{number}"), "expires_in": life_s });
    let request = Request::post("/v1/verifications", body).key(format!("start-{number}"));
    let answer = settled(api, &request).await?;
    anyhow::ensure!(answer.is_created(), "a start was answered {answer:?}");
    let lives_ms = i64::try_from(life_s * 1_000)?;
    Ok(Started { phone, id: answer.id().to_owned(), expired_ms: answer.answered_ms + lives_ms })
}

/// Asks until there is an answer that is one: a server that starts or stops gives none, or 503.
pub(super) async fn settled(api: &Api, request: &Request) -> anyhow::Result<Answer> {
    let began = clock::instant();
    loop {
        match api.settle(request).await {
            Ok(answer) if answer.status != 503 => return Ok(answer),
            other => anyhow::ensure!(began.elapsed() < PATIENCE, "no answer came: {other:?}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
