//! Decide: what a shop should ask of a customer (fraud.md C.1, C.2).

use std::sync::Arc;

use countersign_core::device::{DeviceUse, PresentedDevice};
use countersign_core::event::{Event, EventKind};
use countersign_core::guard::decision::{self, Decision, PhoneFacts, Question};
use countersign_core::guard::sca::Payment;
use countersign_core::guard::score::{Facts, Weights};
use countersign_core::guard::step_up::{Action, Listed, PasskeyUse};
use countersign_core::id::{DecisionId, EventId, Partition, VerificationId};
use countersign_core::phone::E164;
use countersign_core::purpose::Purpose;
use countersign_core::step::{Command, Outcome, Recognize};
use countersign_core::subject::{Subject, SubjectKey};
use countersign_core::verification::Standing;
use countersign_store::{Lookup, Store as _};

use super::device::{DeviceAnswer, ShownToken};
use super::idempotency::{Retryable, Run};
use super::{Caller, Services, UseCaseError};
use crate::engine::{Job, Target};

/// What a shop asks, every part well-formed.
pub struct DecideRequest {
    /// Why.
    pub purpose: Purpose,
    /// The customer's phone, where she has one.
    pub phone: Option<E164>,
    /// The shop's reference for its customer.
    pub customer: Option<String>,
    /// What her browser showed as its trusted device. Only with a customer.
    pub device_token: Option<ShownToken>,
    /// What the shop knows.
    pub said: Facts,
    /// What is at stake.
    pub at_stake: Action,
    /// Whether the shop denies anybody concerned.
    pub listed: Listed,
    /// Whether the customer can use a passkey.
    pub passkey: PasskeyUse,
    /// The payment, where it is one.
    pub payment: Payment,
}

/// What a shop should do.
pub struct DecideAnswer {
    /// Under which it is recorded.
    pub id: DecisionId,
    /// The decision.
    pub decision: Decision,
    /// What came of the token that was shown, if one was.
    pub device: Option<DeviceAnswer>,
}

impl Services {
    /// Decides what to ask of a customer, and records it. Sends nothing. A trusted device gets its next token.
    pub async fn decide(
        &self,
        caller: &Caller,
        request: DecideRequest,
        retryable: Option<Retryable>,
    ) -> Result<DecideAnswer, UseCaseError> {
        let keyring = self.engine.keyring();
        let app = caller.app.id;
        let read = request.device_token.as_ref().and_then(|shown| keyring.read_device_token(app, &shown.0));
        let named = request.phone.as_ref().map(|phone| keyring.subject_key(app, caller.mode, phone));
        let phone = named.or_else(|| read.as_ref().map(|(phone, _)| *phone));
        let partition = phone.map_or(Partition(0), |phone| phone.partition());
        let fresh = VerificationId::new(self.clock.now(), partition, &mut self.randomness.entropy());
        let run = self.begin(caller, retryable, fresh).await?;
        let recorded = match run.command {
            Some(_) => self.recorded(caller, run.verification).await?,
            None => None,
        };
        let decision = if let Some(decision) = recorded {
            decision
        } else {
            let presented = read.filter(|(of, _)| Some(*of) == phone).map(|(_, presented)| presented);
            self.decide_now(caller, &request, phone, presented, &run).await?
        };
        let device = decision.device.map(|used| match phone {
            Some(phone) => self.device_answer(caller, phone, used),
            None => DeviceAnswer { used, next: None },
        });
        Ok(DecideAnswer { id: decision_id(run.verification), decision, device })
    }

    /// A decision, as it was recorded.
    pub async fn show_decision(&self, caller: &Caller, id: DecisionId) -> Result<Decision, UseCaseError> {
        let recorded = self.recorded(caller, VerificationId::from_bytes(*id.as_bytes())).await?;
        recorded.ok_or(UseCaseError::NotFound("decision"))
    }

