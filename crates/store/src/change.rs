//! What is written.

use std::sync::Arc;
use std::time::Duration;

use countersign_core::delivery::{Delivery, DeliveryState};
use countersign_core::event::Event;
use countersign_core::id::{AppId, DeliveryId, VerificationId};
use countersign_core::limit::{Exceeded, Reservation};
use countersign_core::sealed::SealedJournal;
use countersign_core::subject::Subject;
use countersign_core::time::Timestamp;
use countersign_core::verification::Verification;

/// Counts the changes of a subject or setting. Zero: not there yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u64);

/// One process that shares the store; random for each start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeId(pub u64);

/// The right to submit a delivery, until it runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it.
    pub node: NodeId,
    /// Until when.
    pub until: Timestamp,
}

/// What one or more commands did to one subject.
#[derive(Clone, Debug)]
pub struct Change {
    /// The version that the commands saw.
    pub expected: Version,
    /// The subject as it is now. Its record is written; of its verifications, those below.
    pub subject: Subject,
    /// The verifications that changed or are new.
    pub verifications: Vec<Arc<Verification>>,
    /// New deliveries.
    pub deliveries: Vec<NewDelivery>,
    /// Deliveries that must not be sent any more, where they are still due. The new ones of this change
    /// are not among them.
    pub cancellations: Vec<DeliveryId>,
    /// New events.
    pub events: Vec<Event>,
    /// What the new messages take from keyed limits.
    pub reservation: Reservation,
    /// What the app's guard learns from it.
    pub journal: Vec<JournalRecord>,
}

/// One entry of the journal of the guards. From those of [`JOURNAL_KEPT`] a node makes their states again when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRecord {
    /// The app.
    pub app: AppId,
    /// When.
    pub at: Timestamp,
    /// What ([`countersign_core::guard::JournalEntry`]), sealed.
    pub entry: SealedJournal,
}

/// A place in the journal; later ones are greater. Zero: before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct JournalPosition(pub u64);

/// How long the journal of the guards is kept: no window of theirs is longer than 7 days (fraud.md B.2), and a day more
/// for clocks and purges.
pub const JOURNAL_KEPT: Duration = Duration::from_hours(8 * 24);

/// A delivery, and who sends it now. Without a lease anybody may.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// The delivery.
    pub delivery: Delivery,
    /// The lease.
    pub lease: Option<Lease>,
}

/// What became of a [`Change`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// It is durable; the subject has this version now.
    Done(Version),
    /// Somebody else changed the subject first: load, step and commit again.
    Conflict,
    /// A keyed limit did not hold. Nothing was written and nothing counted.
    Exceeded(Exceeded),
}

/// A request that may come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The app.
    pub app: AppId,
    /// A one-way function of the key.
    pub key: [u8; 16],
    /// A one-way function of what was asked.
    pub fingerprint: [u8; 16],
    /// The verification that the request makes or is about.
    pub verification: VerificationId,
}

/// Whether an idempotency key was free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// It was: this request is the first.
    Fresh,
    /// It was used before, for this.
    Known(IdempotencyRecord),
}

/// How long an idempotency key is remembered; published to API users (draft-ietf-httpapi-idempotency-key-header-06 §2.3).
pub const IDEMPOTENCY_LIFETIME: Duration = Duration::from_hours(24);

/// How many due deliveries are leased at most, by what they are. What reaches no phone has a limit of its own:
/// however much of it waits, it stands in front of no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseLimits {
    /// Codes and notices.
    pub messages: usize,
    /// Conversion feedback.
    pub feedback: usize,
}

/// A delivery that was leased.
#[derive(Clone, Debug)]
pub struct Leased {
    /// The delivery; an expired earlier lease is among its unknowns already.
    pub delivery: Delivery,
    /// The lease.
    pub lease: Lease,
    /// Whether another lease had run out on it.
    pub taken_over: bool,
}

/// What became of a submission.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// The delivery.
    pub id: DeliveryId,
    /// Who submitted it.
    pub node: NodeId,
    /// Where it stands now.
    pub state: DeliveryState,
    /// The provider of the last submission.
    pub provider: Option<String>,
    /// The provider's own id for the message, where it gave one.
    pub reference: Option<String>,
    /// Submissions begun in all.
    pub submissions: u32,
    /// Unknowns in all.
    pub unknowns: u32,
    /// New events; written whether or not the lease was lost, for they happened.
    pub events: Vec<Event>,
}

/// What became of a [`Settlement`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The delivery's state is as settled.
    Done,
    /// The lease was lost or the delivery canceled meanwhile: its state is left alone, unless the
    /// settlement says that a provider took it, which nobody can undo.
    LeaseLost,
}
