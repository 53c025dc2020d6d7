//! Admit: may this message be sent?
//!
//! Free and local rules first: what a command would come to is worked out without writing, and only a message that the
//! rules of its phone allow is brought before the guard. What the guard allows is a permit; the engine commits no
//! message that a customer asked for on a live key without one.

use std::net::IpAddr;

use countersign_core::gate::{Gate, GateRule};
use countersign_core::guard::decide::{ChallengeState, RequestPurpose, Rule};
use countersign_core::guard::known::Asker;
use countersign_core::guard::probe::Draw;
use countersign_core::guard::score::Facts;
use countersign_core::guard::{Action, Asked, Destination, GuardMode, KeyId, KeyKind, Objection, Request};
use countersign_core::phone::E164;
use countersign_core::proof::SessionHash;
use countersign_core::step::{Command, Outcome, Started};
use countersign_core::subject::Mode;
use countersign_core::verification::{Channel, Verification};

use super::{Caller, Services, UseCaseError};
use crate::engine::{Answer, EngineError, Job, Rehearsal};
use crate::guard::{Permit, request_id};

/// What the shop, or the hosted page itself, said about who asks.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// The customer's address.
    pub address: Option<IpAddr>,
    /// The shop's name for the customer's device.
    pub device: Option<String>,
}

/// What became of a message that was brought before the guard.
enum Admission {
    /// There is none, or none that costs.
    NothingToSend,
    /// It may be sent.
    Permit(Permit),
    /// A rule stands before it.
    Objection(Objection),
}

/// Times that a message is brought before the guard again because somebody else was faster.
const MAX_TRIES: u32 = 4;

impl Services {
    /// Who asks, as the guard of the caller's app names devices and customers.
    pub(super) fn asker(&self, caller: &Caller, device: Option<&str>, customer: Option<&str>) -> Asker {
        let keyring = self.engine.keyring();
        let guard = self.guards.of(&caller.app, &keyring);
        let id = |kind, value: Option<&str>| value.map(|value| guard.keyer().id(kind, value.as_bytes()));
        Asker { device: id(KeyKind::Device, device), customer: id(KeyKind::Customer, customer) }
    }

    /// How the guard of the caller's app names an address and its network.
    pub(super) fn net(&self, caller: &Caller, address: IpAddr) -> (KeyId, KeyId) {
        self.guards.of(&caller.app, &self.engine.keyring()).keyer().net(address)
    }

    /// Runs a command that may send, once the guard allows its message. `address` is where the customer is. A start
    /// that the guard challenges, or sends to nobody, runs as such.
    pub(super) async fn run_admitted(
        &self,
        caller: &Caller,
        mut job: Job,
        address: Option<IpAddr>,
    ) -> Result<Answer, UseCaseError> {
        for _ in 0..MAX_TRIES {
            let permit = match self.admit(caller, &job, address).await? {
                Admission::NothingToSend => None,
                Admission::Permit(permit) => Some(permit),
                Admission::Objection(objection) => {
                    self.stand_before(caller, &mut job, &objection)?;
                    None
                }
            };
            match self.engine.run(Job { permit, ..job.unadmitted() }).await {
                // What looked as if it sent nothing does now: another request changed the subject meanwhile.
                Err(EngineError::NotAdmitted) => {}
                answer => return Ok(answer?),
            }
        }
        Err(UseCaseError::Busy)
    }

    /// Whether the guard would let a message out, if only after a challenge. Takes nothing.
    pub(super) async fn would_be_admitted(
        &self,
        caller: &Caller,
        job: &Job,
        address: Option<IpAddr>,
    ) -> Result<(), UseCaseError> {
        if let Admission::Objection(objection) = self.admit(caller, job, address).await? {
            self.stand_before(caller, &mut job.unadmitted(), &objection)?;
        }
        Ok(())
    }

