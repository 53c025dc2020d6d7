//! What operators set: apps, their policy, their keys; and binding a phone anew.

use std::sync::Arc;
use std::time::Duration;

use countersign_core::id::{AppId, KeyId, Partition};
use countersign_core::message;
use countersign_core::origin::{Origin, ReturnUrl};
use countersign_core::phone::E164;
use countersign_core::policy::Policy;
use countersign_core::step::Command;
use countersign_core::subject::Mode;

use super::{Caller, Services, UseCaseError};
use crate::branding::Branding;
use crate::engine::{Job, Target};
use crate::tenant::{ApiKey, ApiKeySecret, App, Scope, modes_in_use};

/// Apps of one instance at most: all are kept in memory.
const MAX_APPS: usize = 1000;
/// Origins of one app, and addresses to go back to: all origins stand in a header of each page.
const MAX_PLACES: usize = 20;
/// Keys of one app that work at a time.
const MAX_KEYS: usize = 100;
/// Keys of one app that are remembered: weekly rotations of some twenty years.
const MAX_KEYS_EVER: usize = 1000;

/// A new app, or the parts of one that change.
#[derive(Default)]
pub struct AppSettings {
    /// What operators call it.
    pub name: Option<String>,
    /// What customers know the shop as.
    pub brand: Option<String>,
    /// What it allows.
    pub policy: Option<Policy>,
    /// Providers to try, in this order.
    pub route: Option<Vec<String>>,
    /// Origins whose pages may use the browser face.
    pub origins: Option<Vec<Origin>>,
    /// Where customers may be sent back to.
    pub return_urls: Option<Vec<ReturnUrl>>,
    /// How the hosted page looks.
    pub branding: Option<Branding>,
}

/// A new key.
pub struct KeySettings {
    /// What operators call it.
    pub name: String,
    /// Whether it moves real messages.
    pub mode: Mode,
    /// What it may do.
    pub scope: Scope,
}

impl Services {
    /// Makes an app.
    pub async fn create_app(&self, settings: AppSettings) -> Result<Arc<App>, UseCaseError> {
        if self.directory.apps().len() >= MAX_APPS {
            return Err(invalid("", format!("an instance has at most {MAX_APPS} apps")));
        }
        let now = self.clock.now();
        let name = settings.name.clone().ok_or_else(|| invalid("/name", "an app needs a name".to_owned()))?;
        let app = App {
            id: AppId::new(now, Partition(0), &mut self.randomness.entropy()),
            brand: settings.brand.clone().unwrap_or_else(|| name.clone()),
            name,
            policy: Policy::default(),
            route: Vec::new(),
            origins: Vec::new(),
            return_urls: Vec::new(),
            branding: Branding::default(),
            created_at: now,
        };
        self.write_app(app, settings).await
    }

    /// Changes an app. Live verifications keep what they were started with.
    pub async fn update_app(&self, id: AppId, settings: AppSettings) -> Result<Arc<App>, UseCaseError> {
        let app = self.directory.app(id).ok_or(UseCaseError::NotFound("app"))?;
        self.write_app((*app).clone(), settings).await
    }

    async fn write_app(&self, mut app: App, settings: AppSettings) -> Result<Arc<App>, UseCaseError> {
        app.name = settings.name.unwrap_or(app.name);
        app.brand = settings.brand.unwrap_or(app.brand);
        app.policy = settings.policy.unwrap_or(app.policy);
        app.route = settings.route.unwrap_or(app.route);
        app.origins = settings.origins.unwrap_or(app.origins);
        app.return_urls = settings.return_urls.unwrap_or(app.return_urls);
        app.branding = settings.branding.unwrap_or(app.branding);
        self.validate(&app)?;
        let id = app.id;
        self.directory.put_app(app).await?;
        self.directory.app(id).ok_or(UseCaseError::NotFound("app"))
    }

    fn validate(&self, app: &App) -> Result<(), UseCaseError> {
        if app.name.trim().is_empty() || app.name.len() > 100 {
            return Err(invalid("/name", "1 to 100 bytes".to_owned()));
        }
        if app.brand.trim().is_empty() || app.brand.chars().count() > 30 {
            return Err(invalid("/brand", "1 to 30 characters: it stands in every message".to_owned()));
        }
        message::check_brand(&app.brand).map_err(|problem| invalid("/brand", problem.to_string()))?;
        if let Some(unknown) = app.route.iter().find(|name| !self.providers.contains(name)) {
            let known = self.providers.join(", ");
            return Err(invalid(
                "/route",
                format!("there is no provider \"{unknown}\"; this instance has {known}"),
            ));
        }
        for (pointer, count) in [("/origins", app.origins.len()), ("/return_urls", app.return_urls.len())] {
            if count > MAX_PLACES {
                return Err(invalid(pointer, format!("at most {MAX_PLACES}")));
            }
        }
        let keys: Vec<ApiKey> = self.directory.keys_of(app.id).iter().map(|key| (**key).clone()).collect();
        let mode = if modes_in_use(&keys, app.id, self.clock.now()).contains(&Mode::Live) {
            Mode::Live
        } else {
            Mode::Test
        };
        self.validate_caps(app)?;
        app.policy.validate(mode).map_err(|wrong| invalid(&format!("/policy/{}", wrong.field), wrong.reason))
    }

