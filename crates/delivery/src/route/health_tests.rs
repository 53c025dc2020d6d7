use std::time::Duration;

use countersign_core::phone::E164;
use countersign_core::time::Timestamp;
use countersign_core::verification::{ReceiptStatus, Standing};

use super::conversion::Evidence;
use super::health::{Health, HealthSettings, Observed, ReceiptSeen, Verdict, What};
use super::place::{CellKey, Place, Scope};
use super::transport::Transport;
use crate::provider::ProviderName;

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn place(number: &str) -> Place {
    Place::of(&E164::parse_fictional(number, None).unwrap())
}

fn britain() -> Place {
    place("+447700900123")
}

fn name(name: &str) -> ProviderName {
    name.parse().unwrap()
}

/// Health with its clock.
struct Watcher {
    health: Health,
    now: Timestamp,
}

impl Watcher {
    fn new() -> Self {
        Watcher { health: Health::new(HealthSettings::default()), now: START }
    }

    fn see(&mut self, provider: &str, place: Place, standing: Standing, evidence: Evidence) -> Vec<What> {
        self.now = self.now.plus(Duration::from_secs(20));
        let provider = name(provider);
        let seen = Observed { provider: &provider, place, standing };
        self.health.evidence(&seen, evidence, self.now).into_iter().map(|change| change.what).collect()
    }

    /// Nine of ten verify.
    fn train(&mut self, provider: &str, place: Place) {
        for round in 0..300 {
            let evidence = if round % 10 == 0 { Evidence::Unverified } else { Evidence::Verified };
            let standing = if round % 3 == 0 { Standing::KnownCustomer } else { Standing::Stranger };
            self.see(provider, place, standing, evidence);
        }
    }

    fn fail(&mut self, provider: &str, place: Place, times: u32) {
        for _ in 0..times {
            self.see(provider, place, Standing::Stranger, Evidence::Unverified);
        }
    }

    fn is_open(&self, provider: &str, place: Place) -> bool {
        !self.health.state(&name(provider), place, self.now).is_healthy()
    }
}

#[test]
fn one_countrys_outage_closes_that_country_only() {
    let mut watcher = Watcher::new();
    let germany = place("+4915112345678");
    for _ in 0..3 {
        watcher.train("a", britain());
        watcher.train("a", germany);
    }
    for _ in 0..40 {
        watcher.fail("a", britain(), 1);
        watcher.see("a", germany, Standing::Stranger, Evidence::Verified);
    }
    assert!(watcher.is_open("a", britain()));
    assert!(!watcher.is_open("a", germany));
}

#[test]
fn small_groups_are_judged_by_what_their_country_and_provider_see() {
    let mut watcher = Watcher::new();
    let groups: Vec<Place> = (10..60).map(|group| place(&format!("+4477{group}900123"))).collect();
    // Ten outcomes a group: none of them may judge, the country may.
    for round in 0..10 {
        for &group in &groups {
            let evidence = if round == 3 { Evidence::Unverified } else { Evidence::Verified };
            watcher.see("a", group, Standing::Stranger, evidence);
        }
    }
    assert!(groups.iter().all(|&group| !watcher.is_open("a", group)));
    for &group in &groups[..15] {
        watcher.fail("a", group, 1);
    }
    assert!(watcher.is_open("a", groups[40]), "a group that has seen no failure of its own");
}

#[test]
fn probes_that_convert_close_all_widths() {
    let mut watcher = Watcher::new();
    watcher.train("a", britain());
    watcher.fail("a", britain(), 30);
    assert!(watcher.is_open("a", britain()));
    let seen: Vec<What> =
        (0..10).flat_map(|_| watcher.see("a", britain(), Standing::Stranger, Evidence::Verified)).collect();
    assert_eq!(seen, [What::ConversionClosed]);
    assert!(!watcher.is_open("a", britain()));
}

#[test]
fn b_3_6_on_all_routes_at_once_it_is_fraud_and_on_one_an_outage() {
    let routes = ["a", "b"].map(name);
    let mut watcher = Watcher::new();
    for route in ["a", "b"] {
        watcher.train(route, britain());
    }
    assert_eq!(watcher.health.verdict(&routes, britain()), Verdict::Healthy);
    watcher.fail("a", britain(), 30);
    assert_eq!(watcher.health.verdict(&routes, britain()), Verdict::Outage(vec![name("a")]));
    watcher.fail("b", britain(), 30);
    assert_eq!(watcher.health.verdict(&routes, britain()), Verdict::Fraud);
}

