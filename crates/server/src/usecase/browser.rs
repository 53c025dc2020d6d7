//! What a customer's own browser may do with the one verification that its secret names, and what it is told.
//!
//! A browser hears state names, never a proof, and never why it is refused: the shop's server can ask for both.

use std::sync::Arc;
use std::time::Duration;

use countersign_core::browser::{Granted, PageEntry};
use countersign_core::code::{CodeFormat, Guess};
use countersign_core::id::VerificationId;
use countersign_core::origin::Origin;
use countersign_core::phone::E164;
use countersign_core::policy::{Address, Carried};
use countersign_core::purpose::Purpose;
use countersign_core::step::{CheckResult, Checked, Refusal, Trust};
use countersign_core::time::Timestamp;
use countersign_core::verification::{Channel, CodeMaterial, CommandId, State, Status, Verification};

use super::check::CheckRequest;
use super::idempotency::{Asker, Retryable};
use super::solve::Puzzle;
use super::terms::Terms;
use super::{Caller, Services, UseCaseError, View};

/// How long after its start a browser may see and act on a verification: a code lives ten minutes at most, and what
/// it came to is of interest a little longer. A secret or cookie that leaks later opens nothing.
pub(super) const BROWSER_ACCESS: Duration = Duration::from_hours(1);
/// From here on a payer is warned that few tries are left (PSD2 RTS Art 4(4), P4).
const WARN_AT: u8 = 2;
/// "Usually within …" says nothing more exact than this.
const USUALLY: (u64, u64) = (10, 60);

/// A browser, and the one verification that it may see and act on.
#[derive(Clone)]
pub struct Visitor {
    /// Its app and mode.
    pub caller: Caller,
    /// The verification.
    pub verification: VerificationId,
}

/// Where a verification stands, in words that help nobody to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrowserState {
    /// Something is to be solved before a message is sent.
    ChallengeRequired,
    /// A code can be typed.
    Pending,
    /// The code was right.
    Approved,
    /// Its time is over.
    Expired,
    /// Its tries are used up. Of a payment nobody is told.
    Exhausted,
    /// It was given up.
    Canceled,
    /// Its customer said "this was not me", or it was voided.
    Denied,
}

impl BrowserState {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            BrowserState::ChallengeRequired => "challenge_required",
            BrowserState::Pending => "pending",
            BrowserState::Approved => "approved",
            BrowserState::Expired => "expired",
            BrowserState::Exhausted => "exhausted",
            BrowserState::Canceled => "canceled",
            BrowserState::Denied => "denied",
        }
    }

    /// A failed payment does not say what about it was wrong (PSD2 RTS Art 4(3)(a), P3): one whose tries are used up
    /// looks as if it waited until its time is over.
    fn of(view: &View, now: Timestamp) -> Self {
        let is_over = view.verification.expires_at <= now;
        match view.status {
            Status::ChallengeRequired => BrowserState::ChallengeRequired,
            Status::Pending => BrowserState::Pending,
            Status::Approved | Status::Recovered => BrowserState::Approved,
            Status::Expired => BrowserState::Expired,
            Status::Exhausted if is_payment(&view.verification) && is_over => BrowserState::Expired,
            Status::Exhausted if is_payment(&view.verification) => BrowserState::Pending,
            Status::Exhausted => BrowserState::Exhausted,
            Status::Canceled => BrowserState::Canceled,
            Status::Denied => BrowserState::Denied,
        }
    }
}

/// What a guess came to, in words that help nobody to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrowserResult {
    /// The code was right.
    Approved,
    /// It was not.
    Incorrect,
    /// A later code took its place.
    Superseded,
    /// The time is over.
    Expired,
    /// The tries are used up.
    Exhausted,
    /// It was given up.
    Canceled,
    /// It was reported.
    Denied,
    /// It was not approved, and why is nobody's business.
    NotApproved,
}

impl BrowserResult {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            BrowserResult::Approved => "approved",
            BrowserResult::Incorrect => "incorrect",
            BrowserResult::Superseded => "superseded",
            BrowserResult::Expired => "expired",
            BrowserResult::Exhausted => "exhausted",
            BrowserResult::Canceled => "canceled",
            BrowserResult::Denied => "denied",
            BrowserResult::NotApproved => "not_approved",
        }
    }

    fn of(result: CheckResult, verification: &Verification) -> Self {
        match result {
            // Another tab was first: what the customer wanted has happened.
            CheckResult::Approved | CheckResult::AlreadyUsed => BrowserResult::Approved,
            _ if is_payment(verification) => BrowserResult::NotApproved,
            CheckResult::Incorrect => BrowserResult::Incorrect,
            CheckResult::Superseded => BrowserResult::Superseded,
            CheckResult::Expired => BrowserResult::Expired,
            CheckResult::Exhausted => BrowserResult::Exhausted,
            CheckResult::Canceled => BrowserResult::Canceled,
            CheckResult::Denied | CheckResult::TransactionMismatch => BrowserResult::Denied,
        }
    }
}

