//! The guard of one app with its states in memory that is bounded.

use super::asn::NetworkHours;
use super::budget::GuessBudget;
use super::caps::DaySum;
use super::credit::{Credit, CreditLimits};
use super::decide::{Action, Request, RequestPurpose, Ruling, View, decide};
use super::key::{Area, Destination, KeyId, KeyKind, Keyer};
use super::known::{Import, InvalidImport};
use super::near::Maps;
use super::pending::PendingQueue;
use super::policy::{GuardPolicy, InvalidGuardPolicy};
use super::probe::{Lot, ProbeCount};
use super::sent::{NumberKeys, Passage, Sent, Verified};
use super::state::{
    CountryState, CustomerState, DeviceState, NumberRecord, NumbersOfDay, PhoneState, RangeState,
};
use super::table::{Footprint, Forgotten, Table};
use super::verdict::Verdict;
use crate::time::Timestamp;

/// A request with its keys.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Names the request, for its conversion.
    pub id: KeyId,
    /// The address and network that it comes from.
    pub net: Option<(KeyId, KeyId)>,
    /// The request.
    pub request: Request,
}

/// The guard of one app, with its states in bounded memory.
pub struct Guard {
    pub(super) policy: GuardPolicy,
    keyer: Keyer,
    pub(super) now: Timestamp,
    pub(super) phones: Table<PhoneState>,
    pub(super) blocks: Table<NumbersOfDay>,
    pub(super) ranges: Table<RangeState>,
    pub(super) addresses: Table<NumbersOfDay>,
    pub(super) networks: Table<NumbersOfDay>,
    pub(super) systems: Table<NetworkHours>,
    pub(super) devices: Table<DeviceState>,
    pub(super) sessions: Table<DeviceState>,
    pub(super) customers: Table<CustomerState>,
    pub(super) countries: Vec<Option<Box<CountryState>>>,
    pub(super) unseen_country: CountryState,
    pub(super) app_spend: DaySum,
    pub(super) instance_spend: DaySum,
    pub(super) pending: PendingQueue,
    pub(super) maps: Maps,
    pub(super) probes: ProbeCount,
    pub(super) alarms: Alarms,
    pub(super) highest_caps: (u64, u64),
    pub(super) guesses: GuessBudget,
}

/// Alarms so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alarms {
    /// Of the sum on conversions of a range.
    pub range_conversion: u64,
    /// Of that of a country.
    pub country_conversion: u64,
    /// Of the near-number test.
    pub near_numbers: u64,
    /// Falls of conversion that known numbers shared: outages. They raise no strike.
    pub outages: u64,
}

impl Guard {
    /// A guard that has seen nothing.
    pub fn new(policy: GuardPolicy, keyer: Keyer) -> Result<Self, InvalidGuardPolicy> {
        policy.validate()?;
        Ok(Self::sized(policy, keyer))
    }

    fn sized(policy: GuardPolicy, keyer: Keyer) -> Self {
        let memory = policy.memory;
        let size = |count: u32| count as usize;
        Guard {
            keyer,
            now: Timestamp::EPOCH,
            phones: Table::new(size(memory.phones), PhoneState::default()),
            blocks: Table::new(size(memory.blocks), NumbersOfDay::default()),
            ranges: Table::new(size(memory.ranges), RangeState::unseen(&policy)),
            addresses: Table::new(size(memory.addresses), NumbersOfDay::default()),
            networks: Table::new(size(memory.addresses), NumbersOfDay::default()),
            systems: Table::new(size(memory.systems), NetworkHours::default()),
            devices: Table::new(size(memory.devices), DeviceState::default()),
            sessions: Table::new(size(memory.devices), DeviceState::default()),
            customers: Table::new(size(memory.customers), CustomerState::default()),
            countries: (0..Area::COUNT).map(|_| None).collect(),
            unseen_country: CountryState::unseen(&policy),
            app_spend: DaySum::NONE,
            instance_spend: DaySum::NONE,
            pending: PendingQueue::new(size(memory.pending)),
            maps: Maps(memory.maps),
            probes: ProbeCount::default(),
            alarms: Alarms::default(),
            highest_caps: (0, 0),
            guesses: GuessBudget::NEW,
            policy,
        }
    }

    /// A guard that has seen nothing and allows what is allowed by default.
    pub fn by_default(keyer: Keyer) -> Self {
        Self::sized(GuardPolicy::default(), keyer)
    }

    /// Follows another policy from now on. Its tables keep the size that they were made with.
    pub fn follow(&mut self, policy: GuardPolicy) {
        self.policy = policy;
    }

    /// Takes over what all apps spent together.
    pub const fn share_spend(&mut self, instance: DaySum) {
        self.instance_spend = instance;
    }

    /// What all apps spent together, with what this one added.
    pub const fn shared_spend(&self) -> DaySum {
        self.instance_spend
    }

    /// What the app spent in the last 24 hours, in millionths of the policy's currency.
    pub fn spent_micros(&self) -> u64 {
        self.app_spend.at(self.now).sum()
    }

    /// What it allows.
    pub const fn policy(&self) -> &GuardPolicy {
        &self.policy
    }

    /// What makes its ids.
    pub const fn keyer(&self) -> &Keyer {
        &self.keyer
    }

    /// Decides about a request, and takes what it takes if it is allowed. A clock that goes back stands still.
    pub fn ask(&mut self, asked: &Asked, now: Timestamp) -> Ruling {
        self.admit(asked, None, now).0
    }

