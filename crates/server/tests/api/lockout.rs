//! A stranger who wants to keep a customer out (issue 5, must show 5): over HTTP, at the same time as she.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{
    LIVE_PHONE, Server, Shop, Sink, code_in, eventually, other_than, start_body, together, with,
};

const HER: &str = "c_77";
const HIS_PHONE: &str = "+491701234568";
const PURPOSES: [&str; 4] = ["login", "payment", "order", "account_change"];
const ATTACKERS: usize = 16;
/// The attack goes on while the clock takes such steps.
const STEP_S: u64 = 1800;

/// What came of the strangers' requests.
#[derive(Default)]
struct Tally(RefCell<BTreeMap<String, usize>>);

impl Tally {
    fn note(&self, what: &str) {
        *self.0.borrow_mut().entry(what.to_owned()).or_default() += 1;
    }

    fn of(&self, what: &str) -> usize {
        self.0.borrow().get(what).copied().unwrap_or(0)
    }
}

struct Attack<'a> {
    /// Her own shop first.
    shops: &'a [Shop],
    /// A token of a device of his own, for a phone of his own at her shop.
    token: &'a str,
    is_over: Cell<bool>,
    /// Who guesses just now: no clock jumps over that, or he would only find his verifications expired.
    guessing: Cell<usize>,
    sessions: Cell<usize>,
    tally: Tally,
}

impl Attack<'_> {
    /// Starts and fails as fast as it may, without her reference and with it, until the attack is over.
    async fn run(&self, number: usize) {
        while !self.is_over.get() {
            let turn = self.sessions.replace(self.sessions.get() + 1);
            let shop = &self.shops[if turn.is_multiple_of(2) { 0 } else { turn % self.shops.len() }];
            let purpose = PURPOSES[(turn / 2 + number) % PURPOSES.len()];
            let mut body = with(start_body(LIVE_PHONE, purpose), "/session", format!("bad {turn}"));
            if !turn.is_multiple_of(3) {
                let customer = if turn % 3 == 1 { HER.to_owned() } else { format!("c_bad_{turn}") };
                body = with(body, "/customer", customer);
                body = with(body, "/client", json!({ "device_token": self.token }));
            }
            let answer = shop.try_start(body).await;
            let started = answer.json();
            if answer.status != 201 {
                self.tally.note(started["code"].as_str().unwrap_or("other"));
                continue;
            }
            self.tally.note("started");
            assert_ne!(started["device"], "trusted");
            self.guessing.set(self.guessing.get() + 1);
            self.fail(shop, &started, turn).await;
            self.guessing.set(self.guessing.get() - 1);
        }
    }

    /// Guesses at his own verification, and uses every way to end it.
    async fn fail(&self, shop: &Shop, started: &Value, turn: usize) {
        let id = started["id"].as_str().unwrap();
        let browser = shop.with_key(started["client_secret"].as_str().unwrap());
        let guess = async |n: usize| shop.try_check(id, &format!("00000{n}")).await;
        let guesses = together((0..5).map(guess)).await;
        for guess in guesses {
            self.tally.note(guess.json()["result"].as_str().unwrap_or("refused guess"));
        }
        match turn % 3 {
            0 => drop(browser.post("/v1/browser/verification/report", json!({})).await),
            1 => drop(shop.report(id).await),
            _ => drop(shop.cancel(id).await),
        }
    }
}

/// Where it happens.
struct Stage {
    server: Server,
    /// Of live messages; those of test keys reach the simulated phone.
    sink: Option<Sink>,
    /// Her own shop first.
    shops: Vec<Shop>,
    hours_between_logins: u64,
    logins: usize,
}