fn is_payment(verification: &Verification) -> bool {
    verification.purpose == Purpose::Payment
}

/// What a browser is shown.
#[derive(Clone, Debug)]
pub struct BrowserView {
    /// The verification; its own words, the shop's and the customer reference are not shown.
    pub verification: Arc<Verification>,
    /// Where it stands.
    pub state: BrowserState,
    /// What customers know the shop as.
    pub shop: String,
    /// The phone, masked.
    pub masked_phone: String,
    /// The form of the code.
    pub format: CodeFormat,
    /// What is to be solved first.
    pub challenge: Option<Puzzle>,
    /// Until the code ends.
    pub expires_in: Duration,
    /// Until another message can be asked for, if one can.
    pub resend_in: Option<Duration>,
    /// Within which 19 of 20 customers there had typed their code lately, where that is known.
    pub usually_within: Option<Duration>,
    /// Other channels that another message may take.
    pub channels: Vec<Channel>,
}

impl BrowserView {
    /// Seconds until the code ends.
    pub fn expires_in_s(&self) -> u64 {
        seconds(self.expires_in)
    }

    /// Seconds until another message can be asked for, if one can.
    pub fn resend_in_s(&self) -> Option<u64> {
        self.resend_in.map(seconds)
    }

    /// Whether its code is the fixed one of a test number.
    pub fn is_test_number(&self) -> bool {
        matches!(self.verification.state, State::Pending { code: CodeMaterial::TestNumber })
    }
}

/// Rounded up: what is counted down must not end too early.
fn seconds(duration: Duration) -> u64 {
    duration.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)
}

/// What a guess came to.
#[derive(Clone, Debug)]
pub struct BrowserChecked {
    /// What is shown now.
    pub view: BrowserView,
    /// The result.
    pub result: BrowserResult,
    /// Tries left, where it may be told.
    pub attempts_left: Option<u8>,
}

impl Services {
    /// Whom a client secret or a cookie lets in; nobody, if it is too old or its app is gone.
    pub fn visitor(&self, granted: Granted) -> Option<Visitor> {
        if self.clock.now().since(granted.verification.created_at()) >= BROWSER_ACCESS {
            return None;
        }
        let app = self.directory.app(granted.app)?;
        Some(Visitor { caller: Caller { app, mode: granted.mode }, verification: granted.verification })
    }

    /// Whether pages of this origin may act for customers of the app: its registered ones, and this server's own.
    pub fn admits(&self, visitor: &Visitor, origin: &str) -> bool {
        origin == self.issuer || visitor.caller.app.origins.iter().any(|own| own.as_str() == origin)
    }

    /// Whether pages of this origin may ask at all, before it is known for which app.
    pub fn knows_origin(&self, origin: &str) -> bool {
        let knows = |own: &Origin| own.as_str() == origin;
        origin == self.issuer || self.directory.any_app(|app| app.origins.iter().any(knows))
    }

    /// What the verification is, and where it stands.
    pub async fn browser_view(&self, visitor: &Visitor) -> Result<BrowserView, UseCaseError> {
        let Visitor { caller, verification } = visitor;
        let view = self.show(caller, *verification).await?;
        self.shown(caller, view)
    }

    /// Evaluates one guess.
    pub async fn browser_check(
        &self,
        visitor: &Visitor,
        guess: Guess,
        retryable: Option<Retryable>,
    ) -> Result<BrowserChecked, UseCaseError> {
        let Visitor { caller, verification } = visitor;
        let request =
            CheckRequest { verification: *verification, guess, transaction: None, trust: Trust::NotAsked };
        let checked = match self.check(caller, request, by_browser(retryable)).await {
            Ok(answer) => Some(answer.checked),
            // A locked phone: not even a right code would be looked at.
            Err(UseCaseError::Refused(_)) => None,
            Err(other) => return Err(other),
        };
        let view = self.browser_view(visitor).await?;
        let result = match checked {
            Some(checked) => BrowserResult::of(checked.result, &view.verification),
            None if is_payment(&view.verification) => BrowserResult::NotApproved,
            None => BrowserResult::Incorrect,
        };
        let attempts_left = checked.and_then(|checked| told(checked, &view.verification));
        Ok(BrowserChecked { view, result, attempts_left })
    }

    /// Sends the message again.
    pub async fn browser_resend(
        &self,
        visitor: &Visitor,
        channel: Option<Channel>,
        retryable: Option<Retryable>,
    ) -> Result<BrowserView, UseCaseError> {
        let Visitor { caller, verification } = visitor;
        let answer = self.resend(caller, *verification, channel, by_browser(retryable)).await?;
        self.shown(caller, answer.view)
    }

