//! I12: a canary number or code is in no file, log or figure, whatever happens to its verification.

use std::fs;
use std::time::Duration;

use countersign_sim::api::{Answer, Api, Request};
use countersign_sim::server::{Server, Setup};
use countersign_sim::sink::{Behaviour, Sink};
use serde_json::{Value, json};

use crate::scan::{Needles, files};

const PATIENCE: Duration = Duration::from_secs(20);
/// A guess that is nobody's code.
const WRONG: &str = "9305817264";
/// What a reference of the shop looks like at rest: the scan must find this.
const CONTROL: &str = "customer-control-7f3a";

struct Canaries {
    server: Server,
    sink: Sink,
    api: Api,
    needles: Needles,
}

fn policy() -> Value {
    json!({
        "countries": ["GB"],
        "default_region": "GB",
        "code": { "length": 10, "alphabet": "numeric" },
        "phone_limits": { "spacing_s": 0, "per_ten_minutes": 50, "per_hour": 50, "per_day": 50 },
    })
}

impl Canaries {
    async fn new() -> Self {
        let sink = Sink::start().await.unwrap();
        let setup = Setup {
            log_level: "trace",
            policy: policy(),
            lease_s: 5,
            submit_timeout_s: 1,
            ..Setup::with_sink(sink.address())
        };
        let server = tokio::task::spawn_blocking(move || Server::start(&setup)).await.unwrap().unwrap();
        let api = Api::new(server.address().unwrap(), server.live_key()).unwrap();
        let mut needles = Needles::new();
        needles.code(WRONG);
        Canaries { server, sink, api, needles }
    }

    async fn send(&self, request: Request) -> Answer {
        self.api.send(&request).await.unwrap()
    }

    /// A canary's verification, and its code. The body's `to` may be written in any way.
    async fn start(&mut self, e164: &str, written: &str) -> (String, String) {
        self.needles.phone(e164);
        let body = json!({
            "to": written, "purpose": "login", "session": format!("session of {e164}"), "customer": CONTROL,
            "client": { "ip": "203.0.113.77", "user_agent": format!("Browser of {e164}") },
        });
        let started = self.send(Request::post("/v1/verifications", body).key(format!("key-{e164}"))).await;
        assert!(started.is_created(), "{started:?}");
        let code = self.sink.wait_for(e164, 1, PATIENCE).await.unwrap().code;
        self.needles.code(&code);
        (started.id().to_owned(), code)
    }

    /// The whole way, with mistakes on it.
    async fn approved(&mut self) {
        let e164 = "+447311926584";
        let (id, code) = self.start(e164, "07311 926584").await;
        let wrong = self.send(Request::check(&id, WRONG)).await;
        assert_eq!(wrong.result(), "incorrect", "{wrong:?}");
        let right = self.send(Request::check(&id, &code).key(format!("check-{code}"))).await;
        assert_eq!(right.result(), "approved", "{right:?}");
        let proof = right.text("proof").to_owned();
        // Its payload holds the number: it goes to the shop and stays nowhere.
        self.needles.text(proof.rsplit('.').next().unwrap());
        self.send(Request::show(&id)).await;
        self.send(Request::timeline(&id)).await;
        let listed = self.send(Request::get(format!("/v1/verifications?to=%2B{}", &e164[1..]))).await;
        assert_eq!(listed.body["data"].as_array().map(Vec::len), Some(1), "{listed:?}");
        self.send(Request::redeem(&format!("{proof}x"), e164, "login", "another")).await;
        let session = format!("session of {e164}");
        let redeemed = self.send(Request::redeem(&proof, e164, "login", &session)).await;
        assert_eq!(redeemed.result(), "redeemed", "{redeemed:?}");
    }

    /// Carriers that fail in every way.
    async fn undelivered(&mut self) {
        for (e164, behaviour) in [
            ("+447298104377", Behaviour::Refuse),
            ("+447183650942", Behaviour::Unavailable),
            ("+447392718056", Behaviour::Hang),
        ] {
            self.sink.behave_for(e164, behaviour);
            let (id, _) = self.start(e164, e164).await;
            self.send(Request::post(format!("/v1/verifications/{id}/cancel"), json!({}))).await;
        }
    }

