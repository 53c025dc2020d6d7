//! One batch of commands on one subject: load, step, commit, answer.

use std::sync::Arc;
use std::time::Duration;

use countersign_core::delivery::{Delivery, DeliveryKind, DeliveryState};
use countersign_core::event::{Event, EventKind};
use countersign_core::guard::JournalEntry;
use countersign_core::id::{AppId, DeliveryId, Partition};
use countersign_core::keyring::Keyring;
use countersign_core::limit::{Reservation, Sending, message_reservation};
use countersign_core::quota::{self, Quota};
use countersign_core::step::{self, Command, Context, Effect, Outcome, Refusal};
use countersign_core::subject::{Mode, Subject};
use countersign_core::time::Timestamp;
use countersign_core::verification::{Channel, Standing, Verification};
use countersign_store::{
    Change, Commit, Lease, Loaded, Lookup, NewDelivery, Store as _, StoreError, Version,
};

use super::lane::{Reply, Waiting};
use super::{Answer, Engine, EngineError, Job, MAX_TRIES, Target};
use crate::guard::{self, GuessPermit, request_id};
use crate::routing;
use crate::tenant::App;
use crate::worker::outbox::{Place, Ready};
use crate::worker::providers::Feedback;
use crate::worker::recall::Recall;

/// How long a provider is told what became of a code. Longer, and its routing has moved on.
const FEEDBACK_LIFETIME: Duration = Duration::from_secs(3600);

/// By then the provider's own answer to the message has been recorded, even where the customer was faster.
const FEEDBACK_AFTER: Duration = Duration::from_secs(15);

/// The outcomes of a batch and the change that makes them true.
struct Draft {
    answers: Vec<Result<Answer, EngineError>>,
    change: Option<Change>,
    /// Which of the batch's commands sends, where one does.
    sender: Option<usize>,
    /// What wrong guesses take from the budget of the app.
    wrong_guesses: Vec<GuessPermit>,
}

/// Where a subject comes from.
enum Source {
    /// The store.
    Store(Loaded),
    /// This node's memory: see [`super::recent`].
    Recent(Loaded),
}

impl Source {
    const fn loaded(&self) -> &Loaded {
        match self {
            Source::Store(loaded) | Source::Recent(loaded) => loaded,
        }
    }
}

impl Engine {
    pub(super) async fn run_batch(&self, key: (AppId, Partition), first: Waiting) {
        let mut batch = vec![first];
        for _ in 0..MAX_TRIES {
            let Some(first) = batch.first() else { return };
            let source = match self.0.recent.take(key, |kept| first.job.concerns(&kept.subject)) {
                Some(kept) => Source::Recent(kept),
                None => match self.load(&first.job).await {
                    Ok(Some(loaded)) => Source::Store(loaded),
                    Ok(None) => {
                        return answer_all(
                            batch,
                            &Ok(Answer {
                                outcome: Outcome::NotFound,
                                verification: None,
                                quotas: Vec::new(),
                            }),
                        );
                    }
                    Err(error) => return answer_all(batch, &Err(error)),
                },
            };
            self.take_more(key, &source.loaded().subject, &mut batch);
            match self.try_batch(key, batch, &source).await {
                None => return,
                Some(unfinished) => batch = unfinished,
            }
        }
        answer_all(batch, &Err(EngineError::Busy));
    }

    /// The subject of a command; an unseen one for a phone that never was here.
    pub(super) async fn load(&self, job: &Job) -> Result<Option<Loaded>, EngineError> {
        let loaded = self.0.store.load(job.lookup()).await?;
        match &job.target {
            Target::Phone(key, _) => {
                let unseen = || Loaded { subject: Subject::unseen(job.app.id, *key), version: Version(0) };
                self.with_retried(job, loaded.unwrap_or_else(unseen)).await.map(Some)
            }
            Target::Subject(_) | Target::Verification(_) | Target::Own(..) => {
                Ok(loaded.filter(|loaded| job.concerns(&loaded.subject)))
            }
        }
    }

