//! Start: prove this phone.

use std::net::IpAddr;
use std::sync::Arc;

use countersign_core::browser::ClientSecret;
use countersign_core::device::DeviceUse;
use countersign_core::event::ClientAddress;
use countersign_core::gate::Gate;
use countersign_core::guard::KeyId;
use countersign_core::guard::known::Asker;
use countersign_core::id::VerificationId;
use countersign_core::phone::E164;
use countersign_core::quota::Quota;
use countersign_core::step::{Command, Outcome, Start, Started};
use countersign_core::subject::SubjectKey;
use countersign_core::verification::{Channel, CommandId};
use countersign_store::Lookup;

use super::admit::Client;
use super::browser::granted;
use super::device::{DeviceAnswer, ShownToken};
use super::idempotency::{Retryable, Run};
use super::replace::ReplaceRequest;
use super::terms::{Path, Terms};
use super::{Caller, Services, UseCaseError, View};
use crate::engine::{Job, Target};

/// What a start asks for, every part well-formed and allowed.
pub struct StartRequest {
    /// The phone.
    pub phone: E164,
    /// What is asked of it.
    pub terms: Terms,
    /// The customer's old phone, where this one takes its place.
    pub replaces: Option<ReplaceRequest>,
    /// Who asks.
    pub client: Client,
    /// What the customer's browser showed as its trusted device.
    pub device_token: Option<ShownToken>,
    /// What the guard says about it.
    pub gate: Gate,
}

/// A started verification.
pub struct StartAnswer {
    /// As it is now.
    pub view: View,
    /// Whether it is new.
    pub started: Started,
    /// What is left of the limits on messages to the phone.
    pub quotas: Vec<Quota>,
    /// What the customer's browser may have; none of what no browser has a part in.
    pub client_secret: Option<ClientSecret>,
    /// Where the hosted page is, if the code is typed there.
    pub url: Option<String>,
    /// What came of the token that was shown, if one was.
    pub device: Option<DeviceAnswer>,
}

impl Services {
    /// Starts a verification, or finds the one that the same session has for the same thing.
    pub async fn start(
        &self,
        caller: &Caller,
        request: StartRequest,
        retryable: Option<Retryable>,
    ) -> Result<StartAnswer, UseCaseError> {
        let key = self.engine.keyring().subject_key(caller.app.id, caller.mode, &request.phone);
        let fresh = VerificationId::new(self.clock.now(), key.partition(), &mut self.randomness.entropy());
        let replaces = request.replaces.map(|old| self.believe_old(caller, old)).transpose()?;
        let run = self.begin(caller, retryable, fresh).await?;
        let mut asked = request.terms.path.asked().into_iter();
        let reached = asked.try_for_each(|channel| self.check_route(caller, channel, &request.phone));
        // Routes may have changed since the first request of this key, its answer has not.
        if reached.is_err() && !self.has_started(caller, key, &run).await? {
            reached?;
        }
        let phone = request.phone.clone();
        let address = request.client.address;
        let mut start = self.command(caller, request.phone, request.terms, &request.client, run.verification);
        start.replaces = replaces.as_ref().map(|old| old.verification);
        start.command = run.command;
        start.device = request.device_token.as_ref().and_then(|shown| self.read_token(caller, key, shown));
        let kind = self.challenge_kind(&caller.app.policy, &start.presentation);
        start.gate = super::solve::gate(&caller.app.policy, request.gate, kind);
        let job = Job {
            app: Arc::clone(&caller.app),
            target: Target::Phone(key, phone.clone()),
            command: Command::Start(Box::new(start.clone())),
            permit: None,
        };
        if let Some(old) = replaces {
            // Before the proof of the old phone is used up.
            self.would_be_admitted(caller, &job, address).await?;
            self.give_way(caller, old, &job, &start).await?;
        }
        let mut answer = self.run_start(caller, job, &phone, run.command, address).await?;
        answer.device = request.device_token.map(|_| {
            let used = answer.view.verification.device.unwrap_or(DeviceUse::Unknown);
            self.device_answer(caller, key, used)
        });
        Ok(answer)
    }