    /// The same for a caller who keeps the records of numbers, and a [`Sent`] of what was allowed and taken: nothing in
    /// the mode `off`.
    pub fn admit(
        &mut self,
        asked: &Asked,
        record: Option<NumberRecord>,
        now: Timestamp,
    ) -> (Ruling, Option<Sent>) {
        self.advance(now);
        let keys = NumberKeys::of(&asked.request.destination, &self.keyer);
        let kept = self.phones.look(keys.phone);
        let phone = record.map(|NumberRecord { successes, listed }| PhoneState {
            sends: kept.sends.clone(),
            successes,
            listed,
        });
        let phone = phone.as_ref().unwrap_or(kept);
        let ruling = decide(&self.policy, &asked.request, &self.view(asked, &keys, phone), self.now);
        let verified = if phone.successes.any() { Verified::Before } else { Verified::Never };
        // A message that is sent again is judged with its first one, and so is no probe that says anything.
        let counts = asked.request.purpose != RequestPurpose::Again;
        match ruling.lot {
            Lot::NotDrawn if counts => self.probes.refuse(asked.request.price_micros),
            Lot::UsedUp if counts => self.probes.used_up += 1,
            Lot::None | Lot::Drawn | Lot::NotDrawn | Lot::UsedUp => {}
        }
        if ruling.action != Action::Allow || !self.policy.mode.looks() {
            return (ruling, None);
        }
        let passage = if ruling.bypasses(&self.policy) { Passage::Bypass } else { Passage::Judged };
        let sent = Sent::of(asked, keys, &ruling, (passage, verified), self);
        self.take(&sent);
        (ruling, Some(sent))
    }

    fn view<'a>(&'a self, asked: &Asked, keys: &NumberKeys, phone: &'a PhoneState) -> View<'a> {
        let request = &asked.request;
        let system = request.network.map(|network| self.system_id(network.asn));
        let country = self.countries.get(request.destination.area().index()).and_then(Option::as_deref);
        View {
            phone,
            phone_tag: keys.phone.tag(),
            block: self.blocks.look(keys.block),
            range: self.ranges.look(keys.range),
            country: country.unwrap_or(&self.unseen_country),
            address: asked.net.map(|(address, _)| self.addresses.look(address)),
            network: asked.net.map(|(_, network)| self.networks.look(network)),
            system: system.map(|id| self.systems.look(id)),
            device: request.asker.device.map(|id| self.devices.look(id)),
            session: request.session.map(|id| self.sessions.look(id)),
            customer: request.asker.customer.map(|id| self.customers.look(id)),
            app_spend: &self.app_spend,
            instance_spend: &self.instance_spend,
        }
    }

    pub(super) fn system_id(&self, asn: u32) -> KeyId {
        self.keyer.id_of(KeyKind::Asn, u64::from(asn))
    }

    pub(super) fn country_mut(&mut self, area: Area) -> &mut CountryState {
        let unseen = &self.unseen_country;
        // Every area has its place.
        let last = self.countries.len().saturating_sub(1);
        let place = &mut self.countries[area.index().min(last)];
        place.get_or_insert_with(|| Box::new(unseen.clone()))
    }

    /// Whether messages to a country arrive, as far as known numbers tell.
    pub fn verdict(&self, area: Area) -> Verdict {
        let country = self.countries.get(area.index()).and_then(Option::as_ref);
        country.map_or(Verdict::Normal, |country| country.groups.verdict(self.now))
    }

    /// Takes a number over that was verified elsewhere.
    pub fn import(
        &mut self,
        destination: &Destination,
        import: Import,
        now: Timestamp,
    ) -> Result<(), InvalidImport> {
        self.now = self.now.max(now);
        let phone = self.phones.enter(destination.phone_id(&self.keyer), self.now);
        phone.successes = phone.successes.imported(import, self.now)?;
        Ok(())
    }

    /// Whether a request of this name is still remembered as sent.
    pub fn remembers(&self, request: KeyId) -> bool {
        self.pending.contains(request)
    }

    /// What it has refused by lot, and what the probes among that became.
    pub const fn probes(&self) -> ProbeCount {
        self.probes
    }

    /// Alarms so far.
    pub const fn alarms(&self) -> Alarms {
        self.alarms
    }

    /// The highest cap that any range's credit ever had, and any country's, in units of credit.
    pub fn highest_caps(&self) -> (u64, u64) {
        let quiet = (&self.policy.credit.range, &self.policy.credit.country);
        let start = |limits: &CreditLimits| Credit::unseen(limits, self.now).cap_units();
        (self.highest_caps.0.max(start(quiet.0)), self.highest_caps.1.max(start(quiet.1)))
    }

    /// What it keeps in memory. Looks at every key.
    pub fn footprint(&self) -> Footprint {
        let countries = self.countries.iter().flatten().count();
        let of_countries = Footprint {
            keys: countries,
            bytes: self.countries.capacity() * size_of::<usize>() + countries * size_of::<CountryState>(),
        };
        [
            self.phones.footprint(),
            self.blocks.footprint(),
            self.ranges.footprint(),
            self.addresses.footprint(),
            self.networks.footprint(),
            self.systems.footprint(),
            self.devices.footprint(),
            self.sessions.footprint(),
            self.customers.footprint(),
            self.pending.footprint(),
        ]
        .into_iter()
        .fold(of_countries, Footprint::plus)
    }

    /// Keys that made room for others, of all kinds.
    pub fn forgotten(&self) -> Forgotten {
        let all = [
            self.phones.forgotten(),
            self.blocks.forgotten(),
            self.ranges.forgotten(),
            self.addresses.forgotten(),
            self.networks.forgotten(),
            self.systems.forgotten(),
            self.devices.forgotten(),
            self.sessions.forgotten(),
            self.customers.forgotten(),
        ];
        all.into_iter().fold(Forgotten::default(), |sum, one| Forgotten {
            idle: sum.idle + one.idle,
            pressed: sum.pressed + one.pressed,
        })
    }
}
