//! One running server: everything put together, started and stopped.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use countersign_core::phone;
use countersign_delivery::backoff::Backoff;
use countersign_delivery::receipt::CarrierReceipt;
use countersign_delivery::simulated::{SimulatedLimits, SimulatedPhone, SimulatedRuntime};
use countersign_delivery::smpp::SmppRuntime;
use countersign_store::{AnyStore, NodeId, SqliteStore, StoreError};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::carriers;
use crate::clock::{Clock, Randomness};
use crate::config::Config;
use crate::directory::Directory;
use crate::engine::{Engine, EngineParts};
use crate::funnel::Funnel;
use crate::guard::{self, Guards};
use crate::http::observe::{Observer, ObserverParts};
use crate::http::v1::receipts::ReceiptState;
use crate::http::{self, MetricsRoute, listener};
use crate::keyfile;
use crate::metrics::Metrics;
use crate::routing::{Routing, RoutingSettings};
use crate::usecase::{Parts, Services, UnderWay};
use crate::worker::outbox::{self, Outbox, Waiting};
use crate::worker::providers::Providers;
use crate::worker::recall::{self, Recall, RecallParts, Recalls};
use crate::worker::send::{Retries, Sender, SenderParts};
use crate::worker::take_over::TakeOver;
use crate::worker::{binds, expire, funnel, judge, purge, receipts};

/// Receipts of the simulated phone that may wait.
const RECEIPT_QUEUE: usize = 1024;
/// How often the store is asked whether it still works.
const STORE_WATCH_INTERVAL: Duration = Duration::from_millis(500);

