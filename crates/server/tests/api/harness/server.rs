//! A server of its own runtime: it can be asked to stop, and it can be killed.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use countersign_core::policy::Policy;
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_delivery::simulated::{Condition, InboxMessage, SimulatedPhone};
use countersign_server::clock::{Clock, Randomness};
use countersign_server::config::Config;
use countersign_server::instance::Instance;
use countersign_server::tenant::{App, Scope};
use countersign_server::usecase::Services;
use countersign_server::usecase::admin::{AppSettings, KeySettings};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{SIGNING_SECRET, Shop, Sink, code_in, eventually};

/// 2026-11-23T10:00:00Z.
const START_MS: i64 = 1_795_428_000_000;

/// A clock that stands still until it is turned.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl Default for TestClock {
    fn default() -> Self {
        TestClock(Arc::new(AtomicI64::new(START_MS)))
    }
}

impl TestClock {
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.advance_ms(i64::try_from(seconds).unwrap() * 1000);
    }

    pub(crate) fn advance_ms(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let clock = self.clone();
        Clock::from_fn(move || clock.now())
    }
}

/// A folder that nobody else uses; what is there goes with the value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("countersign-api-{}-{number}", std::process::id()));
        // An earlier process may have had the same number.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a server starts from.
pub(crate) struct Setup {
    pub(crate) folder: Arc<Folder>,
    /// The folder of the store, in `folder`.
    pub(crate) data: &'static str,
    /// The key file, in `folder`.
    pub(crate) keys: &'static str,
    pub(crate) clock: TestClock,
    pub(crate) randomness: Randomness,
    /// Names and URLs of HTTP providers, in the order in which they are tried.
    pub(crate) providers: Vec<(&'static str, String)>,
    /// Lines of the section `[server]`.
    pub(crate) server: &'static str,
    /// Lines of the section `[delivery]`.
    pub(crate) delivery: &'static str,
    /// Simulated carriers in front of test messages.
    pub(crate) carriers: u8,
    /// Providers before `providers`, as TOML.
    pub(crate) first: &'static str,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            folder: Arc::new(Folder::new()),
            data: "data",
            keys: "keys.json",
            clock: TestClock::default(),
            randomness: Randomness::system().unwrap(),
            providers: Vec::new(),
            server: "",
            delivery: "",
            carriers: 1,
            first: "",
        }
    }
}

impl Setup {
    fn config(&self) -> Config {
        let mut text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\ndata_dir = \"{}\"\nshutdown_grace_s = 5\n{}\n[keys]\nfile = \"{}\"\n[delivery]\n{}\n[simulated_phone]\ncarriers = {}\n",
            self.data, self.server, self.keys, self.delivery, self.carriers
        );
        text.push_str(self.first);
        for (name, url) in &self.providers {
            let _ = write!(
                text,
                "[[providers]]\nname = \"{name}\"\nkind = \"http\"\nurl = \"{url}\"\nsecret = \"{SIGNING_SECRET}\"\n"
            );
        }
        let file = self.folder.join("countersign.toml");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        std::io::Write::write_all(&mut options.open(&file).unwrap(), text.as_bytes()).unwrap();
        Config::load(Some(&file), []).unwrap_or_else(|errors| panic!("{errors}"))
    }

    /// Opens the store without serving it. Says why not.
    pub(crate) async fn open(&self) -> anyhow::Result<Instance> {
        Instance::open(self.config(), self.clock.clock(), self.randomness.clone()).await
    }

    /// Opens and serves. A server that was killed may need a moment to let its folder go.
    pub(crate) async fn start(self) -> Server {
        let config = self.config();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let instance = eventually("the folder to be free", async || {
            let opened = Instance::open(config.clone(), self.clock.clock(), self.randomness.clone());
            match runtime.spawn(opened).await.unwrap() {
                Ok(instance) => Some(instance),
                Err(error) if format!("{error:#}").contains("use") => None,
                Err(error) => panic!("{error:#}"),
            }
        })
        .await;
        let (services, phone) = (instance.services.clone(), instance.simulated_phone.clone());
        let stop = CancellationToken::new();
        let listener = runtime.spawn(TcpListener::bind("127.0.0.1:0")).await.unwrap().unwrap();
        let address = listener.local_addr().unwrap();
        let running = runtime.spawn(instance.run(listener, Router::new(), stop.clone()));
        // The listener takes connections before anybody serves them; an answer says that all is up.
        let url = format!("http://{address}");
        assert_eq!(Shop::new(&url, "none").get("/livez").await.status, 200);
        Server { url, services, phone, setup: self, stop, running, runtime: Some(runtime) }
    }
}

