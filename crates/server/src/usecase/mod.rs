//! What the server can do, one file for each thing, named as the API names it. Faces translate to and
//! from these; the rules are in the core.

pub mod admin;
pub mod admit;
pub mod browser;
pub mod cancel;
pub mod check;
pub mod decide;
pub mod device;
pub mod funnel;
pub mod guard;
pub mod idempotency;
pub mod number;
mod overdue;
pub mod page;
pub mod phones;
pub mod providers;
pub mod receipt;
pub mod recover;
pub mod redeem;
pub mod replace;
pub mod replay;
pub mod report;
pub mod resend;
pub mod show;
pub mod solve;
pub mod start;
pub mod terms;

use std::sync::Arc;

use countersign_core::guard::Objection;
use countersign_core::id::VerificationId;
use countersign_core::keyring::{KeyError, Place};
use countersign_core::limit::Exceeded;
use countersign_core::phone::E164;
use countersign_core::policy::{MIN_LIFE_FOR_RESEND, PROOF_LIFETIME};
use countersign_core::proof::{Claims, ProofError};
use countersign_core::step::{BindingField, Command, Outcome, Refusal};
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::verification::{
    Channel, CommandId, PendingAnswer, RememberedOutcome, State, Status, Verification,
};
use countersign_delivery::smpp::SmppProvider;
use countersign_store::{AnyStore, StoreError};

use crate::challenge_vendor::{ChallengeVendor, Unanswered};
use crate::clock::{Clock, Randomness};
use crate::directory::Directory;
use crate::engine::{Answer, Engine, EngineError, Job, Target};
use crate::funnel::Funnel;
use crate::guard::Guards;
use crate::metrics::Metrics;
use crate::routing::Routing;
use crate::tenant::App;
use idempotency::InFlight;
use number::PageTurns;
use solve::Puzzle;

/// Everything that a use case needs.
#[derive(Clone)]
pub struct Services(Arc<Parts>);

/// What [`Services`] are built from.
pub struct Parts {
    /// Runs commands.
    pub engine: Engine,
    /// For what only reads.
    pub store: Arc<AnyStore>,
    /// Apps and keys.
    pub directory: Arc<Directory>,
    /// The time.
    pub clock: Clock,
    /// The randomness.
    pub randomness: Randomness,
    /// The figures.
    pub metrics: Arc<Metrics>,
    /// Whether messages may be sent.
    pub guards: Arc<Guards>,
    /// Learns from receipts.
    pub routing: Arc<Routing>,
    /// Counts how far customers come.
    pub funnel: Arc<Funnel>,
    /// The issuer of proofs: the instance's public URL.
    pub issuer: String,
    /// Names that an app's route may hold.
    pub providers: Vec<String>,
    /// Providers whose binds operators look after.
    pub smpp: Vec<SmppProvider>,
    /// Whose challenge may stand before a first message, besides the proof of work.
    pub challenge: Option<ChallengeVendor>,
    /// What waits for its like.
    pub under_way: UnderWay,
}

/// What runs in this process now and keeps its like waiting.
#[derive(Default)]
pub struct UnderWay {
    /// Requests with an idempotency key.
    pub keys: InFlight,
    /// Pages on which numbers are being given.
    pub pages: PageTurns,
    /// Solutions of challenges.
    pub solutions: solve::Judges,
}

