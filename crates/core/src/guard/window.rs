//! Sliding windows over what was counted, exact to the second.
//!
//! A time is kept as the second that it is rounded up to, so that nothing leaves a window too early. What is refused is
//! told the second from which it is admitted if nothing else happens (`Retry-After`, RFC 9110 §10.2.3).

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// So many in so long a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Seconds.
    pub length_s: u32,
    /// The most in it.
    pub max: u16,
}

impl Window {
    /// So many in so many seconds.
    pub const fn of(length_s: u32, max: u16) -> Self {
        Window { length_s, max }
    }

    /// With so many times the room.
    #[must_use]
    pub const fn times(self, factor: u16) -> Self {
        Window { max: self.max.saturating_mul(factor), ..self }
    }
}

/// Times that are kept of one key. More than any window has room for: what is dropped above that would be refused
/// anyway.
pub const MOST_KEPT: usize = 400;
/// The time in which earlier ones make the wait longer.
const LADDER_S: u32 = 600;
/// The longest window of all.
pub const LONGEST_S: u32 = 7 * 86_400;

/// Seconds since the Unix epoch, rounded up; 0 before it, the last there is after 2106.
fn second_of(at: Timestamp) -> u32 {
    let seconds = at.as_millis().max(0).unsigned_abs().div_ceil(1000);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

fn leaves(second: u32, length_s: u32) -> Timestamp {
    Timestamp::from_millis((i64::from(second) + i64::from(length_s)) * 1000)
}

/// When a window has room for one more, by what is sorted oldest first; nothing when it has room now.
fn room_at<T>(sorted: &[T], second: impl Fn(&T) -> u32, window: Window, now: Timestamp) -> Option<Timestamp> {
    let left = sorted.partition_point(|one| leaves(second(one), window.length_s) <= now);
    let max = usize::from(window.max);
    if sorted.len() - left < max {
        return None;
    }
    // All but `max - 1` have to leave. A maximum of 0 never has room, and the end of time is told.
    let last = sorted.get(sorted.len() - max).map(|one| leaves(second(one), window.length_s));
    Some(last.unwrap_or(Timestamp::from_millis(i64::MAX)))
}

/// Drops what no window counts any more, and what is more than can matter.
fn prune<T>(sorted: &mut Vec<T>, second: impl Fn(&T) -> u32, longest_s: u32, now: Timestamp) {
    let old = sorted.partition_point(|one| leaves(second(one), longest_s) <= now);
    let surplus = sorted.len().saturating_sub(MOST_KEPT);
    sorted.drain(..old.max(surplus));
}

/// The times of something, such as messages to a phone; oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    seconds: Vec<u32>,
}

impl Times {
    /// When all windows have room for one more; nothing when they have it now.
    pub fn room_at(&self, windows: &[Window], now: Timestamp) -> Option<Timestamp> {
        windows.iter().filter_map(|window| room_at(&self.seconds, |second| *second, *window, now)).max()
    }

    /// When the wait after the last one is over: `ladder_s[n − 1]` after the n-th in ten minutes, the last of the
    /// ladder for more. Nothing when it is over. The wait gets shorter when an earlier one leaves the ten minutes
    /// meanwhile.
    pub fn spaced_at(&self, ladder_s: &[u16], now: Timestamp) -> Option<Timestamp> {
        let last = *self.seconds.last()?;
        let free_with = |recent: usize| {
            let step = recent.checked_sub(1)?.min(ladder_s.len().checked_sub(1)?);
            let reached = match self.seconds.len().checked_sub(recent + 1) {
                Some(left) => leaves(*self.seconds.get(left)?, LADDER_S),
                None => Timestamp::EPOCH,
            };
            Some(reached.max(leaves(last, u32::from(*ladder_s.get(step)?))))
        };
        let recent = self.seconds.iter().filter(|&&second| leaves(second, LADDER_S) > now).count();
        let free_at = (1..=recent).filter_map(free_with).min()?.min(leaves(last, LADDER_S));
        (free_at > now).then_some(free_at)
    }

    /// Counts one.
    pub fn add(&mut self, longest_s: u32, now: Timestamp) {
        prune(&mut self.seconds, |second| *second, longest_s, now);
        let second = second_of(now).max(self.seconds.last().copied().unwrap_or(0));
        self.seconds.push(second);
    }

