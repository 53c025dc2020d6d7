//! A carrier or an aggregator that is reached by SMPP.

use std::fmt;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_core::entropy::Entropy;
use countersign_core::id::DeliveryId;
use countersign_core::message::CarrierAlphabet;
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::verification::Channel;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::{SmppConfig, SmppSetupError};
use super::correlate::{Correlator, Subject, Tail};
use super::message_id;
use super::pdu::{Pdu, Quirk, Role};
use super::receipt::MessageState;
use super::request::{Octet, Writer};
use super::senders::Senders;
use super::session::clock::monotonic;
use super::session::{BindState, Connector, Doubt, Job, NotWritten, Outcome, Queue, Task};
use super::shared::{Counters, Settings, Shared};
use super::status::Status;
use crate::provider::{Outgoing, Provider, ProviderKind, ProviderName, Reference, Submission};
use crate::receipt::{CarrierReceipt, Receipt, ReceiptReason};
use crate::sender::SenderId;

/// What an SMPP provider runs on.
pub struct SmppRuntime {
    /// Its binds run on it.
    pub tasks: TaskTracker,
    /// Ends them: open requests are answered first, then each bind says good-bye.
    pub shutdown: CancellationToken,
    /// Where receipts go. When it is full, the service centre is asked to bring them again later.
    pub receipts: mpsc::Sender<CarrierReceipt>,
    /// Spreads reconnections, and numbers the parts of long messages.
    pub entropy: Entropy,
}

/// Where one bind of a provider stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindReport {
    /// What it is for.
    pub role: Role,
    /// Where it stands.
    pub state: BindState,
}

/// How full the windows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowReport {
    /// Requests that wait for their answer.
    pub unanswered: usize,
    /// Requests that may.
    pub places: usize,
}

/// What was counted since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SmppCounts {
    /// What peers do differently from the specification.
    pub quirks: Vec<(Quirk, u64)>,
    /// Connections given up because the peer's lengths made no sense.
    pub framing_errors: u64,
    /// Connections that were bound: the first ones and all later ones.
    pub binds: u64,
    /// Bound connections that ended.
    pub connections_lost: u64,
    /// `enquire_link`s that were not answered in time. Two in a row end a connection.
    pub enquire_links_unanswered: u64,
    /// Answers that came after their request was given up.
    pub late_responses: u64,
    /// Receipts passed on.
    pub receipts: u64,
    /// Receipts that the service centre was asked to bring again, because there was no room.
    pub receipts_refused: u64,
    /// Second words about receipts that had overtaken their submission, lost because there was no room.
    pub receipts_dropped: u64,
    /// Messages that customers wrote back.
    pub messages_from_phones: u64,
}

/// A request other than a submission that was not answered with success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It was not written.
    #[error("the request was not written: {0:?}")]
    NotWritten(NotWritten),
    /// The service centre refused it.
    #[error("the service centre refused the request with status {0}")]
    Refused(Status),
    /// It was written and not answered.
    #[error("the request was written and not answered: {0:?}")]
    Unknown(Doubt),
}

/// A provider that is reached by SMPP. Cheap to clone; clones share their binds.
#[derive(Clone)]
pub struct SmppProvider {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    writer: Writer,
    binds: Vec<(Role, watch::Receiver<BindState>)>,
    resumed: watch::Sender<u64>,
    /// The reference of the next message in parts.
    next_reference: AtomicU16,
    queue_wait: Duration,
    /// Of messages that may be taken back.
    senders: Mutex<Senders>,
}

impl SmppProvider {
    /// Prepares the provider and starts to bind. Must be called on a tokio runtime.
    pub fn new(
        name: ProviderName,
        config: &SmppConfig,
        runtime: SmppRuntime,
    ) -> Result<Self, SmppSetupError> {
        config.check()?;
        let SmppRuntime { tasks, shutdown, receipts, mut entropy } = runtime;
        let capacity = 4 * usize::from(config.window) * usize::from(config.binds) + 64;
        let shared = Arc::new(Shared {
            name,
            settings: Settings::of(config),
            queue: Queue::new(capacity),
            connector: Connector::new(config)?,
            counters: Counters::default(),
            receipts,
            correlator: Mutex::new(Correlator::new(config.receipt_ids)),
            started: monotonic(),
            bound: watch::Sender::new(0),
            unanswered: AtomicUsize::new(0),
        });
        let (resumed, _) = watch::channel(0);
        let roles = (0..config.binds).flat_map(|_| config.bind.roles().iter().copied());
        let binds = roles.map(|role| {
            let (state, seen) = watch::channel(BindState::Connecting);
            let entropy = Entropy::from_seed(entropy.bytes());
            let task = Task { role, state, entropy, stop: shutdown.clone(), resumed: resumed.subscribe() };
            let shared = Arc::clone(&shared);
            tasks.spawn(async move { task.run(&shared).await });
            (role, seen)
        });
        let binds = binds.collect();
        let next_reference = AtomicU16::new(u16::from_be_bytes(entropy.bytes()));
        let queue_wait = Duration::from_millis(config.timing.queue_ms);
        let writer = Writer::new(config);
        Ok(SmppProvider {
            inner: Arc::new(Inner {
                shared,
                writer,
                binds,
                resumed,
                next_reference,
                queue_wait,
                senders: Mutex::default(),
            }),
        })
    }

