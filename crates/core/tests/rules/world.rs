//! A small world around one subject: a clock, keys, a shelf of verifications and what was sent.
//!
//! It treats the subject as a store does: it loads the live verifications and the one that a command
//! names, and puts them back afterwards. After every step it asks [`crate::invariants`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::channel::Assurance;
use countersign_core::code::{CodeFormat, Guess};
use countersign_core::delivery::{Delivery, DeliveryKind, DeliveryState};
use countersign_core::device::{DeviceMark, PresentedDevice};
use countersign_core::entropy::Entropy;
use countersign_core::event::{ClientAddress, Event, EventKind};
use countersign_core::gate::{Gate, Passage};
use countersign_core::guard::budget::GuessTerms;
use countersign_core::id::{AppId, VerificationId};
use countersign_core::keyring::{
    CodeInput, Epoch, KeyName, Keyring, Place, ProofRing, Ring, RingKey, Secret,
};
use countersign_core::locale::Locale;
use countersign_core::message::Reader;
use countersign_core::phone::E164;
use countersign_core::policy::{PhoneLimits, Policy};
use countersign_core::presentation::Presentation;
use countersign_core::proof::SessionHash;
use countersign_core::purpose::Purpose;
use countersign_core::step::{
    Check, CheckResult, Checked, Command, Context, Effect, GivesWayTo, Outcome, Redeem, RedeemOutcome,
    Refusal, Replacement, Resend, Start, Started, Step, Trust, step,
};
use countersign_core::subject::{Mode, Subject, SubjectRecord};
use countersign_core::time::Timestamp;
use countersign_core::transaction::Transaction;
use countersign_core::verification::{Channel, CodeMaterial, CommandId, State, Status, Verification};

use crate::invariants::Ledger;

/// 2026-11-23T10:00:00Z.
pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_795_428_000_000);
/// The phone that everything here is about.
pub(crate) const PHONE: &str = "+4915112345678";
/// Another one.
pub(crate) const OTHER_PHONE: &str = "+4915112345679";

pub(crate) fn key(name: &str, byte: u8) -> RingKey {
    RingKey { name: KeyName(name.to_owned()), secret: Secret::from_bytes([byte; 32]), created_at: NOON }
}

/// Keys that differ between seeds below 16.
pub(crate) fn keyring(seed: u8) -> Keyring {
    let byte = |offset: u8| seed * 16 + offset;
    Keyring {
        code: Ring::new(key("code-1", byte(1)), Vec::new()),
        phone: Ring::new(key("phone-1", byte(2)), Vec::new()),
        index: Secret::from_bytes([byte(3); 32]),
        tag: Secret::from_bytes([byte(4); 32]),
        proof: ProofRing {
            current: Ring::new(key("proof-1", byte(5)), Vec::new()),
            next: key("proof-2", byte(6)),
        },
        epoch: Epoch(1),
    }
}

/// The defaults, for a shop that sells in Germany.
pub(crate) fn policy() -> Policy {
    Policy { countries: ["DE".parse().unwrap()].into(), ..Policy::default() }
}

pub(crate) fn phone(number: &str) -> E164 {
    E164::parse_fictional(number, None).unwrap()
}

pub(crate) fn app(byte: u8) -> AppId {
    AppId::from_bytes([byte; 16])
}

