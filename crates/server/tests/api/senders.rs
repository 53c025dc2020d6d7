//! Senders that countries do not let through, and texts that India does not.

use countersign_core::subject::Mode;
use countersign_server::tenant::Scope;
use serde_json::{Value, json};

use crate::harness::{LIVE_PHONE, SIGNING_SECRET, Server, Setup, Shop, Sink, pause, policy_of, start_body};

const IRELAND: &str = "+353850123456";
const AMERICA: &str = "+12015550123";
const INDIA: &str = "+918123456789";

/// A provider `named` whose sender is `MyShop`, then `others` without a sender.
struct Drill {
    server: Server,
    shop: Shop,
    named: Sink,
    others: Vec<Sink>,
}

async fn drill(others: usize, more: &str) -> Drill {
    let setup = Setup::default();
    let named = Sink::new(&setup.clock).await;
    let first = format!(
        "[[providers]]\nname = \"named\"\nkind = \"http\"\nurl = \"{}\"\nsecret = \"{SIGNING_SECRET}\"\n\
         sender = \"MyShop\"\n{more}",
        named.url
    );
    let mut sinks = Vec::new();
    for _ in 0..others {
        sinks.push(Sink::new(&setup.clock).await);
    }
    let providers = sinks.iter().zip(["second", "third"]).map(|(sink, name)| (name, sink.url.clone()));
    let providers = providers.collect();
    // A setup's text lives as long as the tests do.
    let server = Setup { providers, first: Box::leak(first.into_boxed_str()), ..setup }.start().await;
    let policy = policy_of(json!({ "countries": ["DE", "IE", "US", "IN"] }));
    let app = server.create_app("Shop", policy).await;
    let shop = server.shop_of(&app, Mode::Live, Scope::Admin).await;
    Drill { server, shop, named, others: sinks }
}

fn words(event: &Value) -> &Value {
    &event["data"]["route"]
}

#[tokio::test]
async fn a_sender_that_the_country_marks_as_a_scam_is_passed_over_with_the_reason() {
    let drill = drill(1, "").await;
    let id = drill.shop.start(start_body(IRELAND, "login")).await;
    assert_eq!(drill.others[0].message(1).await.body["from"], Value::Null);
    let event = drill.shop.event(&id, "delivery.accepted").await;
    assert_eq!(event["data"]["provider"], "second");
    assert_eq!(words(&event), &json!(["first_in_order", "not named: sender_not_registered"]));
    assert!(drill.named.posted().is_empty());

    let id = drill.shop.start(start_body(LIVE_PHONE, "login")).await;
    assert_eq!(drill.named.message(1).await.body["from"], "MyShop");
    let event = drill.shop.event(&id, "delivery.accepted").await;
    assert_eq!((&event["data"]["provider"], words(&event)), (&json!("named"), &Value::Null));
    assert_eq!(event["data"]["message"]["sender"], "MyShop");
}

#[tokio::test]
async fn the_countrys_own_sender_takes_its_place() {
    let drill =
        drill(1, "[[senders]]\ncountry = \"US\"\nsender = \"+12025550123\"\nproviders = [\"named\"]\n").await;
    let id = drill.shop.start(start_body(AMERICA, "login")).await;
    assert_eq!(drill.named.message(1).await.body["from"], "+12025550123");
    let event = drill.shop.event(&id, "delivery.accepted").await;
    assert_eq!(event["data"]["message"]["sender"], "+12025550123");
    assert_eq!(event["data"]["message"]["because"], json!(["not sender MyShop: names_refused"]));
    assert_eq!(words(&event), &Value::Null, "it was the first, with the right sender");
}

#[tokio::test]
async fn without_a_permitted_sender_nothing_is_sent_and_the_timeline_says_why() {
    let drill = drill(0, "").await;
    for (phone, reason) in [(IRELAND, "sender_not_registered"), (AMERICA, "names_refused")] {
        let id = drill.shop.start(start_body(phone, "login")).await;
        let failed = drill.shop.event(&id, "delivery.failed").await;
        assert_eq!(failed["data"]["reason"], reason);
        assert_eq!(words(&failed), &json!([format!("not named: {reason}")]));
        assert_eq!(drill.shop.count(&id, "delivery.accepted").await, 0);
    }
    assert!(drill.named.posted().is_empty());
}

const REGISTERED: &str = "[[senders]]\ncountry = \"IN\"\nsender = \"MYSHOP\"\n\
    [[dlt_templates]]\nentity_id = \"1101\"\ntemplate_id = \"1107\"\ntext = \"{#var#} is your Shop sign in code.\"\n\
    [[dlt_templates]]\nentity_id = \"1101\"\ntemplate_id = \"1108\"\n\
    text = \"{#var#} is the code to change your Shop account.\"\n";

#[tokio::test]
async fn india_gets_the_form_that_is_registered_with_the_ids_of_its_template() {
    let drill = drill(0, REGISTERED).await;
    for (number, purpose, template) in [(INDIA, "login", "1107"), ("+918123456788", "account_change", "1108")]
    {
        let id = drill.shop.start(start_body(number, purpose)).await;
        let event = drill.shop.event(&id, "delivery.accepted").await;
        let message = &event["data"]["message"];
        assert_eq!((&message["form"], &message["sender"]), (&json!("short"), &json!("MYSHOP")));
        assert_eq!(message["because"][0], "not full: not_registered");
        let posted = drill.named.posted();
        let body = &posted.last().unwrap().body;
        assert_eq!((&body["dlt_entity_id"], &body["dlt_template_id"]), (&json!("1101"), &json!(template)));
        assert_eq!(body["from"], "MYSHOP");
        assert_eq!(drill.shop.check(&id, &posted.last().unwrap().code()).await["result"], "approved");
    }
}

#[tokio::test]
async fn a_text_that_is_not_registered_is_never_sent_and_stops_nothing_else() {
    let drill = drill(1, REGISTERED).await;
    let id = drill.shop.start(start_body(INDIA, "signup")).await;
    let failed = drill.shop.event(&id, "delivery.failed").await;
    assert_eq!(failed["data"]["reason"], "text_not_registered");
    assert_eq!(words(&failed), &json!(["not named: text_not_registered", "not second: text_not_registered"]));
    pause(std::time::Duration::from_millis(700)).await;
    assert!(drill.named.posted().is_empty() && drill.others[0].posted().is_empty());
    // Neither the breaker of the provider nor other countries are touched.
    drill.shop.start(start_body("+918123456788", "login")).await;
    drill.shop.start(start_body(LIVE_PHONE, "signup")).await;
    drill.named.message(2).await;
    let german = drill.named.posted().into_iter().find(|posted| posted.body["to"] == LIVE_PHONE).unwrap();
    assert_eq!(german.body.get("dlt_template_id"), None);
    drop(drill.server);
}

#[tokio::test]
async fn test_messages_are_held_against_no_country() {
    let drill = drill(0, REGISTERED).await;
    let shop = drill.server.test_shop().await;
    shop.start(start_body(INDIA, "signup")).await;
    drill.server.code(INDIA).await;
    assert!(drill.named.posted().is_empty());
}