    /// Where its binds stand.
    pub fn binds(&self) -> Vec<BindReport> {
        self.inner
            .binds
            .iter()
            .map(|(role, state)| BindReport { role: *role, state: *state.borrow() })
            .collect()
    }

    /// How many connections are bound that send; it tells of every change. At zero nothing can be written.
    pub fn bound(&self) -> watch::Receiver<usize> {
        self.inner.shared.bound.subscribe()
    }

    /// How much of the windows of its bound connections is in use now.
    pub fn window(&self) -> WindowReport {
        let shared = &self.inner.shared;
        WindowReport {
            unanswered: shared.unanswered.load(Ordering::Relaxed),
            places: usize::from(shared.settings.window) * *shared.bound.borrow(),
        }
    }

    /// Waits until all binds are bound, or one has stopped or ended for good.
    pub async fn settled(&self) -> Vec<BindReport> {
        for (_, state) in &self.inner.binds {
            let mut state = state.clone();
            let is_settled = |state: &BindState| {
                matches!(state, BindState::Bound | BindState::Stopped { .. } | BindState::Ended)
            };
            // An error says that its task is gone: it stands where it stands.
            let _ = state.wait_for(is_settled).await;
        }
        self.binds()
    }

    /// What it passes on in a text that is not UCS-2.
    pub fn carrier_alphabet(&self) -> CarrierAlphabet {
        self.inner.writer.alphabet().carrier()
    }

    /// Lets binds that were stopped for their credentials try again.
    pub fn resume(&self) {
        self.inner.resumed.send_modify(|count| *count += 1);
    }

    /// What was counted since the start.
    pub fn counts(&self) -> SmppCounts {
        let counters = &self.inner.shared.counters;
        SmppCounts {
            quirks: counters.quirks.snapshot(),
            framing_errors: counters.framing_errors.get(),
            binds: counters.binds.get(),
            connections_lost: counters.connections_lost.get(),
            enquire_links_unanswered: counters.enquire_links_unanswered.get(),
            late_responses: counters.late_responses.get(),
            receipts: counters.receipts.get(),
            receipts_refused: counters.receipts_refused.get(),
            receipts_dropped: counters.receipts_dropped.get(),
            messages_from_phones: counters.messages_from_phones.get(),
        }
    }

    /// Asks what became of a message: `id` is what [`Submission::Accepted`] gave, `sender` the sender
    /// that it was submitted with.
    pub async fn query(
        &self,
        id: &Reference,
        sender: Option<&SenderId>,
    ) -> Result<MessageState, RequestError> {
        match self
            .request(self.inner.writer.query(id, sender).map_err(|_| NotWritten::NotRepresentable))
            .await?
        {
            Pdu::QuerySmResp(response) => {
                Ok(MessageState::from_octet(response.message_state).unwrap_or(MessageState::Unknown))
            }
            _ => Err(RequestError::Unknown(Doubt::Unanswered)),
        }
    }

    /// Asks that a message be not delivered any more: its verification has ended, or its code was
    /// replaced. Of a message in parts the id is that of the last part, without which phones do not
    /// show it.
    pub async fn cancel(&self, id: &Reference, sender: Option<&SenderId>) -> Result<(), RequestError> {
        self.request(self.inner.writer.cancel(id, sender).map_err(|_| NotWritten::NotRepresentable))
            .await
            .map(drop)
    }

    /// Whether the operator lets messages be taken back here.
    pub fn cancels(&self) -> bool {
        self.inner.shared.settings.cancel
    }

    /// [`SmppProvider::cancel`], with the sender that the message left with, if this process sent it.
    pub async fn take_back(&self, delivery: DeliveryId, id: &Reference) -> Result<(), RequestError> {
        let sender = self.senders().of(delivery);
        self.cancel(id, sender.as_ref()).await
    }

    /// Whether the operator lets messages be asked about here.
    pub fn queries(&self) -> bool {
        self.inner.shared.settings.query
    }

    /// [`SmppProvider::query`], with the sender that the message left with, if this process sent it, and what
    /// a receipt would say.
    pub async fn ask_about(&self, delivery: DeliveryId, id: &Reference) -> Result<Receipt, RequestError> {
        let sender = self.senders().of(delivery);
        let state = self.query(id, sender.as_ref()).await?;
        let reason = Some(ReceiptReason::from_static(state.as_str()));
        Ok(Receipt { delivery, status: state.status(), reason })
    }

