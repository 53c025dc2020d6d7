//! The printed bound, held against each campaign at each of its messages.

use std::collections::HashMap;
use std::time::Duration;

use countersign_core::guard::credit::Credit;
use countersign_core::guard::loss::KeyBound;
use countersign_core::time::Timestamp;

use super::defender::at;

/// The messages of a campaign to one key, between its first and its last there.
#[derive(Clone, Copy, Debug)]
struct Stay {
    campaign: usize,
    bound: KeyBound,
    first_ms: u64,
    /// All messages and typed codes of the key since, whoever's.
    sent: u64,
    typed: u64,
    /// The most messages when the campaign's last one left.
    most: u64,
    price_micros: u64,
}

/// Keys of one kind.
pub struct Ledger {
    quiet: KeyBound,
    credits: HashMap<u32, Credit>,
    stays: HashMap<u32, Vec<Stay>>,
    /// Messages that were more than the bound says. None, or the guard is wrong.
    pub broken: u64,
}

impl Ledger {
    /// Of keys with such a bound while they are quiet.
    pub fn new(quiet: KeyBound) -> Self {
        Ledger { quiet, credits: HashMap::new(), stays: HashMap::new(), broken: 0 }
    }

    fn credit(&mut self, key: u32) -> &mut Credit {
        let limits = self.quiet.limits;
        self.credits.entry(key).or_insert_with(|| Credit::unseen(&limits, Timestamp::EPOCH))
    }

    /// A message that took credit left.
    pub fn sent(&mut self, key: u32, campaign: Option<usize>, price_micros: u64, now_ms: u64) {
        let limits = self.quiet.limits;
        let credit = self.credit(key);
        *credit = credit.at(&limits, at(now_ms));
        let cap_units = credit.cap_units();
        *credit = credit.taken();
        let bound = KeyBound { cap_units, ..self.quiet };
        let stays = if campaign.is_some() {
            Some(self.stays.entry(key).or_default())
        } else {
            self.stays.get_mut(&key)
        };
        let Some(stays) = stays else { return };
        if let Some(campaign) = campaign
            && stays.iter().all(|stay| stay.campaign != campaign)
        {
            let (sent, typed, most) = (0, 0, 0);
            stays.push(Stay { campaign, bound, first_ms: now_ms, sent, typed, most, price_micros });
        }
        for stay in stays {
            stay.sent += 1;
            if Some(stay.campaign) == campaign {
                let window = Duration::from_millis(now_ms - stay.first_ms);
                stay.most = stay.bound.messages_with(window, stay.typed);
                self.broken += u64::from(stay.sent > stay.most);
            }
        }
    }

    /// A code of it was typed.
    pub fn typed(&mut self, key: u32, now_ms: u64) {
        let limits = self.quiet.limits;
        let credit = self.credit(key);
        *credit = credit.converted(&limits, at(now_ms));
        for stay in self.stays.get_mut(&key).into_iter().flatten() {
            stay.typed += 1;
        }
    }

    /// The most that a campaign can have cost over all keys that it touched, in millionths.
    pub fn bound_micros(&self, campaign: usize) -> u64 {
        let stays = self.stays.values().flatten().filter(|stay| stay.campaign == campaign);
        stays.map(|stay| stay.most.saturating_mul(stay.price_micros)).sum()
    }
}
