//! What concerns several keys, or files beside the configuration.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_core::guard::AsnTable;
use countersign_core::guard::policy::Amount;
use countersign_core::id::AppId;
use countersign_core::phone::{Country, NumberType};
use countersign_core::price::Price;
use countersign_core::verification::Channel;
use countersign_delivery::provider::ProviderName;
use countersign_delivery::route::place::Prefix;
use countersign_delivery::route::prices::PriceList;
use countersign_delivery::route::table::{Order, RouteTable, Rule};
use countersign_delivery::route::thompson::ThompsonSettings;
use countersign_delivery::sender::SenderId;
use serde::Deserialize;
use toml::Spanned;

use crate::guard::GuardSettings;

use super::carrier_file;
use super::challenge_file;
use super::document::{Document, Origin};
use super::problem::Mistake;
use super::secret::{Privacy, SecretText};
use super::sender_rules::{self, DltDraft, SenderDraft};
use super::smtp_file;
use super::{
    Carrier, Config, Delivery, GuardKeys, HttpCarrier, Keys, Log, Metrics, Provider, ProviderUrl, Server,
    SimulatedPhone,
};
use crate::challenge_vendor::ChallengeVendor;

/// The configuration as it is written: each value right by itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Draft {
    server: Server,
    keys: KeysDraft,
    log: Log,
    delivery: Delivery,
    providers: Vec<ProviderDraft>,
    routes: Vec<RouteDraft>,
    senders: Vec<SenderDraft>,
    dlt_templates: Vec<DltDraft>,
    guard: GuardKeys,
    challenge: ChallengeDraft,
    simulated_phone: SimulatedPhone,
    metrics: Metrics,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeysDraft {
    file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChallengeDraft {
    vendor_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RouteDraft {
    providers: Vec<ProviderName>,
    country: Option<Country>,
    prefix: Option<Prefix>,
    number_type: Option<NumberType>,
    app: Option<AppId>,
    channel: Channel,
    order: Order,
    explore_percent: u8,
    explore_min_per_day: u32,
    explore_max_price_above_percent: u16,
}

impl RouteDraft {
    fn rule(self) -> Rule {
        let thompson = (self.explore_percent > 0).then_some(ThompsonSettings {
            max_explored_percent: self.explore_percent,
            min_per_day: self.explore_min_per_day,
            max_price_above_percent: self.explore_max_price_above_percent,
        });
        let RouteDraft { providers, country, prefix, number_type, app, channel, order, .. } = self;
        Rule { app, country, number_type, prefix, channel, providers, order, thompson }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderDraft {
    name: ProviderName,
    kind: ProviderKind,
    file: Option<PathBuf>,
    url: Option<ProviderUrl>,
    allow_plain_http: bool,
    secret_file: Option<PathBuf>,
    secret: Option<SecretText>,
    previous_secret_file: Option<PathBuf>,
    sender: Option<SenderId>,
    channels: Option<BTreeSet<Channel>>,
    timeout_s: Option<u64>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ProviderKind {
    Http,
    Smpp,
    Declared,
    Smtp,
    Simulated,
}

impl ProviderKind {
    const fn as_str(self) -> &'static str {
        match self {
            ProviderKind::Http => "http",
            ProviderKind::Smpp => "smpp",
            ProviderKind::Declared => "declared",
            ProviderKind::Smtp => "smtp",
            ProviderKind::Simulated => "simulated",
        }
    }

    /// The keys, besides name and kind, that a provider of this kind has.
    const fn keys(self) -> &'static [&'static str] {
        match self {
            ProviderKind::Http => &[
                "url",
                "allow_plain_http",
                "secret_file",
                "secret",
                "previous_secret_file",
                "sender",
                "channels",
                "timeout_s",
            ],
            ProviderKind::Smpp => &["file"],
            ProviderKind::Declared | ProviderKind::Smtp => &["file", "timeout_s"],
            ProviderKind::Simulated => &[],
        }
    }
}

/// Makes the configuration, and tells the document what is wrong. Rules over sections that have
/// mistakes already are left out: they would complain of their echo.
pub(super) fn apply(document: &mut Document<'_>, privacy: &Privacy, file: Option<&Path>) -> Option<Config> {
    let root = Spanned::new(0..0, document.root().clone());
    let draft = match Draft::deserialize(toml::de::Deserializer::from(root)) {
        Ok(draft) => draft,
        Err(error) => {
            // The schema lets nothing through that the structs refuse; a test holds one against the other.
            let mistake = Mistake::new(error.message(), "see docs/configuration.md");
            document.mistake_in_file(&error.span().unwrap_or_default(), None, mistake);
            return None;
        }
    };
    let mut rules = Rules { document, privacy, file };
    let mut server = draft.server;
    server.data_dir = rules.resolve("server.data_dir", server.data_dir);
    let keys_file = draft.keys.file.map(|path| rules.resolve("keys.file", path));
    let keys = Keys { file: keys_file.unwrap_or_else(|| server.data_dir.join("keys.json")) };
    rules.check_addresses(&server, draft.metrics);
    rules.check_keys(&keys);
    rules.check_times(&draft.delivery);
    let names: Vec<ProviderName> = draft.providers.iter().map(|provider| provider.name.clone()).collect();
    rules.check_names(&names);
    let delivery = rules.route(draft.delivery, &names);
    let providers: Vec<Provider> = draft
        .providers
        .into_iter()
        .enumerate()
        .filter_map(|(index, provider)| {
            rules.provider(&format!("providers[{index}]"), provider, &delivery, draft.simulated_phone)
        })
        .collect();
    let routes = rules.routes(draft.routes, &names, &providers);
    let prices = rules.prices(&delivery);
    let guard = rules.guard(draft.guard, &delivery);
    let challenge = draft.challenge.vendor_file.and_then(|file| rules.challenge(file));
    let senders = rules.senders(&delivery, &providers, &names, draft.senders, draft.dlt_templates);
    Some(Config {
        server,
        keys,
        log: draft.log,
        delivery,
        providers,
        routes,
        prices,
        senders,
        guard,
        challenge,
        simulated_phone: draft.simulated_phone,
        metrics: draft.metrics,
    })
}

pub(super) struct Rules<'d, 'a> {
    pub(super) document: &'d mut Document<'a>,
    privacy: &'d Privacy,
    file: Option<&'d Path>,
}

impl Rules<'_, '_> {
    /// A relative path of the file counts from the file's folder, one of the environment from the
    /// working directory.
    pub(super) fn resolve(&self, key: &str, path: PathBuf) -> PathBuf {
        let folder = self.file.and_then(Path::parent);
        match (self.document.origin(key), folder) {
            (Some(Origin::File(_)), Some(folder)) => folder.join(path),
            _ => path,
        }
    }

    /// Tells a mistake between two keys at the first that somebody has set.
    fn mistake_between(&mut self, keys: [&str; 2], mistake: Mistake) {
        let key = keys.into_iter().find(|key| self.document.origin(key).is_some()).unwrap_or(keys[0]);
        self.document.mistake_at(key, mistake);
    }

    fn challenge(&mut self, file: PathBuf) -> Option<ChallengeVendor> {
        let file = self.resolve("challenge.vendor_file", file);
        let vendor = self.privacy.check(&file).and_then(|()| challenge_file::challenge(&file));
        vendor.map_err(|mistake| self.document.mistake_at("challenge.vendor_file", mistake)).ok()
    }

    fn check_addresses(&mut self, server: &Server, metrics: Metrics) {
        let is_taken = |listen: SocketAddr| listen == server.listen && listen.port() != 0;
        if self.document.are_sound(&["server", "metrics"]) && metrics.listen.is_some_and(is_taken) {
            let mistake = Mistake::new(
                "this is the address of server.listen",
                "give it a port of its own, or leave it out to serve /metrics at server.listen",
            );
            self.document.mistake_at("metrics.listen", mistake);
        }
    }

    fn check_keys(&mut self, keys: &Keys) {
        // It is made on the first start; until then there is nothing to look at.
        if self.document.are_sound(&["server", "keys"])
            && keys.file.exists()
            && let Err(mistake) = self.privacy.check(&keys.file)
        {
            self.mistake_between(["keys.file", "server.data_dir"], mistake);
        }
    }

    fn check_times(&mut self, delivery: &Delivery) {
        if !self.document.are_sound(&["delivery"]) {
            return;
        }
        if delivery.submit_timeout_s >= delivery.lease_s {
            let mistake = Mistake::new(
                format!(
                    "a submission may take {} s, which is not shorter than the lease of {} s: another server would take the message over meanwhile",
                    delivery.submit_timeout_s, delivery.lease_s
                ),
                "make submit_timeout_s shorter than lease_s",
            );
            self.mistake_between(["delivery.submit_timeout_s", "delivery.lease_s"], mistake);
        }
        if delivery.retry_first_delay() > delivery.retry_longest_delay() {
            let mistake = Mistake::new(
                format!(
                    "the first wait of {} ms is longer than the longest of {} s",
                    delivery.retry_first_delay_ms, delivery.retry_longest_delay_s
                ),
                "make retry_first_delay_ms at most 1000 × retry_longest_delay_s",
            );
            self.mistake_between(
                ["delivery.retry_first_delay_ms", "delivery.retry_longest_delay_s"],
                mistake,
            );
        }
    }

    fn check_names(&mut self, names: &[ProviderName]) {
        let mut seen = BTreeSet::new();
        for (index, name) in names.iter().enumerate() {
            if !seen.insert(name) {
                let mistake = Mistake::new(
                    format!("there is another provider \"{name}\" above"),
                    "give each provider a name of its own",
                );
                self.document.mistake_at(&format!("providers[{index}].name"), mistake);
            }
        }
    }

    /// The order that is used: the one that is written, or all in the order of the file.
    fn route(&mut self, mut delivery: Delivery, names: &[ProviderName]) -> Delivery {
        if !self.document.are_sound(&["delivery", "providers"]) {
            return delivery;
        }
        let mut seen = BTreeSet::new();
        for (index, name) in delivery.route.iter().enumerate() {
            let path = format!("delivery.route[{index}]");
            if !names.contains(name) {
                let right = match countersign_delivery::closest::closest(
                    name.as_str(),
                    names.iter().map(ProviderName::as_str),
                ) {
                    Some(nearest) => format!("did you mean \"{nearest}\"?"),
                    None => "name providers that have a [[providers]] section".to_owned(),
                };
                self.document
                    .mistake_at(&path, Mistake::new(format!("there is no provider \"{name}\""), right));
            } else if !seen.insert(name) {
                let mistake =
                    Mistake::new(format!("\"{name}\" is in the route twice"), "name each provider once");
                self.document.mistake_at(&path, mistake);
            }
        }
        if delivery.route.is_empty() {
            delivery.route = names.to_vec();
        }
        delivery
    }

    /// Rules by destination. A table with a mistake is left out whole.
    fn routes(
        &mut self,
        drafts: Vec<RouteDraft>,
        names: &[ProviderName],
        providers: &[Provider],
    ) -> RouteTable {
        if !self.document.are_sound(&["routes", "providers"]) {
            return RouteTable::default();
        }
        let rules: Vec<Rule> = drafts.into_iter().map(RouteDraft::rule).collect();
        for (index, rule) in rules.iter().enumerate() {
            for (position, name) in
                rule.providers.iter().enumerate().filter(|(_, name)| !names.contains(name))
            {
                let mistake = Mistake::new(
                    format!("there is no provider \"{name}\""),
                    "name providers that have a [[providers]] section",
                );
                self.document.mistake_at(&format!("routes[{index}].providers[{position}]"), mistake);
            }
        }
        for (index, rule) in rules.iter().enumerate() {
            for (position, name) in rule.providers.iter().enumerate() {
                let provider = providers.iter().find(|provider| provider.name == *name);
                if provider.is_some_and(|provider| !provider.carrier.carries(rule.channel)) {
                    let channel = rule.channel;
                    let mistake = Mistake::new(
                        format!("\"{name}\" does not carry {channel}"),
                        "name providers of the rule's channel, or set its channel",
                    );
                    self.document.mistake_at(&format!("routes[{index}].providers[{position}]"), mistake);
                }
            }
        }
        RouteTable::new(rules).unwrap_or_else(|error| {
            let mistake = Mistake::new(error.to_string(), "see docs/routing.md");
            self.document.mistake_at("routes[0].providers", mistake);
            RouteTable::default()
        })
    }

    fn guard(&mut self, keys: GuardKeys, delivery: &Delivery) -> GuardSettings {
        let micros = |amount: &String| Price::parse_micros(amount).ok().map(Amount);
        let instance_daily = keys.daily_spend.as_ref().and_then(micros);
        if instance_daily.is_some() && delivery.prices_file.is_none() {
            let mistake = Mistake::new(
                "it bounds nothing while no price is known".to_owned(),
                "set delivery.prices_file too, or leave daily_spend out",
            );
            self.document.mistake_at("guard.daily_spend", mistake);
        }
        let networks = keys.networks_file.and_then(|file| self.networks(file));
        GuardSettings { networks, instance_daily }
    }

    fn networks(&mut self, file: PathBuf) -> Option<Arc<AsnTable>> {
        let path = "guard.networks_file";
        let file = self.resolve(path, file);
        let read = std::fs::read_to_string(&file).map_err(|error| error.to_string());
        let table = read.and_then(|csv| AsnTable::parse(&csv).map_err(|error| error.to_string()));
        match table {
            Ok(table) => Some(Arc::new(table)),
            Err(wrong) => {
                let mistake = Mistake::new(
                    format!("{}: {wrong}", file.display()),
                    "write rows such as: 198.51.100.0/24,64500,hosting",
                );
                self.document.mistake_at(path, mistake);
                None
            }
        }
    }

    fn prices(&mut self, delivery: &Delivery) -> PriceList {
        let path = "delivery.prices_file";
        let Some(file) = delivery.prices_file.clone() else {
            if delivery.max_spend.is_some() {
                let mistake = Mistake::new(
                    "it bounds nothing while no price is known".to_owned(),
                    "set prices_file too, or leave max_spend out",
                );
                self.document.mistake_at("delivery.max_spend", mistake);
            }
            return PriceList::empty(delivery.prices_currency);
        };
        let file = self.resolve(path, file);
        let read = std::fs::read(&file).map_err(|error| error.to_string());
        let prices = read.and_then(|csv| {
            PriceList::import(&csv, delivery.prices_currency, &[]).map_err(|error| error.to_string())
        });
        prices.unwrap_or_else(|wrong| {
            let mistake = Mistake::new(
                format!("{}: {wrong}", file.display()),
                "write rows such as: gateway,4477,0.0450,EUR,2026-01-01",
            );
            self.document.mistake_at(path, mistake);
            PriceList::empty(delivery.prices_currency)
        })
    }

    fn provider(
        &mut self,
        path: &str,
        draft: ProviderDraft,
        delivery: &Delivery,
        phone: SimulatedPhone,
    ) -> Option<Provider> {
        let name = draft.name.clone();
        if !self.has_its_keys(path, draft.kind) {
            return None;
        }
        let carrier = match draft.kind {
            ProviderKind::Simulated => self.simulated(path, phone),
            ProviderKind::Http => self.http(path, draft, delivery).map(Carrier::Http),
            ProviderKind::Smpp => {
                let outer = self.document.are_sound(&["delivery"]).then(|| delivery.submit_timeout());
                self.carrier_file(path, &draft, |file| {
                    carrier_file::smpp(file, outer).map(|config| Carrier::Smpp(Box::new(config)))
                })
            }
            ProviderKind::Smtp => {
                let timeout_s = self.timeout_s(path, &draft, delivery);
                self.carrier_file(path, &draft, |file| {
                    smtp_file::smtp(file, &draft.name, timeout_s)
                        .map(|carrier| Carrier::Smtp(Box::new(carrier)))
                })
            }
            ProviderKind::Declared => {
                let timeout_s = self.timeout_s(path, &draft, delivery);
                self.carrier_file(path, &draft, |file| {
                    let carrier = carrier_file::declared(file, &draft.name, timeout_s)?;
                    Ok(Carrier::Declared(Box::new(carrier)))
                })
            }
        };
        carrier.map(|carrier| Provider { name, carrier })
    }

    /// Keys of other kinds would do nothing: somebody believes they do.
    fn has_its_keys(&mut self, path: &str, kind: ProviderKind) -> bool {
        let kinds = [
            ProviderKind::Http,
            ProviderKind::Smpp,
            ProviderKind::Declared,
            ProviderKind::Smtp,
            ProviderKind::Simulated,
        ];
        let mut all: Vec<(&str, ProviderKind)> = Vec::new();
        for (key, of) in kinds.into_iter().flat_map(|of| of.keys().iter().map(move |key| (*key, of))) {
            if !all.iter().any(|(known, _)| *known == key) && !kind.keys().contains(&key) {
                all.push((key, of));
            }
        }
        let mut is_right = true;
        for (key, of) in all {
            let path = format!("{path}.{key}");
            if self.document.origin(&path).is_some() {
                let mistake = Mistake::new(
                    format!("a provider of kind \"{}\" has no {key}", kind.as_str()),
                    format!("remove {key}, or set kind = \"{}\"", of.as_str()),
                );
                self.document.mistake_at(&path, mistake);
                is_right = false;
            }
        }
        is_right
    }

    /// Reads a provider's own file.
    fn carrier_file(
        &mut self,
        path: &str,
        draft: &ProviderDraft,
        read: impl FnOnce(&Path) -> Result<Carrier, Mistake>,
    ) -> Option<Carrier> {
        let path = format!("{path}.file");
        let Some(file) = draft.file.clone() else {
            let mistake =
                Mistake::new("file is missing", "add such as file = \"/etc/countersign/carrier.toml\"");
            self.document.mistake_at(&path, mistake);
            return None;
        };
        let file = self.resolve(&path, file);
        match self.privacy.check(&file).and_then(|()| read(&file)) {
            Ok(carrier) => Some(carrier),
            Err(mistake) => {
                self.document.mistake_at(&path, mistake);
                None
            }
        }
    }

    fn simulated(&mut self, path: &str, phone: SimulatedPhone) -> Option<Carrier> {
        let mut is_right = true;
        if self.document.are_sound(&["simulated_phone"]) && !phone.enabled {
            let mistake = Mistake::new(
                "nobody could read its messages: the simulated phone is off",
                "set enabled = true below [simulated_phone], or remove this provider",
            );
            self.document.mistake_at(&format!("{path}.kind"), mistake);
            is_right = false;
        }
        is_right.then_some(Carrier::Simulated)
    }

    fn http(&mut self, path: &str, draft: ProviderDraft, delivery: &Delivery) -> Option<HttpCarrier> {
        if let Some(mistake) = draft.sender.as_ref().and_then(sender_rules::generic) {
            self.document.mistake_at(&format!("{path}.sender"), mistake);
        }
        let timeout_s = self.timeout_s(path, &draft, delivery);
        let url = self.url(path, &draft);
        let secret = self.secret(path, draft.secret, draft.secret_file);
        let previous_path = format!("{path}.previous_secret_file");
        let previous_secret =
            draft.previous_secret_file.and_then(|file| self.secret_file(&previous_path, file));
        let channels = draft.channels.unwrap_or_else(|| [Channel::Sms].into());
        Some(HttpCarrier {
            url: url?,
            channels,
            secret: secret?,
            previous_secret,
            sender: draft.sender,
            timeout_s,
        })
    }

    fn timeout_s(&mut self, path: &str, draft: &ProviderDraft, delivery: &Delivery) -> u64 {
        let timeout_s = draft.timeout_s.unwrap_or(delivery.submit_timeout_s);
        // The outer cut takes a submission for one that may have been written: the provider's own, which
        // knows better, has to come first.
        if self.document.are_sound(&["delivery"]) && timeout_s > delivery.submit_timeout_s {
            let outer = delivery.submit_timeout_s;
            let mistake = Mistake::new(
                format!(
                    "{timeout_s} s is longer than delivery.submit_timeout_s, {outer} s, which ends every submission"
                ),
                "make it shorter, or submit_timeout_s longer",
            );
            self.document.mistake_at(&format!("{path}.timeout_s"), mistake);
        }
        timeout_s
    }

    fn url(&mut self, path: &str, draft: &ProviderDraft) -> Option<ProviderUrl> {
        let path = format!("{path}.url");
        let Some(url) = draft.url.clone() else {
            let mistake =
                Mistake::new("url is missing", "add such as url = \"https://gateway.example/send\"");
            self.document.mistake_at(&path, mistake);
            return None;
        };
        if url.is_readable_on_the_way() && !draft.allow_plain_http {
            let mistake = Mistake::new(
                "http would show numbers and codes to everybody on the way",
                "write https, or allow it on a private network with allow_plain_http = true",
            );
            self.document.mistake_at(&path, mistake);
        }
        Some(url)
    }

    fn secret(
        &mut self,
        path: &str,
        secret: Option<SecretText>,
        file: Option<PathBuf>,
    ) -> Option<SecretText> {
        let (secret_path, file_path) = (format!("{path}.secret"), format!("{path}.secret_file"));
        match (secret, file) {
            (None, Some(file)) => self.secret_file(&file_path, file),
            (Some(secret), None) => {
                let private = self.file.map_or(Ok(()), |file| self.privacy.check(file));
                if let Err(mistake) = private {
                    let wrong = format!("{}, and it holds a secret", mistake.wrong);
                    self.document.mistake_at(&secret_path, Mistake::new(wrong, mistake.right));
                }
                Some(secret)
            }
            (Some(_), Some(_)) => {
                let mistake = Mistake::new("there is a secret_file too", "remove one of the two");
                self.document.mistake_at(&secret_path, mistake);
                None
            }
            (None, None) => {
                let mistake = Mistake::new(
                    "secret_file is missing",
                    "add such as secret_file = \"/etc/countersign/gateway.secret\"; make it with: openssl rand -hex 32",
                );
                self.document.mistake_at(&file_path, mistake);
                None
            }
        }
    }

    fn secret_file(&mut self, path: &str, file: PathBuf) -> Option<SecretText> {
        let file = self.resolve(path, file);
        match self.privacy.read_secret(&file) {
            Ok(secret) => Some(secret),
            Err(mistake) => {
                self.document.mistake_at(path, mistake);
                None
            }
        }
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// See [`Config::remarks`].
pub(super) fn remarks(config: &Config) -> Vec<String> {
    let mut remarks = Vec::new();
    let is_public = config.server.public_url.is_https() || !config.server.listen.ip().is_loopback();
    if config.providers.is_empty() {
        remarks.push("there are no providers: live verifications cannot be sent".to_owned());
    }
    // Behind a proxy the ports differ by design; on this machine it is a port changed in one place only.
    let (url, port) = (config.server.public_url.as_str(), config.server.listen.port());
    let is_same_port = url.ends_with(&format!(":{port}")) || port == 80 || port == 0;
    if !config.server.public_url.is_https() && !is_same_port {
        remarks.push(format!("server.public_url is {url}, but server.listen has the port {port}"));
    }
    if config.simulated_phone.enabled && is_public {
        remarks.push("the simulated phone shows codes to everybody who can reach the server".to_owned());
    }
    for provider in &config.providers {
        if !config.delivery.route.contains(&provider.name) {
            remarks
                .push(format!("provider \"{}\" is not in delivery.route: it is never used", provider.name));
        }
        let is_readable = match &provider.carrier {
            Carrier::Http(http) => http.url.is_readable_on_the_way(),
            Carrier::Smpp(smpp) => smpp.tls.is_none() && !is_this_machine(&smpp.host),
            Carrier::Smtp(smtp) => smtp.config.is_readable_on_the_way(),
            Carrier::Declared(_) | Carrier::Simulated => false,
        };
        if is_readable {
            remarks.push(format!("numbers and codes travel unencrypted to provider \"{}\"", provider.name));
        }
    }
    remarks.extend(config.senders.remarks());
    if config.metrics.enabled && config.metrics.listen.is_none() && is_public {
        remarks.push(
            "/metrics is served at the public address: set metrics.listen, or close it in the proxy"
                .to_owned(),
        );
    }
    if config.server.public_url.is_https() && config.server.trusted_proxies.is_empty() {
        remarks.push(
            "server.trusted_proxies is empty: the proxy in front counts as every caller's address".to_owned(),
        );
    }
    remarks
}
