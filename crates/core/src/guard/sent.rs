//! What an allowed message takes from the states of its keys, and how it is handed back.

use serde::{Deserialize, Serialize};

use super::decide::{RequestPurpose, Ruling};
use super::key::{Area, Destination, KeyId, Keyer};
use super::known::{Acquaintance, Asker, Order};
use super::memory::{Asked, Guard};
use super::near::Seen;
use super::pending::{Fate, GroupKind, Part, Pending};
use super::probe::Lot;
use super::state::Converted;
use super::thousandths::Thousandths;
use super::verdict::Verdict;
use super::window::LONGEST_S;
use crate::time::Timestamp;

const DAY_S: u32 = 86_400;

/// The keys of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberKeys {
    /// Of the number.
    pub phone: KeyId,
    /// Of its range.
    pub range: KeyId,
    /// Of its block.
    pub block: KeyId,
}

impl NumberKeys {
    /// Of a destination.
    pub fn of(destination: &Destination, keyer: &Keyer) -> Self {
        NumberKeys {
            phone: destination.phone_id(keyer),
            range: destination.range_id(keyer),
            block: destination.block_id(keyer),
        }
    }
}

/// Whether the detectors judged a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passage {
    /// They did.
    Judged,
    /// A known number passes them, and takes no credit.
    Bypass,
}

/// Whether a number was ever verified for the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verified {
    /// It was.
    Before,
    /// It was not: it counts in its block.
    Never,
}

/// A message that was allowed, with all that it takes. From a history of these and of what was typed the guard's
/// states can be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Names the request, for its conversion.
    pub request: KeyId,
    /// The number.
    pub number: NumberKeys,
    /// Where in its range it is. Together with the country it tells much of the number: kept sealed only.
    pub offset: u32,
    /// How many numbers the range has.
    pub range_size: u32,
    /// Its country.
    pub area: Area,
    /// The address that it was asked for from, and its network.
    pub net: Option<(KeyId, KeyId)>,
    /// The autonomous system of the address.
    pub system: Option<KeyId>,
    /// Who asked.
    pub asker: Asker,
    /// In which session.
    pub session: Option<KeyId>,
    /// What for.
    pub purpose: RequestPurpose,
    /// What it costs, in millionths of the policy's currency.
    pub price_micros: u64,
    /// Whether the detectors judged it.
    pub passage: Passage,
    /// Whether the number was ever verified.
    pub verified: Verified,
    /// In which group it counts.
    pub group: GroupKind,
    /// What the lot said of it.
    pub lot: Lot,
    /// Of a probe: how many of a hundred were drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_percent: Option<Thousandths>,
    /// When.
    pub at: Timestamp,
}

impl Sent {
    pub(super) fn of(
        asked: &Asked,
        number: NumberKeys,
        ruling: &Ruling,
        history: (Passage, Verified),
        guard: &Guard,
    ) -> Self {
        let request = &asked.request;
        Sent {
            request: asked.id,
            number,
            offset: request.destination.offset(),
            range_size: request.destination.range_size(),
            area: request.destination.area(),
            net: asked.net,
            system: request.network.map(|network| guard.system_id(network.asn)),
            asker: request.asker,
            session: request.session,
            purpose: request.purpose,
            price_micros: request.price_micros,
            passage: history.0,
            verified: history.1,
            group: if ruling.acquaintance == Acquaintance::New { GroupKind::New } else { GroupKind::Known },
            lot: ruling.lot,
            probe_percent: (ruling.lot == Lot::Drawn).then_some(guard.policy.probes.percent),
            at: guard.now,
        }
    }

    /// Whether a verification sends once more what it sent before.
    const fn is_again(&self) -> bool {
        matches!(self.purpose, RequestPurpose::Again)
    }
}

/// What the journal of an app's guard holds: everything that its states are made of, in the order in which it was
/// committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum JournalEntry {
    /// A message was allowed, and is on its way.
    Sent(Box<Sent>),
    /// Its code was typed.
    Converted {
        /// The request.
        request: KeyId,
        /// When.
        at: Timestamp,
    },
    /// A wrong code was typed.
    Guessed {
        /// How many equally likely codes it was one of.
        codes: u64,
        /// When.
        at: Timestamp,
    },
    /// Money left without being asked for.
    Spent {
        /// In millionths of the policy's currency.
        price_micros: u64,
        /// When.
        at: Timestamp,
    },
}

impl Guard {
    /// Goes through what happened once more.
    pub fn replay(&mut self, entry: &JournalEntry) {
        match entry {
            JournalEntry::Sent(sent) => {
                self.advance(sent.at);
                self.take(sent);
            }
            JournalEntry::Converted { request, at } => {
                self.convert(*request, Order::None, *at);
            }
            JournalEntry::Guessed { codes, at } => self.count_guess(*codes, *at),
            JournalEntry::Spent { price_micros, at } => {
                self.advance(*at);
                self.spend(*price_micros, *at);
            }
        }
    }