    async fn decide_now(
        &self,
        caller: &Caller,
        request: &DecideRequest,
        phone: Option<SubjectKey>,
        presented: Option<PresentedDevice>,
        run: &Run,
    ) -> Result<Decision, UseCaseError> {
        let device = match (&request.device_token, phone, presented) {
            (None, ..) => None,
            (Some(_), Some(phone), Some(presented)) => {
                Some(self.recognize(caller, request, phone, presented, run).await?)
            }
            (Some(_), ..) => Some(DeviceUse::Unknown),
        };
        let facts = match phone {
            Some(phone) => Some(self.phone_facts(caller, request, phone, device).await?),
            None => None,
        };
        let now = self.clock.now();
        let decision = decision::make(&Question {
            mode: caller.mode,
            purpose: request.purpose.clone(),
            said: request.said,
            at_stake: request.at_stake,
            listed: request.listed,
            passkey: request.passkey,
            payment: request.payment,
            device,
            number_type: request.phone.as_ref().map(E164::number_type),
            phone: facts,
            weights: &Weights::default(),
            now,
        });
        let event = Event {
            id: EventId::new(now, run.verification.partition(), &mut self.randomness.entropy()),
            app: caller.app.id,
            verification: run.verification,
            at: now,
            kind: EventKind::Decided(Box::new(decision.clone())),
        };
        self.engine.record(event).await?;
        tracing::info!(
            decision = %decision_id(run.verification),
            app = %caller.app.id,
            action = decision.action.as_str(),
            advice = decision.advice.as_str(),
            rule = decision.rule.map(decision::DecisionRule::as_str),
            score = %decision.score,
            weights = decision.weights_version,
            "decided what to ask of a customer"
        );
        Ok(decision)
    }

    /// Whether it is the trusted device of this customer; then it has its next value.
    async fn recognize(
        &self,
        caller: &Caller,
        request: &DecideRequest,
        phone: SubjectKey,
        device: PresentedDevice,
        run: &Run,
    ) -> Result<DeviceUse, UseCaseError> {
        let Some(customer) = request.customer.clone() else { return Ok(DeviceUse::Unknown) };
        let recognize =
            Recognize { device, customer, purpose: request.purpose.clone(), command: run.command };
        let job = Job {
            app: Arc::clone(&caller.app),
            target: Target::Subject(phone),
            command: Command::Recognize(Box::new(recognize)),
            permit: None,
        };
        Ok(match self.engine.run(job).await?.outcome {
            Outcome::Recognized(used) => used,
            _ => DeviceUse::Unknown,
        })
    }

    async fn phone_facts(
        &self,
        caller: &Caller,
        request: &DecideRequest,
        phone: SubjectKey,
        device: Option<DeviceUse>,
    ) -> Result<PhoneFacts, UseCaseError> {
        let loaded = self.store.load(Lookup::Subject(caller.app.id, phone)).await?;
        let Some(subject) = loaded.map(|loaded| loaded.subject) else { return Ok(PhoneFacts::UNSEEN) };
        let standing = self.standing_of(caller, request, &subject, device);
        Ok(PhoneFacts::of(&subject, standing, &caller.app.policy, self.clock.now()))
    }

    /// As what a verification would be started that came with the same.
    fn standing_of(
        &self,
        caller: &Caller,
        request: &DecideRequest,
        subject: &Subject,
        device: Option<DeviceUse>,
    ) -> Standing {
        let tag = |customer: &String| self.engine.keyring().customer_tag(caller.app.id, customer);
        let known = &subject.record.known_customers;
        if matches!(device, Some(DeviceUse::Trusted(_))) {
            Standing::TrustedDevice
        } else if request.customer.as_ref().is_some_and(|customer| known.contains(&tag(customer))) {
            Standing::KnownCustomer
        } else {
            Standing::Stranger
        }
    }

    /// What was recorded under an id, for callers of its app and mode.
    async fn recorded(&self, caller: &Caller, id: VerificationId) -> Result<Option<Decision>, UseCaseError> {
        let events = self.store.timeline(caller.app.id, id).await?;
        Ok(events.into_iter().find_map(|event| match event.kind {
            EventKind::Decided(decision) if decision.mode == caller.mode => Some(*decision),
            _ => None,
        }))
    }
}

/// A decision is kept like the timeline of a verification, and is none.
const fn decision_id(id: VerificationId) -> DecisionId {
    DecisionId::from_bytes(*id.as_bytes())
}
