//! One task for each bind: it connects, binds, exchanges PDUs, and begins anew when the connection ends.

pub(in crate::smpp) mod clock;
mod connect;
mod numbers;
mod outbox;
mod pace;
mod protocol;
mod queue;

use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Duration;

use bytes::BytesMut;
use countersign_core::entropy::Entropy;
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::clock::monotonic;
use self::connect::{Bound, NotBound};
use self::outbox::Outbox;
use self::protocol::{Ended, Protocol};
use super::pdu::{Role, drain_frames};
use super::shared::Shared;
use super::status::Status;

pub(in crate::smpp) use self::connect::Connector;
pub use self::queue::{Doubt, NotWritten, Outcome};
pub(in crate::smpp) use self::queue::{Job, Queue};

/// Octets that one read takes at most.
const READ_OCTETS: usize = 64 * 1024;

/// Where a bind stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindState {
    /// It connects and binds.
    Connecting,
    /// It is bound.
    Bound,
    /// It waits before it tries again.
    Waiting {
        /// The refusal, if it was one.
        refused: Option<Status>,
        /// Tries that have failed since it was bound last.
        failures: u32,
    },
    /// The service centre refused the credentials: a person has to change something.
    Stopped {
        /// The refusal.
        status: Status,
    },
    /// It has ended for good.
    Ended,
}

impl BindState {
    /// Its word in metrics and for operators.
    pub const fn as_str(self) -> &'static str {
        match self {
            BindState::Connecting => "connecting",
            BindState::Bound => "bound",
            BindState::Waiting { .. } => "waiting",
            BindState::Stopped { .. } => "stopped",
            BindState::Ended => "ended",
        }
    }
}

/// What a bind's task needs beside what all share.
pub(in crate::smpp) struct Task {
    pub(in crate::smpp) role: Role,
    pub(in crate::smpp) state: watch::Sender<BindState>,
    pub(in crate::smpp) entropy: Entropy,
    pub(in crate::smpp) stop: CancellationToken,
    /// Counts up when stopped binds shall try again.
    pub(in crate::smpp) resumed: watch::Receiver<u64>,
}

impl Task {
    /// Keeps one connection bound until it is told to stop.
    pub(in crate::smpp) async fn run(mut self, shared: &Shared) {
        let mut failures = 0;
        while !self.stop.is_cancelled() {
            self.state.send_replace(BindState::Connecting);
            let bound = tokio::select! {
                () = self.stop.cancelled() => break,
                bound = connect::bind(shared, self.role) => bound,
            };
            let refused = match bound {
                Ok(bound) => {
                    let began = monotonic();
                    shared.counters.binds.add();
                    self.state.send_replace(BindState::Bound);
                    let sends = usize::from(self.role.sends());
                    shared.bound.send_modify(|bound| *bound += sends);
                    let ended = exchange(shared, self.role, bound, &self.stop).await;
                    shared.bound.send_modify(|bound| *bound -= sends);
                    shared.counters.connections_lost.add();
                    tracing::info!(provider = %shared.name, role = self.role.as_str(), ?ended, "an SMPP connection ended");
                    // A peer that hangs up at once is not hammered.
                    if began.elapsed() >= shared.settings.longest_wait {
                        failures = 0;
                    }
                    None
                }
                Err(NotBound::Refused(status)) if status.stops_a_bind() => {
                    if self.wait_for_a_person(shared, status).await.is_err() {
                        break;
                    }
                    failures = 0;
                    continue;
                }
                Err(NotBound::Refused(status)) => Some(status),
                Err(NotBound::Unreachable | NotBound::NotUnderstood) => None,
            };
            failures += 1;
            self.state.send_replace(BindState::Waiting { refused, failures });
            self.tell_failure(shared, failures, refused);
            let wait = shared.settings.backoff.delay(failures, None, self.entropy.bytes());
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep(wait) => {}
            }
        }
        self.state.send_replace(BindState::Ended);
    }

    /// A bind that ended begins with a failure; the second in a row is news, and so is each sixteenth, about
    /// once a minute.
    fn tell_failure(&self, shared: &Shared, failures: u32, refused: Option<Status>) {
        let role = self.role.as_str();
        if failures == 2 || failures.is_multiple_of(16) {
            tracing::warn!(provider = %shared.name, role, failures, ?refused, "an SMPP bind is tried again and again");
        } else {
            tracing::debug!(provider = %shared.name, role, failures, ?refused, "an SMPP bind waits");
        }
    }

    async fn wait_for_a_person(&mut self, shared: &Shared, status: Status) -> Result<(), ()> {
        self.state.send_replace(BindState::Stopped { status });
        tracing::error!(
            provider = %shared.name, role = self.role.as_str(), %status,
            "an SMPP bind was refused for its credentials and has stopped: correct them and resume the provider"
        );
        self.resumed.mark_unchanged();
        tokio::select! {
            () = self.stop.cancelled() => Err(()),
            resumed = self.resumed.changed() => resumed.map_err(|_| ()),
        }
    }
}