    /// Takes what an allowed message takes, and remembers it until it is judged. Another message of the same
    /// verification costs money and credit; who asks for it was counted with the first.
    pub fn take(&mut self, sent: &Sent) {
        self.now = self.now.max(sent.at);
        self.spend(sent.price_micros, sent.at);
        if !sent.is_again() {
            self.count_who(sent);
        }
        let part = match sent.passage {
            Passage::Bypass => Part::Bypass,
            Passage::Judged => self.take_as_new(sent),
        };
        if sent.is_again() {
            return;
        }
        self.pending.push(Pending {
            request: sent.request,
            phone: sent.number.phone,
            range: sent.number.range,
            block: sent.number.block,
            offset: sent.offset,
            range_size: sent.range_size,
            area: sent.area,
            asker: sent.asker,
            sent_at: self.now,
            part,
            fate: Fate::Open,
            group: sent.group,
            lot: sent.lot,
            probe_percent: sent.probe_percent.unwrap_or(self.policy.probes.percent),
            price_micros: sent.price_micros,
        });
    }

    /// Counts money that leaves without being asked for: another route, another channel of a workflow.
    pub fn spend(&mut self, price_micros: u64, at: Timestamp) {
        self.now = self.now.max(at);
        self.app_spend = self.app_spend.plus(price_micros, self.now);
        self.instance_spend = self.instance_spend.plus(price_micros, self.now);
    }

    fn count_who(&mut self, sent: &Sent) {
        let (now, tag) = (self.now, sent.number.phone.tag());
        self.phones.enter(sent.number.phone, now).sends.add(LONGEST_S, now);
        for (table, id) in [(&mut self.devices, sent.asker.device), (&mut self.sessions, sent.session)] {
            if let Some(id) = id {
                let state = table.enter(id, now);
                state.numbers.add(tag, DAY_S, now);
                state.starts.add(LONGEST_S, now);
            }
        }
        if let Some(id) = sent.asker.customer {
            let state = self.customers.enter(id, now);
            state.numbers.add(tag, LONGEST_S, now);
            if sent.purpose == RequestPurpose::NumberChange {
                state.changes.add(LONGEST_S, now);
            }
        }
    }

    /// What only messages take that do not pass the detectors.
    fn take_as_new(&mut self, sent: &Sent) -> Part {
        if !sent.is_again() {
            self.count_where(sent);
        }
        let in_pool = self.take_from_range(sent);
        let (limits, now) = (self.policy.credit, self.now);
        let country = self.country_mut(sent.area);
        country.credit = country.credit.at(&limits.country, now).taken();
        if sent.lot == Lot::Drawn {
            country.probed = country.probed.with_one(now);
        }
        if in_pool == Converted::Yes {
            return Part::Credit;
        }
        country.unseen = country.unseen.at(&limits.unseen, now).taken();
        Part::CreditAndPool
    }

    fn count_where(&mut self, sent: &Sent) {
        let (now, tag) = (self.now, sent.number.phone.tag());
        if let Some((address, network)) = sent.net {
            self.addresses.enter(address, now).0.add(tag, DAY_S, now);
            self.networks.enter(network, now).0.add(tag, DAY_S, now);
        }
        if let Some(system) = sent.system {
            self.systems.enter(system, now).add(sent.number.phone, now);
        }
        if sent.verified == Verified::Never {
            self.blocks.enter(sent.number.block, now).0.add(tag, DAY_S, now);
        }
    }

    fn take_from_range(&mut self, sent: &Sent) -> Converted {
        let (now, policy) = (self.now, &self.policy);
        let in_outage = self.verdict(sent.area) == Verdict::Outage;
        let range = self.ranges.enter(sent.number.range, now);
        range.credit = range.credit.at(&policy.credit.range, now).taken();
        if sent.lot == Lot::Drawn {
            range.probed = range.probed.with_one(now);
        }
        let converted = range.converted;
        if sent.is_again() {
            return converted;
        }
        range.distinct.add(sent.number.phone, now);
        let seen = range.near.add(sent.offset, sent.range_size, now, &mut self.maps);
        if seen == Seen::Alarm && !in_outage {
            range.near_strikes = range.near_strikes.alarmed(&policy.cusum, policy.cusum.longest_block_s, now);
            self.alarms.near_numbers += 1;
        }
        self.maps.0 += self.ranges.take_freed_maps();
        converted
    }

    /// Hands back what a message took that never left, so far as nothing is loosened by it: money, credit, its place
    /// among the starts and among what is judged. The distinct numbers of its keys stay counted, since an earlier
    /// message may have counted the same one.
    pub fn withdraw(&mut self, sent: &Sent) {
        let now = self.now;
        self.app_spend = self.app_spend.minus(sent.price_micros, now);
        self.instance_spend = self.instance_spend.minus(sent.price_micros, now);
        if !sent.is_again() {
            if let Some(phone) = self.phones.find_mut(sent.number.phone) {
                phone.sends.remove(sent.at);
            }
            let (devices, sessions) = (&mut self.devices, &mut self.sessions);
            for (table, id) in [(devices, sent.asker.device), (sessions, sent.session)] {
                if let Some(state) = id.and_then(|id| table.find_mut(id)) {
                    state.starts.remove(sent.at);
                }
            }
            if let Some(pending) = self.pending.find_mut(sent.request) {
                pending.fate = Fate::Withdrawn;
            }
        }
        if sent.passage == Passage::Bypass {
            return;
        }
        let converted = self.ranges.find_mut(sent.number.range).map(|range| {
            range.credit = range.credit.returned();
            range.converted
        });
        let country = self.country_mut(sent.area);
        country.credit = country.credit.returned();
        if converted == Some(Converted::Never) {
            country.unseen = country.unseen.returned();
        }
    }
}