impl Stage {
    /// The code of a verification, once its message is there.
    async fn code_of(&self, shop: &Shop, id: &str) -> String {
        let delivery = shop.timeline(id).await[0]["data"]["delivery"].clone();
        eventually("her message", async || {
            if let Some(sink) = &self.sink {
                let posted = sink.posted().into_iter().find(|posted| delivery == posted.reference())?;
                return Some(posted.code());
            }
            let inbox = [LIVE_PHONE, HIS_PHONE].map(|number| self.server.inbox(number)).concat();
            let message = inbox.iter().find(|message| delivery == message.delivery.to_string())?;
            Some(code_in(&message.text))
        })
        .await
    }

    async fn trust(&self, body: Value) -> String {
        let shop = &self.shops[0];
        let id = shop.start(body).await;
        let code = self.code_of(shop, &id).await;
        let asked = json!({ "code": code, "trust_device": true });
        let checked = shop.post(&format!("/v1/verifications/{id}/check"), asked).await.expect(200);
        checked["device_token"].as_str().unwrap().to_owned()
    }

    /// Logs in on her device in the midst of the attack: she mistypes once, and nobody but her counts for her.
    async fn log_in(&self, name: &str, token: &str) -> String {
        let shop = &self.shops[0];
        let started = shop.try_start(hers(name, json!({ "device_token": token }))).await.expect(201);
        assert_eq!(started["device"], "trusted");
        let id = started["id"].as_str().unwrap();
        let code = self.code_of(shop, id).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.server.clock().advance(20);
        let shown = shop.show(id).await;
        assert_eq!((&shown["status"], &shown["attempts_remaining"]), (&json!("pending"), &json!(5)));
        assert_eq!(shop.check(id, &other_than(&code)).await["attempts_remaining"], 4);
        assert_eq!(shop.check(id, &code).await["result"], "approved");
        started["device_token"].as_str().unwrap().to_owned()
    }
}

fn hers(session: &str, client: Value) -> Value {
    let body = with(with(start_body(LIVE_PHONE, "login"), "/customer", HER), "/session", session);
    with(body, "/client", client)
}

/// What she meets on a device that nobody knows, once the attack is over.
struct NewDevice {
    waited: Duration,
    refused_by: String,
}

/// Her days under attack: she logs in on her device each time. Then she waits with a new one until she is let in.
#[expect(clippy::print_stdout, reason = "docs/lockout.md has these figures")]
async fn under_attack(stage: &Stage) -> NewDevice {
    let Stage { server, shops, .. } = stage;
    let mut token = stage.trust(hers("long ago", json!({}))).await;
    let himself = with(with(hers("himself", json!({})), "/to", HIS_PHONE), "/customer", "c_bad");
    let his = stage.trust(himself).await;
    server.clock().advance(8 * 24 * 3600);
    let attack = Attack {
        shops,
        token: &his,
        is_over: Cell::new(false),
        guessing: Cell::new(0),
        sessions: Cell::new(0),
        tally: Tally::default(),
    };
    let her_days = async {
        for login in 0..stage.logins {
            for _ in 0..stage.hours_between_logins * 3600 / STEP_S {
                server.clock().advance(STEP_S);
                tokio::time::sleep(Duration::from_millis(15)).await;
                eventually("his guesses", async || (attack.guessing.get() == 0).then_some(())).await;
            }
            token = stage.log_in(&format!("mine {login}"), &token).await;
        }
        // The attack has just taken what it may.
        let refused = shops[0].try_start(hers("new device", json!({}))).await;
        attack.is_over.set(true);
        refused
    };
    let strangers = together((0..ATTACKERS).map(|number| attack.run(number)));
    let (mut answer, _) = tokio::join!(her_days, strangers);
    let tally = &attack.tally;
    assert!(tally.of("started") >= 15 && tally.of("incorrect") >= 30, "{:?}", tally.0);
    let refusals: usize =
        tally.0.borrow().iter().filter(|(what, _)| what.contains('_')).map(|(_, n)| n).sum();
    assert!(refusals >= 300, "he was not fast: {:?}", tally.0);

    let ended_at = server.clock().now();
    let mut refused_by = "nothing".to_owned();
    while answer.status != 201 {
        let problem = answer.json();
        problem["code"].as_str().unwrap().clone_into(&mut refused_by);
        assert_ne!(refused_by, "phone_disabled", "that needs a hundred in a row: {problem}");
        server.clock().advance(problem["retry_after_s"].as_u64().unwrap());
        answer = shops[0].try_start(hers("new device", json!({}))).await;
    }
    // What other apps took shows to nobody: it looks as if a message left.
    for turn in 0_u32.. {
        let id = answer.expect(201)["id"].as_str().unwrap().to_owned();
        let guard = shops[0].show(&id).await["guard"].clone();
        if guard.is_null() {
            break;
        }
        assert!(turn < 200, "she waits for ever: {guard}");
        guard["rule"].as_str().unwrap().clone_into(&mut refused_by);
        server.clock().advance(3600);
        answer = shops[0].try_start(hers(&format!("new device {turn}"), json!({}))).await;
        while answer.status != 201 {
            server.clock().advance(answer.json()["retry_after_s"].as_u64().unwrap());
            answer = shops[0].try_start(hers(&format!("new device {turn}"), json!({}))).await;
        }
    }
    let waited = server.clock().now().since(ended_at);
    println!("a new device waits {} min, by {refused_by}; strangers: {:?}", waited.as_secs() / 60, tally.0);
    NewDevice { waited, refused_by }
}