    /// Lets a start meet what the guard says about it: a challenge, or nothing that anybody could tell from a message
    /// that left, where a number is on the app's own list (fraud.md B.1, row 3). All else is refused.
    fn stand_before(
        &self,
        caller: &Caller,
        job: &mut Job,
        objection: &Objection,
    ) -> Result<(), UseCaseError> {
        let rule = GateRule::Guard(objection.rule);
        match (&mut job.command, objection.action, objection.rule) {
            (Command::Start(start), Action::Refuse, Rule::Blocked) => {
                start.gate = Gate::Ghost { rule, challenge: start.gate.challenge() };
            }
            (Command::Start(start), Action::Challenge, _) => {
                let kind = self.challenge_kind(&caller.app.policy, &start.presentation);
                start.gate = Gate::Challenge { kind, rule };
            }
            _ => return Err(UseCaseError::Guarded(*objection)),
        }
        Ok(())
    }

    /// Brings the message of a command before the guard, unless the app has none. Keys for tests reach no carrier, and
    /// e-mails have a limit of their own ([`countersign_core::limit`]).
    async fn admit(
        &self,
        caller: &Caller,
        job: &Job,
        address: Option<IpAddr>,
    ) -> Result<Admission, UseCaseError> {
        if caller.mode == Mode::Test || !job.app.policy.guard.mode.looks() {
            return Ok(Admission::NothingToSend);
        }
        let Some(rehearsal) = self.engine.rehearse(job).await? else { return Ok(Admission::NothingToSend) };
        let sends = rehearsal.sends.as_ref().filter(|sending| sending.channel != Channel::Email);
        let verification = sends.and_then(|sending| rehearsal.subject.verification(sending.verification));
        let Some(verification) = verification else { return Ok(Admission::NothingToSend) };
        let phone = match job.phone() {
            Some(phone) => phone.clone(),
            None => self.phone_of(caller, verification)?,
        };
        let (now, keyring) = (self.clock.now(), self.engine.keyring());
        let guard = self.guards.of(&caller.app, &keyring);
        let solved = rehearsal.solved;
        let asked = Asked {
            id: request_id(guard.keyer(), verification.id),
            net: match solved {
                Some(challenge) => challenge.net,
                None => address.map(|address| guard.keyer().net(address)),
            },
            request: Request {
                destination: Destination::of(&phone),
                number_type: None,
                asker: verification.asker,
                session: verification.session.map(|session| session_id(guard.keyer(), session)),
                network: address.and_then(|address| self.guards.network_of(address)),
                purpose: purpose_of(job, &rehearsal, verification),
                facts: Facts::default(),
                challenge: solved.map_or(ChallengeState::Unsolved, |_| ChallengeState::Solved),
                price_micros: self.highest_price(&phone),
                draw: Draw(u32::from_be_bytes(self.randomness.entropy().bytes())),
            },
        };
        let (ruling, permit) = self.guards.ask(&guard, &asked, &rehearsal.subject.record, now);
        if let Some(objection) = ruling.objection {
            self.record_objection(caller, &objection, ruling.action);
            if ruling.action != Action::Allow {
                return Ok(Admission::Objection(objection));
            }
        }
        Ok(permit.map_or(Admission::NothingToSend, Admission::Permit))
    }

    /// The most that a message to this phone costs by any route, in millionths; nothing where no price is known.
    fn highest_price(&self, phone: &E164) -> u64 {
        self.routing.highest_price(phone, self.clock.now()).map_or(0, |price| price.micros())
    }

    fn record_objection(&self, caller: &Caller, objection: &Objection, action: Action) {
        self.metrics.objection(objection, action);
        if action != Action::Allow || caller.app.policy.guard.mode != GuardMode::Shadow {
            tracing::info!(
                app = %caller.app.id,
                rule = objection.rule.as_str(),
                action = objection.action.as_str(),
                taken = action.as_str(),
                "the guard objected to a message"
            );
        }
    }
}

fn session_id(
    keyer: &countersign_core::guard::Keyer,
    session: SessionHash,
) -> countersign_core::guard::KeyId {
    keyer.id(KeyKind::Session, session.as_bytes())
}

fn purpose_of(job: &Job, rehearsal: &Rehearsal, verification: &Verification) -> RequestPurpose {
    match (&rehearsal.outcome, &job.command) {
        // A notice has no code that anybody could type: it is not judged by that.
        (_, Command::Recover(_)) => RequestPurpose::Again,
        (Outcome::Resent { .. }, _) | (Outcome::Started(Started::Found(_)), Command::Start(_)) => {
            RequestPurpose::Again
        }
        _ if verification.replaces.is_some() => RequestPurpose::NumberChange,
        _ => RequestPurpose::Other,
    }
}