    /// A start that is retried may find that its verification has ended, and then it is not among the
    /// live ones. Looked up *after* the subject: what was made later makes the commit a conflict.
    async fn with_retried(&self, job: &Job, loaded: Loaded) -> Result<Loaded, EngineError> {
        let Some(id) = job.retried().filter(|id| loaded.subject.verification(*id).is_none()) else {
            return Ok(loaded);
        };
        let made = self.0.store.load(Lookup::Verification(job.app.id, id)).await?;
        Ok(made.filter(|made| made.subject.key == loaded.subject.key).unwrap_or(loaded))
    }

    /// Steps and commits. Gives back the commands that must be tried again.
    async fn try_batch(
        &self,
        key: (AppId, Partition),
        mut batch: Vec<Waiting>,
        source: &Source,
    ) -> Option<Vec<Waiting>> {
        let keyring = self.keyring();
        let now = self.0.clock.now();
        let place = self.0.outbox.reserve();
        let mut draft = self.step_all(&batch, source.loaded(), &keyring, now);
        let Some(mut change) = draft.change.take() else {
            if let Source::Recent(_) = source {
                return Some(batch);
            }
            reveal(batch, draft.answers);
            return None;
        };
        let lease = place.as_ref().map(|_| Lease { node: self.0.node, until: now.plus(self.0.lease) });
        for new in &mut change.deliveries {
            new.lease = lease;
        }
        self.add_feedback(&mut change, now);
        let admission = draft
            .sender
            .map_or(Admission::NotNeeded, |position| self.write_permit(&mut change, &batch, position));
        if let Admission::Missing(position) = admission {
            let refused = batch.remove(position);
            let _ = refused.reply.send(Err(EngineError::NotAdmitted));
            return if batch.is_empty() { None } else { Some(batch) };
        }
        self.write_guesses(&mut change, &draft.wrong_guesses);
        let app = batch.first().map(|waiting| Arc::clone(&waiting.job.app));
        let learnt = app.map_or_else(Vec::new, |app| self.write_journal(&mut change, &batch, &app, &keyring));
        let ready = ready(&change, &batch, lease);
        let events = change.events.clone();
        let recalls = if self.0.recalls.are_wanted() { Recall::of(&change) } else { Vec::new() };
        let subject = change.subject.clone();
        match self.0.store.commit(vec![change]).await.map(|mut done| done.pop()) {
            Ok(Some(Commit::Done(version))) => {
                if let Admission::Used(position) = admission
                    && let Some(permit) =
                        batch.get_mut(position).and_then(|waiting| waiting.job.permit.as_mut())
                {
                    permit.committed();
                }
                if let Some(waiting) = batch.first() {
                    self.0.guards.heed(&waiting.job.app, &keyring, &learnt);
                }
                self.count_guesses(draft.wrong_guesses);
                self.count(&events, now);
                self.0.funnel.heed(&events, &subject, now);
                self.0.recent.keep(key, Loaded { subject, version });
                dispatch(place, ready);
                for recall in recalls {
                    self.0.recalls.ask(recall);
                }
                reveal(batch, draft.answers);
                None
            }
            Ok(Some(Commit::Conflict)) => Some(batch),
            Ok(Some(Commit::Exceeded(exceeded))) => {
                // The message alone is refused; what came with it steps again without it.
                let sender = draft.sender.unwrap_or(0).min(batch.len().saturating_sub(1));
                let withheld = exceeded.rule.withholds()
                    && batch
                        .get_mut(sender)
                        .is_some_and(|waiting| waiting.job.command.withhold(exceeded.rule));
                if withheld {
                    return Some(batch);
                }
                let refused = batch.remove(sender);
                self.0.metrics.refused(exceeded.rule.as_str());
                let _ = refused.reply.send(Err(EngineError::Exceeded(exceeded)));
                if batch.is_empty() { None } else { Some(batch) }
            }
            Ok(None) => {
                let error = StoreError::Unavailable("a commit went unanswered".to_owned());
                answer_all(batch, &Err(error.into()));
                None
            }
            Err(error) => {
                answer_all(batch, &Err(error.into()));
                None
            }
        }
    }