    /// Requests that are refused, and say the number in every corner.
    async fn refused(&mut self) {
        let e164 = "+447264839105";
        self.needles.phone(e164);
        let bare = &e164[1..];
        let body = |to: &str| json!({ "to": to, "purpose": "login", "session": "s" });
        let mut answers = Vec::new();
        for wrong in [
            Request::post("/v1/verifications", json!({ "to": e164, "purpose": e164 })),
            Request::post("/v1/verifications", json!({ "to": e164, "purpose": "login", bare: 1 })),
            Request::post("/v1/verifications", json!({ "to": [e164], "purpose": "login" })),
            Request::post("/v1/verifications", json!({ "to": format!("{e164}0000000"), "purpose": "login" })),
            Request::post(
                "/v1/verifications",
                json!({ "to": e164, "purpose": "payment", "transaction": { "amount": e164 } }),
            ),
            Request::post("/v1/verifications", body(e164)).key(format!("{e164} with a space")),
            Request::post(format!("/v1/verifications/{bare}/check"), json!({ "code": WRONG })),
            Request::get(format!("/v1/verifications/{bare}")),
            Request::get(format!("/v1/verifications?to={bare}&cursor={bare}")),
            Request::get(format!("/{bare}")),
            Request::redeem(&format!("{bare}.{bare}.{bare}"), e164, "login", "s"),
        ] {
            answers.push(self.send(wrong).await);
        }
        answers
            .push(self.api.with_key(&format!("cs_live_{bare}")).send(&Request::show("ver_x")).await.unwrap());
        // Not where the shop sells, and not a mobile phone.
        for elsewhere in ["+4915123456789", "+449098790123"] {
            self.needles.phone(elsewhere);
            answers.push(self.send(Request::post("/v1/verifications", body(elsewhere))).await);
        }
        for answer in answers {
            assert!((400..500).contains(&answer.status), "{answer:?}");
        }
    }

    /// Messages of test keys go to the simulated phone.
    async fn test_mode(&mut self) {
        let e164 = "+447700900417";
        self.needles.phone(e164);
        let api = self.api.with_key(&self.server.create_key(self.server.app(), "test").unwrap());
        let started = api.send(&Request::start(e164, "login", "s")).await.unwrap();
        assert!(started.is_created(), "{started:?}");
        let guessed = api.send(&Request::check(started.id(), WRONG)).await.unwrap();
        assert_eq!(guessed.result(), "incorrect", "{guessed:?}");
    }

    fn assert_nowhere(&self, when: &str) {
        let found = self.needles.in_folder(self.server.folder());
        assert!(found.is_empty(), "{when}: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i12_canary_numbers_and_codes_are_in_no_file_log_or_figure() {
    let mut canaries = Canaries::new().await;
    // The proof's issuer and the like are known words; keys are secrets of another kind.
    let live_key = canaries.server.live_key().to_owned();
    canaries.needles.text(&live_key);
    canaries.approved().await;
    canaries.undelivered().await;
    canaries.refused().await;
    canaries.test_mode().await;
    // Long enough for time-outs, retries and a take-over to be logged.
    tokio::time::sleep(Duration::from_secs(3)).await;

    let metrics = canaries.api.text("/metrics").await.unwrap();
    assert!(metrics.contains("countersign_"), "no figures: {metrics}");
    assert_eq!(canaries.needles.in_bytes("/metrics".as_ref(), metrics.as_bytes()), []);
    let backup = canaries.server.folder().join("backup");
    canaries.server.cli(&["backup", &backup.display().to_string()]).unwrap();
    canaries.assert_nowhere("while it runs");

    let first_log = fs::read_to_string(canaries.server.log_file()).unwrap();
    assert!(first_log.contains("request answered"), "the log is not at its most talkative");
    canaries.server.kill().unwrap();
    canaries.assert_nowhere("after kill -9, with the log of writes as it was left");
    canaries.server.restart().unwrap();
    // Time for the deliveries of the killed process to be taken over.
    tokio::time::sleep(Duration::from_secs(6)).await;
    canaries.server.stop().unwrap();
    canaries.assert_nowhere("after a stop, all written home");

    // A scan that finds nothing at all may have looked nowhere.
    let mut control = Needles::new();
    control.text(CONTROL);
    let found = control.in_folder(canaries.server.folder());
    for name in ["backup", "data"] {
        let place = canaries.server.folder().join(name);
        assert!(found.iter().any(|found| found.file.starts_with(&place)), "{name} was not read: {found:?}");
    }
    assert!(files(canaries.server.folder()).len() >= 6, "{:?}", files(canaries.server.folder()));
}
