//! The breaker for what a provider itself says or fails to say.

use std::time::Duration;

use countersign_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::provider::Submission;

/// Failures in a row that open the breaker.
pub const FAILURES_TO_OPEN: u8 = 5;
/// How long a probe that was let through keeps others back.
const PROBE_LEASE: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// What a hand-over says about the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// The provider answered and works, even if it did not want this message.
    Answered,
    /// Too many at once: no sign of a fault, and no sign of health either.
    Throttled,
    /// Not written, refused for now, or written and unanswered.
    Failed,
    /// It refuses whatever we send: credentials, sender, credit. Somebody must mend it.
    Misconfigured,
}

impl Transport {
    /// What a submission says. A refusal of one message for good is an answer.
    pub const fn of(submission: &Submission) -> Self {
        match submission {
            Submission::Accepted { .. } | Submission::Permanent { .. } => Transport::Answered,
            Submission::Misconfigured { .. } => Transport::Misconfigured,
            Submission::Throttled { .. } => Transport::Throttled,
            Submission::NotWritten { .. } | Submission::Transient { .. } | Submission::Unknown { .. } => {
                Transport::Failed
            }
        }
    }
}

/// Opens after [`FAILURES_TO_OPEN`] failures in a row, or at once when the configuration is wrong. While it is open one message at a time probes, after pauses that double
/// from 5 seconds to 5 minutes; the first answer closes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TransportBreaker {
    failures: u8,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    since: Timestamp,
    cause: Transport,
    pause_s: u64,
    /// Not before. While a probe is on its way: when it is given up.
    probe_at: Timestamp,
    probing: bool,
}

/// What one observation changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It opened.
    Opened,
    /// It closed.
    Closed,
}

impl TransportBreaker {
    /// Counts what a hand-over said.
    pub fn observe(&mut self, transport: Transport, now: Timestamp) -> Option<Turn> {
        match transport {
            Transport::Throttled => None,
            Transport::Answered => {
                self.failures = 0;
                self.open.take().map(|_| Turn::Closed)
            }
            Transport::Failed => {
                self.failures = self.failures.saturating_add(1);
                (self.failures >= FAILURES_TO_OPEN).then(|| self.open(transport, now)).flatten()
            }
            Transport::Misconfigured => self.open(transport, now),
        }
    }

    /// The session that failed is over and a new one has begun: what it did says nothing about this one. A
    /// wrong configuration stays wrong.
    pub fn begin_anew(&mut self) -> Option<Turn> {
        self.failures = 0;
        self.open.take_if(|open| open.cause == Transport::Failed).map(|_| Turn::Closed)
    }

    fn open(&mut self, cause: Transport, now: Timestamp) -> Option<Turn> {
        let (since, pause_s, turn) = match self.open {
            // Messages that were on their way when it opened fail too; only a probe's failure counts.
            Some(open) if !open.probing && now < open.probe_at => {
                self.open = Some(Open { cause, ..open });
                return None;
            }
            Some(open) => (open.since, (open.pause_s * 2).min(LONGEST_PAUSE.as_secs()), None),
            None => (now, FIRST_PAUSE.as_secs(), Some(Turn::Opened)),
        };
        let probe_at = now.plus(Duration::from_secs(pause_s));
        self.open = Some(Open { since, cause, pause_s, probe_at, probing: false });
        turn
    }

    /// Since when it is open, if it is.
    pub fn open_since(&self) -> Option<Timestamp> {
        self.open.map(|open| open.since)
    }

    /// Why it is open, if it is.
    pub fn cause(&self) -> Option<Transport> {
        self.open.map(|open| open.cause)
    }

    /// Whether it is open and a message may probe.
    pub fn probe_is_due(&self, now: Timestamp) -> bool {
        self.open.is_some_and(|open| now >= open.probe_at)
    }

    /// A probe leaves: the next one waits for its answer.
    pub fn probing(&mut self, now: Timestamp) {
        if let Some(open) = &mut self.open
            && now >= open.probe_at
        {
            open.probe_at = now.plus(PROBE_LEASE);
            open.probing = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000).plus(Duration::from_secs(seconds))
    }

    fn opened() -> TransportBreaker {
        let mut breaker = TransportBreaker::default();
        for failure in 1..=FAILURES_TO_OPEN {
            let turn = breaker.observe(Transport::Failed, at(0));
            assert_eq!(turn, (failure == FAILURES_TO_OPEN).then_some(Turn::Opened));
        }
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_an_answer_between_them_does_not() {
        assert_eq!(opened().cause(), Some(Transport::Failed));
        let mut breaker = TransportBreaker::default();
        for _ in 0..10 {
            for _ in 1..FAILURES_TO_OPEN {
                assert_eq!(breaker.observe(Transport::Failed, at(0)), None);
            }
            assert_eq!(breaker.observe(Transport::Throttled, at(0)), None);
            assert_eq!(breaker.observe(Transport::Answered, at(0)), None);
        }
        assert_eq!(breaker.cause(), None);
    }

    #[test]
    fn a_wrong_configuration_opens_it_at_once() {
        let mut breaker = TransportBreaker::default();
        assert_eq!(breaker.observe(Transport::Misconfigured, at(0)), Some(Turn::Opened));
        assert_eq!(breaker.cause(), Some(Transport::Misconfigured));
    }

    #[test]
    fn a_new_session_closes_it_unless_the_configuration_is_wrong() {
        let mut breaker = opened();
        assert_eq!(breaker.begin_anew(), Some(Turn::Closed));
        assert_eq!(breaker.cause(), None);
        assert_eq!(breaker.observe(Transport::Failed, at(1)), None, "it counts from nothing again");
        breaker.observe(Transport::Misconfigured, at(2));
        assert_eq!(breaker.begin_anew(), None);
        assert_eq!(breaker.cause(), Some(Transport::Misconfigured));
    }

    #[test]
    fn one_probe_at_a_time_and_its_answer_closes() {
        let mut breaker = opened();
        assert!(!breaker.probe_is_due(at(4)));
        assert!(breaker.probe_is_due(at(5)));
        breaker.probing(at(5));
        assert!(!breaker.probe_is_due(at(6)), "a second probe before the first was answered");
        assert_eq!(breaker.observe(Transport::Answered, at(6)), Some(Turn::Closed));
        assert_eq!(breaker.cause(), None);
    }

    #[test]
    fn a_failed_probe_doubles_the_pause_and_stragglers_do_not() {
        let mut breaker = opened();
        for _ in 0..20 {
            assert_eq!(breaker.observe(Transport::Failed, at(0)), None);
        }
        let mut probes = Vec::new();
        for second in 0..2000 {
            if breaker.probe_is_due(at(second)) {
                breaker.probing(at(second));
                breaker.observe(Transport::Failed, at(second));
                probes.push(second);
            }
        }
        let pauses: Vec<u64> = probes.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(pauses[..6], [10, 20, 40, 80, 160, 300], "{pauses:?}");
        assert!(pauses[6..].iter().all(|&pause| pause == 300), "{pauses:?}");
    }
}
