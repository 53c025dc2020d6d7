//! What routing policies are worth: customers, three routes, outages that no provider reports, and the
//! very code of `countersign_delivery::route` deciding.
//!
//! The world is that of the reference simulation: three routes deliver 95, 92 and 88 % of messages; 90 %
//! of the customers who get a code type it, after a median of 17 seconds; 60 % of those who get none ask
//! again after 30. Once a day the best route silently delivers 5 % for two hours. Its numbers are
//! assumptions, so only differences between policies mean anything.
//!
//! All policies meet the same customers with the same luck: what differs is their doing.

mod policy;
mod world;

pub use policy::Policy;
pub use world::{Outages, Plan, Tally, run};

/// Volumes that are simulated, in verifications a day.
pub const VOLUMES: [u32; 3] = [200, 2_000, 20_000];

/// What one policy came to.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Which.
    pub policy: Policy,
    /// Verifications a day.
    pub per_day: u32,
    /// Verified share of those that began in an outage, in percent.
    pub in_outages: f64,
    /// Verified share when nothing is wrong, in percent.
    pub healthy: f64,
    /// Euros for a thousand customers verified, over both.
    pub cost_per_verified: f64,
}

/// Runs one policy at one volume, with and without outages.
pub fn row(policy: Policy, per_day: u32, days: u32, seed: u64) -> Row {
    let plan = |outages| Plan { policy, per_day, days, outages, seed };
    let (troubled, calm) = (run(&plan(Outages::Daily)), run(&plan(Outages::None)));
    let verified = troubled.verified + calm.verified;
    let cost = troubled.cost_micros + calm.cost_micros;
    Row {
        policy,
        per_day,
        in_outages: percent(troubled.verified_in_outages, troubled.begun_in_outages),
        healthy: percent(calm.verified, calm.begun),
        cost_per_verified: percent(cost, verified) / 100_000.0,
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of a simulation are far below 2^53")]
    let (part, whole) = (part as f64, whole.max(1) as f64);
    100.0 * part / whole
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bars of the issue: within 4 points of the oracle in outages at 2,000 a day and above, and at
    /// most 0.1 point lost when nothing is wrong.
    #[track_caller]
    fn holds(per_day: u32, days: u32) {
        let of = |policy| row(policy, per_day, days, 1);
        let (ours, oracle) = (of(Policy::Ours), of(Policy::Oracle));
        assert!(ours.in_outages >= oracle.in_outages - 4.0, "{ours:?} {oracle:?}");
        assert!(ours.healthy >= oracle.healthy - 0.1, "{ours:?} {oracle:?}");
    }

    #[test]
    fn two_thousand_a_day_stay_near_the_oracle() {
        holds(2_000, 20);
    }

    #[test]
    fn twenty_thousand_a_day_stay_near_the_oracle() {
        holds(20_000, 2);
    }

    #[test]
    fn the_world_is_the_one_described() {
        let of = |policy| row(policy, 2_000, 12, 1);
        let near = |share: f64, expected: f64| (share - expected).abs() < 2.5;
        // 0.05 × 0.9, and then 60 % of the rest once more by the same or by another route.
        assert!(near(of(Policy::Static).in_outages, 7.1));
        assert!(near(of(Policy::ResendElsewhere).in_outages, 51.7));
        assert!(near(of(Policy::Oracle).in_outages, 86.6));
        assert!(near(of(Policy::Oracle).healthy, 88.0));
    }

    #[test]
    fn a_seed_gives_the_same_story_again() {
        let of =
            |seed| run(&Plan { policy: Policy::Ours, per_day: 500, days: 2, outages: Outages::Daily, seed });
        assert_eq!(of(3), of(3));
        assert_ne!(of(3), of(4));
    }
}
