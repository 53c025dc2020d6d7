//! A short message service centre for tests: it takes binds and messages, keeps a ledger, and
//! misbehaves when told to.

mod connection;
mod faults;
mod journal;
mod text;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use countersign_delivery::smpp::pdu::{Role, ShortMessage, tag, tlv};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::clock;

pub use journal::{Entry, Journal, Reader};

pub use faults::{Answer, BindAnswer, Choose, Faults, IdStyle, ReceiptForm, Receipts};
pub use text::shown;

/// The most messages that are kept.
const MAX_KEPT: usize = 1_000_000;

/// A message as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// Which connection brought it, counted from 0.
    pub connection: u64,
    /// Its sequence number.
    pub sequence_number: u32,
    /// The number that its id was made of.
    pub id: u64,
    /// All of it.
    pub message: ShortMessage,
    /// `data_coding`.
    pub data_coding: u8,
    /// When it was read, Unix milliseconds.
    pub begun_ms: i64,
    /// The same, on the clock that measures how long something took.
    pub begun: Instant,
}

impl Received {
    /// Whom it is for.
    pub fn to(&self) -> String {
        String::from_utf8_lossy(&self.message.destination.digits).into_owned()
    }

    /// The octets of its text, a header included, wherever they stand.
    pub fn octets(&self) -> &[u8] {
        let payload = tlv(&self.message.tlvs, tag::MESSAGE_PAYLOAD);
        payload.filter(|_| self.message.short_message.is_empty()).unwrap_or(&self.message.short_message)
    }

    /// The header of a part without its length, and the text behind it.
    pub fn header(&self) -> Option<(&[u8], &[u8])> {
        if self.message.esm_class & 0x40 == 0 {
            return None;
        }
        let (length, rest) = self.octets().split_first()?;
        rest.split_at_checked(usize::from(*length))
    }
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Binds that were accepted.
    pub binds: u64,
    /// `submit_sm`s that were read.
    pub submitted: u64,
    /// The most that were unanswered at once on one connection.
    pub most_unanswered: u64,
    /// `deliver_sm_resp`s and `data_sm_resp`s with success.
    pub receipts_taken: u64,
    /// The same with another status.
    pub receipts_refused: u64,
    /// `enquire_link`s.
    pub enquiries: u64,
    /// `unbind`s.
    pub unbinds: u64,
    /// `generic_nack`s.
    pub nacks: u64,
    /// `cancel_sm`s.
    pub cancels: u64,
    /// `query_sm`s.
    pub queries: u64,
}

/// What all connections share.
struct Center {
    faults: Mutex<Faults>,
    ledger: Mutex<Vec<Received>>,
    counts: Mutex<Counts>,
    changed: watch::Sender<u64>,
    frozen: watch::Sender<bool>,
    cuts: watch::Sender<u64>,
    journal: Option<Journal>,
    /// Connections that take receipts, each with its number.
    receivers: Mutex<Vec<(u64, mpsc::Sender<Vec<u8>>)>>,
    submissions: AtomicU64,
    connections: AtomicU64,
    password: String,
}

impl Center {
    fn faults(&self) -> Faults {
        locked(&self.faults).clone()
    }

    fn count(&self, add: impl FnOnce(&mut Counts)) {
        add(&mut locked(&self.counts));
        self.changed.send_modify(|changes| *changes += 1);
    }

    fn keep(&self, received: Received) {
        if let Some(journal) = &self.journal {
            journal.write(&received);
        }
        let mut ledger = locked(&self.ledger);
        if ledger.len() < MAX_KEPT {
            ledger.push(received);
        }
    }

    fn has(&self, wanted: impl Fn(&Received) -> bool) -> bool {
        locked(&self.ledger).iter().any(wanted)
    }

    fn enter(&self, connection: u64, role: Role, sender: &mpsc::Sender<Vec<u8>>) {
        if role != Role::Transmitter {
            locked(&self.receivers).push((connection, sender.clone()));
        }
    }

    fn leave(&self, connection: u64) {
        locked(&self.receivers).retain(|(number, _)| *number != connection);
    }

    /// Where receipts for messages of a connection go: to itself if it takes them.
    fn receiver(&self, connection: u64) -> Option<mpsc::Sender<Vec<u8>>> {
        let receivers = locked(&self.receivers);
        let own = receivers.iter().find(|(number, _)| *number == connection);
        own.or_else(|| receivers.first()).map(|(_, sender)| sender.clone())
    }

