//! Start: prove this phone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::code::CodeFormat;
use countersign_core::email::EmailAddress;
use countersign_core::event::ClientAddress;
use countersign_core::id::VerificationId;
use countersign_core::locale::Locale;
use countersign_core::message::Reader;
use countersign_core::phone::E164;
use countersign_core::policy::{Address, Carried};
use countersign_core::presentation::Presentation;
use countersign_core::proof::SessionHash;
use countersign_core::purpose::Purpose;
use countersign_core::quota::Quota;
use countersign_core::step::{Command, Outcome, Start, Started};
use countersign_core::transaction::Transaction;
use countersign_core::verification::Channel;
use countersign_core::workflow::WorkflowStep;

use super::idempotency::Retryable;
use super::replace::ReplaceRequest;
use super::{Caller, Services, UseCaseError, View};
use crate::engine::{Job, Target};

/// What a start asks for, every part well-formed and allowed.
pub struct StartRequest {
    /// The phone.
    pub phone: E164,
    /// Why.
    pub purpose: Purpose,
    /// What is approved.
    pub transaction: Option<Transaction>,
    /// The browser session.
    pub session: Option<SessionHash>,
    /// The shop's reference for its customer.
    pub customer: Option<String>,
    /// The customer's old phone, where this one takes its place.
    pub replaces: Option<ReplaceRequest>,
    /// The customer's e-mail address, where the code may go there.
    pub email: Option<EmailAddress>,
    /// How the code travels.
    pub path: Path,
    /// The language of the message.
    pub locale: Locale,
    /// Where the code is typed.
    pub presentation: Presentation,
    /// What reads the message's last line.
    pub reader: Reader,
    /// The form of the code.
    pub format: CodeFormat,
    /// The life of the code.
    pub lifetime: Duration,
    /// Whether the shop said where its customer is.
    pub client_address: ClientAddress,
    /// The shop's own words.
    pub metadata: BTreeMap<String, String>,
}

/// How a code travels.
pub enum Path {
    /// As the app has set.
    Default,
    /// By one channel.
    Channel(Channel),
    /// By one channel after another.
    Workflow(Vec<WorkflowStep>),
}

impl Path {
    /// The channels that were asked for by name, the first one first.
    fn asked(&self) -> Vec<Channel> {
        match self {
            Path::Default => Vec::new(),
            Path::Channel(channel) => vec![*channel],
            Path::Workflow(steps) => steps.iter().map(|step| step.channel).collect(),
        }
    }
}

/// A started verification.
pub struct StartAnswer {
    /// As it is now.
    pub view: View,
    /// Whether it is new.
    pub started: Started,
    /// What is left of the limits on messages to the phone.
    pub quotas: Vec<Quota>,
}

impl Services {
    /// Starts a verification, or finds the one that the same session has for the same thing.
    pub async fn start(
        &self,
        caller: &Caller,
        request: StartRequest,
        retryable: Option<Retryable>,
    ) -> Result<StartAnswer, UseCaseError> {
        for channel in request.path.asked() {
            self.check_route(caller, channel, &request.phone)?;
        }
        let key = self.engine.keyring().subject_key(caller.app.id, caller.mode(), &request.phone);
        let fresh = VerificationId::new(self.clock.now(), key.partition(), &mut self.randomness.entropy());
        let replaces = request.replaces.map(|old| self.believe_old(caller, old)).transpose()?;
        let run = self.begin(caller, retryable, fresh).await?;
        let phone = request.phone.clone();
        let address = request.email.as_ref().map_or(Address::Missing, |_| Address::Known);
        let carried = Carried { purpose: &request.purpose, format: request.format, address };
        let (channel, workflow) = match request.path {
            Path::Channel(channel) => (channel, Vec::new()),
            Path::Workflow(steps) => (Channel::default(), steps),
            Path::Default => match &caller.app.policy.default_workflow(&carried)[..] {
                [only] => (only.channel, Vec::new()),
                steps => (Channel::default(), steps.to_vec()),
            },
        };
        let start = Start {
            verification: run.verification,
            phone: request.phone,
            mode: caller.mode(),
            purpose: request.purpose,
            transaction: request.transaction,
            session: request.session,
            customer: request.customer,
            replaces: replaces.as_ref().map(|old| old.verification),
            email: request.email,
            channel,
            workflow,
            locale: request.locale,
            presentation: request.presentation,
            reader: request.reader,
            format: request.format,
            lifetime: request.lifetime,
            client_address: request.client_address,
            metadata: request.metadata,
            command: run.command,
        };
        let job = Job {
            app: Arc::clone(&caller.app),
            target: Target::Phone(key, phone.clone()),
            command: Command::Start(Box::new(start.clone())),
        };
        if let Some(old) = replaces {
            self.give_way(caller, old, &job, &start).await?;
        }
        let answer = self.engine.run(job).await?;
        match (answer.outcome, answer.verification) {
            (Outcome::Started(started), verification) => {
                let verification = match verification {
                    Some(verification) => verification,
                    // Found by the first request of this key, and ended since.
                    None => self.find(caller, started.id()).await?,
                };
                let view = self.pending_view(caller, verification, &phone, run.command)?;
                Ok(StartAnswer { view, started, quotas: answer.quotas })
            }
            (Outcome::Refused(refusal), _) => Err(UseCaseError::Refused(refusal)),
            _ => Err(UseCaseError::NotFound("verification")),
        }
    }
}