    fn senders(&self) -> std::sync::MutexGuard<'_, Senders> {
        self.inner.senders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn request(&self, pdu: Result<Octet, NotWritten>) -> Result<Pdu, RequestError> {
        let pdu = pdu.map_err(RequestError::NotWritten)?;
        let give_up = GiveUp { after: self.inner.queue_wait, reason: NotWritten::NoPlace };
        match self.exchange(vec![pdu], None, give_up).await {
            Outcome::Accepted(response) => Ok(*response),
            Outcome::Refused(status) => Err(RequestError::Refused(status)),
            Outcome::NotWritten(why) => Err(RequestError::NotWritten(why)),
            Outcome::Unknown(doubt) => Err(RequestError::Unknown(doubt)),
        }
    }

    async fn exchange(&self, parts: Vec<Octet>, subject: Option<Subject>, give_up: GiveUp) -> Outcome {
        let (reply, answer) = oneshot::channel();
        let give_up_at = monotonic() + give_up.after;
        let job = Job { parts, subject, give_up_at, late: give_up.reason, reply };
        if let Err(why) = self.inner.shared.queue.push(job) {
            return Outcome::NotWritten(why);
        }
        // A bind that ends without a word has ended in a panic.
        answer.await.unwrap_or(Outcome::Unknown(Doubt::ConnectionLost))
    }

    /// Hands a message over and says what became of it, in the protocol's own terms.
    pub async fn hand_over(&self, message: &Outgoing<'_>, now: Timestamp) -> Outcome {
        let reference = self.inner.next_reference.fetch_add(1, Ordering::Relaxed);
        let Ok(parts) = self.inner.writer.submit(message, now, reference) else {
            return Outcome::NotWritten(NotWritten::NotRepresentable);
        };
        let left = message.expires_at.since(now);
        let give_up = if left < self.inner.queue_wait {
            GiveUp { after: left, reason: NotWritten::Expired }
        } else {
            GiveUp { after: self.inner.queue_wait, reason: NotWritten::NoPlace }
        };
        let subject = Subject {
            delivery: message.delivery,
            tail: Tail::of(message.to.expose()),
            parts: u8::try_from(parts.len()).unwrap_or(u8::MAX),
        };
        self.exchange(parts, Some(subject), give_up).await
    }
}

/// When a request that waits for its place is given up, and why.
struct GiveUp {
    after: Duration,
    reason: NotWritten,
}

impl Provider for SmppProvider {
    fn name(&self) -> &ProviderName {
        &self.inner.shared.name
    }

    fn kind(&self) -> ProviderKind {
        ProviderKind::Smpp
    }

    fn carries(&self, channel: Channel) -> bool {
        channel == Channel::Sms
    }

    /// Ends within `queue_ms`, and `response_ms` for each part that needs a place of its own.
    async fn submit(&self, message: &Outgoing<'_>, now: Timestamp) -> Submission {
        // Others decide all three long before; none may reach a carrier whoever errs.
        if message.mode == Mode::Test {
            return Submission::permanent("test_message");
        }
        if message.channel != Channel::Sms {
            return Submission::permanent("channel");
        }
        if message.expires_at <= now {
            return Submission::permanent("expired");
        }
        if let Some(sender) = message.sender.filter(|_| self.cancels() || self.queries()) {
            self.senders().remember(message.delivery, sender);
        }
        match self.hand_over(message, now).await {
            Outcome::Accepted(response) => Submission::Accepted { reference: reference(&response) },
            Outcome::Refused(status) => self.inner.shared.settings.statuses.submission(status),
            Outcome::NotWritten(why) => not_written(why),
            Outcome::Unknown(doubt) => Submission::Unknown { reason: doubt_word(doubt).into() },
        }
    }
}

fn reference(response: &Pdu) -> Option<Reference> {
    match response {
        Pdu::SubmitSmResp(taken) => message_id::reference(&taken.message_id),
        _ => None,
    }
}

fn not_written(why: NotWritten) -> Submission {
    match why {
        NotWritten::NotBound => Submission::NotWritten { reason: "smpp_not_bound".into() },
        NotWritten::ConnectionLost => Submission::NotWritten { reason: "smpp_connection_lost".into() },
        NotWritten::NoPlace => Submission::Throttled { retry_after: None },
        NotWritten::Expired => Submission::permanent("expired"),
        NotWritten::NotRepresentable => Submission::permanent("not_representable"),
    }
}

const fn doubt_word(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::Unanswered => "smpp_unanswered",
        Doubt::ConnectionLost => "smpp_connection_lost",
        Doubt::CutMidway => "smpp_cut_midway",
    }
}

impl fmt::Debug for SmppProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmppProvider").field("name", &self.inner.shared.name).finish_non_exhaustive()
    }
}