    /// Runs a start, and gathers what its caller may have.
    pub(super) async fn run_start(
        &self,
        caller: &Caller,
        job: Job,
        phone: &E164,
        command: Option<CommandId>,
        address: Option<IpAddr>,
    ) -> Result<StartAnswer, UseCaseError> {
        let answer = self.run_admitted(caller, job, address).await?;
        match (answer.outcome, answer.verification) {
            (Outcome::Started(started), verification) => {
                let verification = match verification {
                    Some(verification) => verification,
                    // Found by the first request of this key, and ended since.
                    None => self.find(caller, started.id()).await?,
                };
                let url = self.page_url(caller, &verification, command);
                let client_secret = self.engine.keyring().client_secret(granted(caller, &verification));
                let view = self.pending_view(caller, verification, phone, command)?;
                let client_secret = Some(client_secret);
                Ok(StartAnswer { view, started, quotas: answer.quotas, client_secret, url, device: None })
            }
            (Outcome::Refused(refusal), _) => Err(UseCaseError::Refused(refusal)),
            _ => Err(UseCaseError::NotFound("verification")),
        }
    }

    /// Whether a request was answered before with a verification that it made or found.
    async fn has_started(&self, caller: &Caller, key: SubjectKey, run: &Run) -> Result<bool, UseCaseError> {
        use countersign_store::Store as _;
        match self.find(caller, run.verification).await {
            Err(UseCaseError::NotFound(_)) => {}
            made => return made.map(|_| true),
        }
        let loaded = self.store.load(Lookup::Subject(caller.app.id, key)).await?;
        Ok(loaded.is_some_and(|loaded| loaded.subject.record.found_by(run.command).is_some()))
    }

    /// The command that starts a verification under this id, named by no request.
    pub(super) fn command(
        &self,
        caller: &Caller,
        phone: E164,
        terms: Terms,
        client: &Client,
        verification: VerificationId,
    ) -> Start {
        let asker = self.asker(caller, client.device.as_deref(), terms.customer.as_deref());
        let net = client.address.map(|address| self.net(caller, address));
        command(caller, phone, terms, (client, asker, net), verification)
    }
}

fn command(
    caller: &Caller,
    phone: E164,
    terms: Terms,
    (client, asker, net): (&Client, Asker, Option<(KeyId, KeyId)>),
    verification: VerificationId,
) -> Start {
    let default =
        matches!(terms.path, Path::Default).then(|| caller.app.policy.default_workflow(&terms.carried()));
    let (channel, workflow) = match (terms.path, default.as_deref()) {
        (Path::Channel(channel), _) => (channel, Vec::new()),
        (Path::Workflow(steps), _) => (Channel::default(), steps),
        (Path::Default, Some([only])) => (only.channel, Vec::new()),
        (Path::Default, steps) => (Channel::default(), steps.unwrap_or_default().to_vec()),
    };
    Start {
        verification,
        phone,
        mode: caller.mode,
        purpose: terms.purpose,
        transaction: terms.transaction,
        session: terms.session,
        customer: terms.customer,
        replaces: None,
        email: terms.email,
        channel,
        workflow,
        locale: terms.locale,
        presentation: terms.presentation,
        reader: terms.reader,
        return_to: terms.return_to,
        format: terms.format,
        lifetime: terms.lifetime,
        client_address: client.address.map_or(ClientAddress::Absent, |_| ClientAddress::Given),
        asker,
        net,
        device: None,
        metadata: terms.metadata,
        // What begins on the hosted page is solved there.
        gate: super::solve::gate(&caller.app.policy, Gate::Open, caller.app.policy.challenge.proof_of_work()),
        command: None,
    }
}