    /// Counts one less of those of that time.
    pub fn remove(&mut self, at: Timestamp) {
        let second = second_of(at);
        if let Some(at) = self.seconds.iter().rposition(|counted| *counted == second) {
            self.seconds.remove(at);
        }
    }

    /// When the last one leaves a window of that length.
    pub fn empty_at(&self, length_s: u32) -> Timestamp {
        self.seconds.last().map_or(Timestamp::EPOCH, |&last| leaves(last, length_s))
    }

    /// Becomes as full as the fuller of both, at every later time.
    pub fn take_over(&mut self, other: &Times) {
        merge(&mut self.seconds, &other.seconds, |second| *second, |second| second);
    }

    /// Bytes that it holds beside its own size.
    pub fn heap_bytes(&self) -> usize {
        self.seconds.capacity() * size_of::<u32>()
    }
}

/// The distinct things that a key was seen with, such as numbers asked for from an address; the one seen longest ago
/// first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distinct {
    seen: Vec<Seen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// 0: of a key that was forgotten; equals none.
    tag: u32,
    second: u32,
}

impl Distinct {
    /// When all windows have room for this one; nothing when they have it now. What a window holds already takes no
    /// more room in it.
    pub fn room_at(&self, tag: u32, windows: &[Window], now: Timestamp) -> Option<Timestamp> {
        let known = self.seen.iter().find(|seen| seen.tag == tag).map(|seen| seen.second);
        let counted = |window: &Window| known.is_some_and(|second| leaves(second, window.length_s) > now);
        let room = |window: &Window| room_at(&self.seen, |seen| seen.second, *window, now);
        windows.iter().filter(|window| !counted(window)).filter_map(room).max()
    }

    /// Counts one.
    pub fn add(&mut self, tag: u32, longest_s: u32, now: Timestamp) {
        self.remove(tag);
        prune(&mut self.seen, |seen| seen.second, longest_s, now);
        let second = second_of(now).max(self.seen.last().map_or(0, |last| last.second));
        self.seen.push(Seen { tag, second });
    }

    /// Counts one no more.
    pub fn remove(&mut self, tag: u32) {
        if let Some(at) = self.seen.iter().position(|seen| seen.tag == tag) {
            self.seen.remove(at);
        }
    }

    /// When the last one leaves a window of that length.
    pub fn empty_at(&self, length_s: u32) -> Timestamp {
        self.seen.last().map_or(Timestamp::EPOCH, |last| leaves(last.second, length_s))
    }

    /// Becomes as full as the fuller of both, at every later time.
    pub fn take_over(&mut self, other: &Distinct) {
        merge(&mut self.seen, &other.seen, |seen| seen.second, |second| Seen { tag: 0, second });
    }

    /// Bytes that it holds beside its own size.
    pub fn heap_bytes(&self) -> usize {
        self.seen.capacity() * size_of::<Seen>()
    }
}