    fn step_all(&self, batch: &[Waiting], loaded: &Loaded, keyring: &Keyring, now: Timestamp) -> Draft {
        let mut subject = loaded.subject.clone();
        let mut answers = Vec::with_capacity(batch.len());
        let mut effects = Vec::new();
        let mut sender = None;
        let mut leaves = true;
        let mut wrong_guesses = Vec::new();
        for (position, waiting) in batch.iter().enumerate() {
            let mut reserved = self.reserve_guess(&waiting.job, &subject, keyring, now);
            let context = Context {
                now,
                policy: &waiting.job.app.policy,
                keyring,
                entropy: self.0.randomness.entropy(),
                guesses: reserved.terms,
            };
            let stepped = step::step(&subject, &waiting.job.command, context);
            answers.push(stepped.map_err(EngineError::from).map(|stepped| {
                if let Outcome::Refused(Refusal::GuessBudget(_)) = stepped.outcome {
                    self.0.metrics.refused("guess_budget");
                }
                wrong_guesses.extend(reserved.wrong(&waiting.job, &subject, &stepped, keyring));
                for effect in &stepped.effects {
                    if let Effect::Send(delivery) = effect {
                        sender = Some(position);
                        leaves = delivery.state != DeliveryState::Canceled;
                    }
                }
                subject = stepped.subject;
                effects.extend(stepped.effects);
                let named = match &stepped.outcome {
                    Outcome::Started(started) => Some(started.id()),
                    _ => waiting.job.named(),
                };
                let verification = named.and_then(|id| subject.shared(id)).map(Arc::clone);
                let quotas = quotas(&subject, waiting, verification.as_deref(), now);
                Answer { outcome: stepped.outcome, verification, quotas }
            }));
        }
        let change = (subject != loaded.subject || !effects.is_empty()).then(|| {
            let reservation = sender
                .and_then(|position| batch.get(position))
                .map(|waiting| reservation(&subject, &waiting.job, keyring, now))
                .unwrap_or_default();
            let reservation = if leaves { reservation } else { reservation.withheld() };
            change(loaded, subject, effects, reservation)
        });
        Draft { answers, change, sender, wrong_guesses }
    }

    /// Providers that want to know are told what became of a live code, by whoever is free first.
    fn add_feedback(&self, change: &mut Change, now: Timestamp) {
        if self.0.feedback == Feedback::Unwanted {
            return;
        }
        let ended = |event: &&Event| {
            matches!(event.kind, EventKind::Approved | EventKind::Expired | EventKind::Exhausted)
        };
        for event in change.events.iter().filter(ended) {
            let Some(verification) = change.subject.verification(event.verification) else { continue };
            let was_sent = !verification.is_ghost() && !verification.deliveries.is_empty();
            if verification.mode == Mode::Live && verification.max_attempts > 0 && was_sent {
                let id = DeliveryId::new(now, event.id.partition(), &mut self.0.randomness.entropy());
                change.deliveries.push(unleased(conversion_feedback(
                    id,
                    change.subject.app,
                    verification,
                    now,
                )));
            }
        }
    }

    /// Writes down what a message takes from the guard's states, where it costs and a customer asked for it.
    fn write_permit(&self, change: &mut Change, batch: &[Waiting], sender: usize) -> Admission {
        let asked = batch.get(sender).map(|waiting| &waiting.job).filter(|job| is_asked(&job.command));
        let Some(job) = asked.filter(|_| change.deliveries.iter().any(costs)) else {
            return Admission::NotNeeded;
        };
        if !job.app.policy.guard.mode.looks() {
            return Admission::NotNeeded;
        }
        let Some(permit) = &job.permit else { return Admission::Missing(sender) };
        self.journal(change, &permit.entry());
        Admission::Used(sender)
    }

