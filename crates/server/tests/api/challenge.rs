//! What may stand before a first message: a challenge that is solved, and a ghost that looks like any other.

use countersign_core::challenge::is_work_done;
use countersign_core::gate::{Gate, GateRule};
use countersign_core::limit::LimitRule;
use countersign_core::phone::E164;
use countersign_core::presentation::Presentation;
use countersign_core::purpose::Purpose;
use countersign_core::step::Solution;
use countersign_core::subject::Mode;
use countersign_server::usecase::Caller;
use countersign_server::usecase::admit::Client;
use countersign_server::usecase::idempotency::{Asker, Retryable};
use countersign_server::usecase::start::{StartAnswer, StartRequest};
use countersign_server::usecase::terms::{Path, Terms};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, PHONE, Server, Shop, other_than, policy_of, start_body};
use crate::page::{Browser, location};

/// A shop that challenges everybody, as little as may be.
async fn shop_under_attack(server: &Server) -> Shop {
    server.test_shop_with(json!({ "challenge": { "when": "always", "zero_bits": 1 } })).await
}

/// A right solution, or a wrong one.
fn work(challenge: &Value, wanted: Solution) -> String {
    let (salt, bits) = (challenge["salt"].as_str().unwrap(), challenge["zero_bits"].as_u64().unwrap());
    let fits =
        |text: &String| is_work_done(text, salt, u8::try_from(bits).unwrap()) == (wanted == Solution::Right);
    (0..1000).map(|n| n.to_string()).find(fits).unwrap()
}

async fn solve(shop: &Shop, id: &str, solution: &str) -> Answer {
    shop.post(&format!("/v1/verifications/{id}/challenge"), json!({ "solution": solution })).await
}

async fn challenged(shop: &Shop) -> (String, Value) {
    let started = shop.try_start(start_body(PHONE, "login")).await.expect(201);
    (started["id"].as_str().unwrap().to_owned(), started)
}

#[tokio::test]
async fn a_start_is_answered_with_its_challenge_and_its_solution_sends_the_message() {
    let server = Server::start().await;
    let shop = shop_under_attack(&server).await;
    let (id, started) = challenged(&shop).await;
    assert_eq!((&started["status"], &started["resend_at"]), (&json!("challenge_required"), &Value::Null));
    let challenge = &started["challenge"];
    let wanted = json!({ "type": "proof_of_work", "algorithm": "scrypt", "n": 1024, "r": 8, "p": 1,
        "salt": challenge["salt"], "zero_bits": 1 });
    assert_eq!(*challenge, wanted);
    assert_eq!(shop.show(&id).await["challenge"], wanted, "the same each time");
    shop.try_check(&id, "123456").await.problem("challenge_required");
    shop.resend(&id).await.problem("challenge_required");
    server.clock().advance(200);
    assert_eq!(server.inbox(PHONE).len(), 0);
    let solved = solve(&shop, &id, &work(challenge, Solution::Right)).await.expect(200);
    assert_eq!((&solved["status"], &solved["challenge"]), (&json!("pending"), &Value::Null));
    assert_eq!(solved["attempts_remaining"], 5);
    // Repeated, it finds that done.
    assert_eq!(solve(&shop, &id, &work(challenge, Solution::Wrong)).await.expect(200)["status"], "pending");
    let code = server.code(PHONE).await;
    // The code lives its ten minutes from here, and not from the start.
    server.clock().advance(599);
    assert_eq!(shop.check(&id, &code).await["result"], "approved");
    let events = shop.events(&id).await;
    assert_eq!(events[..2], ["verification.challenge_required", "verification.challenge_solved"]);
    let guard = json!({ "action": "challenge", "rule": "challenge_always" });
    assert_eq!(shop.show(&id).await["guard"], guard);
}

#[tokio::test]
async fn five_wrong_solutions_end_it_and_a_solution_is_good_for_its_own_verification_alone() {
    let server = Server::start().await;
    let policy = json!({ "challenge": { "when": "always", "zero_bits": 8 } });
    let shop = server.test_shop_with(policy).await;
    let (id, started) = challenged(&shop).await;
    let wrong = work(&started["challenge"], Solution::Wrong);
    for _ in 0..4 {
        solve(&shop, &id, &wrong).await.problem("challenge_failed");
    }
    assert_eq!(shop.show(&id).await["status"], "challenge_required");
    solve(&shop, &id, &wrong).await.problem("challenge_failed");
    solve(&shop, &id, &wrong).await.problem("not_pending");
    assert_eq!(shop.show(&id).await["status"], "denied");
    let (other, again) = challenged(&shop).await;
    assert_ne!((&other, &again["challenge"]["salt"]), (&id, &started["challenge"]["salt"]));
    solve(&shop, &other, "").await.wrong_field("/solution");
    solve(&shop, &other, &"1".repeat(8193)).await.wrong_field("/solution");
    assert_eq!(server.inbox(PHONE).len(), 0);
}