/// A server that runs.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) services: Services,
    /// The phone that messages of test keys reach.
    pub(crate) phone: SimulatedPhone,
    setup: Setup,
    stop: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
    runtime: Option<Runtime>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Setup::default().start().await
    }

    /// A server whose live messages go to one endpoint, named `gateway`.
    pub(crate) async fn with_sink() -> (Self, Sink) {
        let setup = Setup::default();
        let sink = Sink::new(&setup.clock).await;
        let server = Setup { providers: vec![("gateway", sink.url.clone())], ..setup }.start().await;
        (server, sink)
    }

    /// A server whose live messages go to `first`, else to `second`.
    pub(crate) async fn with_two_sinks() -> (Self, [Sink; 2]) {
        let setup = Setup::default();
        let sinks = [Sink::new(&setup.clock).await, Sink::new(&setup.clock).await];
        let providers = vec![("first", sinks[0].url.clone()), ("second", sinks[1].url.clone())];
        let server = Setup { providers, ..setup }.start().await;
        (server, sinks)
    }

    /// A server whose test messages go to the carrier `simulated`, else to `simulated-2`; each may take a
    /// second to answer.
    pub(crate) async fn with_two_carriers() -> Self {
        Setup { carriers: 2, delivery: "submit_timeout_s = 1", ..Setup::default() }.start().await
    }

    /// Breaks a simulated carrier, or mends it.
    pub(crate) fn set_carrier(&self, name: &str, condition: Condition) {
        assert!(self.phone.set_condition(&name.parse().unwrap(), condition), "no carrier {name}");
    }

    pub(crate) fn clock(&self) -> &TestClock {
        &self.setup.clock
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.setup.folder
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.setup.folder.join(self.setup.data)
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.setup.folder.join(self.setup.keys)
    }

    /// Stops as an operator does: what runs is finished.
    pub(crate) async fn stop(mut self) -> Setup {
        self.stop.cancel();
        (&mut self.running).await.unwrap().unwrap();
        self.end()
    }

    /// Ends as a machine does that loses its power, as far as one process can do that to itself.
    pub(crate) fn kill(self) -> Setup {
        self.end()
    }

    fn end(mut self) -> Setup {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        Setup {
            folder: Arc::clone(&self.setup.folder),
            clock: self.setup.clock.clone(),
            randomness: self.setup.randomness.clone(),
            providers: self.setup.providers.clone(),
            ..self.setup
        }
    }

    /// The same store and clock, served anew.
    pub(crate) async fn restart(self) -> Server {
        self.stop().await.start().await
    }

    pub(crate) async fn create_app(&self, name: &str, policy: Policy) -> Arc<App> {
        let settings =
            AppSettings { name: Some(name.to_owned()), policy: Some(policy), ..AppSettings::default() };
        self.services.create_app(settings).await.unwrap()
    }

    /// A shop's server with a new key of `app`.
    pub(crate) async fn shop_of(&self, app: &App, mode: Mode, scope: Scope) -> Shop {
        let settings = KeySettings { name: "server".to_owned(), mode, scope };
        let (_, secret) = self.services.create_key(app.id, settings).await.unwrap();
        Shop::new(&self.url, secret.expose())
    }

    /// A shop with a test key and the default policy.
    pub(crate) async fn test_shop(&self) -> Shop {
        self.test_shop_with(json!({})).await
    }

    /// A shop with a test key and some of its policy set.
    pub(crate) async fn test_shop_with(&self, policy: Value) -> Shop {
        let app = self.create_app("Shop", policy_of(policy)).await;
        self.shop_of(&app, Mode::Test, Scope::Admin).await
    }

    /// A shop with a live key that sells to Germany and Britain.
    pub(crate) async fn live_shop(&self) -> Shop {
        self.live_shop_with(json!({})).await
    }

    pub(crate) async fn live_shop_with(&self, policy: Value) -> Shop {
        let mut policy = policy_of(policy);
        policy.countries = ["DE", "GB"].map(|country| country.parse().unwrap()).into();
        let app = self.create_app("Shop", policy).await;
        self.shop_of(&app, Mode::Live, Scope::Admin).await
    }

    /// The messages that have reached a number on the simulated phone.
    pub(crate) fn inbox(&self, number: &str) -> Vec<Arc<InboxMessage>> {
        self.phone.inbox(&countersign_core::phone::E164::parse_fictional(number, None).unwrap())
    }

    /// The text of the `count`-th message to a number, once it is there.
    pub(crate) async fn text(&self, number: &str, count: usize) -> String {
        eventually("a message", async || {
            self.inbox(number).get(count - 1).map(|message| message.text.clone())
        })
        .await
    }

    /// The code in the first message to a number, once it is there.
    pub(crate) async fn code(&self, number: &str) -> String {
        code_in(&self.text(number, 1).await)
    }

    /// Starts, reads the code and checks it: the verification's id and its proof.
    pub(crate) async fn approve(&self, shop: &Shop, body: Value) -> (String, String) {
        let id = shop.start(body.clone()).await;
        let number = body["to"].as_str().unwrap();
        // Not any message that the number has had: this verification's own.
        let delivery = shop.timeline(&id).await[0]["data"]["delivery"].clone();
        let text = eventually("its message", async || {
            let inbox = self.inbox(number);
            let own = inbox.iter().find(|message| delivery == message.delivery.to_string())?;
            Some(own.text.clone())
        });
        let code = code_in(&text.await);
        let checked = shop.check(&id, &code).await;
        assert_eq!(checked["result"], "approved", "{checked}");
        (id, checked["proof"].as_str().unwrap().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A runtime may not wait for its end inside another one.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The default policy with some members set.
#[expect(clippy::needless_pass_by_value, reason = "callers write json!({…}) in place")]
pub(crate) fn policy_of(members: Value) -> Policy {
    let mut policy = serde_json::to_value(Policy::default()).unwrap();
    for (name, value) in members.as_object().unwrap() {
        policy[name] = value.clone();
    }
    serde_json::from_value(policy).unwrap()
}

/// Whether a file exists.
pub(crate) fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// A real wait, for what must not happen meanwhile.
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