    /// Writes down what else the guard learns from a change: which codes were typed, and what left without being
    /// asked for.
    fn write_journal(
        &self,
        change: &mut Change,
        batch: &[Waiting],
        app: &Arc<App>,
        keyring: &Keyring,
    ) -> Vec<JournalEntry> {
        if !app.policy.guard.mode.looks() {
            return Vec::new();
        }
        let guard = self.0.guards.of(app, keyring);
        // An e-mail that was answered shows nothing about a phone's range.
        let counts = |event: &&Event| {
            let verification = change.subject.verification(event.verification);
            let is_live = |v: &Verification| v.mode == Mode::Live && v.channel != Channel::Email;
            event.kind == EventKind::Approved && verification.is_some_and(is_live)
        };
        let typed = |event: &Event| {
            let request = request_id(guard.keyer(), event.verification);
            JournalEntry::Converted { request, at: event.at }
        };
        let mut learnt: Vec<JournalEntry> = change.events.iter().filter(counts).map(typed).collect();
        if !batch.iter().any(|waiting| is_asked(&waiting.job.command)) {
            let unasked = change.deliveries.iter().filter(|new| costs(new));
            learnt.extend(unasked.filter_map(|new| self.spent_on(&change.subject, &new.delivery, keyring)));
        }
        for entry in &learnt {
            self.journal(change, entry);
        }
        learnt
    }

    /// What a message costs that nobody asked for: another route, the next channel of a workflow, a notice.
    fn spent_on(&self, subject: &Subject, delivery: &Delivery, keyring: &Keyring) -> Option<JournalEntry> {
        let verification = subject.verification(delivery.verification)?;
        let place = countersign_core::keyring::Place { app: subject.app, verification: verification.id };
        let phone = keyring.open_phone(place, &verification.phone).ok()?;
        let price = self.0.routing.highest_price(&phone, delivery.created_at)?;
        Some(JournalEntry::Spent { price_micros: price.micros(), at: delivery.created_at })
    }

    fn write_guesses(&self, change: &mut Change, wrong: &[GuessPermit]) {
        for guess in wrong {
            self.journal(change, &guess.entry());
        }
    }

    fn journal(&self, change: &mut Change, entry: &JournalEntry) {
        let (app, entropy) = (change.subject.app, &mut self.0.randomness.entropy());
        let at = change.subject.record.last_step_at;
        change.journal.extend(guard::sealed(entry, app, &self.keyring(), entropy, at));
    }

    fn count(&self, events: &[Event], now: Timestamp) {
        for event in events {
            self.0.metrics.event(&event.kind);
        }
        routing::announce(&self.0.routing.heed(events, now), &self.0.metrics);
    }
}

/// What the outbox needs to send at once, without loading what this commit just wrote.
fn ready(change: &Change, batch: &[Waiting], lease: Option<Lease>) -> Vec<Ready> {
    let Some(lease) = lease else { return Vec::new() };
    let Some(app) = batch.first().map(|waiting| &waiting.job.app) else { return Vec::new() };
    change
        .deliveries
        .iter()
        .filter(|new| new.lease.is_some() && matches!(new.delivery.state, DeliveryState::Due { .. }))
        .filter_map(|new| {
            Some(Ready {
                app: app.clone(),
                verification: change.subject.shared(new.delivery.verification).map(Arc::clone)?,
                delivery: new.delivery.clone(),
                lease,
            })
        })
        .collect()
}

/// Whether a message was brought before the guard. Of the commands of a batch one sends at most.
#[derive(Clone, Copy)]
enum Admission {
    /// Nothing leaves that costs and was asked for.
    NotNeeded,
    /// It was, and its permit is written down.
    Used(usize),
    /// It was not.
    Missing(usize),
}