/// The k-th latest of the result is the later of both k-th latest ones: every window of any length holds at least as
/// many of it as of either.
fn merge<T>(own: &mut Vec<T>, other: &[T], second: impl Fn(&T) -> u32, made: impl Fn(u32) -> T) {
    let count = own.len().max(other.len());
    let latest = |all: &[T], back: usize| all.len().checked_sub(back).and_then(|at| all.get(at)).map(&second);
    let merged = (1..=count).rev().map(|back| latest(own, back).max(latest(other, back)).unwrap_or(0));
    let merged: Vec<T> = merged.map(made).collect();
    *own = merged;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const START: Timestamp = Timestamp::from_millis(1_795_428_000_400);
    const WINDOWS: [Window; 2] = [Window::of(3600, 5), Window::of(86_400, 15)];

    fn after(seconds: u64) -> Timestamp {
        START.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn r3_waits_between_messages_grow() {
        let ladder = [30, 45, 60, 120];
        let mut times = Times::default();
        let mut now = START;
        let mut waits = Vec::new();
        for _ in 0..6 {
            times.add(LONGEST_S, now);
            let free_at = times.spaced_at(&ladder, now).unwrap();
            waits.push(now.seconds_until(free_at));
            assert_eq!(times.spaced_at(&ladder, free_at), None);
            now = free_at;
        }
        assert_eq!(waits, [31, 45, 60, 120, 120, 120], "the first second had begun");
        assert_eq!(times.spaced_at(&ladder, now.plus(Duration::from_secs(700))), None);
    }

    #[test]
    fn r3_a_wait_gets_shorter_when_an_earlier_message_leaves_the_ten_minutes() {
        let mut times = Times::default();
        for seconds in [0, 100, 200, 530] {
            times.add(LONGEST_S, after(seconds));
        }
        let free_at = times.spaced_at(&[30, 45, 60, 120], after(530)).unwrap();
        assert_eq!(
            after(530).seconds_until(free_at),
            71,
            "the first one leaves after 600 s; then it is 60 s"
        );
    }

    #[test]
    fn the_same_thing_again_takes_no_more_room() {
        let mut seen = Distinct::default();
        for tag in 1..=5 {
            assert_eq!(seen.room_at(tag, &WINDOWS, START), None);
            seen.add(tag, 86_400, START);
        }
        assert_eq!(seen.room_at(3, &WINDOWS, after(60)), None);
        assert!(seen.room_at(6, &WINDOWS, after(60)).is_some());
        seen.remove(2);
        assert_eq!(seen.room_at(6, &WINDOWS, after(60)), None);
    }

    #[test]
    fn no_room_at_all_is_told_as_never() {
        let never = Times::default().room_at(&[Window::of(60, 0)], START);
        assert_eq!(never, Some(Timestamp::from_millis(i64::MAX)));
    }

    proptest! {
        #[test]
        fn o7_windows_are_never_exceeded_and_retry_after_is_right_to_the_second(
            steps in proptest::collection::vec((0_u64..5000, 1_u32..40), 1..150),
        ) {
            let (mut seen, mut times) = (Distinct::default(), Times::default());
            let mut now = START;
            let mut log: Vec<(Timestamp, u32)> = Vec::new();
            let mut sent: Vec<Timestamp> = Vec::new();
            for (wait_ms, tag) in steps {
                now = now.plus(Duration::from_millis(wait_ms * 97));
                match seen.room_at(tag, &WINDOWS, now) {
                    None => {
                        seen.add(tag, 86_400, now);
                        log.push((now, tag));
                    }
                    Some(room_at) => {
                        let wait = now.seconds_until(room_at);
                        let early = now.plus(Duration::from_secs(wait - 1));
                        prop_assert!(seen.room_at(tag, &WINDOWS, early).is_some());
                        prop_assert!(seen.room_at(tag, &WINDOWS, now.plus(Duration::from_secs(wait))).is_none());
                    }
                }
                match times.room_at(&WINDOWS, now) {
                    None => {
                        times.add(86_400, now);
                        sent.push(now);
                    }
                    Some(room_at) => {
                        let wait = now.seconds_until(room_at);
                        prop_assert!(times.room_at(&WINDOWS, now.plus(Duration::from_secs(wait - 1))).is_some());
                        prop_assert!(times.room_at(&WINDOWS, now.plus(Duration::from_secs(wait))).is_none());
                    }
                }
                for window in WINDOWS {
                    let since = now.minus(Duration::from_secs(u64::from(window.length_s)));
                    let mut tags: Vec<u32> =
                        log.iter().filter(|(at, _)| *at > since).map(|(_, tag)| *tag).collect();
                    tags.sort_unstable();
                    tags.dedup();
                    prop_assert!(tags.len() <= usize::from(window.max));
                    prop_assert!(sent.iter().filter(|at| **at > since).count() <= usize::from(window.max));
                }
            }
        }

        #[test]
        fn who_takes_over_is_never_looser_than_who_was_forgotten(
            own in proptest::collection::vec(0_u64..100_000, 0..20),
            other in proptest::collection::vec(0_u64..100_000, 0..20),
            later in 0_u64..200_000,
        ) {
            let filled = |mut seconds: Vec<u64>| {
                seconds.sort_unstable();
                let mut seen = Distinct::default();
                for (tag, second) in (1..).zip(seconds) {
                    seen.add(tag, 604_800, after(second));
                }
                seen
            };
            let (own, other) = (filled(own), filled(other));
            let mut both = own.clone();
            both.take_over(&other);
            let at = after(100_000 + later);
            for window in [Window::of(3600, 3), Window::of(86_400, 8)] {
                let strict = both.room_at(9999, &[window], at);
                prop_assert!(strict >= own.room_at(9999, &[window], at));
                prop_assert!(strict >= other.room_at(9999, &[window], at));
            }
        }
    }
}
