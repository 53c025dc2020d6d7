//! Hundreds of verifications while both carriers draw every fault by chance, judged by their ledgers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use countersign_sim::api::Request;
use countersign_sim::clock;
use countersign_sim::phones;
use countersign_sim::server::Setup;
use countersign_sim::sink::{
    Behaviour, Body, Cut, Flaw, Garbage, Receipt, RetryAfter, Sink, Submission, Unread,
};
use countersign_sim::torture::Random;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::world::{Customer, PATIENCE, World};

const VERIFICATIONS: u64 = 320;
/// Of these nobody ever takes the message, and their codes live as short as codes may.
const EXPIRING: u64 = 24;
const SHORT_LIFE_S: u64 = 60;
const LIFE_S: u64 = 600;
const AT_ONCE: u64 = 16;
const SUBMIT_TIMEOUT_S: u32 = 2;
/// Longer than any submission that had begun before its receipt came.
const LAST_ANSWER: Duration = Duration::from_secs(4);
/// From so many submissions to one phone on, a carrier takes them, so that all comes to an end.
const FAULTS_FOR_ONE: u32 = 3;
/// Between the beginning of a submission and its arrival in a busy machine's ledger.
const SLACK_MS: i64 = 2_000;

fn fault(random: &mut Random) -> Behaviour {
    const CUTS: [Cut; 4] = [Cut::Unanswered, Cut::InStatus, Cut::InHead, Cut::InBody];
    const STATUSES: [u16; 8] = [200, 204, 299, 302, 404, 408, 500, 999];
    const BODIES: [Body; 7] = [
        Body::Empty,
        Body::Html,
        Body::Binary,
        Body::HalfJson,
        Body::Oversized,
        Body::Endless,
        Body::Trickle,
    ];
    const GARBAGE: [Garbage; 5] = [
        Garbage::OtherProtocol,
        Garbage::Noise,
        Garbage::EndlessHead,
        Garbage::EndlessContinue,
        Garbage::TwoAnswers,
    ];
    match random.below(100) {
        0..46 => Behaviour::Accept,
        46..52 => Behaviour::AcceptAfter(Duration::from_millis(random.below(800))),
        52..58 => Behaviour::Lose,
        58..64 => Behaviour::Unavailable,
        64..68 => Behaviour::Throttle(RetryAfter::Seconds(1)),
        68..71 => Behaviour::Throttle(RetryAfter::Date(1)),
        71..75 => Behaviour::Refuse,
        75..78 => Behaviour::Hang,
        78..86 => Behaviour::Cut(pick(random, CUTS)),
        86..94 => match pick(random, STATUSES) {
            // A 204 has no body (RFC 9110 §15.3.5): what followed would be the next answer.
            204 => Behaviour::Answer(204, Body::Empty),
            status => Behaviour::Answer(status, pick(random, BODIES)),
        },
        _ => Behaviour::Garbage(pick(random, GARBAGE)),
    }
}

fn pick<T: Copy, const N: usize>(random: &mut Random, among: [T; N]) -> T {
    among[usize::try_from(random.below(N.try_into().unwrap())).unwrap()]
}

/// What a carrier says later. One that turned the message away says nothing that can be believed.
fn receipts(random: &mut Random, submission: &Submission) -> Vec<Receipt> {
    let (delivered, failed, buffered) =
        (Receipt::of("delivered"), Receipt::of("failed"), Receipt::of("buffered"));
    if random.percent(20) {
        return vec![pick(random, [failed, delivered]).with(pick(random, Flaw::ALL))];
    }
    if submission.behaviour.turns_away() {
        return Vec::new();
    }
    match random.below(100) {
        0..40 => Vec::new(),
        40..55 => vec![delivered],
        55..62 => vec![buffered.times(2), delivered.times(2)],
        62..69 => vec![delivered, buffered, failed],
        69..77 => vec![failed.times(2)],
        77..82 => vec![failed, delivered],
        82..88 => vec![failed.before_the_answer(), buffered],
        88..94 => vec![delivered.before_the_answer(), delivered],
        _ => vec![buffered.before_the_answer()],
    }
}

fn misbehave(sink: &Sink, seed: u64) {
    let (mut faults, mut words, mut doors) =
        (Random::new(seed), Random::new(seed + 1), Random::new(seed + 2));
    let mut handed: HashMap<String, u32> = HashMap::new();
    sink.behave_by(move |phone| {
        let count = handed.entry(phone.to_owned()).or_default();
        *count += 1;
        if *count > FAULTS_FOR_ONE { Behaviour::Accept } else { fault(&mut faults) }
    });
    sink.promise_by(move |submission| receipts(&mut words, submission));
    sink.cut_unread(move || match doors.below(100) {
        0..2 => Some(Unread::AtOnce),
        2..5 => Some(Unread::AtFirstOctet),
        _ => None,
    });
}

/// One that was answered 201.
struct Started {
    customer: Customer,
    life: Life,
    /// It has expired by then, Unix milliseconds.
    expired_ms: i64,
}