/// Whether a delivery is a message that leaves and that a carrier asks money for.
pub(super) fn costs(new: &NewDelivery) -> bool {
    let Delivery { mode, channel, kind, state, .. } = &new.delivery;
    let leaves = matches!(state, DeliveryState::Due { .. });
    leaves && *mode == Mode::Live && *channel != Channel::Email && *kind != DeliveryKind::ConversionFeedback
}

/// Whether a customer asked for a message.
const fn is_asked(command: &Command) -> bool {
    matches!(command, Command::Start(_) | Command::Recover(_) | Command::Resend(_) | Command::Solve(_))
}

fn quotas(
    subject: &Subject,
    waiting: &Waiting,
    verification: Option<&Verification>,
    now: Timestamp,
) -> Vec<Quota> {
    let Some(verification) = verification.filter(|_| is_asked(&waiting.job.command)) else {
        return Vec::new();
    };
    let quota =
        |window| Quota::of(&subject.record, &waiting.job.app.policy, verification.standing, window, now);
    quota::SLIDING.map(quota).into()
}

/// A message takes from the limits that cross phones. A resend knows its phone only sealed. A notice counts
/// like any other message and is refused by none: whoever owns the old phone must learn of the change (N7).
fn reservation(subject: &Subject, job: &Job, keyring: &Keyring, now: Timestamp) -> Reservation {
    let phone = match &job.target {
        Target::Phone(_, phone) => Some(phone.clone()),
        Target::Subject(_) | Target::Verification(_) | Target::Own(..) => job.named().and_then(|id| {
            let place = countersign_core::keyring::Place { app: subject.app, verification: id };
            keyring.open_phone(place, &subject.verification(id)?.phone).ok()
        }),
    };
    let verification = job.named().and_then(|id| subject.verification(id));
    let mode = verification.map_or(Mode::Live, |verification| verification.mode);
    let by_email = verification.filter(|verification| verification.channel == Channel::Email);
    let email = by_email.and_then(|verification| {
        let place = countersign_core::keyring::Place { app: subject.app, verification: verification.id };
        keyring.open_email(place, verification.email.as_ref()?).ok()
    });
    phone.map_or_else(Reservation::default, |phone| {
        let daily_messages = job.app.policy.daily_messages;
        let email = email.as_ref();
        let standing = verification.map_or(Standing::Stranger, |verification| verification.standing);
        let sending = Sending { app: subject.app, mode, phone: &phone, email, standing, daily_messages };
        let reservation = message_reservation(keyring, &sending, now);
        match job.command {
            Command::Redeem(_) => Reservation { limits: Vec::new(), ..reservation },
            _ => reservation,
        }
    })
}

fn change(loaded: &Loaded, subject: Subject, effects: Vec<Effect>, reservation: Reservation) -> Change {
    let changed = |verification: &&Arc<Verification>| {
        loaded.subject.shared(verification.id).is_none_or(|before| before != *verification)
    };
    let mut change = Change {
        expected: loaded.version,
        verifications: subject.verifications.iter().filter(changed).cloned().collect(),
        subject,
        deliveries: Vec::new(),
        cancellations: Vec::new(),
        events: Vec::new(),
        reservation,
        journal: Vec::new(),
    };
    for effect in effects {
        match effect {
            Effect::Send(delivery) => change.deliveries.push(unleased(delivery)),
            Effect::CancelDeliveries(mut canceled) => {
                // A command of this batch may cancel what an earlier one wanted to send.
                for new in change.deliveries.iter_mut().filter(|new| canceled.contains(&new.delivery.id)) {
                    new.delivery.state = DeliveryState::Canceled;
                }
                change.cancellations.append(&mut canceled);
            }
            Effect::Event(event) => change.events.push(event),
        }
    }
    change
}

fn conversion_feedback(id: DeliveryId, app: AppId, verification: &Verification, now: Timestamp) -> Delivery {
    Delivery {
        id,
        app,
        verification: verification.id,
        mode: verification.mode,
        channel: verification.channel,
        kind: DeliveryKind::ConversionFeedback,
        created_at: now,
        expires_at: now.plus(FEEDBACK_LIFETIME),
        submissions: 0,
        unknowns: 0,
        provider: None,
        reference: None,
        state: DeliveryState::Due { at: now.plus(FEEDBACK_AFTER) },
    }
}

