//! `kill -9` under load, 20 times (issue 2, "It must show" 3). Longer runs: the binary `torture`.

use std::time::Duration;

use countersign_sim::torture::{self, Plan};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i3_i4_i5_hold_through_20_kills_under_load() {
    let plan = Plan { kills: 20, load: Duration::from_millis(800), customers: 12, seed: 42 };
    let report = torture::run(plan).await.unwrap();
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    // A run in which nothing happened proves nothing.
    assert!(report.started > 500 && report.approved > 200 && report.redeemed > 80, "{report:?}");
    assert!(report.repeated.iter().all(|lost| *lost > 0), "no answer of some kind was lost: {report:?}");
    assert!(report.copied_deliveries > 0 && report.unknowns > 0, "no submission was in doubt: {report:?}");
    assert!(report.expired > 0, "no code expired while its message was tried: {report:?}");
}