/// Exchanges PDUs until the connection ends.
async fn exchange(shared: &Shared, role: Role, bound: Bound, stop: &CancellationToken) -> Ended {
    let Bound { stream, mut inbox, sequence_number } = bound;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut protocol = Protocol::new(shared, role, sequence_number, monotonic());
    let mut timer = pin!(tokio::time::sleep(Duration::ZERO));
    let mut stopped = pin!(stop.cancelled());
    on_octets(&mut inbox, &mut protocol);
    let ended = loop {
        let now = monotonic();
        protocol.on_time(now);
        protocol.take_requests(now);
        if let Some(ended) = protocol.ended {
            break ended;
        }
        if protocol.take_answered() && protocol.has_place() {
            // Those who were answered may have more: all of it then leaves in one write. A full window
            // leaves at once, and they get their next messages ready while the peer reads.
            tokio::task::yield_now().await;
            protocol.take_requests(now);
        }
        protocol.tell_unanswered();
        let wake_at = protocol.wake_at(now);
        // A timer that is early only looks again; moving it each time would cost more.
        if wake_at < timer.deadline() || timer.is_elapsed() {
            timer.as_mut().reset(wake_at);
        }
        let wants_requests = protocol.wants_requests(now);
        tokio::select! {
            () = &mut stopped, if !protocol.is_leaving() => {
                protocol.leave(monotonic(), shared.settings.shutdown);
            }
            read = reader.read_buf(&mut inbox), if protocol.outbox.has_room() => match read {
                Ok(0) => break Ended::Lost("closed"),
                Err(_) => break Ended::Lost("broken"),
                Ok(_) => on_octets(&mut inbox, &mut protocol),
            },
            written = write_some(&mut writer, &mut protocol.outbox), if protocol.outbox.has_work() => {
                if written.is_err() {
                    break Ended::Lost("broken");
                }
            }
            () = shared.queue.more(), if wants_requests => {}
            () = &mut timer => {}
        }
    };
    if matches!(ended, Ended::Unbound | Ended::Shutdown | Ended::NotUnderstood) {
        let _ =
            tokio::time::timeout(Duration::from_millis(200), last_words(&mut writer, &mut protocol.outbox))
                .await;
    }
    protocol.finish();
    ended
}

fn on_octets(inbox: &mut BytesMut, protocol: &mut Protocol<'_>) {
    let now = monotonic();
    let cut = drain_frames(inbox, |frame| {
        protocol.on_frame(&frame, now);
        if protocol.ended.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if cut.is_err() {
        protocol.on_framing_error();
    }
    inbox.reserve(READ_OCTETS);
}

async fn write_some(writer: &mut (impl AsyncWrite + Unpin), outbox: &mut Outbox) -> std::io::Result<()> {
    if outbox.pending().is_empty() {
        writer.flush().await?;
        outbox.flushed();
        return Ok(());
    }
    match writer.write(outbox.pending()).await? {
        0 => Err(std::io::ErrorKind::WriteZero.into()),
        count => {
            outbox.took(count);
            Ok(())
        }
    }
}

async fn last_words(writer: &mut (impl AsyncWrite + Unpin), outbox: &mut Outbox) {
    while outbox.has_work() && write_some(writer, outbox).await.is_ok() {}
    let _ = writer.shutdown().await;
}

#[cfg(test)]
mod protocol_tests;