    /// A cap in money that could never be reached, or is in another money than the prices, would bound nothing.
    fn validate_caps(&self, app: &App) -> Result<(), UseCaseError> {
        let guard = &app.policy.guard;
        if guard.caps.daily.is_none() {
            return Ok(());
        }
        let wrong = |detail: String| Err(invalid("/policy/guard", detail));
        match self.routing.highest_listed_price(self.clock.now()) {
            None => wrong("caps.daily bounds nothing while no price is known: whoever runs the server sets delivery.prices_file".to_owned()),
            Some(price) if price.currency() != guard.currency => {
                let (theirs, own) = (price.currency().code(), guard.currency.code());
                wrong(format!("prices here are in {theirs}: set currency to \"{theirs}\", not \"{own}\""))
            }
            Some(_) => Ok(()),
        }
    }

    /// Makes a key; its secret is in the answer and nowhere else.
    pub async fn create_key(
        &self,
        app: AppId,
        settings: KeySettings,
    ) -> Result<(ApiKey, ApiKeySecret), UseCaseError> {
        let owner = self.directory.app(app).ok_or(UseCaseError::NotFound("app"))?;
        owner
            .policy
            .validate(settings.mode)
            .map_err(|wrong| invalid("/mode", format!("the app is not ready for live keys: {wrong}")))?;
        if settings.name.trim().is_empty() || settings.name.len() > 100 {
            return Err(invalid("/name", "1 to 100 bytes".to_owned()));
        }
        let now = self.clock.now();
        let keys = self.directory.keys_of(app);
        let working = keys.iter().filter(|key| key.expires_at.is_none_or(|end| now < end)).count();
        if working >= MAX_KEYS || keys.len() >= MAX_KEYS_EVER {
            let reason = format!("an app has at most {MAX_KEYS} working keys and {MAX_KEYS_EVER} in all");
            return Err(invalid("", reason));
        }
        let entropy = &mut self.randomness.entropy();
        let (key, secret) =
            ApiKey::generate(app, &settings.name, settings.mode, settings.scope, self.clock.now(), entropy);
        self.directory.put_key(key.clone()).await?;
        Ok((key, secret))
    }

    /// Ends a key, at once or after `overlap`.
    pub async fn end_key(&self, app: AppId, id: KeyId, overlap: Duration) -> Result<ApiKey, UseCaseError> {
        let key = self.key_of(app, id)?;
        let end = self.clock.now().plus(overlap);
        let ended = ApiKey { expires_at: Some(key.expires_at.map_or(end, |before| before.min(end))), ..key };
        self.directory.put_key(ended.clone()).await?;
        Ok(ended)
    }

    /// Makes a key like another one, which ends after `overlap`: change keys without downtime.
    pub async fn rotate_key(
        &self,
        app: AppId,
        id: KeyId,
        overlap: Duration,
    ) -> Result<(ApiKey, ApiKeySecret), UseCaseError> {
        let old = self.key_of(app, id)?;
        if old.expires_at.is_some_and(|end| end <= self.clock.now()) {
            return Err(invalid("/id", "the key has ended; create a new one".to_owned()));
        }
        let made =
            self.create_key(app, KeySettings { name: old.name, mode: old.mode, scope: old.scope }).await?;
        self.end_key(app, id, overlap).await?;
        Ok(made)
    }

    fn key_of(&self, app: AppId, id: KeyId) -> Result<ApiKey, UseCaseError> {
        let key = self.directory.key(id).filter(|key| key.app == app);
        key.map(|key| (*key).clone()).ok_or(UseCaseError::NotFound("key"))
    }

    /// Forgets the failures of a phone whose customer was identified anew (NIST SP 800-63B-4 §3.2.2).
    pub async fn rebind(&self, caller: &Caller, phone: &E164) -> Result<(), UseCaseError> {
        let key = self.engine.keyring().subject_key(caller.app.id, caller.mode, phone);
        let job = Job {
            app: Arc::clone(&caller.app),
            target: Target::Subject(key),
            command: Command::Rebind,
            permit: None,
        };
        match self.engine.run(job).await?.outcome {
            countersign_core::step::Outcome::NotFound => Err(UseCaseError::NotFound("phone")),
            _ => Ok(()),
        }
    }
}

fn invalid(pointer: &str, detail: String) -> UseCaseError {
    UseCaseError::InvalidSetting { pointer: pointer.to_owned(), detail }
}