/// A server with its store open. Nothing runs yet.
pub struct Instance {
    /// The use cases.
    pub services: Services,
    /// The phone that receives test messages.
    pub simulated_phone: SimulatedPhone,
    /// The key file.
    pub key_file: PathBuf,
    config: Config,
    sender: Sender,
    outbox: Outbox,
    waiting: Waiting,
    receipt_sender: mpsc::Sender<CarrierReceipt>,
    receipts: mpsc::Receiver<CarrierReceipt>,
    recalled: Option<mpsc::Receiver<Recall>>,
    due: Arc<Notify>,
    metrics: Arc<Metrics>,
    randomness: Randomness,
    node: NodeId,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Instance {
    /// Opens store and keys, making both if they are new.
    #[expect(
        clippy::too_many_lines,
        reason = "one list of what a server is made of, in the order in which it is made"
    )]
    pub async fn open(config: Config, clock: Clock, randomness: Randomness) -> anyhow::Result<Self> {
        phone::warm_up();
        let store = open_store(&config)?;
        let key_file = config.keys.file.clone();
        let keyring = keyfile::open(&key_file, &store, clock.now(), &mut randomness.entropy()).await?;
        let directory = Arc::new(Directory::load(Arc::clone(&store)).await?);
        let (metrics, funnel) = (Arc::new(Metrics::default()), Arc::new(Funnel::default()));
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (outbox, waiting) = Outbox::new(Arc::clone(&metrics), config.delivery.concurrency);
        let node = NodeId(u64::from_be_bytes(randomness.entropy().bytes()));
        let (receipt_sender, receipts) = mpsc::channel(RECEIPT_QUEUE);
        let (simulated_phone, providers) = carriers(&config, &tasks, &stop, &randomness, &receipt_sender)?;
        let (routing, due) = (Arc::new(routing(&config)?), Arc::new(Notify::new()));
        let (names, smpp) = (providers.names().map(ToString::to_string).collect(), providers.smpp());
        let (recalls, recalled) = Recalls::new(&smpp);
        metrics.observe_smpp(smpp.clone());
        let guards = Arc::new(Guards::new(config.guard.clone()));
        guards.learn(&store, &directory, &keyring).await?;
        guard::warn_of_unguarded(&directory);
        let engine = Engine::new(EngineParts {
            store: Arc::clone(&store),
            keyring: Arc::new(keyring),
            clock: clock.clone(),
            randomness: randomness.clone(),
            metrics: Arc::clone(&metrics),
            outbox: outbox.clone(),
            recalls: recalls.clone(),
            routing: Arc::clone(&routing),
            funnel: Arc::clone(&funnel),
            guards: Arc::clone(&guards),
            feedback: providers.want_feedback(),
            node,
            lease: config.delivery.lease(),
            tasks: tasks.clone(),
        });
        let sender = Sender::new(SenderParts {
            store: Arc::clone(&store),
            engine: engine.clone(),
            clock: clock.clone(),
            randomness: randomness.clone(),
            metrics: Arc::clone(&metrics),
            providers,
            routing: Arc::clone(&routing),
            funnel: Arc::clone(&funnel),
            senders: config.senders.clone(),
            recalls,
            due: Arc::clone(&due),
            node,
            retries: retries(&config)?,
        });
        let services = Services::new(Parts {
            engine,
            store,
            directory,
            clock,
            randomness: randomness.clone(),
            metrics: Arc::clone(&metrics),
            guards,
            routing,
            funnel,
            issuer: config.server.public_url.as_str().to_owned(),
            providers: names,
            smpp,
            challenge: config.challenge.clone(),
            under_way: UnderWay::default(),
        });
        Ok(Instance {
            services,
            simulated_phone,
            key_file,
            config,
            sender,
            outbox,
            waiting,
            receipt_sender,
            receipts,
            recalled,
            due,
            metrics,
            randomness,
            node,
            tasks,
            stop,
        })
    }

    /// Starts the workers and serves `more` beside the API on `listener` until `stop`; then drains.
    pub async fn run(
        self,
        listener: TcpListener,
        more: Router,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let grace = self.config.server.shutdown_grace();
        let server = &self.config.server;
        let observer = Observer::new(ObserverParts {
            clock: self.services.clock.clone(),
            randomness: self.randomness.clone(),
            metrics: Arc::clone(&self.metrics),
            max_in_flight: server.max_in_flight_requests,
            timeout: server.request_timeout(),
            trusted_proxies: server.trusted_proxies.clone(),
        });
        let metrics_route = match (self.config.metrics.enabled, self.config.metrics.listen) {
            (true, None) => MetricsRoute::Served,
            _ => MetricsRoute::Elsewhere,
        };
        let receipts = ReceiptState {
            services: self.services.clone(),
            sender: self.sender.clone(),
            early: self.receipt_sender.clone(),
        };
        let router = http::router(receipts, observer, metrics_route, more);
        let control =
            crate::control::Control { services: self.services.clone(), key_file: self.key_file.clone() };
        let socket = crate::control::bind(&self.config.server.data_dir)?;
        let own_metrics = match (self.config.metrics.enabled, self.config.metrics.listen) {
            (true, Some(address)) => Some(
                TcpListener::bind(address)
                    .await
                    .with_context(|| format!("cannot listen on {address} for metrics (metrics.listen)"))?,
            ),
            _ => None,
        };
        // Not before the local socket is there: whoever waits for this line may use the command line next.
        let address = listener.local_addr()?;
        tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "countersign serves");
        let max_connections = server.max_connections;
        let serving = TaskTracker::new();
        serving.spawn(listener::serve(listener, router, max_connections, grace, stop.clone()));
        serving.spawn(listener::serve(socket, crate::control::router(control), 16, grace, stop.clone()));
        if let Some(listener) = own_metrics {
            let router = http::metrics_router(self.services.clone());
            serving.spawn(listener::serve(listener, router, 16, grace, stop.clone()));
        }
        let store = Arc::clone(&self.services.store);
        let counted = Arc::clone(&self.services.funnel);
        let socket_path = crate::control::socket_path(&self.config.server.data_dir);
        let workers = self.stop.clone();
        let tasks = self.tasks.clone();
        self.spawn_workers();
        let failure = tokio::select! {
            () = stop.cancelled() => None,
            failure = store_failure(&store) => Some(failure),
        };
        stop.cancel();
        serving.close();
        serving.wait().await;
        // No request runs any more: let what is being sent come to its end, then the workers.
        workers.cancel();
        tasks.close();
        if tokio::time::timeout(grace, tasks.wait()).await.is_err() {
            tracing::warn!("messages were still being sent when the grace time ended; their leases run out");
        }
        if let Err(error) = counted.flush(&store).await {
            tracing::warn!(%error, "the last figures of the funnel were lost");
        }
        let _ = std::fs::remove_file(socket_path);
        close(&store).await;
        match failure {
            None => Ok(()),
            Some(failure) => {
                Err(failure).context("the store has failed; look at its disk before you start again")
            }
        }
    }

    fn spawn_workers(self) {
        let Instance {
            services,
            sender,
            outbox,
            waiting,
            receipts,
            recalled,
            due,
            randomness,
            node,
            tasks,
            stop,
            config,
            ..
        } = self;
        let (store, clock, directory) =
            (Arc::clone(&services.store), services.clock.clone(), Arc::clone(&services.directory));
        let concurrency = config.delivery.concurrency;
        tasks.spawn(outbox::run(sender, waiting, concurrency, tasks.clone(), stop.clone()));
        let take_over = TakeOver {
            store: Arc::clone(&store),
            directory: Arc::clone(&directory),
            outbox,
            clock: clock.clone(),
            randomness: randomness.clone(),
            node,
            lease: config.delivery.lease(),
            due,
        };
        tasks.spawn(judge::run(services.clone(), tasks.clone(), stop.clone()));
        if let Some(recalled) = recalled {
            let parts = RecallParts {
                store: Arc::clone(&store),
                providers: services.smpp.clone(),
                clock: clock.clone(),
                randomness,
                metrics: Arc::clone(&services.metrics),
                node,
            };
            tasks.spawn(recall::run(parts, recalled, tasks.clone(), stop.clone()));
        }
        for provider in services.smpp.clone() {
            let (routing, metrics) = (Arc::clone(&services.routing), Arc::clone(&services.metrics));
            tasks.spawn(binds::run(provider, routing, metrics, clock.clone(), stop.clone()));
        }
        tasks.spawn(take_over.run(stop.clone()));
        tasks.spawn(expire::run(
            Arc::clone(&store),
            directory,
            services.engine.clone(),
            clock.clone(),
            stop.clone(),
        ));
        tasks.spawn(funnel::run(Arc::clone(&services.funnel), Arc::clone(&store), stop.clone()));
        tasks.spawn(purge::run(store, clock, stop.clone()));
        tasks.spawn(receipts::run(services, receipts, stop));
    }
}

