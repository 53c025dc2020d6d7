//! Workflows: the channels that a verification tries one after another, and when.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::channel::Channel;
use crate::time::Timestamp;

/// The most steps of a workflow.
pub const MAX_STEPS: usize = 5;
/// How long a step waits for the code unless it says otherwise: the first rung of the resend ladder.
pub const DEFAULT_WAIT_S: u16 = 30;
/// The shortest wait: no shorter than the shortest rung of a resend ladder.
pub const MIN_WAIT_S: u16 = 15;
/// The longest wait: half of a code's life.
pub const MAX_WAIT_S: u16 = 300;

/// One step: a message by a channel, and how long it may take effect before the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct WorkflowStep {
    /// By which channel.
    pub channel: Channel,
    /// Seconds from this step's message to the next step; without meaning for the last one.
    pub wait_s: u16,
}

impl From<Channel> for WorkflowStep {
    fn from(channel: Channel) -> Self {
        WorkflowStep { channel, wait_s: DEFAULT_WAIT_S }
    }
}

/// A step is written as a channel's word, or with its wait.
impl<'de> Deserialize<'de> for WorkflowStep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Word(Channel),
            Step(Full),
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Full {
            channel: Channel,
            wait_s: Option<u16>,
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::Word(channel) => channel.into(),
            Written::Step(Full { channel, wait_s }) => {
                WorkflowStep { channel, wait_s: wait_s.unwrap_or(DEFAULT_WAIT_S) }
            }
        })
    }
}

/// Steps that make no workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWorkflow {
    /// Too many.
    #[error("a workflow has at most {MAX_STEPS} steps")]
    TooLong,
    /// A wait out of bounds.
    #[error("step {0}: wait_s is {MIN_WAIT_S} to {MAX_WAIT_S}")]
    Wait(usize),
}

/// Checks the bounds of steps that come from outside.
pub fn check(steps: &[WorkflowStep]) -> Result<(), InvalidWorkflow> {
    if steps.len() > MAX_STEPS {
        return Err(InvalidWorkflow::TooLong);
    }
    let wrong = steps.iter().position(|step| !(MIN_WAIT_S..=MAX_WAIT_S).contains(&step.wait_s));
    wrong.map_or(Ok(()), |position| Err(InvalidWorkflow::Wait(position + 1)))
}

/// Where a verification stands in its workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workflow {
    /// The steps, in order; never empty.
    pub steps: Vec<WorkflowStep>,
    /// How many were taken.
    pub taken: u8,
    /// When the next one is taken by itself; nothing when none is left or the workflow was stopped.
    pub next_at: Option<Timestamp>,
}

impl Workflow {
    /// A workflow of which nothing was taken yet.
    pub const fn new(steps: Vec<WorkflowStep>) -> Self {
        Workflow { steps, taken: 0, next_at: None }
    }

    /// The step that comes next, if one is left.
    pub fn next(&self) -> Option<WorkflowStep> {
        self.steps.get(usize::from(self.taken)).copied()
    }

    /// Notes a message by `channel` that is due now. If that is the next step, it is taken; whatever it is,
    /// the customer has the whole wait for it before the next one comes by itself.
    pub(crate) fn sent(&mut self, channel: Channel, now: Timestamp) {
        if self.next().is_some_and(|step| step.channel == channel) {
            self.taken += 1;
        }
        let current = self.steps.get(usize::from(self.taken.saturating_sub(1)));
        let wait = current.map_or(Duration::ZERO, |step| Duration::from_secs(u64::from(step.wait_s)));
        self.next_at = self.next().map(|_| now.plus(wait));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_written_short_or_with_their_wait() {
        let steps: Vec<WorkflowStep> =
            serde_json::from_str(r#"["whatsapp",{"channel":"sms","wait_s":60},{"channel":"voice"}]"#)
                .unwrap();
        let expected = [(Channel::WhatsApp, 30), (Channel::Sms, 60), (Channel::Voice, 30)];
        assert_eq!(steps, expected.map(|(channel, wait_s)| WorkflowStep { channel, wait_s }));
        let back: Vec<WorkflowStep> = serde_json::from_str(&serde_json::to_string(&steps).unwrap()).unwrap();
        assert_eq!(back, steps);
        for wrong in [r#"["fax"]"#, r#"[{"wait_s":30}]"#, r#"[{"channel":"sms","wait":30}]"#] {
            assert!(serde_json::from_str::<Vec<WorkflowStep>>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn steps_and_waits_are_bounded() {
        let step = |wait_s| WorkflowStep { channel: Channel::Sms, wait_s };
        assert_eq!(check(&[step(15), step(300)]), Ok(()));
        assert_eq!(check(&[step(30); 5]), Ok(()));
        assert_eq!(check(&[step(30); 6]), Err(InvalidWorkflow::TooLong));
        assert_eq!(check(&[step(30), step(14)]), Err(InvalidWorkflow::Wait(2)));
        assert_eq!(check(&[step(301)]), Err(InvalidWorkflow::Wait(1)));
    }
}
