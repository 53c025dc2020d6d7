//! Guard: what it bounds, and what it has seen.

use std::time::Duration;

use countersign_core::guard::loss::{BoundBy, Share};
use countersign_core::guard::policy::CreditKey;
use countersign_core::price::Price;

use super::{Caller, Services};
use crate::guard::GuardFigures;

/// The time that a printed bound is for.
pub const BOUND_WINDOW: Duration = Duration::from_hours(24);

/// The most that one quiet key can cost in [`BOUND_WINDOW`], if no more than `share` of the codes are typed.
pub struct Bound {
    /// Of which kind the key is.
    pub key: CreditKey,
    /// The share of codes that are typed.
    pub share: Share,
    /// Messages; nothing where typed codes pay for themselves.
    pub messages: Option<u64>,
    /// Money; nothing where no price is known or nothing bounds it.
    pub money: Option<Price>,
    /// What the money comes from.
    pub bound_by: BoundBy,
}

/// Shares that a bound is told for: nobody types a code, and a quarter of the attacker's requests do.
const SHARES: [Share; 2] = [Share::NONE, Share::percent(25)];

/// What the guard of an app bounds, and what it has seen.
pub struct GuardReport {
    /// The bounds.
    pub bounds: Vec<Bound>,
    /// The highest price of a message that any provider lists.
    pub highest_price: Option<Price>,
    /// What is allowed and yet worth a second thought.
    pub notes: Vec<String>,
    /// What it has seen.
    pub figures: GuardFigures,
}

impl Services {
    /// What the guard of the caller's app bounds, and what it has seen.
    pub fn guard_report(&self, caller: &Caller) -> GuardReport {
        let (policy, now) = (&caller.app.policy.guard, self.clock.now());
        let highest_price = self.routing.highest_listed_price(now);
        let keys = [CreditKey::Range, CreditKey::Country, CreditKey::Unseen];
        let bounds = keys.into_iter().flat_map(|key| SHARES.map(|share| (key, share)));
        let bounds = bounds.map(|(key, share)| {
            let bound = policy.bound(key);
            let worst = highest_price.map(|price| policy.worst_case(&bound, price, BOUND_WINDOW, share));
            Bound {
                key,
                share,
                messages: bound.messages(BOUND_WINDOW, share),
                money: worst.and_then(|worst| worst.money),
                bound_by: worst.map_or(BoundBy::Credit, |worst| worst.bound_by),
            }
        });
        GuardReport {
            bounds: bounds.collect(),
            highest_price,
            notes: policy.lint(),
            figures: self.guards.figures(&caller.app, &self.engine.keyring(), now),
        }
    }
}
