//! `countersign serve`

use std::path::Path;

use anyhow::Context as _;
use axum::Router;
use clap::Args;
use tokio::net::TcpListener;

use crate::clock::{Clock, Randomness};
use crate::demo;
use crate::instance::Instance;
use crate::log;

/// Run the server until SIGINT or SIGTERM; requests and submissions that run are finished first.
#[derive(Args)]
pub(super) struct Serve {}

impl Serve {
    pub(super) async fn run(self, config: Option<&Path>) -> anyhow::Result<()> {
        let config = super::load(config)?;
        log::start(config.log)?;
        for remark in config.remarks() {
            tracing::warn!("{remark}");
        }
        let stop = super::stop_on_signal()?;
        let address = config.server.listen;
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address} (server.listen)"))?;
        let phone_served = config.simulated_phone.enabled;
        let instance = Instance::open(config, Clock::system(), Randomness::system()?).await?;
        let more = if phone_served {
            demo::phone::router_alone(instance.simulated_phone.clone(), stop.clone())
        } else {
            Router::new()
        };
        instance.run(listener, more, stop).await?;
        tracing::info!("countersign has stopped");
        Ok(())
    }
}
