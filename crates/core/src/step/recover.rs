//! Recover: another phone is to take the place of one that its customer lost (NIST SP 800-63B-4 §3.1.3.3,
//! §4.2, N7).
//!
//! Nobody can prove a lost phone. Time stands in for the proof: its number is told at once, and whoever
//! still holds it has the policy's delay to object, by saying so or by simply proving it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::start::{check_destination, customer_tag, supersede};
use super::{Draft, Outcome, PhoneWindow, Refusal, Started};
use crate::code::CodeFormat;
use crate::delivery::DeliveryKind;
use crate::event::EventKind;
use crate::guard::known::Asker;
use crate::id::{DeliveryId, VerificationId};
use crate::keyring::Place;
use crate::locale::Locale;
use crate::message::Reader;
use crate::phone::E164;
use crate::policy::{MAX_RECOVERIES, NOTICE_LIFETIME, RECOVERY_WINDOW};
use crate::presentation::Presentation;
use crate::purpose::Purpose;
use crate::subject::Mode;
use crate::transaction::Transaction;
use crate::verification::{CancelReason, Channel, DeliveryTrace, Standing, State, Verification};

/// Let another phone take the place of this one, which is lost.
#[derive(Clone)]
pub struct Recover {
    /// The id that the recovery gets.
    pub verification: VerificationId,
    /// The lost phone.
    pub phone: E164,
    /// The phone that is to take its place.
    pub replacement: E164,
    /// Live or test.
    pub mode: Mode,
    /// The customer whose number changes.
    pub customer: String,
    /// The language of the notice.
    pub locale: Locale,
    /// The shop's own words.
    pub metadata: BTreeMap<String, String>,
}

pub(super) fn recover(draft: &mut Draft<'_>, recover: &Recover) -> Outcome {
    try_recover(draft, recover).map_or_else(Outcome::Refused, Outcome::Started)
}

/// Asked twice, it is the same recovery, and one notice. Another phone for the same customer begins anew.
fn try_recover(draft: &mut Draft<'_>, recover: &Recover) -> Result<Started, Refusal> {
    let wanted = draft.keyring.subject_key(draft.subject.app, recover.mode, &recover.replacement);
    let earlier = recoveries_of(draft, &recover.customer).first().copied();
    if let Some((id, replacement)) = earlier
        && replacement == wanted
    {
        return Ok(Started::Found(id));
    }
    check_destination(draft, recover.mode, &recover.phone)?;
    // Else its start would be refused, days after the old phone was frightened for nothing.
    check_destination(draft, recover.mode, &recover.replacement).map_err(Refusal::ReplacementRefused)?;
    let tag = customer_tag(draft, &recover.customer);
    let is_known = draft.subject.record.known_customers.contains(&tag);
    let standing = if is_known { Standing::KnownCustomer } else { Standing::Stranger };
    // Nothing but the shop's word stands behind it, so it meets the limits of any message to this phone.
    let windows = [PhoneWindow::Spacing, PhoneWindow::TenMinutes, PhoneWindow::Hour, PhoneWindow::Day];
    draft.check_phone_windows(standing, &windows)?;
    let recovering = |v: &&Arc<Verification>| matches!(v.state, State::Recovering { .. });
    let waiting = draft.subject.verifications.iter().filter(recovering).count();
    let places = if is_known { MAX_RECOVERIES } else { MAX_RECOVERIES - 1 };
    if earlier.is_none() && waiting >= places {
        return Err(Refusal::TooManyLive);
    }
    if let Some((id, _)) = earlier {
        supersede(draft, id);
    }
    create(draft, recover, standing);
    Ok(Started::Created(recover.verification))
}

/// The customer's recoveries of this phone that wait, and the phones that they are for.
fn recoveries_of(draft: &Draft<'_>, customer: &str) -> Vec<(VerificationId, crate::subject::SubjectKey)> {
    let waiting = |verification: &Arc<Verification>| match verification.state {
        State::Recovering { replacement, .. } if verification.customer.as_deref() == Some(customer) => {
            Some((verification.id, replacement))
        }
        _ => None,
    };
    draft.subject.verifications.iter().filter_map(waiting).collect()
}

/// The customer has proved this phone: it is not lost.
pub(super) fn holder_is_here(draft: &mut Draft<'_>, customer: &str) {
    let reason = CancelReason::PhoneProved;
    for (id, _) in recoveries_of(draft, customer) {
        draft.end(id, State::Canceled { at: draft.now, reason });
        draft.event(id, EventKind::Canceled { reason });
    }
}

fn create(draft: &mut Draft<'_>, recover: &Recover, standing: Standing) {
    let id = recover.verification;
    let place = Place { app: draft.subject.app, verification: id };
    let ready_at = draft.now.plus(draft.policy.recovery_delay());
    let notice = DeliveryId::new(draft.now, id.partition(), &mut draft.entropy);
    let purpose = Purpose::AccountChange;
    let verification = Verification {
        id,
        mode: recover.mode,
        digest: Transaction::default().digest(draft.subject.app, &purpose),
        purpose,
        transaction: None,
        session: None,
        customer: Some(recover.customer.clone()),
        asker: Asker::default(),
        replaces: None,
        standing,
        device: None,
        granted: None,
        phone: draft.keyring.seal_phone(place, &recover.phone, draft.entropy.bytes()),
        country: recover.phone.country(),
        email: None,
        channel: Channel::Sms,
        workflow: None,
        locale: recover.locale.clone(),
        presentation: Presentation::default(),
        reader: Reader::default(),
        return_to: None,
        format: CodeFormat::DEFAULT,
        epoch: draft.keyring.epoch,
        created_at: draft.now,
        expires_at: ready_at.plus(RECOVERY_WINDOW),
        attempts_used: 0,
        max_attempts: 0,
        sends: 1,
        last_sent_at: draft.now,
        deliveries: vec![DeliveryTrace { id: notice, channel: Channel::Sms, receipt: None }],
        guard: None,
        state: State::Recovering {
            ready_at,
            replacement: draft.keyring.subject_key(draft.subject.app, recover.mode, &recover.replacement),
            ending: draft.keyring.seal_ending(place, &recover.replacement, draft.entropy.bytes()),
        },
        phone_change: None,
        reported_at: None,
        remembered: Vec::new(),
        metadata: recover.metadata.clone(),
    };
    draft.subject.record.live.push(id);
    draft.subject.verifications.push(Arc::new(verification));
    draft.count_send();
    let expires_at = draft.now.plus(NOTICE_LIFETIME);
    if draft.deliver(id, notice, DeliveryKind::PhoneChangeNotice, Channel::Sms, expires_at).is_some() {
        draft.event(id, EventKind::RecoveryRequested { ready_at, delivery: notice });
    }
}