/// How long its code lives, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// Nobody ever takes its message.
    Short,
    Usual,
}

async fn start(world: &World, number: u64) -> Started {
    let (life, life_s) = if number < EXPIRING { (Life::Short, SHORT_LIFE_S) } else { (Life::Usual, LIFE_S) };
    let phone = phones::phone(number);
    if life == Life::Short {
        for sink in [&world.first, &world.second] {
            sink.behave_for(&phone, Behaviour::Unavailable);
        }
    }
    let body = json!({ "to": phone, "purpose": "login", "session": "session", "expires_in": life_s });
    let started = world.api.send(&Request::post("/v1/verifications", body)).await.unwrap();
    assert!(started.is_created(), "{started:?}");
    let expired_ms = started.answered_ms + i64::try_from(life_s * 1000).unwrap();
    Started { customer: Customer { phone, id: started.id().to_owned() }, life, expired_ms }
}

async fn start_all(world: &Arc<World>) -> Vec<Started> {
    let mut running = JoinSet::new();
    for clerk in 0..AT_ONCE {
        let world = Arc::clone(world);
        running.spawn(async move {
            let mut started = Vec::new();
            for number in (clerk..VERIFICATIONS).step_by(usize::try_from(AT_ONCE).unwrap()) {
                started.push(start(&world, number).await);
            }
            started
        });
    }
    running.join_all().await.into_iter().flatten().collect()
}

/// What happened, in figures: a run in which nothing happened proves nothing.
#[derive(Debug, Default)]
struct Figures {
    copies: usize,
    unknowns: usize,
    turned_away: usize,
    failovers: usize,
    approved: usize,
    in_doubt: usize,
    expired: usize,
}

struct Judged<'a> {
    /// By which carrier, and what.
    handed: Vec<(usize, Submission)>,
    events: &'a [Value],
}

impl Judged<'_> {
    fn told(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.events.iter().filter(move |event| event["type"] == kind)
    }

    fn copies(&self) -> impl Iterator<Item = &(usize, Submission)> {
        self.handed.iter().filter(|(_, submission)| !submission.behaviour.turns_away())
    }

    /// I5: at most one copy and one for each Unknown; none twice by the same carrier; always the same code.
    fn check_copies(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let deliveries: BTreeSet<&str> = self.copies().map(|(_, copy)| copy.delivery.as_str()).collect();
        for delivery in deliveries {
            let of_it: Vec<usize> =
                self.copies().filter(|(_, copy)| copy.delivery == delivery).map(|(by, _)| *by).collect();
            let unknowns =
                self.told("delivery.unknown").filter(|event| event["data"]["delivery"] == delivery).count();
            if of_it.len() > 1 + unknowns {
                wrong.push(format!("I5: {delivery} by {of_it:?} with {unknowns} Unknowns"));
            }
            if of_it.iter().collect::<BTreeSet<_>>().len() < of_it.len() {
                wrong.push(format!("I5: {delivery} more than once by one carrier: {of_it:?}"));
            }
        }
        let codes: BTreeSet<&str> = self.handed.iter().map(|(_, one)| one.code.as_str()).collect();
        if codes.len() > 1 {
            wrong.push("I5: more than one code".to_owned());
        }
        wrong
    }

    /// States only move forward, and a message that failed is replaced once.
    fn check_receipts(&self) -> Vec<String> {
        let rank = |word: &Value| ["buffered", "failed", "delivered"].iter().position(|known| word == known);
        let mut wrong = Vec::new();
        let mut last: BTreeMap<&str, Option<usize>> = BTreeMap::new();
        for event in self.told("delivery.receipt") {
            let known = last.entry(event["data"]["delivery"].as_str().unwrap()).or_default();
            let word = rank(&event["data"]["status"]);
            if word <= *known {
                wrong.push(format!("a receipt went back: {event}"));
            }
            *known = word;
        }
        let replaced: Vec<&Value> =
            self.told("delivery.failed_over").map(|event| &event["data"]["after"]).collect();
        if replaced.iter().map(|after| after.as_str()).collect::<BTreeSet<_>>().len() < replaced.len() {
            wrong.push(format!("a message was failed over twice: {replaced:?}"));
        }
        wrong
    }

    /// Somebody has it, or everybody was asked in vain.
    fn check_presence(&self) -> Option<String> {
        let doubted: BTreeSet<&str> =
            self.told("delivery.unknown").filter_map(|event| event["data"]["provider"].as_str()).collect();
        let is_told = doubted.len() == 2 || self.told("delivery.failed").next().is_some() || {
            // One may have had it, and the other has turned it away for good.
            let is_down = |event: &&Value| event["data"]["turned"] == "down";
            !doubted.is_empty() && self.told("delivery.retrying").any(|event| is_down(&event))
        };
        (self.copies().next().is_none() && !is_told).then(|| "never submitted".to_owned())
    }
}

