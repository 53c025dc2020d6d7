//! `countersign dev`: the first minute.

use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use clap::Args;
use countersign_core::origin::{Origin, ReturnUrl};
use countersign_core::policy::{PhoneLimits, Policy};
use countersign_core::subject::Mode;
use tokio::net::TcpListener;

use crate::branding::Branding;
use crate::clock::{Clock, Randomness};
use crate::config::{self, Config};
use crate::demo::phone;
use crate::demo::shop::{self, DemoShop, ShopSettings};
use crate::demo::start_page::{self, QuickStart, StartPage, TestKey};
use crate::http::listener;
use crate::instance::Instance;
use crate::log;
use crate::tenant::{ApiKey, App, Scope};
use crate::usecase::Services;
use crate::usecase::admin::{AppSettings, KeySettings};

const APP_NAME: &str = "Demo shop";
/// Connections of the demo shop at once.
const MAX_SHOP_CONNECTIONS: usize = 128;
/// How long the demo shop's requests may take when it is stopped: longer than its longest call.
const SHOP_GRACE: Duration = Duration::from_secs(12);

/// Try everything on this machine.
///
/// Starts the API, a demo shop and a simulated phone on an embedded store in a local folder. All
/// messages go to the simulated phone. Not for customers: the key is shown on the start page.
#[derive(Args)]
pub(super) struct Dev {
    /// The folder of the store and its keys; all that is left behind
    #[arg(long, default_value = "countersign-data", value_name = "FOLDER")]
    data_dir: PathBuf,
    /// Where to listen, on this machine only [default: 127.0.0.1:8080, or a free port]. The demo shop takes the next port, or a free one
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

impl Dev {
    pub(super) async fn run(self, file: Option<&Path>) -> anyhow::Result<()> {
        anyhow::ensure!(file.is_none(), "dev takes no configuration file; use `countersign serve` with one");
        let stop = super::stop_on_signal()?;
        let listener = self.bind().await?;
        let port = listener.local_addr()?.port();
        // Browsers treat localhost as a secure place, an address they do not.
        let base_url = format!("http://localhost:{port}");
        let config = configuration(&self.data_dir, listener.local_addr()?, &base_url)?;
        log::start(config.log)?;
        let clock = Clock::system();
        let randomness = Randomness::system()?;
        let instance = Instance::open(config, clock.clone(), randomness.clone()).await?;
        let (app, api_key) = demo_key(&instance.services, &self.data_dir).await?;
        let shop_listener = bind_shop(listener.local_addr()?).await?;
        let shop_port = shop_listener.local_addr()?.port();
        register_shop(&instance.services, &app, shop_port).await?;
        let app = app.id.to_string();
        let shop_origin = format!("http://localhost:{shop_port}");
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(10))
            .build()?;
        let demo_shop = DemoShop::new(ShopSettings {
            http,
            api_base_url: format!("http://{}", listener.local_addr()?),
            countersign_url: base_url.clone(),
            api_key: api_key.clone(),
            app: app.clone(),
            origin: shop_origin.clone(),
            clock,
            randomness,
        });
        let start = StartPage { base_url: base_url.clone(), api_key: TestKey(api_key.clone()) };
        let more = Router::new()
            .merge(start_page::router(&start))
            .merge(shop_elsewhere(&shop_origin))
            .merge(phone::router(instance.simulated_phone.clone(), stop.clone()))
            .layer(axum::middleware::from_fn(own_host_only));
        let shop_pages = shop::router(demo_shop).layer(axum::middleware::from_fn(own_host_only));
        let shop_serving =
            listener::serve(shop_listener, shop_pages, MAX_SHOP_CONNECTIONS, SHOP_GRACE, stop.clone());
        greet(&base_url, &shop_origin, &app, &api_key, &self.data_dir);
        let running = async {
            let ended = instance.run(listener, more, stop.clone()).await;
            // Whatever ended it, the shop has nothing to talk to.
            stop.cancel();
            ended
        };
        tokio::join!(running, shop_serving).0?;
        println!("\nStopped. All that is left is {}", self.data_dir.display());
        Ok(())
    }

    async fn bind(&self) -> anyhow::Result<TcpListener> {
        let wanted = self.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
        anyhow::ensure!(
            wanted.ip().is_loopback(),
            "dev listens on this machine only: its key is on the start page"
        );
        match TcpListener::bind(wanted).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && self.listen.is_none() => {
                Ok(TcpListener::bind((wanted.ip(), 0)).await?)
            }
            bound => bound.with_context(|| format!("cannot listen on {wanted}")),
        }
    }
}

fn configuration(data_dir: &Path, address: SocketAddr, base_url: &str) -> anyhow::Result<Config> {
    let data_dir = std::path::absolute(data_dir)?;
    let own = [
        ("COUNTERSIGN__SERVER__DATA_DIR", data_dir.as_os_str().to_owned()),
        ("COUNTERSIGN__SERVER__LISTEN", address.to_string().into()),
        ("COUNTERSIGN__SERVER__PUBLIC_URL", base_url.into()),
        ("COUNTERSIGN__SIMULATED_PHONE__CARRIERS", "2".into()),
        ("COUNTERSIGN__LOG__LEVEL", "warn".into()),
        ("COUNTERSIGN__LOG__FORMAT", "text".into()),
    ]
    .map(|(name, value)| (name.into(), value));
    Config::load(None, config::environment().chain(own))
        .map_err(|errors| anyhow::anyhow!("a COUNTERSIGN__ variable is wrong\n{errors}"))
}