const fn unleased(delivery: Delivery) -> NewDelivery {
    NewDelivery { delivery, lease: None }
}

fn dispatch(place: Option<Place>, ready: Vec<Ready>) {
    // A batch sends one message at most, so one place is enough.
    if let (Some(place), Some(ready)) = (place, ready.into_iter().next()) {
        place.send(ready);
    }
}

fn reveal(batch: Vec<Waiting>, answers: Vec<Result<Answer, EngineError>>) {
    for (waiting, answer) in batch.into_iter().zip(answers) {
        send(waiting.reply, answer);
    }
}

fn answer_all(batch: Vec<Waiting>, answer: &Result<Answer, EngineError>) {
    for waiting in batch {
        send(waiting.reply, answer.clone());
    }
}

fn send(reply: Reply, answer: Result<Answer, EngineError>) {
    // Whoever asked may have hung up; the decision stands all the same.
    let _ = reply.send(answer);
}

#[cfg(test)]
mod tests {
    use countersign_core::policy::Policy;
    use countersign_store::fixtures::{self, START};

    use super::*;
    use crate::tenant::App;

    #[test]
    fn i3_what_a_batch_wants_to_send_and_then_cancels_is_not_sent() {
        let app = fixtures::app(1);
        let loaded = fixtures::unseen(app, fixtures::subject_key(app, 1));
        let verification = fixtures::verification(app, START, 1);
        let (sent, canceled) =
            (fixtures::delivery(app, &verification, 1), fixtures::delivery(app, &verification, 2));
        let earlier = fixtures::delivery_id(START, 3);
        let effects = vec![
            Effect::Send(canceled.clone()),
            Effect::CancelDeliveries(vec![earlier, canceled.id]),
            Effect::Send(sent.clone()),
        ];
        let change = change(&loaded, loaded.subject.clone(), effects, Reservation::default());
        let states: Vec<_> =
            change.deliveries.iter().map(|new| (new.delivery.id, new.delivery.state)).collect();
        assert_eq!(states, [(canceled.id, DeliveryState::Canceled), (sent.id, sent.state)]);
        assert!(change.cancellations.contains(&earlier));
    }

    #[test]
    fn only_what_is_due_and_leased_to_this_node_is_sent_at_once() {
        let app = fixtures::app(1);
        let loaded = fixtures::unseen(app, fixtures::subject_key(app, 1));
        let mut change = fixtures::started(&loaded, START, 1, None);
        let verification = change.subject.verifications[0].clone();
        let lease = fixtures::lease(fixtures::NODE, START);
        let of = |number, lease, state| {
            let delivery = fixtures::delivery(app, &verification, number);
            NewDelivery { delivery: Delivery { state, ..delivery }, lease }
        };
        let due = DeliveryState::Due { at: START };
        change.deliveries =
            vec![of(1, Some(lease), DeliveryState::Canceled), of(2, None, due), of(3, Some(lease), due)];
        let owner = App {
            id: app,
            name: "shop".to_owned(),
            brand: "Shop".to_owned(),
            policy: Policy::default(),
            route: Vec::new(),
            origins: Vec::new(),
            return_urls: Vec::new(),
            branding: crate::branding::Branding::default(),
            created_at: START,
        };
        let target = Target::Subject(change.subject.key);
        let job = Job { app: Arc::new(owner), target, command: Command::Rebind, permit: None };
        let batch = [Waiting { job, reply: tokio::sync::oneshot::channel().0 }];
        let ids = |lease| -> Vec<_> {
            ready(&change, &batch, lease).into_iter().map(|ready| ready.delivery.id).collect()
        };
        assert_eq!(ids(Some(lease)), [fixtures::delivery_id(START, 3)]);
        assert_eq!(ids(None), []);
    }
}
