//! The guess budget of a whole app, over HTTP and with real concurrency (issue 5, must show 3; O7).

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, LIVE_PHONE, Server, Shop, Sink, other_than, start_body, together, with};

const ORIGIN: &str = "https://shop.example";
/// 100 guesses at six digits win so much: 99 of them have room, since each counts p / (1 - p).
const TOLERATED: f64 = 0.0001;
const ROOM: usize = 99;

/// A verification that waits for its code, and a browser of it.
struct Open {
    id: String,
    browser: Shop,
    code: String,
}

impl Open {
    async fn guess_in_browser(&self, code: &str) -> Answer {
        let request = self.browser.request(Method::POST, "/v1/browser/verification/check");
        self.browser.send(request.header("origin", ORIGIN).json(&json!({ "code": code }))).await
    }
}

async fn shop_that_tolerates(server: &Server, takeovers: f64) -> Shop {
    let shop = server.live_shop_with(json!({ "guard": { "guess_budget": takeovers } })).await;
    shop.patch("/v1/app", json!({ "origins": [ORIGIN] })).await.expect(200);
    shop
}

fn phone(number: usize) -> String {
    format!("+49170{:07}", 1_000_000 + number * 12_347)
}

fn on_a_page(phone: &str) -> Value {
    with(start_body(phone, "login"), "/presentation", json!({ "mode": "element", "origin": ORIGIN }))
}

/// Starts one verification for each number.
async fn open(shop: &Shop, sink: &Sink, numbers: std::ops::Range<usize>) -> Vec<Open> {
    let before = sink.posted().len();
    let started = together(
        numbers.clone().map(async |number| shop.try_start(on_a_page(&phone(number))).await.expect(201)),
    )
    .await;
    sink.message(before + numbers.len()).await;
    let codes: BTreeMap<String, String> = sink
        .posted()
        .iter()
        .map(|post| (post.body["to"].as_str().unwrap().to_owned(), post.code()))
        .collect();
    let text = |of: &Value, member: &str| of[member].as_str().unwrap().to_owned();
    started
        .iter()
        .zip(numbers)
        .map(|(started, number)| Open {
            id: text(started, "id"),
            browser: shop.with_key(started["client_secret"].as_str().unwrap()),
            code: codes[&phone(number)].clone(),
        })
        .collect()
}

async fn budget(shop: &Shop) -> Value {
    shop.get("/v1/guard").await.expect(200)["guess_budget"].clone()
}

#[tokio::test]
async fn o7_one_guess_on_each_of_many_verifications_at_once_stays_in_the_budget() {
    let (server, sink) = Server::with_sink().await;
    let shop = shop_that_tolerates(&server, TOLERATED).await;
    let all = open(&shop, &sink, 0..160).await;
    let (shown, attacked) = all.split_at(2);
    let guesses =
        together(attacked.iter().map(async |one| shop.try_check(&one.id, &other_than(&one.code)).await))
            .await;
    let (evaluated, refused): (Vec<_>, Vec<_>) = guesses.iter().partition(|guess| guess.status == 200);
    assert_eq!(evaluated.len(), ROOM, "as many as have room, and no more");
    for answer in refused {
        answer.problem("guess_budget");
        assert!(answer.header("retry-after").is_some(), "{}", answer.text());
    }
    let used = budget(&shop).await;
    assert!(used["expected_takeovers"].as_f64().unwrap() <= TOLERATED, "{used}");
    // The right code is refused like a wrong one, and nothing is counted.
    let [one, other] = shown else { unreachable!("two") };
    shop.try_check(&one.id, &one.code).await.problem("guess_budget");
    assert_eq!(shop.show(&one.id).await["attempts_remaining"], 5);
    // A browser is told what it is told of any limit on guesses: nothing but that.
    let right = one.guess_in_browser(&one.code).await;
    let wrong = one.guess_in_browser(&other_than(&one.code)).await;
    assert_eq!((right.status, right.text()), (wrong.status, wrong.text()));
    assert_eq!(right.expect(200)["result"], "incorrect");
    assert!(right.header("retry-after").is_none());
    // A day later all is forgotten, and what the refusal said is kept to the second.
    let wait_s: u64 =
        shop.try_check(&other.id, &other.code).await.header("retry-after").unwrap().parse().unwrap();
    server.clock().advance(wait_s - 1);
    assert_ne!(budget(&shop).await["expected_takeovers"], json!(0.0));
    server.clock().advance(1);
    let used = budget(&shop).await;
    assert_eq!((&used["expected_takeovers"], &used["stage"]), (&json!(0.0), &json!("calm")), "{used}");
}