/// The shop has an origin of its own beside that of the server: the next port, or a free one.
async fn bind_shop(server: SocketAddr) -> anyhow::Result<TcpListener> {
    let next = server.port().checked_add(1).unwrap_or_default();
    match TcpListener::bind((server.ip(), next)).await {
        Ok(bound) => Ok(bound),
        Err(_) => TcpListener::bind((server.ip(), 0)).await.context("cannot listen for the demo shop"),
    }
}

/// Says whose pages may use the browser face and where customers come back to, as a shop does once: the shop's, in place
/// of those that it had when it was started before. Whatever else was registered stays.
async fn register_shop(services: &Services, app: &App, port: u16) -> anyhow::Result<()> {
    let is_of_shop =
        |url: &&ReturnUrl| url.as_str().ends_with(shop::RETURN_PATH) && url.as_str().starts_with("http://");
    let before: Vec<Origin> =
        app.return_urls.iter().filter(is_of_shop).filter_map(ReturnUrl::origin).collect();
    let mut origins: Vec<Origin> =
        app.origins.iter().filter(|origin| !before.contains(origin)).cloned().collect();
    let mut return_urls: Vec<ReturnUrl> =
        app.return_urls.iter().filter(|url| !is_of_shop(url)).cloned().collect();
    origins.push(format!("http://localhost:{port}").parse()?);
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        return_urls.push(format!("http://{host}:{port}{}", shop::RETURN_PATH).parse()?);
    }
    let own_look = Branding { accent: Some(shop::SHOP_COLOUR.parse()?), ..Branding::default() };
    let settings = AppSettings {
        origins: Some(origins),
        return_urls: Some(return_urls),
        branding: (app.branding == Branding::default()).then_some(own_look),
        ..AppSettings::default()
    };
    services.update_app(app.id, settings).await.context("cannot register the demo shop with its app")?;
    Ok(())
}

/// The way to the shop from the server's own pages.
fn shop_elsewhere(origin: &str) -> Router {
    let to_shop = Redirect::temporary(&format!("{origin}/shop"));
    Router::new().route("/shop", get(async move || to_shop))
}

/// The demo app and a test key for it: that of the last run, or a new one.
async fn demo_key(services: &Services, data_dir: &Path) -> anyhow::Result<(Arc<App>, String)> {
    let file = data_dir.join("dev-api-key");
    let existing = fs::read_to_string(&file).ok();
    let known = existing.as_deref().map(str::trim).and_then(|key| {
        Some((services.directory.authenticate(key, services.clock.now())?.0, key.to_owned()))
    });
    if let Some((app, key)) = known {
        return Ok((app, key));
    }
    let app = if let Some(app) = services.directory.apps().into_iter().find(|app| app.name == APP_NAME) {
        app
    } else {
        let settings = AppSettings {
            name: Some(APP_NAME.to_owned()),
            brand: Some(shop::SHOP_NAME.to_owned()),
            policy: Some(demo_policy()),
            ..AppSettings::default()
        };
        services.create_app(settings).await?
    };
    let settings = KeySettings { name: "dev".to_owned(), mode: Mode::Test, scope: Scope::Server };
    let (_, secret): (ApiKey, _) = services.create_key(app.id, settings).await?;
    let mut out = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&file)?;
    writeln!(out, "{}", secret.expose())?;
    Ok((app, secret.expose().to_owned()))
}

/// Roomy enough to try things many times an hour with one number; all else as a merchant has it.
fn demo_policy() -> Policy {
    Policy {
        phone_limits: PhoneLimits { spacing_s: 0, per_ten_minutes: 50, per_hour: 50, per_day: 50 },
        ..Policy::default()
    }
}

/// A page elsewhere whose name was pointed at this machine (DNS rebinding) must not read the key.
async fn own_host_only(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if matches!(name, "localhost" | "127.0.0.1" | "[::1]") {
        next.run(request).await
    } else {
        (StatusCode::MISDIRECTED_REQUEST, "open this page as http://localhost\n").into_response()
    }
}

fn greet(base_url: &str, shop_origin: &str, app: &str, api_key: &str, data_dir: &Path) {
    let QuickStart { start, check } = QuickStart::new(base_url, api_key);
    println!(
        "\nCountersign is running. Everything it keeps is in {}\n\n  \
         Demo shop        {shop_origin}/shop\n  Simulated phone  {base_url}/phone\n  API              {base_url}/docs\n\n\
         Try the API (app {app}, test key):\n\n{start}\n\n{check}\n\nCtrl-C stops it.",
        data_dir.display()
    );
    let _ = io::stdout().flush();
}
