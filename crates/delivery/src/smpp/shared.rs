//! What all binds of a provider share.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::config::{InterfaceVersion, Password, SmppConfig};
use super::correlate::{Correlator, Subject};
use super::message_id::{as_kept, candidates};
use super::pdu::{Frame, QuirkCounts, Quirks, masked_hex};
use super::receipt::Inbound;
use super::session::clock::monotonic;
use super::session::{Connector, Queue};
use super::status::{Status, StatusTable};
use crate::backoff::Backoff;
use crate::provider::ProviderName;
use crate::receipt::CarrierReceipt;

/// What a bind says of itself.
pub(super) struct Credentials {
    pub(super) system_id: String,
    pub(super) password: Password,
    pub(super) system_type: String,
    pub(super) interface_version: InterfaceVersion,
}

/// What the binds go by.
pub(super) struct Settings {
    pub(super) credentials: Credentials,
    pub(super) window: u16,
    pub(super) cancel: bool,
    pub(super) query: bool,
    pub(super) max_per_second: Option<u32>,
    pub(super) statuses: StatusTable,
    pub(super) connect: Duration,
    pub(super) bind: Duration,
    pub(super) response: Duration,
    pub(super) idle: Duration,
    pub(super) enquire_link: Duration,
    pub(super) throttle_pause: Duration,
    pub(super) shutdown: Duration,
    pub(super) backoff: Backoff,
    pub(super) longest_wait: Duration,
}

impl Settings {
    pub(super) fn of(config: &SmppConfig) -> Self {
        let timing = &config.timing;
        let ms = Duration::from_millis;
        Settings {
            credentials: Credentials {
                system_id: config.system_id.clone(),
                password: config.password.clone(),
                system_type: config.system_type.clone(),
                interface_version: config.interface_version,
            },
            window: config.window,
            cancel: config.cancel,
            query: config.query,
            max_per_second: config.max_per_second,
            statuses: config.statuses.clone(),
            connect: ms(timing.connect_ms),
            bind: ms(timing.bind_ms),
            response: ms(timing.response_ms),
            idle: ms(timing.idle_ms),
            enquire_link: ms(timing.enquire_link_ms),
            throttle_pause: ms(timing.throttle_pause_ms),
            shutdown: ms(timing.shutdown_ms),
            backoff: timing.backoff().unwrap_or_default(),
            longest_wait: ms(timing.reconnect_longest_ms),
        }
    }
}

/// Something that is counted.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) quirks: QuirkCounts,
    pub(super) framing_errors: Count,
    pub(super) binds: Count,
    pub(super) connections_lost: Count,
    pub(super) enquire_links_unanswered: Count,
    pub(super) late_responses: Count,
    pub(super) receipts: Count,
    pub(super) receipts_refused: Count,
    pub(super) receipts_dropped: Count,
    pub(super) messages_from_phones: Count,
}

/// What all binds of a provider share.
pub(super) struct Shared {
    pub(super) name: ProviderName,
    pub(super) settings: Settings,
    pub(super) queue: Queue,
    pub(super) connector: Connector,
    pub(super) counters: Counters,
    pub(super) receipts: mpsc::Sender<CarrierReceipt>,
    pub(super) correlator: Mutex<Correlator>,
    pub(super) started: Instant,
    /// Bound connections that send.
    pub(super) bound: watch::Sender<usize>,
    /// Requests without an answer, over all connections.
    pub(super) unanswered: AtomicUsize,
}

impl Shared {
    /// Counts what was odd about a PDU, and shows it to whoever looks for it.
    pub(super) fn note(&self, quirks: Quirks, frame: &Frame<'_>) {
        if quirks.is_empty() {
            return;
        }
        self.counters.quirks.add(quirks);
        if tracing::enabled!(tracing::Level::DEBUG) {
            let (quirks, pdu) = (quirks.words(), masked_hex(frame));
            tracing::debug!(provider = %self.name, quirks, pdu, "an SMPP peer sent something odd");
        }
    }

    /// Takes what came from the service centre, and gives the status of the response.
    pub(super) fn receive(&self, inbound: &Inbound<'_>) -> Status {
        let Some(read) = inbound.receipt() else {
            // Nobody reads what customers write back; refused, it would come again and again.
            self.counters.messages_from_phones.add();
            return Status(0);
        };
        if self.receipts.capacity() == 0 {
            // The service centre keeps it and tries again.
            self.counters.receipts_refused.add();
            return Status::RECEIVER_BUSY;
        }
        let receipt = |form| CarrierReceipt {
            provider: self.name.clone(),
            delivery: None,
            ids: read.id.as_deref().map(|id| candidates(id, form)).unwrap_or_default(),
            destination: read.destination.clone(),
            status: read.state.status(),
            reason: read.reason.clone(),
            reported_at: read.reported_at,
        };
        let resolved = {
            let mut correlator = self.correlator.lock().unwrap_or_else(PoisonError::into_inner);
            let form = correlator.form();
            let mut resolved = correlator.receipt(receipt(form), self.elapsed());
            if let (None, Some(id)) = (resolved.delivery, &read.id) {
                // An earlier process may have submitted it, and kept the id as it came.
                resolved.ids = as_kept(id, form);
            }
            resolved
        };
        if self.receipts.try_send(resolved).is_err() {
            self.counters.receipts_refused.add();
            return Status::RECEIVER_BUSY;
        }
        self.counters.receipts.add();
        Status(0)
    }

    /// The service centre took a part of a message: receipts about it may come, or have come already.
    pub(super) fn accepted(&self, subject: Subject, id: &[u8]) {
        let id = String::from_utf8_lossy(id);
        let waiting = {
            let mut correlator = self.correlator.lock().unwrap_or_else(PoisonError::into_inner);
            correlator.accepted(subject, &id, self.elapsed())
        };
        for receipt in waiting {
            if self.receipts.try_send(receipt).is_err() {
                self.counters.receipts_dropped.add();
            }
        }
    }

    fn elapsed(&self) -> Duration {
        monotonic().saturating_duration_since(self.started)
    }
}
