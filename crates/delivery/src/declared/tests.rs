//! The shipped definitions against their fixtures, the lint, and a provider against a real listener.

mod lint;
mod over_http;

use super::callback::keyed::{HashName, mac};
use super::{Definition, fixtures, hex, shipped};

const PAGE: &str = include_str!("../../../../docs/providers.md");

/// One test for each definition, so that a failure names its vendor.
macro_rules! fixtures_hold {
    ($($test:ident: $name:literal),* $(,)?) => {$(
        #[test]
        fn $test() {
            let (definition, recorded) = (shipped::definition($name).unwrap(), shipped::fixtures($name).unwrap());
            let report = match fixtures::run(definition, recorded) {
                Ok(report) => report,
                Err(error) => panic!("{error}"),
            };
            assert_eq!(report.definition, $name);
            assert_eq!(report.failed(), 0, "\n{report}");
        }
    )*

        #[test]
        fn every_definition_has_its_test() {
            let tested = [$($name),*];
            assert_eq!(shipped::names().collect::<Vec<_>>(), tested);
        }
    };
}

fixtures_hold!(
    africastalking: "africastalking",
    android_sms_gateway: "android-sms-gateway",
    aws_sms_voice: "aws-sms-voice",
    aws_voice: "aws-voice",
    bandwidth: "bandwidth",
    brevo: "brevo",
    clicksend: "clicksend",
    infobip: "infobip",
    jasmin: "jasmin",
    kannel: "kannel",
    messagebird: "messagebird",
    msg91: "msg91",
    plivo: "plivo",
    sinch: "sinch",
    telegram_gateway: "telegram-gateway",
    telnyx: "telnyx",
    twilio: "twilio",
    twilio_voice: "twilio-voice",
    vonage_messages: "vonage-messages",
    vonage_sms: "vonage-sms",
    whatsapp_cloud: "whatsapp-cloud",
);

#[test]
fn every_definition_says_where_it_was_read() {
    for name in shipped::names() {
        let definition = Definition::parse(shipped::definition(name).unwrap()).unwrap();
        assert!(!definition.sources().is_empty(), "{name}");
        assert!(!definition.title().is_empty(), "{name}");
    }
}

/// The runner must be able to fail: each expectation changed is seen.
#[test]
fn fixtures_that_expect_something_else_fail() {
    let (definition, recorded) =
        (shipped::definition("twilio").unwrap(), shipped::fixtures("twilio").unwrap());
    for (right, wrong) in [
        ("outcome = \"throttled\"", "outcome = \"permanent\""),
        ("retry_after_s = 2", "retry_after_s = 3"),
        ("price_millionths = 15000", "price_millionths = 15001"),
        ("ValidityPeriod = \"90\"", "ValidityPeriod = \"91\""),
        ("verdict = \"failed\"", "verdict = \"delivered\""),
        ("refused = \"forged\"", "refused = \"unsigned\""),
        ("Outcome = \"confirmed\"", "Outcome = \"denied\""),
    ] {
        assert!(recorded.contains(right), "{right}");
        let report = fixtures::run(definition, &recorded.replacen(right, wrong, 1)).unwrap();
        assert_eq!(report.failed(), 1, "{right}\n{report}");
        assert!(report.to_string().contains("FAILED"));
    }
}

/// A definition whose verification is switched off lets changed callbacks through: the fixtures say so.
#[test]
fn fixtures_see_that_nothing_is_verified() {
    let definition = shipped::definition("telnyx").unwrap();
    let start = definition.find("verify = ").unwrap();
    let end = start + definition[start..].find('\n').unwrap();
    let without = "verify = { type = \"bearer\", token = \"{{secret.public_key}}\" }";
    let changed = format!("{}{without}{}", &definition[..start], &definition[end..]);
    let report = fixtures::run(&changed, shipped::fixtures("telnyx").unwrap()).unwrap();
    assert!(report.failed() > 0);
}

/// The page's definition is right, its fixtures hold, and its list is the list.
#[test]
fn the_page_of_definitions_is_true() {
    let mut blocks = PAGE.split("```toml\n").skip(1).filter_map(|after| Some(after.split_once("\n```")?.0));
    let (definition, recorded) = (blocks.next().unwrap(), blocks.next().unwrap());
    let report = fixtures::run(definition, recorded).unwrap();
    // It is an excerpt: only what it leaves out is missed.
    let failed: Vec<_> = report.checks.iter().filter(|check| check.difference.is_some()).collect();
    assert!(failed.iter().all(|check| check.name.starts_with("fixtures have")), "{report}");
    assert!(report.checks.len() > failed.len() + 2);
    let list = PAGE.split_once("## What comes along").unwrap().1;
    let told: Vec<&str> = list
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(told, shipped::names().collect::<Vec<_>>());
}

/// Sinch's older signature, as the page gives it.
#[test]
fn sinch_s_older_signature_is_checked() {
    let older = PAGE.split_once("Sinch's older signature is `").unwrap().1.split_once('`').unwrap().0;
    let shipped = shipped::definition("sinch").unwrap();
    let start = shipped.find("verify = ").unwrap();
    let end = start + shipped[start..].find('\n').unwrap();
    let definition = format!("{}verify = {older}{}", &shipped[..start], &shipped[end..]);
    let body = r#"{"type":"recipient_delivery_report_sms","batch_id":"B1","status":"Delivered","code":0}"#;
    let signature = hex::encode(&mac(HashName::Sha1, b"s3cret", body.as_bytes()));
    let fixtures = format!(
        r#"
now = "2026-11-23T10:00:00Z"
[secret]
api_token = "t"
callback_secret = "s3cret"
[setting]
service_plan_id = "p"
[[callback]]
name = "older signature"
url = "https://otp.shop.example/"
header = {{ x-sinch-signature = "{signature}" }}
body = '{body}'
expect = {{ reports = [{{ id = "B1", verdict = "delivered", code = "0" }}] }}
"#
    );
    let report = fixtures::run(&definition, &fixtures).unwrap();
    let callbacks: Vec<_> = report.checks.iter().filter(|check| check.name.starts_with("callback")).collect();
    assert_eq!(callbacks.len(), 3, "{report}");
    assert!(callbacks.iter().all(|check| check.difference.is_none()), "{report}");
}
