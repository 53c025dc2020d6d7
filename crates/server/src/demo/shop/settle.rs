//! The heart of the integration: check what the customer typed, redeem the proof, take the money.

use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

use super::order::{Closed, Notice, Order, Receipt, Refused, RefusedAt, SessionId, Stage, Waiting};
use super::{DemoShop, PURPOSE, tamper, words};
use crate::demo::countersign_client::{CountersignError, RedeemRequest, readable_claims};
use crate::demo::page::see_other;

/// What the code page posts. No Debug: it holds a code.
#[derive(Deserialize)]
pub(super) struct CodeForm {
    code: String,
    attempt: String,
}

/// What becomes of the order.
enum Next {
    /// It stays, and the code page says something.
    Say(Notice),
    /// It moves on.
    Become(Stage),
}

impl Next {
    fn error(words: String) -> Self {
        Next::Say(Notice::Error(words))
    }

    fn close(how: Closed) -> Self {
        Next::Become(Stage::Closed(how))
    }
}

pub(super) async fn check(
    State(shop): State<DemoShop>,
    headers: HeaderMap,
    Form(form): Form<CodeForm>,
) -> Response {
    let (session, order, waiting) = match shop.waiting_order_of(&headers) {
        Ok(found) => found,
        Err(elsewhere) => return see_other(elsewhere),
    };
    let next = match (&order.proof, words::code_mistake(&form.code)) {
        (Some(proof), _) => pay(&shop, session, &order, &waiting, proof).await,
        (None, Some(mistake)) => Next::error(mistake),
        (None, None) => evaluate(&shop, session, &order, &waiting, &form).await,
    };
    shop.orders().update(&session, &order.number, |order| match next {
        Next::Say(notice) => order.notice = Some(notice),
        Next::Become(stage) if matches!(order.stage, Stage::Waiting(_)) => order.stage = stage,
        // The same form in another tab was faster.
        Next::Become(_) => {}
    });
    see_other("/shop/code")
}

/// Asks Countersign whether this is the code for what the shop's records say now.
async fn evaluate(
    shop: &DemoShop,
    session: SessionId,
    order: &Order,
    waiting: &Waiting,
    form: &CodeForm,
) -> Next {
    let key = format!("check-{}", form.attempt);
    let answer =
        shop.countersign().check(&waiting.verification, &form.code, &order.transaction(), &key).await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Next::error(words::check_refused(&error)),
    };
    match (answer.result.as_str(), answer.proof) {
        ("approved", Some(proof)) => {
            // Kept, so that a redeem without an answer can be repeated: the code itself is used up.
            shop.orders().update(&session, &order.number, |order| order.proof = Some(proof.clone()));
            pay(shop, session, order, waiting, &proof).await
        }
        ("transaction_mismatch", _) => refuse(shop, waiting, RefusedAt::Check, answer.result).await,
        ("incorrect" | "superseded", _) if answer.status == "pending" => {
            Next::error(words::wrong_code(answer.attempts_remaining))
        }
        ("incorrect" | "exhausted", _) => Next::close(Closed::Exhausted),
        ("expired", _) => Next::close(Closed::Expired),
        ("superseded", _) => Next::close(Closed::Superseded),
        ("canceled", _) => Next::close(Closed::Canceled),
        ("already_used", _) => Next::close(Closed::AlreadyUsed),
        _ => Next::close(Closed::Void),
    }
}

/// Redeems the proof for the order as the shop's records have it, and only then takes the money.
async fn pay(shop: &DemoShop, session: SessionId, order: &Order, waiting: &Waiting, proof: &str) -> Next {
    let order = tamper::just_before_payment(shop, session, order);
    let public_session = session.public_name();
    let request = RedeemRequest {
        proof,
        to: &order.phone,
        purpose: PURPOSE,
        session: &public_session,
        transaction: &order.transaction(),
    };
    // Named after the verification: a form that was sent twice redeems once and gets one answer.
    let key = format!("redeem-{}", waiting.verification);
    let refused = match shop.countersign().redeem(&request, &key).await {
        Ok(redeemed) => {
            return Next::Become(Stage::Paid(Receipt {
                verification: redeemed.verification.id,
                masked_phone: redeemed.verification.to,
                session: public_session,
                claims: readable_claims(proof).unwrap_or_default(),
            }));
        }
        Err(CountersignError::Refused(problem)) => problem,
        Err(error @ CountersignError::NoAnswer) => return Next::error(words::trouble(&error)),
    };
    match refused.code.as_str() {
        "binding_mismatch" => {
            let pointer = refused.pointer.unwrap_or_default();
            refuse(shop, waiting, RefusedAt::Redeem, format!("{} {pointer}", refused.code)).await
        }
        "already_redeemed" => Next::close(Closed::AlreadyUsed),
        "proof_expired" => Next::close(Closed::Expired),
        "proof_void" | "proof_invalid" => Next::close(Closed::Void),
        _ => Next::error(words::trouble(&CountersignError::Refused(refused))),
    }
}

/// Keeps what was refused, with the verification's status as Countersign has it now.
async fn refuse(shop: &DemoShop, waiting: &Waiting, at: RefusedAt, reason: String) -> Next {
    let status = match shop.countersign().get(&waiting.verification).await {
        Ok(verification) => verification.status,
        Err(_) => "unknown".to_owned(),
    };
    Next::Become(Stage::Refused(Refused {
        verification: waiting.verification.clone(),
        masked_phone: waiting.masked_phone.clone(),
        at,
        reason,
        status,
    }))
}
