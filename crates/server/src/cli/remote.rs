//! The way to the store: through the running server, or by opening it.

use std::path::Path;

use anyhow::{Context as _, bail};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt as _;

use crate::clock::{Clock, Randomness};
use crate::config::{Carrier, Config};
use crate::control::{self, Control};
use crate::http::problem::Problem;
use crate::instance::Instance;

/// The longest answer that is read.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// Somebody who answers the paths of [`control::router`].
pub(super) enum Remote {
    /// A running server.
    Server(reqwest::Client),
    /// Ourselves.
    Own {
        router: Router,
        /// Keeps the store open; closes it in the end.
        _instance: Box<Instance>,
    },
}

impl Remote {
    /// The running server of the configured data folder: what only a running one can tell or do.
    pub(super) async fn running(config: Option<&Path>) -> anyhow::Result<Self> {
        let config = super::load(config)?;
        let socket = control::socket_path(&config.server.data_dir);
        let found = tokio::net::UnixStream::connect(&socket).await;
        found.with_context(|| format!("no server runs on {}", config.server.data_dir.display()))?;
        Ok(Remote::Server(reqwest::Client::builder().unix_socket(socket).build()?))
    }

    /// The running server of the configured data folder, or else its store.
    pub(super) async fn open(config: Option<&Path>) -> anyhow::Result<Self> {
        let config = super::load(config)?;
        let socket = control::socket_path(&config.server.data_dir);
        if tokio::net::UnixStream::connect(&socket).await.is_ok() {
            let client = reqwest::Client::builder().unix_socket(socket).build()?;
            return Ok(Remote::Server(client));
        }
        let instance = Instance::open(without_binds(config), Clock::system(), Randomness::system()?).await?;
        let control = Control { services: instance.services.clone(), key_file: instance.key_file.clone() };
        Ok(Remote::Own { router: control::router(control), _instance: Box::new(instance) })
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.call(Method::GET, path, None).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        self.call(Method::POST, path, Some(serde_json::to_vec(body)?)).await
    }

    pub(super) async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        self.call(Method::PATCH, path, Some(serde_json::to_vec(body)?)).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> anyhow::Result<T> {
        let (status, bytes) = match self {
            Remote::Server(client) => {
                let mut request = client
                    .request(method, format!("http://countersign{path}"))
                    .header(header::CONTENT_TYPE, "application/json");
                if let Some(body) = body {
                    request = request.body(body);
                }
                let answer =
                    request.send().await.context("the running server does not answer on its local socket")?;
                (answer.status(), answer.bytes().await?.to_vec())
            }
            Remote::Own { router, .. } => {
                let request = Request::builder()
                    .method(method)
                    .uri(path)
                    .header(header::CONTENT_TYPE, "application/json")
                    .body(body.map_or_else(Body::empty, Body::from))?;
                let answer = router.clone().oneshot(request).await?;
                let status = answer.status();
                (status, axum::body::to_bytes(answer.into_body(), MAX_ANSWER_BYTES).await?.to_vec())
            }
        };
        if !status.is_success() {
            match serde_json::from_slice::<Problem>(&bytes) {
                Ok(problem) => bail!("{}", words(&problem)),
                Err(_) => bail!("the server answered {status}"),
            }
        }
        let text: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
        Ok(serde_json::from_slice(text)?)
    }
}

/// A command that looks into the store sends nothing, so it does not bind to carriers: some take one bind only, and
/// wrong credentials would be refused once more with each command. The providers keep their names.
fn without_binds(mut config: Config) -> Config {
    for provider in &mut config.providers {
        if matches!(provider.carrier, Carrier::Smpp(_)) {
            provider.carrier = Carrier::Simulated;
        }
    }
    config
}

fn words(problem: &Problem) -> String {
    let pointer = problem.pointer.as_deref().map(|pointer| format!("{}: ", pointer.trim_start_matches('/')));
    let detail = problem.detail.as_deref().unwrap_or(&problem.title);
    format!("{}{detail}", pointer.unwrap_or_default())
}
