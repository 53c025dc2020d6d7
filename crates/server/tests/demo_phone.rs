//! The pages of the simulated phone, without a browser.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use countersign_core::id::{AppId, DeliveryId};
use countersign_core::locale::Locale;
use countersign_core::message::Measure;
use countersign_core::phone::E164;
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::verification::Channel;
use countersign_delivery::provider::{Outgoing, Provider as _, SecretText};
use countersign_delivery::simulated::{Condition, SimulatedLimits, SimulatedPhone, SimulatedRuntime};
use countersign_server::demo::phone;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

const TEXT: &str = "123456 is your <b>code</b>.\n\n@shop.example #123456";
const SOON: Duration = Duration::from_secs(5);

struct Fixture {
    pages: Router,
    phone: SimulatedPhone,
    shutdown: CancellationToken,
}

impl Fixture {
    fn new() -> Self {
        let (receipts, _) = tokio::sync::mpsc::channel(10);
        let shutdown = CancellationToken::new();
        let runtime = SimulatedRuntime { tasks: TaskTracker::new(), shutdown: shutdown.clone(), receipts };
        let phone = SimulatedPhone::new("simulated".parse().unwrap(), SimulatedLimits::default(), runtime);
        Fixture { pages: phone::router(phone.clone(), shutdown.clone()), phone, shutdown }
    }

    async fn receive(&self) {
        let to = E164::parse_fictional("+447700900123", None).unwrap();
        let message = Outgoing {
            delivery: DeliveryId::from_bytes([1; 16]),
            app: AppId::from_bytes([2; 16]),
            mode: Mode::Test,
            channel: Channel::Sms,
            email: None,
            to: &to,
            sender: None,
            registered: None,
            text: SecretText::new(TEXT),
            code: Some(SecretText::new("918273")),
            locale: &Locale::english(),
            measure: Measure::of(TEXT),
            expires_at: Timestamp::from_millis(1000),
        };
        self.phone.submit(&message, Timestamp::EPOCH).await;
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, String) {
        let response = timeout(SOON, self.pages.clone().oneshot(request)).await.unwrap().unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, form: &'static str) -> StatusCode {
        let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form)).unwrap()).await.0
    }
}

#[tokio::test]
async fn a_message_is_shown_with_its_machine_line_and_escaped() {
    let fixture = Fixture::new();
    fixture.receive().await;
    let (status, html) = fixture.get("/phone/447700900123").await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains(r#"<p class="machine" dir="ltr">@shop.example #123456</p>"#), "{html}");
    assert!(html.contains("1 segment") && html.contains("&#60;b&#62;code"), "{html}");
    assert!(fixture.get("/phone").await.1.contains("1 message, latest"));
}

#[tokio::test]
async fn what_a_page_does_not_know_yet_is_told_at_once() {
    let fixture = Fixture::new();
    fixture.receive().await;
    assert!(fixture.get("/phone/events?since=0").await.1.contains("event: arrived\nid: 1\n"));
    // After a restart the count begins anew: the page is told rather than left waiting.
    assert!(fixture.get("/phone/events?since=99").await.1.contains("id: 1\n"));
}

#[tokio::test]
async fn a_waiting_page_is_told_when_something_arrives() {
    let fixture = Fixture::new();
    let wait = fixture.get("/phone/events?since=0");
    let arrive = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        fixture.receive().await;
    };
    let ((_, event), ()) = tokio::join!(wait, arrive);
    assert!(event.contains("event: arrived\nid: 1\n"), "{event}");
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_waiting_pages() {
    let fixture = Fixture::new();
    let wait = fixture.get("/phone/events?since=0");
    let stop = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        fixture.shutdown.cancel();
    };
    let ((status, event), ()) = tokio::join!(wait, stop);
    assert_eq!(status, StatusCode::OK);
    assert!(!event.contains("data:"), "{event}");
}

#[tokio::test]
async fn switches_take_what_is_within_bounds_and_nothing_else() {
    let fixture = Fixture::new();
    let path = "/phone/447700900123/behaviour";
    assert_eq!(fixture.post(path, "fate=lose&delay_s=0&copies=1&action=save").await, StatusCode::SEE_OTHER);
    fixture.receive().await;
    assert!(fixture.get("/phone/447700900123").await.1.contains("No messages yet."));
    for wrong in [
        "fate=deliver&delay_s=601&copies=1&action=save",
        "fate=deliver&delay_s=0&copies=6&action=save",
        "fate=deliver&delay_s=0&copies=0&action=save",
        "fate=explode&delay_s=0&copies=1&action=save",
        "fate=deliver&delay_s=-1&copies=1&action=save",
    ] {
        assert_eq!(fixture.post(path, wrong).await, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    assert_eq!(fixture.post(path, "fate=lose&delay_s=0&copies=1&action=reset").await, StatusCode::SEE_OTHER);
    fixture.receive().await;
    assert!(!fixture.get("/phone/447700900123").await.1.contains("No messages yet."));
}

#[tokio::test]
async fn other_sites_cannot_throw_the_switches() {
    let fixture = Fixture::new();
    let request = Request::post("/phone/behaviour")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site")
        .body(Body::from("fate=lose&delay_s=0&copies=1&action=save"))
        .unwrap();
    assert_eq!(fixture.send(request).await.0, StatusCode::FORBIDDEN);
    fixture.receive().await;
    assert_eq!(fixture.phone.numbers().len(), 1);
}

#[tokio::test]
async fn a_path_that_is_no_number_is_not_found() {
    let fixture = Fixture::new();
    assert_eq!(fixture.get("/phone/12").await.0, StatusCode::NOT_FOUND);
    assert_eq!(fixture.get("/phone/%3Cscript%3E").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_carrier_is_broken_and_mended_on_the_page() {
    let fixture = Fixture::new();
    let broken = "simulated".parse().unwrap();
    assert_eq!(fixture.post("/phone/carriers/simulated", "condition=refuses").await, StatusCode::SEE_OTHER);
    assert_eq!(fixture.phone.carriers(), [(broken, Condition::Refuses)]);
    let (status, page) = fixture.get("/phone").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains(r#"<option value="refuses" selected>"#), "{page}");
    fixture.receive().await;
    assert_eq!(fixture.phone.numbers(), []);
    assert_eq!(fixture.post("/phone/carriers/simulated", "condition=works").await, StatusCode::SEE_OTHER);
    fixture.receive().await;
    assert_eq!(fixture.phone.numbers().len(), 1);
    assert_eq!(fixture.post("/phone/carriers/nobody", "condition=works").await, StatusCode::NOT_FOUND);
    let unknown = fixture.post("/phone/carriers/simulated", "condition=explodes").await;
    assert!(unknown.is_client_error(), "{unknown}");
}