impl std::ops::Deref for Services {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Who asks.
#[derive(Clone)]
pub struct Caller {
    /// The app.
    pub app: Arc<App>,
    /// Live or test: nobody sees what the other mode has.
    pub mode: Mode,
}

/// Why a use case did not do what it was asked. Nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum UseCaseError {
    /// There is no such thing for this caller.
    #[error("there is no such {0} in this app and mode")]
    NotFound(&'static str),
    /// A rule says no, for now or for good.
    #[error("a rule refuses this")]
    Refused(Refusal),
    /// No provider carries messages of this channel to this phone.
    #[error("no provider carries {0} to this phone")]
    NoRoute(Channel),
    /// The proof shows less than is asked for.
    #[error("the code went by e-mail, so its proof shows no possession of the phone")]
    TooWeak,
    /// The solution of a challenge is wrong.
    #[error("this does not solve the challenge; {attempts_remaining} more may be tried")]
    NotSolved {
        /// How many more are looked at.
        attempts_remaining: u8,
    },
    /// Nobody could say whether the challenge is solved.
    #[error(transparent)]
    ChallengeUnanswered(#[from] Unanswered),
    /// A limit that crosses phones has no room.
    #[error("the limit {} has no room", .0.rule.as_str())]
    LimitExceeded(Exceeded),
    /// The guard does not let the message out.
    #[error("the guard refuses: {}", .0.rule.reason())]
    Guarded(Objection),
    /// The idempotency key was used for something else.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The same request runs right now.
    #[error("a request with this idempotency key is being processed")]
    InFlight,
    /// The proof is not believed.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The proof was redeemed before.
    #[error("the proof was redeemed before")]
    AlreadyRedeemed,
    /// The proof's time is over.
    #[error("the proof's time is over")]
    ProofExpired,
    /// The verification was reported or voided.
    #[error("the verification behind the proof was voided")]
    ProofVoid,
    /// Something differs from what was proved; the verification is void now.
    #[error("{} is not what was proved; the verification is void now", .0.as_str())]
    Mismatch(BindingField),
    /// The phone that should take another's place is the same one.
    #[error("this is the phone that the proof is of: there is nothing to change")]
    SamePhone,
    /// Whoever holds the phone that is said to be lost may still object.
    #[error("its time has not come: whoever holds the old phone may object until {0}")]
    RecoveryNotReady(Timestamp),
    /// The recovery was canceled, objected to, used, or has expired.
    #[error("the recovery has ended, or it is none")]
    RecoveryVoid,
    /// No carrier took the notice to the old phone: whoever holds it could not object.
    #[error(
        "no carrier took the notice to the old phone: cancel the recovery, see its timeline, and ask anew"
    )]
    RecoveryUntold,
    /// The recovery is for something else.
    #[error("the recovery was asked for with another value of this field")]
    OtherRecovery(BindingField),
    /// The proof of the old phone does not let another take its place.
    #[error("the old phone does not give way: {0}")]
    Replaces(Box<UseCaseError>),
    /// A setting is not allowed.
    #[error("{detail}")]
    InvalidSetting {
        /// Which one, as a JSON pointer.
        pointer: String,
        /// Why.
        detail: String,
    },
    /// Somebody else changed it at the same time.
    #[error("it was changed at the same time: read it again")]
    Conflict,
    /// Too many requests for the same phone at once.
    #[error("too many requests for the same phone at once")]
    Busy,
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key is missing.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<EngineError> for UseCaseError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Exceeded(exceeded) => UseCaseError::LimitExceeded(exceeded),
            EngineError::Busy | EngineError::NotAdmitted => UseCaseError::Busy,
            EngineError::Store(error) => UseCaseError::Store(error),
            EngineError::Key(error) => UseCaseError::Key(error),
        }
    }
}

impl From<crate::directory::DirectoryError> for UseCaseError {
    fn from(error: crate::directory::DirectoryError) -> Self {
        match error {
            crate::directory::DirectoryError::Store(error) => UseCaseError::Store(error),
            crate::directory::DirectoryError::Conflict => UseCaseError::Conflict,
        }
    }
}

/// A verification with what is never stored in clear.
#[derive(Clone, Debug)]
pub struct View {
    /// The verification.
    pub verification: Arc<Verification>,
    /// Its phone, masked.
    pub masked_phone: String,
    /// Its e-mail address, masked, while it is kept.
    pub masked_email: Option<String>,
    /// Its status.
    pub status: Status,
    /// When it was started, or its challenge was solved.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// What is to be solved first.
    pub challenge: Option<Puzzle>,
    /// Guesses left.
    pub attempts_remaining: u8,
    /// The proof, while it lives and was not redeemed.
    pub proof: Option<String>,
    /// When the customer may ask for another message; never, when nothing.
    pub resend_at: Option<Timestamp>,
}

impl Services {
    /// Services.
    pub fn new(parts: Parts) -> Self {
        Services(Arc::new(parts))
    }

    /// Runs a command on one of the caller's verifications.
    async fn run_on(
        &self,
        caller: &Caller,
        id: VerificationId,
        command: Command,
    ) -> Result<Answer, UseCaseError> {
        let target = Target::Own(id, caller.mode);
        let job = Job { app: Arc::clone(&caller.app), target, command, permit: None };
        let answer = match job.command {
            Command::Resend(_) | Command::Solve(_) => self.run_admitted(caller, job, None).await?,
            _ => self.engine.run(job).await?,
        };
        match answer.outcome {
            Outcome::NotFound => Err(UseCaseError::NotFound("verification")),
            _ => Ok(answer),
        }
    }