fn judge(started: &Started, judged: &Judged<'_>, figures: &mut Figures) -> Vec<String> {
    let mut wrong = [judged.check_copies(), judged.check_receipts()].concat();
    if judged.handed.iter().any(|(_, one)| one.begun_ms > started.expired_ms + SLACK_MS) {
        wrong.push("I3: submitted after its end".to_owned());
    }
    match started.life {
        Life::Short => figures.expired += 1,
        Life::Usual => {
            wrong.extend(judged.check_presence());
            figures.in_doubt += usize::from(judged.copies().next().is_none());
        }
    }
    let copies = judged.copies().count();
    figures.copies += copies;
    figures.turned_away += judged.handed.len() - copies;
    figures.unknowns += judged.told("delivery.unknown").count();
    figures.failovers += judged.told("delivery.failed_over").count();
    wrong
}

/// Whether the carrier has said anything about a delivery.
fn has_receipt(events: &[Value], delivery: &Value) -> bool {
    events.iter().any(|event| event["type"] == "delivery.receipt" && event["data"]["delivery"] == *delivery)
}

/// Waits until nothing is to be tried again, or never more.
async fn settled(world: &World, started: &Started) -> Vec<Value> {
    let outcomes = ["delivery.accepted", "delivery.failed", "delivery.unknown", "delivery.retrying"];
    let is_outcome = |event: &&Value| outcomes.iter().any(|kind| event["type"] == *kind);
    let began = clock::instant();
    loop {
        let events = world.timeline(&started.customer).await;
        let last = events.iter().rfind(is_outcome);
        let is_over = match started.life {
            Life::Short => events.iter().any(|event| event["type"] == "verification.expired"),
            Life::Usual => last.is_some_and(|event| {
                // What a receipt has decided about is not tried again, and no outcome follows.
                let is_decided = has_receipt(&events, &event["data"]["delivery"]);
                event["type"] != "delivery.retrying" || (is_decided && began.elapsed() > LAST_ANSWER)
            }),
        };
        if is_over {
            return events;
        }
        assert!(began.elapsed() < PATIENCE, "still to be tried: {events:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i3_i5_hold_and_every_code_leaves_while_two_carriers_draw_every_fault_by_chance() {
    let (first, second) = (Sink::start().await.unwrap(), Sink::start().await.unwrap());
    misbehave(&first, 42);
    misbehave(&second, 4242);
    let sinks = vec![first.address(), second.address()];
    let setup = Setup { sinks, submit_timeout_s: SUBMIT_TIMEOUT_S, ..World::setup(&first) };
    let world = Arc::new(World::of(first, second, setup).await);
    let started = start_all(&world).await;
    let short = started.iter().filter(|one| one.life == Life::Short).map(|one| one.expired_ms);
    // What was to be tried again when they ended would have come by then.
    let wait_ms = short.max().unwrap() + 5_000 - clock::unix_ms();
    tokio::time::sleep(Duration::from_millis(wait_ms.max(0).unsigned_abs())).await;
    let (mut figures, mut violations) = (Figures::default(), Vec::new());
    for one in &started {
        let events = settled(&world, one).await;
        let by = |which, sink: &Sink| sink.to(&one.customer.phone).into_iter().map(move |sent| (which, sent));
        let handed: Vec<_> = by(0, &world.first).chain(by(1, &world.second)).collect();
        let judged = Judged { handed, events: &events };
        for wrong in judge(one, &judged, &mut figures) {
            let told: Vec<String> =
                events.iter().map(|event| format!("{} {}", event["type"], event["data"])).collect();
            let had: Vec<_> =
                judged.handed.iter().map(|(by, one)| (by, &one.delivery, one.behaviour)).collect();
            violations.push(format!("{}: {wrong}: {had:?} {told:#?}", one.customer.id));
        }
        if let Some((_, copy)) = judged.handed.first().filter(|_| one.life == Life::Usual) {
            world.approve(&one.customer, copy).await;
            figures.approved += 1;
        }
    }
    println!("{figures:?}");
    assert_eq!(violations, Vec::<String>::new());
    let enough = figures.copies > 300 && figures.turned_away > 100 && figures.unknowns > 40;
    assert!(enough && figures.failovers > 15 && figures.approved > 250, "{figures:?}");
    assert_eq!(figures.expired, usize::try_from(EXPIRING).unwrap(), "{figures:?}");
    assert!(world.first.unread() + world.second.unread() > 5, "{figures:?}");
    // After the faults, all is well again (I14).
    for sink in [&world.first, &world.second] {
        sink.behave_by(|_| Behaviour::Accept);
        sink.promise(&[]);
        sink.cut_unread(|| None);
    }
    let customer = world.start(VERIFICATIONS).await;
    world.event(&customer, "delivery.accepted").await;
    let sent = [world.first.to(&customer.phone), world.second.to(&customer.phone)].concat();
    world.approve(&customer, &sent[0]).await;
    Arc::into_inner(world).unwrap().close();
}
