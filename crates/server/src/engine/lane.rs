//! Commands that wait for one partition.

use std::collections::VecDeque;
use std::sync::PoisonError;

use countersign_core::id::{AppId, Partition};
use countersign_core::step::{Command, OnFailure};
use countersign_core::subject::Subject;
use tokio::sync::oneshot;

use super::{Answer, Engine, EngineError, Job};

/// How many commands of one subject are committed together.
const MAX_BATCH: usize = 64;

pub(super) type Reply = oneshot::Sender<Result<Answer, EngineError>>;

/// A command that waits, and who waits for it.
pub(super) struct Waiting {
    pub(super) job: Job,
    pub(super) reply: Reply,
}

/// The commands that wait for one partition of one app.
pub(super) struct Lane(VecDeque<Waiting>);

impl Lane {
    pub(super) fn of(job: Job, reply: Reply) -> Self {
        Lane(VecDeque::from([Waiting { job, reply }]))
    }

    pub(super) fn push(&mut self, job: Job, reply: Reply) {
        self.0.push_back(Waiting { job, reply });
    }

    pub(super) fn waiting(&self) -> usize {
        self.0.len()
    }
}

impl Engine {
    /// Runs a lane until nobody waits in it.
    pub(super) async fn run_lane(&self, key: (AppId, Partition)) {
        let mut open = OpenLane { engine: self, key, ended: Ended::Early };
        while let Some(first) = self.take_first(key) {
            self.run_batch(key, first).await;
        }
        // `take_first` has removed the lane, and another one may be in its place by now.
        open.ended = Ended::Empty;
    }

    fn take_first(&self, key: (AppId, Partition)) -> Option<Waiting> {
        let mut lanes = self.0.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let first = lanes.get_mut(&key).and_then(|lane| lane.0.pop_front());
        if first.is_none() {
            lanes.remove(&key);
        }
        first
    }

    /// Takes the commands at the head of the lane that concern `subject` too. At most one command of
    /// a batch may send: a limit that refuses its message must not refuse the others.
    pub(super) fn take_more(&self, key: (AppId, Partition), subject: &Subject, batch: &mut Vec<Waiting>) {
        let mut lanes = self.0.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(lane) = lanes.get_mut(&key) else { return };
        let mut sends = batch.iter().any(|waiting| may_send(&waiting.job));
        while batch.len() < MAX_BATCH {
            let Some(next) = lane.0.front() else { break };
            let fits = next.job.concerns(subject) && !(sends && may_send(&next.job));
            if !fits {
                break;
            }
            sends |= may_send(&next.job);
            batch.extend(lane.0.pop_front());
        }
    }
}

/// A lane while it runs. Should it ever end early, by a panic, whoever waits in it is told at once, and
/// the partition is not closed for good.
struct OpenLane<'a> {
    engine: &'a Engine,
    key: (AppId, Partition),
    ended: Ended,
}

enum Ended {
    Early,
    Empty,
}

impl Drop for OpenLane<'_> {
    fn drop(&mut self) {
        if let Ended::Early = self.ended {
            self.engine.0.lanes.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
        }
    }
}

fn may_send(job: &Job) -> bool {
    match &job.command {
        Command::Start(_)
        | Command::Recover(_)
        | Command::Resend(_)
        | Command::Solve(_)
        | Command::Advance(_)
        | Command::Overdue(_) => true,
        Command::Redeem(redeem) => redeem.replacement.is_some(),
        Command::Receipt(receipt) => receipt.on_failure != OnFailure::RecordOnly,
        _ => false,
    }
}
