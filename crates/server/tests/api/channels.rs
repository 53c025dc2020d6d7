//! Channels other than SMS: who carries them, and what their proofs say.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::verification::Channel;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::harness::{
    LIVE_PHONE, PHONE, Server, Setup, Shop, Sink, code_in, eventually, payment_body, start_body, with,
};

async fn resend_by(shop: &Shop, id: &str, channel: &str) -> crate::harness::Answer {
    shop.post(&format!("/v1/verifications/{id}/resend"), json!({ "channel": channel })).await
}

/// A shop with a test key that may send by all channels, as often as it likes.
pub(crate) async fn shop_of_all_channels(server: &Server) -> Shop {
    let limits = json!({ "spacing_s": 0, "per_ten_minutes": 50, "per_hour": 50, "per_day": 50 });
    let channels = json!(["sms", "voice", "whatsapp", "telegram", "email"]);
    server.test_shop_with(json!({ "phone_limits": limits, "channels": channels })).await
}

fn claims(proof: &str) -> Value {
    let payload = proof.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn nothing_but_sms_goes_out_unless_the_apps_policy_says_so() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    for channel in ["voice", "whatsapp", "telegram"] {
        let refused = shop.try_start(with(start_body(PHONE, "login"), "/channel", channel)).await;
        let problem = refused.problem("channel_not_allowed");
        assert_eq!((&problem["status"], &problem["pointer"]), (&json!(422), &json!("/channel")));
    }
    shop.try_start(with(start_body(PHONE, "login"), "/channel", "fax")).await.wrong_field("/channel");
    shop.try_start(with(start_body(PHONE, "login"), "/email", "ada@shop.example"))
        .await
        .wrong_field("/email");
    let channels = json!({ "policy": { "channels": ["sms", "voice"] } });
    shop.patch("/v1/app", channels).await.expect(200);
    let body = shop.try_start(with(start_body(PHONE, "login"), "/channel", "voice")).await.expect(201);
    assert_eq!(body["channel"], "voice");
    let wrong = json!({ "policy": { "workflow": ["telegram"] } });
    shop.patch("/v1/app", wrong).await.wrong_field("/policy/workflow");
}

#[tokio::test]
async fn a_code_goes_on_by_another_channel_as_it_was_and_a_call_reads_it_twice() {
    let server = Server::start().await;
    let shop = shop_of_all_channels(&server).await;
    let body = start_body(PHONE, "login");
    let id = shop.start(body.clone()).await;
    let code = code_in(&server.text(PHONE, 1).await);
    assert_eq!(resend_by(&shop, &id, "voice").await.problem("resend_too_soon")["retry_after_s"], 30);
    server.clock().advance(30);
    let answer = resend_by(&shop, &id, "voice").await.expect(200);
    assert_eq!((&answer["channel"], &answer["attempts_remaining"]), (&json!("voice"), &json!(5)));
    let apart: Vec<String> = code.chars().map(String::from).collect();
    let call = server.text(PHONE, 2).await;
    assert_eq!(call.matches(&apart.join(", ")).count(), 2, "{call}");
    assert_eq!(server.inbox(PHONE)[1].channel, Channel::Voice);
    let resent = shop.event(&id, "verification.resent").await;
    assert_eq!(resent["data"]["channel"], "voice");
    let proof = shop.check(&id, &code).await["proof"].as_str().unwrap().to_owned();
    // It may have been read from either.
    assert_eq!(claims(&proof)["amr"], json!(["otp"]));
    let redeemed = shop.redeem(&proof, &body).await.expect(200);
    assert_eq!(redeemed["assurance"], "possession");
}

#[tokio::test]
async fn r6_the_proof_of_one_channel_names_its_method() {
    let server = Server::start().await;
    let shop = shop_of_all_channels(&server).await;
    for (number, (channel, amr)) in
        [("sms", json!(["sms", "otp"])), ("voice", json!(["tel", "otp"])), ("whatsapp", json!(["otp"]))]
            .into_iter()
            .enumerate()
    {
        let phone = format!("+4477009001{number:02}");
        let id = shop.start(with(start_body(&phone, "login"), "/channel", channel)).await;
        let code = match channel {
            "voice" => server.text(&phone, 1).await.chars().filter(char::is_ascii_digit).take(6).collect(),
            _ => server.code(&phone).await,
        };
        let proof = shop.check(&id, &code).await["proof"].as_str().unwrap().to_owned();
        let claims = claims(&proof);
        assert_eq!((&claims["amr"], &claims["assurance"]), (&amr, &json!("possession")));
        assert_eq!(claims["phone"], phone);
    }
}