    /// One of the caller's verifications, as it is stored.
    async fn find(&self, caller: &Caller, id: VerificationId) -> Result<Arc<Verification>, UseCaseError> {
        use countersign_store::Store as _;
        let lookup = countersign_store::Lookup::Verification(caller.app.id, id);
        self.store
            .load(lookup)
            .await?
            .and_then(|loaded| loaded.subject.shared(id).map(Arc::clone))
            .filter(|verification| verification.mode == caller.mode)
            .ok_or(UseCaseError::NotFound("verification"))
    }

    fn phone_of(&self, caller: &Caller, verification: &Verification) -> Result<E164, UseCaseError> {
        let place = Place { app: caller.app.id, verification: verification.id };
        Ok(self.engine.keyring().open_phone(place, &verification.phone)?)
    }

    fn view(&self, caller: &Caller, verification: Arc<Verification>) -> Result<View, UseCaseError> {
        let phone = self.phone_of(caller, &verification)?;
        self.view_of(caller, verification, &phone)
    }

    fn view_of(
        &self,
        caller: &Caller,
        verification: Arc<Verification>,
        phone: &E164,
    ) -> Result<View, UseCaseError> {
        let proof =
            if self.is_redeemable(&verification) { self.proof(caller, &verification, phone)? } else { None };
        // Once its time has come, it is now, until too little of the code's life is left.
        let resend_at = verification
            .resend_at(&caller.app.policy)
            .filter(|at| verification.expires_at.since(self.clock.now().max(*at)) >= MIN_LIFE_FOR_RESEND);
        let attempts_remaining = verification.attempts_remaining();
        let overdue = verification.is_live() && verification.expires_at <= self.clock.now();
        let status = if overdue { Status::Expired } else { verification.status() };
        let masked_email = self.masked_email(caller, &verification)?;
        let masked_phone = phone.masked();
        let (created_at, expires_at) = (verification.created_at, verification.expires_at);
        let open = verification.challenge().filter(|_| !overdue);
        let challenge = open.map(|open| self.puzzle(caller, verification.id, open.kind));
        Ok(View {
            verification,
            masked_phone,
            masked_email,
            status,
            created_at,
            expires_at,
            challenge,
            attempts_remaining,
            proof,
            resend_at,
        })
    }

    fn masked_email(
        &self,
        caller: &Caller,
        verification: &Verification,
    ) -> Result<Option<String>, UseCaseError> {
        let Some(sealed) = &verification.email else { return Ok(None) };
        let place = Place { app: caller.app.id, verification: verification.id };
        Ok(Some(self.engine.keyring().open_email(place, sealed)?.masked()))
    }

    /// Whether anybody carries messages of a channel that was asked for by name. Not asked of SMS, which is
    /// what there always is: its timeline tells of a missing provider; nor of what the policy refuses anyway.
    fn check_route(&self, caller: &Caller, channel: Channel, to: &E164) -> Result<(), UseCaseError> {
        let reached = channel == Channel::Sms
            || !caller.app.policy.channels.contains(&channel)
            || self.routing.reaches(&caller.app, caller.mode, channel, to, self.clock.now());
        if reached { Ok(()) } else { Err(UseCaseError::NoRoute(channel)) }
    }

    /// The view that a start or resend answers with: that of its time, however late its retry comes.
    fn pending_view(
        &self,
        caller: &Caller,
        verification: Arc<Verification>,
        phone: &E164,
        command: Option<CommandId>,
    ) -> Result<View, UseCaseError> {
        let first = verification.recall(command).and_then(RememberedOutcome::pending);
        let challenged = verification.recall(command).and_then(RememberedOutcome::challenged);
        let view = self.view_of(caller, verification, phone)?;
        if let Some(first) = challenged {
            return Ok(self.challenged_view(caller, view, first));
        }
        Ok(match first {
            None => view,
            Some(PendingAnswer { resend_at, attempts_remaining }) => {
                View { status: Status::Pending, proof: None, resend_at, attempts_remaining, ..view }
            }
        })
    }

    fn is_redeemable(&self, verification: &Verification) -> bool {
        match &verification.state {
            State::Approved { at, redeemed_at: None, .. } => {
                verification.epoch == self.engine.keyring().epoch
                    && at.plus(PROOF_LIFETIME) > self.clock.now()
            }
            _ => false,
        }
    }

    /// The proof of an approved verification; the same bytes every time.
    fn proof(
        &self,
        caller: &Caller,
        verification: &Verification,
        phone: &E164,
    ) -> Result<Option<String>, UseCaseError> {
        match Claims::of(verification, caller.app.id, phone, &self.issuer) {
            None => Ok(None),
            Some((claims, key)) => Ok(Some(claims.sign(&self.engine.keyring(), &key)?)),
        }
    }
}
