//! What the sink says later about what it was handed.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::faults::{Flaw, Receipt, When};
use super::ledger::{Shared, Submission};
use super::signature::sign;
use crate::clock;
use crate::server::SINK_SECRET;

/// How long the server may take to answer a receipt.
const PATIENCE: Duration = Duration::from_secs(20);
/// A delivery of nobody's.
const NOBODYS: &str = "dlv_00000000000000000000000000";

/// One receipt that was posted.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The delivery.
    pub delivery: String,
    /// What was posted.
    pub receipt: Receipt,
    /// The status that it was answered with; none if nobody answered.
    pub answer: Option<u16>,
}

/// Posts receipts.
#[derive(Clone)]
pub(super) struct Poster {
    http: reqwest::Client,
    shared: Shared,
}

impl Poster {
    pub(super) fn new(shared: Shared) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .retry(reqwest::retry::never())
            .tls_certs_only([])
            .http1_only()
            .timeout(PATIENCE)
            .build()?;
        Ok(Poster { http, shared })
    }

    /// Posts all copies of a receipt and writes down how they were answered; gives the last answer.
    pub(super) async fn post(&self, submission: &Submission, receipt: Receipt) -> anyhow::Result<u16> {
        let mut last = None;
        for _ in 0..receipt.copies {
            let answer = self.post_one(submission, receipt).await;
            last = answer.as_ref().ok().copied();
            let delivery = submission.delivery.clone();
            self.shared.note_posted(Posted { delivery, receipt, answer: last });
        }
        last.context("a receipt was not answered")
    }

    async fn post_one(&self, submission: &Submission, receipt: Receipt) -> anyhow::Result<u16> {
        let url = submission.callback_url.as_deref().context("a message without a callback URL")?;
        let (body, signature) = written(&submission.delivery, receipt, clock::unix_ms() / 1000)?;
        let mut request = self.http.post(url).header("content-type", "application/json").body(body);
        if let Some(signature) = signature {
            request = request.header("countersign-signature", signature);
        }
        Ok(request.send().await?.status().as_u16())
    }
}

/// A receipt's body and signature.
fn written(delivery: &str, receipt: Receipt, now_s: i64) -> anyhow::Result<(String, Option<String>)> {
    let says = |status: &str| json!({ "reference": delivery, "status": status }).to_string();
    let body = match receipt.flaw {
        Some(Flaw::Foreign) => json!({ "reference": NOBODYS, "status": receipt.status }).to_string(),
        Some(Flaw::Garbage) => "\u{0}<receipt/>".to_owned(),
        Some(Flaw::TooLong) => format!("{}{}", says(receipt.status), " ".repeat(8 * 1024)),
        None | Some(Flaw::Unsigned | Flaw::Forged | Flaw::Altered | Flaw::Stale) => says(receipt.status),
    };
    let (secret, signed, at_s) = match receipt.flaw {
        Some(Flaw::Unsigned) => return Ok((body, None)),
        Some(Flaw::Forged) => ("another-secret-of-thirty-two-signs", body.clone(), now_s),
        Some(Flaw::Altered) => (SINK_SECRET, says("buffered"), now_s),
        Some(Flaw::Stale) => (SINK_SECRET, body.clone(), now_s - 3600),
        None | Some(Flaw::Foreign | Flaw::Garbage | Flaw::TooLong) => (SINK_SECRET, body.clone(), now_s),
    };
    let signature = sign(secret, signed.as_bytes(), at_s)?;
    Ok((body, Some(signature)))
}

/// The receipts that follow one submission.
pub(super) type Job = (Submission, Vec<Receipt>);

/// Posts the receipts of each submission, one after the other.
pub(super) async fn post_all(mut jobs: mpsc::Receiver<Job>, poster: Poster) {
    let mut posting = JoinSet::new();
    while let Some((submission, receipts)) = jobs.recv().await {
        let poster = poster.clone();
        posting.spawn(async move {
            for receipt in receipts {
                if let When::After(pause) = receipt.when {
                    tokio::time::sleep(pause).await;
                }
                // What was not answered is written down as such.
                let _ = poster.post(&submission, receipt).await;
            }
        });
        while posting.try_join_next().is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::super::signature::verify;

    #[test]
    fn a_flawed_receipt_has_its_flaw_and_no_other() {
        for flaw in [None].into_iter().chain(Flaw::ALL.map(Some)) {
            let receipt = Receipt { flaw, ..Receipt::of("delivered") };
            let (body, signature) = written("dlv_1", receipt, 1_795_428_000).unwrap();
            let is_believed =
                verify(SINK_SECRET, signature.as_deref(), body.as_bytes(), 1_795_428_000_000).is_ok();
            let is_genuine = matches!(flaw, None | Some(Flaw::Foreign | Flaw::Garbage | Flaw::TooLong));
            assert_eq!(is_believed, is_genuine, "{flaw:?}");
            assert_eq!(body.contains("dlv_1"), !matches!(flaw, Some(Flaw::Foreign | Flaw::Garbage)));
            assert_eq!(body.len() > 4096, flaw == Some(Flaw::TooLong));
        }
    }
}