/// O8, N14, N9 and design 6: what he does counts for him. He has her number, every session and purpose that he likes, her
/// customer reference, and the apps of others on the same instance.
#[tokio::test]
async fn o8_n5_n14_a_stranger_in_many_apps_keeps_no_customer_from_her_trusted_device() {
    let (server, sink) = Server::with_sink().await;
    let mut shops = Vec::new();
    for _ in 0..4 {
        shops.push(server.live_shop().await);
    }
    // Over all apps a day is 25 hours, since its slots are hours.
    let stage = Stage { server, sink: Some(sink), shops, hours_between_logins: 26, logins: 2 };
    let new = under_attack(&stage).await;
    // docs/lockout.md: a week at the latest, without anybody's help.
    // Which of the two he has filled last is a matter of chance.
    let by_all_apps = new.refused_by.starts_with("instance_phone_per_");
    assert!(by_all_apps || new.refused_by == "phone_limit", "{}", new.refused_by);
    assert!(new.waited <= Duration::from_secs(7 * 24 * 3600), "{:?}", new.waited);
}

#[tokio::test]
async fn o8_n14_a_stranger_in_one_app_leaves_her_device_two_messages_a_day() {
    let server = Server::start().await;
    let shops = vec![server.test_shop().await];
    let stage = Stage { server, sink: None, shops, hours_between_logins: 13, logins: 6 };
    let new = under_attack(&stage).await;
    // Whether his messages or his guesses count last is chance.
    assert!(["phone_limit", "phone_locked"].contains(&new.refused_by.as_str()), "{}", new.refused_by);
    assert!(new.waited <= Duration::from_secs(24 * 3600), "{:?}", new.waited);
}

/// Where messages have room, it is his guesses that lock the phone: for him, and for her reference that he has too.
#[tokio::test]
async fn o8_o7_n5_the_wrong_guesses_of_a_stranger_lock_no_trusted_device() {
    let server = Server::start().await;
    let limits = json!({ "spacing_s": 0, "per_ten_minutes": 50, "per_hour": 50, "per_day": 50 });
    let shops = vec![server.test_shop_with(json!({ "phone_limits": limits })).await];
    let stage = Stage { server, sink: None, shops, hours_between_logins: 5, logins: 8 };
    let new = under_attack(&stage).await;
    assert_eq!(new.refused_by, "phone_locked");
    assert!(new.waited <= Duration::from_secs(24 * 3600), "{:?}", new.waited);
}