/// A server with a provider `texts` and one of its own for calls, `calls`.
pub(crate) async fn texts_and_calls() -> (Server, Sink, Sink) {
    let setup = Setup::default();
    let sink = Sink::new(&setup.clock).await;
    let calls = Sink::new(&setup.clock).await;
    let (providers, url) = (vec![("texts", sink.url.clone())], calls.url.clone());
    let first: &'static str = Box::leak(
        format!(
            "[[providers]]\nname = \"calls\"\nkind = \"http\"\nurl = \"{url}\"\nsecret = \"{}\"\nchannels = [\"voice\"]\n",
            crate::harness::SIGNING_SECRET
        )
        .into_boxed_str(),
    );
    (Setup { providers, first, ..setup }.start().await, sink, calls)
}

#[tokio::test]
async fn a_channel_that_nobody_carries_is_refused_and_one_that_somebody_does_goes_to_him() {
    let (server, sink, calls) = texts_and_calls().await;
    let shop = server.live_shop_with(json!({ "channels": ["sms", "voice", "telegram"] })).await;
    let body = start_body(LIVE_PHONE, "login");
    let refused = shop.try_start(with(body.clone(), "/channel", "telegram")).await;
    assert_eq!(refused.problem("channel_unavailable")["status"], 422);
    let id = shop.start(body).await;
    let text = sink.message(1).await;
    server.clock().advance(30);
    resend_by(&shop, &id, "telegram").await.problem("channel_unavailable");
    resend_by(&shop, &id, "voice").await.expect(200);
    let call = calls.message(1).await;
    assert_eq!((&call.body["channel"], &call.body["code"]), (&json!("voice"), &json!(text.code())));
    assert_eq!((sink.posted().len(), calls.posted().len()), (1, 1), "each carries its own");
}

/// What vendors were asked, by path.
type Asked = Arc<Mutex<Vec<Value>>>;

async fn vendor() -> (String, Asked) {
    let asked = Asked::default();
    let take = async |State(asked): State<Asked>, Json(body): Json<Value>| {
        asked.lock().unwrap().push(body);
        Json(json!({ "messages": [{ "id": "wamid.1" }] }))
    };
    let router = Router::new().route("/{*path}", post(take)).with_state(Arc::clone(&asked));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    TaskTracker::new().spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

/// The shipped definition for WhatsApp, at another address.
#[tokio::test]
async fn whatsapp_gets_the_code_for_its_template_and_no_text() {
    let (url, asked) = vendor().await;
    let setup = Setup::default();
    let shipped = countersign_delivery::declared::shipped::definition("whatsapp-cloud").unwrap();
    let definition = shipped.replace("https://graph.facebook.com", &url);
    let own = "definition_file = \"definition.toml\"\n[setting]\nphone_number_id = \"1\"\ntemplate = \"code\"\n\
               [secret]\naccess_token = \"t\"\napp_secret = \"a\"\nverify_token = \"v\"\n";
    for (name, text) in [("definition.toml", definition.as_str()), ("whatsapp.toml", own)] {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let file = &mut options.open(setup.folder.join(name)).unwrap();
        std::io::Write::write_all(file, text.as_bytes()).unwrap();
    }
    let first = "[[providers]]\nname = \"whatsapp\"\nkind = \"declared\"\nfile = \"whatsapp.toml\"\n";
    let server = Setup { first, ..setup }.start().await;
    let shop = server.live_shop_with(json!({ "channels": ["whatsapp"] })).await;
    let id = shop.start(with(start_body(LIVE_PHONE, "login"), "/locale", "de")).await;
    let body = eventually("the template", async || asked.lock().unwrap().first().cloned()).await;
    let code = body["template"]["components"][0]["parameters"][0]["text"].as_str().unwrap();
    assert_eq!(body["template"]["components"][1]["parameters"][0]["text"], code);
    assert_eq!((&body["template"]["language"]["code"], &body["type"]), (&json!("de"), &json!("template")));
    assert!(!body.to_string().contains("Shop"), "no text of ours: {body}");
    assert_eq!(shop.show(&id).await["channel"], "whatsapp", "the app's one channel needs no name");
    assert_eq!(shop.check(&id, code).await["result"], "approved");
}

#[tokio::test]
async fn a_payment_by_a_call_says_amount_and_payee_first() {
    let server = Server::start().await;
    let shop = shop_of_all_channels(&server).await;
    shop.start(with(payment_body(PHONE), "/channel", "voice")).await;
    let call = server.text(PHONE, 1).await;
    assert!(call.starts_with("EUR 49.90 to Shop GmbH: "), "{call}");
}
