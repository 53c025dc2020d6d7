//! The page about one approval: where the code is typed, or how it ended. Whoever looks makes the shop ask Countersign,
//! so that a reload, the back button and a second tab all show what is so.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::approval::{Approval, Ended, Refused, RefusedBy, Stage, Waiting};
use super::customer::SessionId;
use super::place::Presentation;
use super::proof_check::{Report, Verdict};
use super::settle::settle;
use super::task::{Deal, Tampering, Task, Words};
use super::{DemoShop, SHOP_NAME, words};
use crate::demo::countersign_client::CountersignError;
use crate::demo::page::{page, see_other};
use crate::http::elements;

#[derive(Template)]
#[template(path = "demo/wait.html")]
struct WaitPage {
    base_url: String,
    task: Task,
    payee: &'static str,
    approval: Approval,
    waiting: Waiting,
    phone_url: String,
    /// The scripts from Countersign, with their hashes.
    scripts: Vec<Script>,
    /// What kept the shop from asking.
    error: Option<String>,
}

/// A script of another origin, and the hash that it must have (SRI).
struct Script {
    src: String,
    integrity: String,
}

#[derive(Template)]
#[template(path = "demo/done.html")]
struct DonePage {
    base_url: String,
    task: Task,
    approval: Approval,
    report: Report,
}

#[derive(Template)]
#[template(path = "demo/refused.html")]
struct RefusedPage {
    base_url: String,
    task: Task,
    approval: Approval,
    refused: Refused,
}

#[derive(Template)]
#[template(path = "demo/ended.html")]
struct EndedPage {
    base_url: String,
    title: &'static str,
    text: &'static str,
    more: &'static str,
    /// Where to begin again.
    again: Option<Task>,
}

/// What the hosted page brings back. It says nothing about the outcome, and nobody should believe it if it did.
#[derive(Deserialize)]
pub(super) struct Returned {
    #[serde(default)]
    verification: String,
    #[serde(default)]
    state: String,
}

/// Back from the hosted page: to the approval that this browser has, if it is one of its own.
pub(super) async fn returned(
    State(shop): State<DemoShop>,
    headers: HeaderMap,
    Query(back): Query<Returned>,
) -> Response {
    let session = SessionId::from_cookies(&headers);
    let path = session.and_then(|session| {
        let customers = shop.customers();
        customers.get(session)?.returned(&back.verification, &back.state).map(Approval::path)
    });
    path.map_or_else(|| nothing_of_yours(&shop), |path| see_other(&path))
}

pub(super) async fn show(
    State(shop): State<DemoShop>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some((session, approval)) = find(&shop, &headers, &number) else { return nothing_of_yours(&shop) };
    let turn = shop.turn(session).await;
    // While another tab had its turn, it may have ended.
    let approval = current(&shop, session, approval);
    let asked = settle(&shop, session, &approval).await;
    let approval = current(&shop, session, approval);
    drop(turn);
    render(&shop, approval, asked.err().as_ref())
}

/// The customer gives up.
pub(super) async fn cancel(
    State(shop): State<DemoShop>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some((session, approval)) = find(&shop, &headers, &number) else { return nothing_of_yours(&shop) };
    let _turn = shop.turn(session).await;
    let approval = current(&shop, session, approval);
    if matches!(approval.stage, Stage::Waiting(_)) {
        match shop.countersign().cancel(&approval.verification).await {
            Ok(_) => shop.customers().of(session).settle(&number, Stage::Ended(Ended::Canceled)),
            // It has ended already: its page says how.
            Err(CountersignError::Refused(problem)) if problem.code == "not_pending" => {}
            Err(error) => return render(&shop, approval, Some(&error)),
        }
    }
    see_other(&approval.path())
}

fn find(shop: &DemoShop, headers: &HeaderMap, number: &str) -> Option<(SessionId, Approval)> {
    let session = SessionId::from_cookies(headers)?;
    let approval = shop.customers().get(session)?.approval(number)?.clone();
    Some((session, approval))
}

fn current(shop: &DemoShop, session: SessionId, approval: Approval) -> Approval {
    let kept = shop.customers().of(session).approval(&approval.number).cloned();
    kept.unwrap_or(approval)
}

fn render(shop: &DemoShop, approval: Approval, trouble: Option<&CountersignError>) -> Response {
    let (base_url, task) = (shop.issuer().to_owned(), approval.task);
    match approval.stage.clone() {
        Stage::Starting => see_other(&format!("/shop/{}", task.slug())),
        Stage::Waiting(waiting) => {
            let status = if trouble.is_some() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
            let template = WaitPage {
                phone_url: format!("{base_url}{}", crate::demo::phone::path_of(&approval.asked.phone)),
                scripts: scripts(&base_url, &approval),
                base_url,
                task,
                payee: SHOP_NAME,
                waiting,
                error: trouble.map(|_| words::cannot_ask(task)),
                approval,
            };
            shop.reaching_countersign(page(status, &template))
        }
        Stage::Done(report) => page(StatusCode::OK, &DonePage { base_url, task, approval, report }),
        Stage::Refused(refused) => page(StatusCode::OK, &RefusedPage { base_url, task, approval, refused }),
        Stage::Ended(how) => {
            let text = words::ended(how, task);
            let Words { not_done: title, nothing_lost: more, .. } = *task.words();
            page(StatusCode::OK, &EndedPage { base_url, title, text, more, again: Some(task) })
        }
    }
}

fn nothing_of_yours(shop: &DemoShop) -> Response {
    let template = EndedPage {
        base_url: shop.issuer().to_owned(),
        title: "This is not yours, or it was forgotten",
        text: "The shop found nothing here that this browser has begun.",
        more: "It may be older than the server, which keeps its customers in memory, or somebody sent you their address.",
        again: None,
    };
    page(StatusCode::NOT_FOUND, &template)
}

/// What the page loads from Countersign: the element of its presentation, and the texts of its language.
fn scripts(base_url: &str, approval: &Approval) -> Vec<Script> {
    let element = match approval.asked.presentation {
        Presentation::Page => return Vec::new(),
        Presentation::Element => "countersign-otp.v1.js",
        Presentation::Frame => "countersign-frame.v1.js",
    };
    let texts = format!("texts/{}.js", approval.asked.locale);
    [element, texts.as_str()]
        .into_iter()
        .filter_map(|name| {
            let src = format!("{base_url}/elements/{}/{name}", elements::VERSION);
            Some(Script { src, integrity: integrity(name)? })
        })
        .collect()
}

/// From the manifest of the version that the shop takes, as a shop writes it into its page once.
fn integrity(name: &str) -> Option<String> {
    let (_, manifest) = elements::FILES.iter().find(|(file, _)| *file == "manifest.json")?;
    let manifest: serde_json::Value = serde_json::from_str(manifest).ok()?;
    manifest.get("files")?.get(name)?.get("integrity")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_that_a_page_loads_has_its_hash() {
        for name in ["countersign-otp.v1.js", "countersign-frame.v1.js", "texts/de.js", "texts/ar.js"] {
            assert!(integrity(name).is_some_and(|hash| hash.starts_with("sha384-")), "{name}");
        }
        assert!(integrity("texts/en.js").is_none(), "English is built in");
    }
}
