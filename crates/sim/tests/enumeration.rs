//! What a browser is answered about a number, by status and size. Times are for the command of the same name.

use std::time::Duration;

use countersign_sim::enumeration::{self, Asked, Plan};

#[tokio::test]
async fn a_browser_is_answered_the_same_about_known_unknown_blocked_and_ghosted_numbers() {
    let plan = Plan { of_each: 10, seed: 1, settle: Duration::from_millis(50) };
    let findings = enumeration::run(plan).await.unwrap();
    for asked in Asked::ALL {
        assert_eq!(findings.shapes(asked).len(), 1, "{asked:?}\n{findings}");
    }
    assert_eq!((findings.wrongly_sent, findings.wrongly_withheld), (0, 0));
}
