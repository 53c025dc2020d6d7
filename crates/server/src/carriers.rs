//! Makes providers of what the configuration says about them.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use countersign_core::verification::Channel;
use countersign_delivery::http::{HttpProvider, HttpSettings, HttpTimeouts};
use countersign_delivery::provider::{AnyProvider, ProviderName};
use countersign_delivery::signature::SigningKeys;
use countersign_delivery::simulated::SimulatedPhone;
use countersign_delivery::smpp::{SmppProvider, SmppRuntime};

use crate::config::{Carrier, Config, Provider};
use crate::worker::providers::Providers;

/// The name under which messages of test keys leave.
pub const SIMULATED_NAME: &str = "simulated";

/// All of them. SMPP binds begin at once.
pub fn all(
    config: &Config,
    simulated: &SimulatedPhone,
    smpp_runtime: impl Fn() -> SmppRuntime,
) -> anyhow::Result<Providers> {
    let live = config.providers.iter().map(|provider| one(config, provider, simulated, &smpp_runtime));
    let live = live.collect::<anyhow::Result<_>>()?;
    let names = simulated_names(config.simulated_phone.carriers)?;
    let test = names.into_iter().map(|name| AnyProvider::Simulated(simulated.named(name))).collect();
    Ok(Providers::new(live, test))
}

/// One of them.
pub fn one(
    config: &Config,
    provider: &Provider,
    simulated: &SimulatedPhone,
    smpp_runtime: impl Fn() -> SmppRuntime,
) -> anyhow::Result<AnyProvider> {
    let public_url = config.server.public_url.as_str().trim_end_matches('/');
    let receipts_url = format!("{public_url}/v1/receipts/{}", provider.name);
    Ok(match &provider.carrier {
        Carrier::Simulated => AnyProvider::Simulated(simulated.named(provider.name.clone())),
        Carrier::Http(http) => {
            let connect = (http.timeout() / 2).min(Duration::from_secs(2));
            AnyProvider::Http(HttpProvider::new(HttpSettings {
                name: provider.name.clone(),
                url: http.url.expose().to_string(),
                channels: http.channels.clone(),
                keys: SigningKeys::new(
                    http.secret.expose(),
                    http.previous_secret.as_ref().map(crate::config::SecretText::expose),
                )?,
                sender: http.sender.clone(),
                receipts_url: Some(receipts_url),
                timeouts: HttpTimeouts::new(connect, http.timeout())?,
            })?)
        }
        Carrier::Smpp(smpp) => {
            AnyProvider::Smpp(SmppProvider::new(provider.name.clone(), smpp, smpp_runtime())?)
        }
        Carrier::Smtp(smtp) => AnyProvider::Smtp(smtp.provider(provider.name.clone())?),
        Carrier::Declared(carrier) => {
            let declared = carrier.provider(provider.name.clone(), Some(receipts_url));
            AnyProvider::Declared(declared.map_err(anyhow::Error::msg)?)
        }
    })
}

/// The channels that each provider carries.
pub fn carried(config: &Config) -> HashMap<ProviderName, BTreeSet<Channel>> {
    let channels = |carrier: &Carrier| Channel::ALL.into_iter().filter(|one| carrier.carries(*one)).collect();
    config.providers.iter().map(|provider| (provider.name.clone(), channels(&provider.carrier))).collect()
}

/// Carriers of test messages, the first one first.
pub fn simulated_names(carriers: u8) -> anyhow::Result<Vec<ProviderName>> {
    let name = |number| match number {
        1 => SIMULATED_NAME.to_owned(),
        number => format!("{SIMULATED_NAME}-{number}"),
    };
    (1..=carriers).map(|number| Ok(name(number).parse()?)).collect()
}