#[tokio::test]
async fn i15_a_retried_start_gets_its_challenge_even_after_that_was_solved() {
    let server = Server::start().await;
    let shop = shop_under_attack(&server).await;
    let first = shop.post_as("key-1", "/v1/verifications", start_body(PHONE, "login")).await.expect(201);
    let id = first["id"].as_str().unwrap();
    server.clock().advance(10);
    solve(&shop, id, &work(&first["challenge"], Solution::Right)).await.expect(200);
    let again = shop.post_as("key-1", "/v1/verifications", start_body(PHONE, "login")).await.expect(201);
    for same in
        ["id", "status", "challenge", "created_at", "expires_at", "resend_at", "attempts_remaining", "url"]
    {
        assert_eq!(again[same], first[same], "{same}");
    }
}

#[tokio::test]
async fn one_that_nobody_solves_expires_and_is_listed() {
    let server = Server::start().await;
    let shop = shop_under_attack(&server).await;
    let (id, _) = challenged(&shop).await;
    let listed = shop.get("/v1/verifications?status=challenge_required").await.expect(200);
    assert_eq!(listed["data"][0]["id"], id.as_str());
    server.clock().advance(600);
    assert_eq!(shop.show(&id).await["status"], "expired");
    crate::harness::eventually("its end in the timeline", async || {
        (shop.count(&id, "verification.expired").await == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_browser_solves_it_with_its_secret_and_learns_no_rule() {
    let server = Server::start().await;
    let shop = shop_under_attack(&server).await;
    let (_, started) = challenged(&shop).await;
    let page = shop.with_key(started["client_secret"].as_str().unwrap());
    let face = "/v1/browser/verification";
    let shown = page.get(face).await.expect(200);
    assert_eq!((&shown["state"], &shown["guard"]), (&json!("challenge_required"), &Value::Null));
    assert_eq!(shown["challenge"], started["challenge"]);
    let check = page.post(&format!("{face}/check"), json!({ "code": "123456" })).await.expect(200);
    assert_eq!((&check["result"], &check["attempts_left"]), (&json!("incorrect"), &Value::Null));
    page.post(&format!("{face}/resend"), json!({})).await.problem("not_now");
    let solution = |wanted| json!({ "solution": work(&started["challenge"], wanted) });
    page.post(&format!("{face}/challenge"), solution(Solution::Wrong)).await.problem("challenge_failed");
    let solved = page.post(&format!("{face}/challenge"), solution(Solution::Right)).await.expect(200);
    assert_eq!((&solved["state"], &solved["challenge"]), (&json!("pending"), &Value::Null));
    server.code(PHONE).await;
}

#[tokio::test]
async fn the_hosted_page_solves_it_by_itself_and_says_what_to_do_without_script() {
    let server = Server::start().await;
    let shop = shop_under_attack(&server).await;
    let (id, started) = challenged(&shop).await;
    let mut browser = Browser::new(&server);
    let page = browser.enter(started["url"].as_str().unwrap()).await.text();
    assert!(page.contains("data-countersign=\"unable\">This step needs JavaScript"), "{page}");
    assert!(page.contains("Checking your browser. This takes a few seconds."), "{page}");
    let script = page.split("src=\"").filter_map(|rest| rest.split('"').next());
    let script = script.map(str::to_owned).find(|path| path.contains("challenge")).unwrap();
    let script = browser.http.get(format!("{}{script}", server.url)).send().await.unwrap();
    assert_eq!(script.status(), 200);
    let csrf = browser.hidden("csrf");
    let (wrong, right) =
        (work(&started["challenge"], Solution::Wrong), work(&started["challenge"], Solution::Right));
    let refused = browser.post("challenge", &[("csrf", &csrf), ("solution", &wrong)]).await;
    assert!(location(&refused).ends_with("?not-now"));
    let said = browser.get(&format!("/verify/{id}?not-now")).await.text();
    assert!(said.contains("data-wait") && said.contains("Try again"), "not again by itself: {said}");
    let solved = browser.post("challenge", &[("csrf", &csrf), ("solution", &right)]).await;
    assert!(location(&solved).ends_with(&id));
    assert!(browser.look().await.contains("name=\"code\""));
    assert_eq!(shop.show(&id).await["status"], "pending");
}

// --- Ghosts, through the use case: nothing in the API asks for one ---

const GHOST: Gate = Gate::Ghost { rule: GateRule::Limit(LimitRule::InstancePhonePerDay), challenge: None };

async fn start_with(server: &Server, caller: &Caller, gate: Gate, key: Option<&str>) -> StartAnswer {
    let policy = &caller.app.policy;
    let terms = Terms {
        purpose: Purpose::Login,
        transaction: None,
        session: None,
        customer: None,
        email: None,
        path: Path::Default,
        locale: policy.default_locale.clone(),
        presentation: Presentation::Unbound,
        reader: countersign_core::message::Reader::Browser,
        return_to: None,
        format: policy.code,
        lifetime: policy.lifetime(&Purpose::Login),
        metadata: std::collections::BTreeMap::new(),
    };
    let phone = E164::parse_fictional(PHONE, None).unwrap();
    let request =
        StartRequest { phone, terms, replaces: None, client: Client::default(), device_token: None, gate };
    let retryable =
        key.map(|key| Retryable { asker: Asker::Shop, key: key.to_owned(), request: b"start".to_vec() });
    server.services.start(caller, request, retryable).await.unwrap()
}

#[tokio::test]
async fn i16_a_ghost_answers_a_browser_like_a_real_one_and_nothing_leaves() {
    let server = Server::start().await;
    // What a browser sees of its life, but for the id.
    let mut lives = Vec::new();
    for gate in [Gate::Open, GHOST] {
        let app = server.create_app("Shop", policy_of(json!({}))).await;
        let shop = server.shop_of(&app, Mode::Test, countersign_server::tenant::Scope::Admin).await;
        let caller = Caller { app, mode: Mode::Test };
        let before = server.inbox(PHONE).len();
        let started = start_with(&server, &caller, gate, Some("one")).await;
        let again = start_with(&server, &caller, gate, Some("one")).await;
        assert_eq!(started.view.verification.id, again.view.verification.id);
        let id = started.view.verification.id.to_string();
        let page = shop.with_key(started.client_secret.unwrap().expose());
        let mut seen = Vec::new();
        let mut look = |answer: Answer| {
            let mut body = answer.json();
            body.as_object_mut().unwrap().remove("id");
            seen.push((answer.status, body));
        };
        let face = "/v1/browser/verification";
        look(page.get(face).await);
        look(page.post(&format!("{face}/resend"), json!({})).await);
        server.clock().advance(30);
        look(page.post(&format!("{face}/resend"), json!({})).await);
        let right = if gate == Gate::Open { server.code(PHONE).await } else { "123456".to_owned() };
        for _ in 0..6 {
            look(page.post(&format!("{face}/check"), json!({ "code": other_than(&right) })).await);
        }
        look(page.get(face).await);
        lives.push(seen);
        let guard = shop.show(&id).await["guard"].clone();
        if gate == Gate::Open {
            server.text(PHONE, 2).await;
            assert_eq!(guard, Value::Null);
        } else {
            assert_eq!(guard, json!({ "action": "ghost", "rule": "instance_phone_per_day" }));
            let withheld = json!({ "by": "limit", "rule": "instance_phone_per_day" });
            assert_eq!(shop.timeline(&id).await[0]["data"]["withheld"], withheld);
            crate::harness::pause(std::time::Duration::from_millis(300)).await;
            assert_eq!(server.inbox(PHONE).len(), before, "a ghost's message left");
        }
        server.clock().advance(24 * 3600);
    }
    assert_eq!(lives[0], lives[1]);
}

#[tokio::test]
async fn the_description_names_the_challenge() {
    let server = Server::start().await;
    let shop = shop_under_attack(&server).await;
    let (id, _) = challenged(&shop).await;
    let path = format!("/v1/verifications/{id}/challenge");
    assert_eq!(shop.send(shop.request(Method::POST, &path)).await.status, 415);
    let stranger = server.test_shop().await;
    solve(&stranger, &id, "1").await.problem("not_found");
}
