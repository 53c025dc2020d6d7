//! A server to test, and those who speak with it.

mod answer;
mod brake;
mod server;
mod shop;
mod sink;
mod vendor;

pub(crate) use answer::Answer;
pub(crate) use brake::Brake;
pub(crate) use server::{Server, Setup, TestClock, exists, pause, policy_of};
pub(crate) use shop::{Shop, redeem_body};
pub(crate) use sink::{Mood, Posted, SIGNING_SECRET, Sink};
pub(crate) use vendor::Drill;

use std::time::Duration;

use serde_json::{Value, json};

/// A number of Ofcom's fiction range.
pub(crate) const PHONE: &str = "+447700900123";
/// A number that a plan assigns: live keys take it.
pub(crate) const LIVE_PHONE: &str = "+491701234567";

/// Longest time that a test waits for something that happens beside it.
const PATIENCE: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Waits until `look` sees something.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let seen = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    });
    let Ok(seen) = seen.await else { panic!("waited in vain for {what}") };
    seen
}

/// The first run of six or more digits in a message.
pub(crate) fn code_in(text: &str) -> String {
    let runs = text.split(|c: char| !c.is_ascii_digit());
    runs.into_iter().find(|run| run.len() >= 6).unwrap_or_else(|| panic!("no code in {text:?}")).to_owned()
}

/// A code of the same form that is not `right`.
pub(crate) fn other_than(right: &str) -> String {
    let first = if right.starts_with('1') { "2" } else { "1" };
    format!("{first}{}", &right[1..])
}

/// The body of a start for one phone and purpose.
pub(crate) fn start_body(phone: &str, purpose: &str) -> Value {
    json!({ "to": phone, "purpose": purpose })
}

/// The body of a payment's start.
pub(crate) fn payment_body(phone: &str) -> Value {
    json!({ "to": phone, "purpose": "payment", "session": "sess-1", "transaction": transaction() })
}

/// 49.90 euros to a shop.
pub(crate) fn transaction() -> Value {
    json!({ "id": "order_1042", "amount": "49.90", "currency": "EUR", "payee": "Shop GmbH" })
}

/// `body` with one member set; `pointer` is a JSON pointer to an object's member, new or not.
pub(crate) fn with(mut body: Value, pointer: &str, value: impl Into<Value>) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(member.to_owned(), value.into());
    body
}

/// `body` without one of its members.
pub(crate) fn without(mut body: Value, member: &str) -> Value {
    body.as_object_mut().unwrap().remove(member).unwrap();
    body
}

/// Runs all of them at once and waits for all.
pub(crate) async fn together<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = all.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, output) in &mut running {
            if output.is_none()
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *output = Some(ready);
            }
        }
        if running.iter().all(|(_, output)| output.is_some()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    running.into_iter().map(|(_, output)| output.unwrap()).collect()
}