    /// Judges a solution of its challenge.
    pub async fn browser_solve(
        &self,
        visitor: &Visitor,
        solution: String,
    ) -> Result<BrowserView, UseCaseError> {
        let Visitor { caller, verification } = visitor;
        let answer = self.solve(caller, *verification, solution).await?;
        self.shown(caller, answer.view)
    }

    /// "This was not me".
    pub async fn browser_report(&self, visitor: &Visitor) -> Result<BrowserView, UseCaseError> {
        let Visitor { caller, verification } = visitor;
        let view = self.report(caller, *verification).await?;
        self.shown(caller, view)
    }

    /// A link to the hosted page, where its message is bound to that page or to none. Each start gets another one,
    /// and its repetition the same.
    pub(super) fn page_url(
        &self,
        caller: &Caller,
        verification: &Verification,
        command: Option<CommandId>,
    ) -> Option<String> {
        let is_hosted = Terms::is_hosted(&verification.presentation, &self.issuer);
        let nonce = command.map_or_else(|| self.randomness.entropy().bytes(), |command| command.0);
        let entry = PageEntry { granted: granted(caller, verification), nonce };
        is_hosted.then(|| format!("{}/verify/{}", self.issuer, self.engine.keyring().page_entry(entry)))
    }

    fn shown(&self, caller: &Caller, view: View) -> Result<BrowserView, UseCaseError> {
        let now = self.clock.now();
        let state = BrowserState::of(&view, now);
        let phone = self.phone_of(caller, &view.verification)?;
        let resend_at = match view.status {
            Status::Pending => view.resend_at,
            // As if it waited (P3).
            _ if state == BrowserState::Pending => view.verification.next_send_at(&caller.app.policy),
            _ => None,
        };
        let resend_in = resend_at.map(|at| at.since(now));
        let channels = match resend_in {
            Some(_) => self.other_channels(caller, &view.verification, &phone),
            None => Vec::new(),
        };
        Ok(BrowserView {
            state,
            shop: caller.app.brand.clone(),
            masked_phone: view.masked_phone,
            format: view.verification.format,
            challenge: view.challenge,
            expires_in: view.verification.expires_at.since(now),
            resend_in,
            usually_within: self.usually_within(caller, &view.verification, &phone),
            channels,
            verification: view.verification,
        })
    }

    fn other_channels(&self, caller: &Caller, verification: &Verification, to: &E164) -> Vec<Channel> {
        let address = verification.email.as_ref().map_or(Address::Missing, |_| Address::Known);
        let carried = Carried { purpose: &verification.purpose, format: verification.format, address };
        let policy = &caller.app.policy;
        let is_open = |channel: &Channel| {
            *channel != verification.channel
                && policy.check_channel(*channel, &carried).is_ok()
                && self.routing.reaches(&caller.app, caller.mode, *channel, to, self.clock.now())
        };
        policy.channels.iter().copied().filter(is_open).collect()
    }

    fn usually_within(&self, caller: &Caller, verification: &Verification, to: &E164) -> Option<Duration> {
        let usual = self.routing.usually_verified_within(
            &caller.app,
            caller.mode,
            verification.channel,
            to,
            self.clock.now(),
        )?;
        let (least, most) = USUALLY;
        Some(Duration::from_secs(usual.as_secs().next_multiple_of(5).clamp(least, most)))
    }
}

/// What a browser of this verification may have.
pub(super) fn granted(caller: &Caller, verification: &Verification) -> Granted {
    Granted { app: caller.app.id, mode: caller.mode, verification: verification.id }
}

/// How many tries are left, where it helps the customer more than whoever guesses: of a payment only the warning
/// before the end (P3, P4).
fn told(checked: Checked, verification: &Verification) -> Option<u8> {
    let left = checked.attempts_remaining;
    let is_told = match checked.result {
        CheckResult::Incorrect | CheckResult::Superseded if is_payment(verification) => {
            (1..=WARN_AT).contains(&left)
        }
        CheckResult::Incorrect | CheckResult::Superseded => true,
        _ => false,
    };
    is_told.then_some(left)
}

/// A browser's idempotency keys are its own: never those of the shop's server, nor of another verification.
fn by_browser(retryable: Option<Retryable>) -> Option<Retryable> {
    retryable.map(|retryable| Retryable { asker: Asker::Browser, ..retryable })
}

/// Whether a browser is told that something is not possible now, and no more.
pub const fn is_told_nothing(error: &UseCaseError) -> bool {
    matches!(
        error,
        UseCaseError::Refused(_)
            | UseCaseError::NoRoute(_)
            | UseCaseError::LimitExceeded(_)
            | UseCaseError::Guarded(_)
    )
}

/// When a resend that was refused is possible: only what the page counts down anyway.
pub const fn possible_again_at(error: &UseCaseError) -> Option<Timestamp> {
    match error {
        UseCaseError::Refused(Refusal::ResendTooSoon { retry_at }) => Some(*retry_at),
        _ => None,
    }
}