fn open_store(config: &Config) -> anyhow::Result<Arc<AnyStore>> {
    let data_dir = &config.server.data_dir;
    let store = SqliteStore::open(data_dir);
    let store = store.with_context(|| format!("cannot open the store in {}", data_dir.display()))?;
    Ok(Arc::new(AnyStore::Sqlite(store)))
}

/// The phone and the providers; those that learn of receipts by themselves bring them to `receipts`.
fn carriers(
    config: &Config,
    tasks: &TaskTracker,
    shutdown: &CancellationToken,
    randomness: &Randomness,
    receipts: &mpsc::Sender<CarrierReceipt>,
) -> anyhow::Result<(SimulatedPhone, Providers)> {
    let runtime =
        SimulatedRuntime { tasks: tasks.clone(), shutdown: shutdown.clone(), receipts: receipts.clone() };
    let phone = SimulatedPhone::new(carriers::SIMULATED_NAME.parse()?, SimulatedLimits::default(), runtime);
    let smpp_runtime = || SmppRuntime {
        tasks: tasks.clone(),
        shutdown: shutdown.clone(),
        receipts: receipts.clone(),
        entropy: randomness.entropy(),
    };
    let providers = carriers::all(config, &phone, smpp_runtime)?;
    Ok((phone, providers))
}

fn routing(config: &Config) -> anyhow::Result<Routing> {
    Ok(Routing::new(RoutingSettings {
        table: config.routes.clone(),
        route: config.delivery.route.clone(),
        carried: carriers::carried(config),
        simulated: carriers::simulated_names(config.simulated_phone.carriers)?,
        prices: config.prices.clone(),
        bounds: config.delivery.bounds(),
    }))
}

fn retries(config: &Config) -> anyhow::Result<Retries> {
    let delivery = &config.delivery;
    Ok(Retries {
        most: delivery.max_retries,
        backoff: Backoff::new(delivery.retry_first_delay(), delivery.retry_longest_delay())?,
        submit_timeout: delivery.submit_timeout(),
    })
}

/// Ends when the store has stopped for good: after an I/O error nobody knows what the disk holds, and
/// to go on would be to pretend (crypto-and-testing.md F4).
async fn store_failure(store: &AnyStore) -> StoreError {
    loop {
        tokio::time::sleep(STORE_WATCH_INTERVAL).await;
        if let Some(failure) = store.failure() {
            tracing::error!(%failure, "the store has failed");
            return failure;
        }
    }
}

async fn close(store: &AnyStore) {
    if let AnyStore::Sqlite(store) = store {
        store.close().await;
    }
}