#[tokio::test]
async fn o7_the_stages_make_codes_longer_then_dearer_and_then_stop_unknown_devices() {
    let (server, sink) = Server::with_sink().await;
    let shop = shop_that_tolerates(&server, TOLERATED).await;
    let all = open(&shop, &sink, 0..26).await;
    for one in &all[..25] {
        shop.check(&one.id, &other_than(&one.code)).await;
    }
    assert_eq!(budget(&shop).await["stage"], "careful");
    let started = shop.try_start(start_body(LIVE_PHONE, "login")).await.expect(201);
    assert_eq!(started["attempts_remaining"], 3);
    assert_eq!(sink.message(27).await.code().len(), 8);
    let more = open(&shop, &sink, 100..126).await;
    for one in &more[..25] {
        // At eight digits a guess counts a hundredth.
        shop.check(&one.id, &other_than(&one.code)).await;
    }
    assert_eq!(budget(&shop).await["stage"], "careful");
    // What was started before the codes grew longer still has six.
    for one in &all[..25] {
        shop.check(&one.id, &other_than(&one.code)).await;
    }
    assert_eq!(budget(&shop).await["stage"], "strained");
    let challenged = shop.try_start(start_body(&phone(200), "login")).await.expect(201);
    assert_eq!(
        (&challenged["status"], &challenged["attempts_remaining"]),
        (&json!("challenge_required"), &json!(2))
    );
    let id = challenged["id"].as_str().unwrap();
    assert_eq!(shop.show(id).await["guard"], json!({ "action": "challenge", "rule": "guess_budget" }));
    // A right code costs nothing at any stage but the last.
    assert_eq!(shop.check(&all[25].id, &all[25].code).await["result"], "approved");
    let figures = shop.get("/metrics").await.text();
    for alarm in ["careful", "strained"] {
        assert!(
            figures.contains(&format!("countersign_guess_alarms_total{{result=\"{alarm}\"}} 1")),
            "{figures}"
        );
    }
}

#[tokio::test]
async fn o7_what_was_guessed_before_a_restart_counts_after_it() {
    let (server, sink) = Server::with_sink().await;
    let shop = shop_that_tolerates(&server, 0.0002).await;
    let all = open(&shop, &sink, 0..40).await;
    for one in &all[..30] {
        for _ in 0..4 {
            shop.check(&one.id, &other_than(&one.code)).await;
        }
    }
    let before = budget(&shop).await;
    assert_eq!(before["stage"], "strained", "{before}");
    let server = server.kill().start().await;
    let shop = shop.at(&server.url);
    assert_eq!(budget(&shop).await, before, "kill -9 loses no wrong guess");
    // Less is tolerated from now on: all is spent, and nobody unknown starts.
    let mut policy = shop.get("/v1/app").await.expect(200)["policy"].clone();
    policy["guard"]["guess_budget"] = json!(TOLERATED);
    shop.patch("/v1/app", json!({ "policy": policy })).await.expect(200);
    assert_eq!(budget(&shop).await["stage"], "spent");
    let refused = shop.try_start(start_body(&phone(300), "login")).await;
    refused.problem("guess_budget");
    assert!(refused.header("retry-after").is_some());
}

#[tokio::test]
async fn o7_one_wrong_code_on_many_phones_is_no_accident() {
    let (server, sink) = Server::with_sink().await;
    let shop = shop_that_tolerates(&server, 0.01).await;
    let all = open(&shop, &sink, 0..8).await;
    assert_eq!(budget(&shop).await["same_code"], false);
    let guess = (0..30).map(|n| format!("{:06}", 735_182 + n * 7_919)).find(|guess| {
        // As far from every right code as no customer mistypes.
        let distance = |code: &str| code.chars().zip(guess.chars()).filter(|(one, two)| one != two).count();
        all.iter().all(|one| distance(&one.code) > 3)
    });
    let again = &all[0];
    for _ in 0..4 {
        shop.check(&again.id, guess.as_ref().unwrap()).await;
    }
    assert_eq!(budget(&shop).await["same_code"], false, "on one phone it is its holder's mistake");
    for one in &all[1..] {
        shop.check(&one.id, guess.as_ref().unwrap()).await;
    }
    let used = budget(&shop).await;
    assert_eq!((&used["same_code"], &used["stage"]), (&json!(true), &json!("calm")), "{used}");
    let answer = shop.try_start(start_body(LIVE_PHONE, "login")).await.expect(201);
    assert_eq!(answer["status"], "challenge_required", "for the rest of the hour");
    server.clock().advance(3600);
    assert_eq!(budget(&shop).await["same_code"], false);
}

#[tokio::test]
async fn o7_a_budget_that_cannot_be_is_refused_by_its_name() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let policy = shop.get("/v1/app").await.expect(200)["policy"].clone();
    for wrong in [json!(0), json!(-1), json!(1001), json!("much")] {
        let policy = with(policy.clone(), "/guard/guess_budget", wrong.clone());
        let answer = shop.patch("/v1/app", json!({ "policy": policy })).await;
        assert_eq!(answer.status, 422, "{wrong}: {}", answer.text());
    }
}
