//! The heart of the integration: what became of a verification, and what the shop does about it.

use super::DemoShop;
use super::approval::{Approval, Ended, Refused, RefusedBy, Stage};
use super::customer::SessionId;
use super::proof_check::{self, Expected, Report, Verdict, key_name};
use super::task::Tampering;
use crate::demo::countersign_client::{CountersignError, Problem, RedeemRequest};

/// Asks Countersign what became of an approval that waits, and brings it to its end if there is one. The caller has the
/// customer's turn. An error changes nothing: whoever asks again goes on where this stopped.
pub(super) async fn settle(
    shop: &DemoShop,
    session: SessionId,
    approval: &Approval,
) -> Result<(), CountersignError> {
    if !matches!(approval.stage, Stage::Waiting(_)) {
        return Ok(());
    }
    let stage = match &approval.proof {
        Some(proof) => Some(act_on(shop, session, approval, proof).await?),
        None => outcome(shop, session, approval).await?,
    };
    if let Some(stage) = stage {
        shop.customers().of(session).settle(&approval.number, stage);
    }
    Ok(())
}

async fn outcome(
    shop: &DemoShop,
    session: SessionId,
    approval: &Approval,
) -> Result<Option<Stage>, CountersignError> {
    let verification = shop.countersign().get(&approval.verification).await?;
    match (verification.status.as_str(), verification.proof) {
        ("approved", Some(proof)) => {
            shop.customers().of(session).change(&approval.number, |kept| kept.proof = Some(proof.clone()));
            act_on(shop, session, approval, &proof).await.map(Some)
        }
        ("approved", None) => Ok(Some(Stage::Ended(Ended::Unused))),
        (status, _) => Ok(Ended::of(status).map(Stage::Ended)),
    }
}

/// Believes the proof or not; redeems it for what the shop's records say, and only then lets the shop act.
async fn act_on(
    shop: &DemoShop,
    session: SessionId,
    approval: &Approval,
    proof: &str,
) -> Result<Stage, CountersignError> {
    let mut report = check(shop, session, approval, proof).await?;
    let is_believed = report.passed();
    let approval = just_before_redeeming(shop, session, approval);
    let redeemed = redeem(shop, session, &approval, proof).await;
    let problem = match redeemed {
        Ok(()) if is_believed => {
            report.add("Redeemed", "", ONCE, "redeemed, for the first time", Verdict::Passed);
            return Ok(Stage::Done(report));
        }
        Ok(()) => Problem::default(),
        Err(CountersignError::Refused(problem)) if is_final(&problem) => problem,
        Err(error) => return Err(error),
    };
    if is_believed && matches!(problem.code.as_str(), "already_redeemed" | "proof_expired") {
        return Ok(Stage::Ended(Ended::Unused));
    }
    let found = match (&problem.pointer, problem.code.as_str()) {
        (_, "") => "redeemed; the shop does nothing all the same".to_owned(),
        (Some(pointer), code) => format!("{code} {pointer}"),
        (None, code) => code.to_owned(),
    };
    report.add("Redeemed", "", ONCE, found, Verdict::Failed);
    let status = match shop.countersign().get(&approval.verification).await {
        Ok(verification) => verification.status,
        Err(_) => "unknown".to_owned(),
    };
    let by = if is_believed { RefusedBy::Countersign } else { RefusedBy::Shop };
    Ok(Stage::Refused(Refused { report, by, status }))
}

const ONCE: &str = "once, by Countersign, with the same phone, purpose, session and transaction";

/// Whether asking again would give the same answer.
fn is_final(problem: &Problem) -> bool {
    matches!(
        problem.code.as_str(),
        "binding_mismatch" | "already_redeemed" | "proof_expired" | "proof_void" | "proof_invalid"
    )
}

async fn check(
    shop: &DemoShop,
    session: SessionId,
    approval: &Approval,
    proof: &str,
) -> Result<Report, CountersignError> {
    let keys = shop.keys_with(key_name(proof).as_deref()).await?;
    let (session, transaction) = (session.public_name(), approval.transaction());
    let expected = Expected {
        issuer: shop.issuer(),
        app: shop.app(),
        verification: &approval.verification,
        phone: &approval.asked.phone,
        purpose: approval.task.purpose(),
        session: &session,
        transaction: transaction.as_ref(),
        now: shop.now(),
    };
    Ok(proof_check::check(proof, &keys, &expected))
}

/// Uses the proof up, for what the shop's records say now. Also where the shop does not believe it: what was shown to
/// Countersign once with other values is void, and nobody can use it after.
async fn redeem(
    shop: &DemoShop,
    session: SessionId,
    approval: &Approval,
    proof: &str,
) -> Result<(), CountersignError> {
    let (session, transaction) = (session.public_name(), approval.transaction());
    let request = RedeemRequest {
        proof,
        to: &approval.asked.phone,
        purpose: approval.task.purpose(),
        session: &session,
        transaction: transaction.as_ref(),
    };
    // Named after the verification: asked twice, it is redeemed once and both get the same answer.
    let key = format!("redeem-{}", approval.verification);
    shop.countersign().redeem(&request, &key).await.map(|_| ())
}

/// The records as they are when the shop is about to act.
fn just_before_redeeming(shop: &DemoShop, session: SessionId, approval: &Approval) -> Approval {
    let mut approval = approval.clone();
    if approval.asked.tampering == Tampering::BeforeRedeeming {
        approval.deal = approval.asked.deal.tampered(Tampering::BeforeRedeeming);
        let deal = approval.deal.clone();
        shop.customers().of(session).change(&approval.number, |kept| kept.deal = deal);
    }
    approval
}