pub(crate) fn payment(amount: &str) -> Transaction {
    Transaction {
        id: Some("order_1042".to_owned()),
        money: Some(countersign_core::money::Money::parse(amount, "EUR".parse().unwrap()).unwrap()),
        payee: Some("Shop GmbH".to_owned()),
        fields: BTreeMap::from([("basket".to_owned(), "3 items".to_owned())]),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a session may be absent wherever one is given")]
pub(crate) fn session(text: &str) -> Option<SessionHash> {
    Some(SessionHash::of(text))
}

#[expect(clippy::unnecessary_wraps, reason = "a command's name may be absent wherever one is given")]
pub(crate) fn command_id(byte: u8) -> Option<CommandId> {
    Some(CommandId([byte; 16]))
}

pub(crate) struct World {
    pub(crate) keyring: Keyring,
    pub(crate) policy: Policy,
    pub(crate) app: AppId,
    pub(crate) phone: E164,
    pub(crate) clock: Timestamp,
    pub(crate) record: SubjectRecord,
    pub(crate) shelf: BTreeMap<VerificationId, Verification>,
    /// Every delivery that a commit asked for, in order.
    pub(crate) sent: Vec<Delivery>,
    /// Every fact, in order.
    pub(crate) events: Vec<Event>,
    /// The effects of the last step.
    pub(crate) last_effects: Vec<Effect>,
    /// What wrong guesses in the whole app mean.
    pub(crate) guesses: GuessTerms,
    mode: Mode,
    draws: u64,
    ledger: Ledger,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(PHONE, Mode::Live)
    }

    pub(crate) fn of(number: &str, mode: Mode) -> Self {
        let (app, keyring, phone) = (app(0xA1), keyring(1), phone(number));
        let unseen = Subject::unseen(app, keyring.subject_key(app, mode, &phone));
        World {
            keyring,
            policy: policy(),
            app,
            phone,
            clock: NOON,
            record: unseen.record,
            shelf: BTreeMap::new(),
            sent: Vec::new(),
            events: Vec::new(),
            last_effects: Vec::new(),
            guesses: GuessTerms::CALM,
            mode,
            draws: 0,
            ledger: Ledger::default(),
        }
    }

    /// Lets time pass.
    pub(crate) fn wait_s(&mut self, seconds: u64) -> &mut Self {
        self.clock = self.clock.plus(Duration::from_secs(seconds));
        self
    }

    /// Lets time pass, to the millisecond.
    pub(crate) fn wait_ms(&mut self, millis: u64) -> &mut Self {
        self.clock = self.clock.plus(Duration::from_millis(millis));
        self
    }

    fn entropy(draws: u64) -> Entropy {
        let mut seed = [0x5A; 32];
        seed[..8].copy_from_slice(&draws.to_be_bytes());
        Entropy::from_seed(seed)
    }

    /// The subject as a store loads it for a command.
    pub(crate) fn load(&self, named: Option<VerificationId>) -> Subject {
        let key = self.keyring.subject_key(self.app, self.mode, &self.phone);
        let named = named.filter(|id| !self.record.live.contains(id));
        let ids = self.record.live.iter().copied().chain(named);
        Subject {
            app: self.app,
            key,
            record: self.record.clone(),
            verifications: ids.filter_map(|id| self.shelf.get(&id).cloned().map(Arc::new)).collect(),
        }
    }

    /// Steps and commits.
    pub(crate) fn apply(&mut self, command: &Command) -> Outcome {
        let before = self.load(named_by(command));
        self.draws += 1;
        let taken = self.step(&before, command);
        assert_eq!(self.step(&before, command), taken, "the same step twice differs");
        let now = self.clock.max(before.record.last_step_at);
        self.ledger.judge(&self.policy, &before, command, &taken, now);
        if matches!(taken.outcome, Outcome::Refused(_)) {
            let settled = self.step(&before, &Command::Expire);
            assert_eq!(taken.subject, settled.subject, "a refused command changed something");
            assert_eq!(taken.effects.len(), settled.effects.len(), "a refused command had an effect");
        }
        self.commit(taken)
    }

    fn step(&self, before: &Subject, command: &Command) -> Step {
        let entropy = Self::entropy(self.draws);
        let (policy, keyring, guesses) = (&self.policy, &self.keyring, self.guesses);
        let context = Context { now: self.clock, policy, keyring, entropy, guesses };
        step(before, command, context).unwrap()
    }

    fn commit(&mut self, taken: Step) -> Outcome {
        self.record = taken.subject.record;
        for verification in taken.subject.verifications {
            self.shelf.insert(verification.id, Arc::unwrap_or_clone(verification));
        }
        for effect in &taken.effects {
            match effect {
                Effect::Send(delivery) => {
                    if let (DeliveryKind::Code { generation }, DeliveryState::Due { .. }) =
                        (delivery.kind, delivery.state)
                    {
                        let code = self.code_of(delivery.verification, generation);
                        self.ledger.sent(delivery.verification, generation, &code);
                    }
                    self.sent.push(delivery.clone());
                }
                Effect::Event(event) => self.events.push(event.clone()),
                Effect::CancelDeliveries(_) => {}
            }
        }
        self.last_effects = taken.effects;
        taken.outcome
    }

    /// A login of nobody in particular in the session "mine"; change what matters with `..`.
    pub(crate) fn login(&mut self) -> Start {
        Start {
            verification: self.new_id(),
            phone: self.phone.clone(),
            mode: self.mode,
            purpose: Purpose::Login,
            transaction: None,
            session: session("mine"),
            customer: None,
            replaces: None,
            email: None,
            channel: Channel::Sms,
            workflow: Vec::new(),
            locale: Locale::english(),
            presentation: Presentation::Unbound,
            reader: Reader::Browser,
            format: CodeFormat::DEFAULT,
            lifetime: self.policy.lifetime(&Purpose::Login),
            return_to: None,
            client_address: ClientAddress::Given,
            asker: countersign_core::guard::known::Asker::default(),
            net: None,
            device: None,
            metadata: BTreeMap::new(),
            gate: Gate::Open,
            command: None,
        }
    }

    /// A payment of 49.90 EUR in the session "mine".
    pub(crate) fn payment(&mut self) -> Start {
        Start {
            purpose: Purpose::Payment,
            transaction: Some(payment("49.90")),
            lifetime: self.policy.lifetime(&Purpose::Payment),
            ..self.login()
        }
    }

    pub(crate) fn new_id(&mut self) -> VerificationId {
        let partition = self.keyring.subject_key(self.app, self.mode, &self.phone).partition();
        self.draws += 1;
        VerificationId::new(self.clock, partition, &mut Self::entropy(self.draws))
    }

    pub(crate) fn try_start(&mut self, start: Start) -> Result<Started, Refusal> {
        match self.apply(&Command::Start(Box::new(start))) {
            Outcome::Started(started) => Ok(started),
            Outcome::Refused(refusal) => Err(refusal),
            other => panic!("a start came to {other:?}"),
        }
    }

    /// Starts a verification that must be new.
    pub(crate) fn start(&mut self, start: Start) -> VerificationId {
        match self.try_start(start) {
            Ok(Started::Created(id)) => id,
            other => panic!("expected a new verification, got {other:?}"),
        }
    }

    /// Starts a login that must be new.
    pub(crate) fn start_login(&mut self) -> VerificationId {
        let start = self.login();
        self.start(start)
    }

    /// Starts a payment that must be new.
    pub(crate) fn start_payment(&mut self) -> VerificationId {
        let start = self.payment();
        self.start(start)
    }

    pub(crate) fn resend(&mut self, id: VerificationId) -> Result<Option<Timestamp>, Refusal> {
        self.resend_as(id, None)
    }

    pub(crate) fn resend_as(
        &mut self,
        id: VerificationId,
        command: Option<CommandId>,
    ) -> Result<Option<Timestamp>, Refusal> {
        match self.apply(&Command::Resend(Resend {
            verification: id,
            channel: None,
            passage: Passage::Sent,
            command,
        })) {
            Outcome::Resent { resend_at } => Ok(resend_at),
            Outcome::Refused(refusal) => Err(refusal),
            other => panic!("a resend came to {other:?}"),
        }
    }

    /// A resend that names its channel.
    pub(crate) fn resend_by(
        &mut self,
        id: VerificationId,
        channel: Channel,
    ) -> Result<Option<Timestamp>, Refusal> {
        let passage = Passage::Sent;
        let resend = Resend { verification: id, channel: Some(channel), passage, command: None };
        match self.apply(&Command::Resend(resend)) {
            Outcome::Resent { resend_at } => Ok(resend_at),
            Outcome::Refused(refusal) => Err(refusal),
            other => panic!("a resend came to {other:?}"),
        }
    }

    /// Lets an app send by all channels, as often as it likes.
    pub(crate) fn with_all_channels(&mut self) -> &mut Self {
        self.policy.channels = Channel::ALL.into();
        self.policy.phone_limits =
            PhoneLimits { spacing_s: 0, per_ten_minutes: 50, per_hour: 50, per_day: 50 };
        self
    }

    /// The channels of what was sent, in order.
    pub(crate) fn sent_by(&self) -> Vec<Channel> {
        self.sent.iter().map(|delivery| delivery.channel).collect()
    }

    pub(crate) fn try_check(&mut self, check: Check) -> Result<Checked, Refusal> {
        match self.apply(&Command::Check(check)) {
            Outcome::Checked(checked) => Ok(checked),
            Outcome::Refused(refusal) => Err(refusal),
            other => panic!("a check came to {other:?}"),
        }
    }

    /// What stops every message of a verification so far.
    pub(crate) fn cancellation(&self, id: VerificationId) -> Effect {
        let is_code = |delivery: &&Delivery| matches!(delivery.kind, DeliveryKind::Code { .. });
        let of_it = self.sent.iter().filter(|delivery| delivery.verification == id).filter(is_code);
        Effect::CancelDeliveries(of_it.map(|delivery| delivery.id).collect())
    }

    /// What typing `text` comes to.
    pub(crate) fn guess(&mut self, id: VerificationId, text: &str) -> CheckResult {
        self.try_check(guess(id, text)).unwrap().result
    }

    /// A right guess at a pending verification.
    pub(crate) fn approve(&mut self, id: VerificationId) {
        let code = self.code(id);
        assert_eq!(self.guess(id, &code), CheckResult::Approved);
    }

    /// A wrong guess.
    pub(crate) fn miss(&mut self, id: VerificationId) -> Result<Checked, Refusal> {
        let wrong = self.wrong_code(id);
        self.try_check(guess(id, &wrong))
    }

    pub(crate) fn cancel(&mut self, id: VerificationId) {
        assert_eq!(self.apply(&Command::Cancel(id)), Outcome::Settled);
    }

    pub(crate) fn report(&mut self, id: VerificationId) {
        assert_eq!(self.apply(&Command::Report(id)), Outcome::Settled);
    }

    /// The text of a device's value.
    pub(crate) fn token(&self, mark: DeviceMark) -> String {
        let key = self.keyring.subject_key(self.app, self.mode, &self.phone);
        self.keyring.device_token(self.app, key, mark).expose().to_owned()
    }

    /// A token as it comes in again.
    pub(crate) fn present(&self, token: &str) -> Option<PresentedDevice> {
        self.keyring.read_device_token(self.app, token).map(|(_, presented)| presented)
    }

    pub(crate) fn expire(&mut self) {
        assert_eq!(self.apply(&Command::Expire), Outcome::Settled);
    }

    /// What the shop sends to redeem the proof of a verification, all of it right.
    pub(crate) fn redeem_of(&self, id: VerificationId) -> Redeem {
        let verification = &self.shelf[&id];
        Redeem {
            verification: id,
            phone: self.phone.clone(),
            purpose: verification.purpose.clone(),
            session: verification.session,
            transaction: verification.transaction.clone(),
            least: Assurance::Possession,
            replacement: None,
            command: None,
        }
    }

    /// The number that `customer` changes to, under a new verification of it.
    pub(crate) fn replacement(&mut self, number: &str, customer: &str) -> Replacement {
        let verification = self.new_id();
        Replacement {
            phone: phone(number),
            verification,
            customer: customer.to_owned(),
            by: GivesWayTo::Proof,
        }
    }

    pub(crate) fn redeem(&mut self, redeem: Redeem) -> RedeemOutcome {
        match self.apply(&Command::Redeem(Box::new(redeem))) {
            Outcome::Redeemed(outcome) => outcome,
            other => panic!("a redeem came to {other:?}"),
        }
    }

    pub(crate) fn status(&self, id: VerificationId) -> Status {
        self.shelf[&id].status()
    }

    /// The code on the phone: of the newest generation.
    pub(crate) fn code(&self, id: VerificationId) -> String {
        self.code_of(id, self.shelf[&id].generation())
    }

    /// The code of one generation of a pending verification.
    pub(crate) fn code_of(&self, id: VerificationId, generation: u8) -> String {
        let verification = &self.shelf[&id];
        match &verification.state {
            State::Pending { code: CodeMaterial::TestNumber } => {
                self.policy.test_code(&self.phone).unwrap().to_owned()
            }
            State::Pending {
                code: CodeMaterial::Derived { key, nonce, .. } | CodeMaterial::Ghost { key, nonce, .. },
            } => {
                let place = Place { app: self.app, verification: id };
                let input = CodeInput {
                    app: self.app,
                    verification: id,
                    nonce,
                    phone: &self.keyring.open_phone(place, &verification.phone).unwrap(),
                    purpose: &verification.purpose,
                    transaction: verification.digest,
                    epoch: verification.epoch,
                    generation,
                };
                self.keyring.code(key, &input, verification.format).unwrap().expose().to_owned()
            }
            ended => panic!("nothing to derive a code from in {ended:?}"),
        }
    }

    /// Six digits that no generation of the verification has.
    pub(crate) fn wrong_code(&self, id: VerificationId) -> String {
        let verification = &self.shelf[&id];
        if !verification.is_pending() {
            return "000000".to_owned();
        }
        let taken: Vec<String> = (0..=verification.generation()).map(|g| self.code_of(id, g)).collect();
        (0..20).map(|n| format!("{n:06}")).find(|code| !taken.contains(code)).unwrap()
    }

    /// The kinds of the last step's events.
    pub(crate) fn last_events(&self) -> Vec<EventKind> {
        self.last_effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Event(event) => Some(event.kind.clone()),
                _ => None,
            })
            .collect()
    }

    /// Makes `customer` one who proved this phone, two days before now, so that no window remembers it.
    pub(crate) fn with_known_customer(&mut self, customer: &str) -> &mut Self {
        let start =
            Start { customer: Some(customer.to_owned()), session: session("long ago"), ..self.login() };
        let id = self.start(start);
        self.approve(id);
        self.wait_s(2 * 24 * 3600)
    }
}

pub(crate) fn guess(id: VerificationId, text: &str) -> Check {
    Check {
        verification: id,
        guess: Guess::parse(text).unwrap(),
        transaction: None,
        trust: Trust::NotAsked,
        command: None,
    }
}

pub(crate) const fn named_by(command: &Command) -> Option<VerificationId> {
    match command {
        Command::Start(start) => Some(start.verification),
        Command::Resend(resend) => Some(resend.verification),
        Command::Check(check) => Some(check.verification),
        Command::Solve(solve) => Some(solve.verification),
        Command::Cancel(id) | Command::Report(id) => Some(*id),
        Command::Advance(advance) => Some(advance.verification),
        Command::Receipt(receipt) => Some(receipt.verification),
        Command::Overdue(overdue) => Some(overdue.verification),
        Command::Recover(recover) => Some(recover.verification),
        Command::Redeem(redeem) => Some(redeem.verification),
        Command::Expire | Command::Rebind | Command::SetNumber(_) | Command::Recognize(_) => None,
    }
}
