//! Kills and cuts in the middle of submissions (issue 3, "It must show" 4). Longer runs: the binary
//! `carrier_drill`.

#![expect(clippy::panic, reason = "a test that cannot go on must fail")]

use countersign_sim::carrier_drill::{self, Plan, Report, Routes};

const PLAN: Plan = Plan {
    submissions: 750,
    per_second: 30,
    rounds: 1,
    routes: Routes::WithAnother,
    answer_ms: 300,
    expiring: 0,
};

async fn run(plan: Plan) -> Report {
    let report = carrier_drill::run(plan).await;
    report.unwrap_or_else(|error| panic!("{error:#}"))
}

fn hold(report: &Report) {
    assert!(report.violations.is_empty(), "{report:#?}");
    // A run in which nothing was in doubt proves nothing.
    assert!(report.started >= 750 && report.unknowns > 5 && report.approved > 20, "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i3_i5_hold_and_every_message_leaves_when_server_carrier_and_connection_break() {
    let report = run(PLAN).await;
    hold(&report);
    assert!(report.by_another > 5, "the other carrier took over: {report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i3_i5_hold_with_one_carrier_and_no_code_leaves_after_its_time() {
    let report = run(Plan { routes: Routes::Alone, expiring: 40, ..PLAN }).await;
    hold(&report);
    assert_eq!((report.by_another, report.expired), (0, 40));
}