    fn next_submission(&self) -> u64 {
        self.submissions.fetch_add(1, Ordering::Relaxed)
    }
}

/// A running service centre. Ends when dropped.
pub struct Smsc {
    address: SocketAddr,
    center: Arc<Center>,
    _serving: JoinSet<()>,
}

/// The system id and password that it takes.
pub const SYSTEM_ID: &str = "shop";
/// See [`SYSTEM_ID`].
pub const PASSWORD: &str = "secret08";

impl Smsc {
    /// Starts one on a free port of this machine.
    pub async fn start(faults: Faults) -> anyhow::Result<Self> {
        Self::start_at("127.0.0.1:0".parse()?, faults).await
    }

    /// Starts one at an address, such as that of one that has ended.
    pub async fn start_at(address: SocketAddr, faults: Faults) -> anyhow::Result<Self> {
        Self::open(address, faults, None).await
    }

    /// The same, with a journal that outlives it. Its ids begin where those of no earlier one can be.
    pub async fn start_with_journal(
        address: SocketAddr,
        faults: Faults,
        journal: Journal,
    ) -> anyhow::Result<Self> {
        Self::open(address, faults, Some(journal)).await
    }

    async fn open(address: SocketAddr, faults: Faults, journal: Option<Journal>) -> anyhow::Result<Self> {
        let first_id = journal.as_ref().map_or(0, |_| clock::unix_ms().unsigned_abs() * 1_000);
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let center = Arc::new(Center {
            faults: Mutex::new(faults),
            ledger: Mutex::default(),
            counts: Mutex::default(),
            changed: watch::Sender::new(0),
            frozen: watch::Sender::new(false),
            cuts: watch::Sender::new(0),
            journal,
            receivers: Mutex::default(),
            submissions: AtomicU64::new(first_id),
            connections: AtomicU64::new(0),
            password: PASSWORD.to_owned(),
        });
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::clone(&center)));
        Ok(Smsc { address, center, _serving: serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it behaves from now on.
    pub fn behave(&self, faults: Faults) {
        *locked(&self.center.faults) = faults;
    }

    /// Ends all connections at once, whatever is on its way; new ones are taken.
    pub fn cut(&self) {
        self.center.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Stops to read and write on all connections and keeps them open, as a machine that has died does.
    pub fn freeze(&self) {
        self.center.frozen.send_replace(true);
    }

    /// Goes on where it froze.
    pub fn thaw(&self) {
        self.center.frozen.send_replace(false);
    }

    /// Every message so far.
    pub fn received(&self) -> Vec<Received> {
        locked(&self.center.ledger).clone()
    }

    /// Whom the messages behind the first `skip` were for, and when each was read.
    pub fn arrivals(&self, skip: usize) -> Vec<(String, Instant)> {
        locked(&self.center.ledger).iter().skip(skip).map(|one| (one.to(), one.begun)).collect()
    }

    /// What was counted.
    pub fn counts(&self) -> Counts {
        *locked(&self.center.counts)
    }

    /// Sends octets to the connections that take receipts, as they are.
    pub async fn push(&self, octets: &[u8]) {
        let senders: Vec<_> =
            locked(&self.center.receivers).iter().map(|(_, sender)| sender.clone()).collect();
        for sender in senders {
            // One that is just ending takes nothing.
            let _ = sender.send(octets.to_vec()).await;
        }
    }

    /// Waits until the counts are as wanted.
    pub async fn wait_for(&self, wanted: impl Fn(&Counts) -> bool) -> anyhow::Result<Counts> {
        let mut changes = self.center.changed.subscribe();
        let waiting = async {
            loop {
                let counts = self.counts();
                if wanted(&counts) {
                    return Ok(counts);
                }
                changes.changed().await.context("the service centre has ended")?;
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        found.with_context(|| format!("the service centre waited in vain: {:?}", self.counts()))?
    }
}

async fn serve(listener: TcpListener, center: Arc<Center>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(handle(stream, Arc::clone(&center)));
    }
}

async fn handle(stream: TcpStream, center: Arc<Center>) {
    let number = center.connections.fetch_add(1, Ordering::Relaxed);
    // A connection that breaks is what tests are about; the client's side of it is looked at.
    let _ = connection::serve(stream, number, &center).await;
    center.leave(number);
}

/// A panic elsewhere leaves nothing half done in what these locks guard.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
