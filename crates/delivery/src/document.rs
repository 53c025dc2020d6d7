//! `docs/http-provider.md` is executed, so that it stays true.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use countersign_core::time::Timestamp;
use serde_json::Value;

use crate::receipt::{MAX_RECEIPT_BYTES, Receipt};
use crate::signature::{SigningKeys, TOLERANCE};

const PAGE: &str = include_str!("../../../docs/http-provider.md");
const SECRET: &str = "whsec_4k7Qm2Zt9vXw1Rb6";
const MESSAGE_AT: Timestamp = Timestamp::from_millis(1_795_428_000_000);
const RECEIPT_AT: Timestamp = Timestamp::from_millis(1_795_428_004_000);

/// The fenced block with this information line.
fn block(information: &str) -> &'static str {
    let start = PAGE.split_once(&format!("```{information}\n")).expect("the page has the block").1;
    start.split_once("\n```").expect("the block ends").0
}

fn keys() -> SigningKeys {
    SigningKeys::new(SECRET.as_bytes(), None).unwrap()
}

#[test]
fn the_page_s_vectors_are_ours() {
    assert!(PAGE.contains(&format!("secret `{SECRET}`")));
    assert_eq!(keys().sign(block("text message").as_bytes(), MESSAGE_AT), block("text signature-of-message"));
    assert_eq!(keys().sign(block("text receipt").as_bytes(), RECEIPT_AT), block("text signature-of-receipt"));
    let signature = block("text signature-of-receipt").as_bytes();
    let receipt = Receipt::from_callback(&keys(), signature, block("text receipt").as_bytes(), RECEIPT_AT);
    assert_eq!(receipt.unwrap().delivery.to_string(), "dlv_01knvc3k00000000000000000a");
}

#[test]
fn the_page_s_message_and_table_have_the_same_fields() {
    let message: Value = serde_json::from_str(block("text message")).unwrap();
    let sent: BTreeSet<&str> = message.as_object().unwrap().keys().map(String::as_str).collect();
    let table = PAGE.split_once("## A message").unwrap().1.split_once("## Your answer").unwrap().0;
    let told: BTreeSet<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(sent.difference(&told).count(), 0);
    let left_out: Vec<_> = told.difference(&sent).collect();
    assert_eq!(left_out, [&"dlt_entity_id"], "of a text registered in India alone");
    for bound in [TOLERANCE.as_secs().to_string(), "4,096".to_owned()] {
        assert!(PAGE.contains(&bound));
    }
    assert_eq!(MAX_RECEIPT_BYTES, 4096);
}

/// Needs python3, as the project's other examples do.
#[test]
fn the_page_s_python_agrees_with_us() {
    let message = block("text message");
    let both = SigningKeys::new(b"the secret that comes next", Some(SECRET.as_bytes())).unwrap();
    let script = format!(
        r#"{program}
secret, body, receipt = {SECRET:?}.encode(), {message:?}.encode(), {receipt:?}.encode()
header, while_replaced = {header:?}, {while_replaced:?}
assert sign(secret, receipt, 1795428004) == {receipt_header:?}
assert genuine(secret, header, body, 1795428000)
assert genuine(secret, header, body, 1795428300)
assert genuine(secret, while_replaced, body, 1795428000)
assert not genuine(secret, header, body, 1795429000)
assert not genuine(secret, header, body, 1795428301)
assert not genuine(secret, header, body, 1795427699)
assert not genuine(secret, header, body + b" ", 1795428000)
assert not genuine(secret + b"x", header, body, 1795428000)
for wrong in ["", "t=", "v1=", "t=x,v1=00", "t=1795428000", "t=1795428000,v1=", "t=1795428000,v1=\u00e9", header.replace("t=", "t=1,t=")]:
    assert not genuine(secret, wrong, body, 1795428000), wrong
print("agreed")
"#,
        program = block("python"),
        receipt = block("text receipt"),
        receipt_header = block("text signature-of-receipt"),
        header = block("text signature-of-message"),
        while_replaced = both.sign(message.as_bytes(), MESSAGE_AT),
    );
    let mut python = Command::new("python3")
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs the page's example");
    python.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, b"agreed\n");
}