#[test]
fn b_3_6_known_customers_who_still_convert_make_it_fraud() {
    let mut watcher = Watcher::new();
    watcher.train("a", britain());
    let mut seen = Vec::new();
    for round in 0..60 {
        let (standing, evidence) = match round % 3 {
            0 => (Standing::KnownCustomer, Evidence::Verified),
            _ => (Standing::Stranger, Evidence::Unverified),
        };
        seen.extend(watcher.see("a", britain(), standing, evidence));
        if seen.contains(&What::FraudSuspected) {
            break;
        }
        if round == 6 {
            assert_eq!(watcher.health.verdict(&[name("a")], britain()), Verdict::Fraud);
        }
    }
    assert!(seen.contains(&What::FraudSuspected) && !seen.contains(&What::ConversionOpened), "{seen:?}");
    assert!(!watcher.is_open("a", britain()));
}

#[test]
fn a_lost_bind_concerns_every_country_and_its_return_too() {
    let mut watcher = Watcher::new();
    assert!(watcher.health.bind_lost(&name("a"), START).is_some());
    assert!(watcher.health.bind_lost(&name("a"), START).is_none(), "no news");
    assert!(watcher.is_open("a", place("+4915112345678")));
    assert!(!watcher.is_open("b", britain()));
    watcher.health.bind_restored(&name("a"));
    assert!(!watcher.is_open("a", britain()));
}

/// Messages that were on their way fail with the bind, before and after its end is told.
#[test]
fn what_failed_with_a_lost_bind_does_not_outlast_it() {
    let mut watcher = Watcher::new();
    let fail = |watcher: &mut Watcher| {
        for _ in 0..10 {
            watcher.health.transport(&name("a"), britain(), Transport::Failed, START);
        }
    };
    fail(&mut watcher);
    watcher.health.bind_lost(&name("a"), START);
    fail(&mut watcher);
    let changes: Vec<What> =
        watcher.health.bind_restored(&name("a")).into_iter().map(|change| change.what).collect();
    let closed = What::TransportClosed;
    assert_eq!(changes, [What::BindRestored, closed, closed, closed]);
    assert!(!watcher.is_open("a", britain()));
    assert_eq!(watcher.health.bind_restored(&name("a")), []);
}

#[test]
fn receipts_that_lie_are_noticed() {
    let mut watcher = Watcher::new();
    let key = CellKey { provider: name("a"), scope: Scope::Group(britain().group) };
    watcher.train("a", britain());
    let receipts = |watcher: &mut Watcher, status| {
        for _ in 0..30 {
            let seen = ReceiptSeen::Came { status, after: Duration::from_secs(4) };
            watcher.health.receipt(&name("a"), britain(), seen, watcher.now);
        }
    };
    receipts(&mut watcher, ReceiptStatus::Delivered);
    let lie = |watcher: &Watcher| watcher.health.figures(&key, watcher.now).unwrap().receipts_lie;
    assert!(!lie(&watcher), "customers verify");
    watcher.fail("a", britain(), 30);
    receipts(&mut watcher, ReceiptStatus::Delivered);
    assert!(lie(&watcher));
    for _ in 0..5 {
        receipts(&mut watcher, ReceiptStatus::Failed);
    }
    assert!(!lie(&watcher), "the receipts say what happens");
}

#[test]
fn patience_is_p95_where_receipts_are_usual() {
    let mut watcher = Watcher::new();
    let patience = |watcher: &Watcher| watcher.health.receipt_patience(&name("a"), britain(), watcher.now);
    assert_eq!(patience(&watcher), None);
    for _ in 0..40 {
        let seen = ReceiptSeen::Came { status: ReceiptStatus::Delivered, after: Duration::from_secs(4) };
        watcher.health.receipt(&name("a"), britain(), seen, watcher.now);
    }
    let usual = patience(&watcher).unwrap();
    assert!(usual >= Duration::from_secs(4) && usual <= Duration::from_secs(5));
    for _ in 0..40 {
        watcher.health.receipt(&name("a"), britain(), ReceiptSeen::Missing, watcher.now);
    }
    assert_eq!(patience(&watcher), None, "half of the messages get none at all");
}

#[test]
fn memory_is_bounded_and_the_least_recently_used_cell_goes_first() {
    let settings = HealthSettings { max_cells: 100, ..HealthSettings::default() };
    let mut watcher = Watcher { health: Health::new(settings), now: START };
    watcher.train("a", britain());
    for route in 0..400 {
        watcher.see(&format!("r{route}"), britain(), Standing::Stranger, Evidence::Verified);
        watcher.see("a", britain(), Standing::Stranger, Evidence::Verified);
        assert!(watcher.health.cells() <= 100);
    }
    assert!(watcher.health.verified_rate(&name("a"), britain()) > 0.85, "the cell in use was dropped");
}

#[test]
fn state_survives_being_written_down() {
    let mut watcher = Watcher::new();
    watcher.train("a", britain());
    watcher.fail("a", britain(), 30);
    let json = serde_json::to_string(&watcher.health).unwrap();
    let again = Watcher { health: serde_json::from_str(&json).unwrap(), now: watcher.now };
    assert!(again.is_open("a", britain()));
    assert_eq!(again.health.cells(), watcher.health.cells());
}
