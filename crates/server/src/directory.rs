//! Apps and API keys in memory: read on every request, written rarely.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use countersign_core::id::{AppId, KeyId};
use countersign_core::time::Timestamp;
use countersign_store::{AnyStore, Setting, SettingKind, Store as _, StoreError, Version};

use crate::tenant::{ApiKey, App};

/// Every app and key, as the store has them.
pub struct Directory {
    store: Arc<AnyStore>,
    entries: RwLock<Arc<Entries>>,
}

#[derive(Default)]
struct Entries {
    apps: HashMap<AppId, (Arc<App>, Version)>,
    keys: HashMap<KeyId, (Arc<ApiKey>, Version)>,
}

/// Why an entry could not be written.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody else changed it at the same time.
    #[error("it was changed at the same time: read it again")]
    Conflict,
}

impl Directory {
    /// Reads everything.
    pub async fn load(store: Arc<AnyStore>) -> Result<Self, StoreError> {
        let directory = Directory { store, entries: RwLock::default() };
        directory.reload().await?;
        Ok(directory)
    }

    /// Reads everything anew.
    pub async fn reload(&self) -> Result<(), StoreError> {
        let mut entries = Entries::default();
        for setting in self.store.settings(SettingKind::App).await? {
            let app: App = read(&setting)?;
            entries.apps.insert(app.id, (Arc::new(app), setting.version));
        }
        for setting in self.store.settings(SettingKind::ApiKey).await? {
            let key: ApiKey = read(&setting)?;
            entries.keys.insert(key.id, (Arc::new(key), setting.version));
        }
        *self.entries.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(entries);
        Ok(())
    }

    fn entries(&self) -> Arc<Entries> {
        Arc::clone(&self.entries.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// One app.
    pub fn app(&self, id: AppId) -> Option<Arc<App>> {
        self.entries().apps.get(&id).map(|(app, _)| Arc::clone(app))
    }

    /// Every app, oldest first.
    pub fn apps(&self) -> Vec<Arc<App>> {
        let mut apps: Vec<_> = self.entries().apps.values().map(|(app, _)| Arc::clone(app)).collect();
        apps.sort_by_key(|app| app.id);
        apps
    }

    /// Whether any app is so.
    pub fn any_app(&self, is_so: impl Fn(&App) -> bool) -> bool {
        self.entries().apps.values().any(|(app, _)| is_so(app))
    }

    /// One key.
    pub fn key(&self, id: KeyId) -> Option<Arc<ApiKey>> {
        self.entries().keys.get(&id).map(|(key, _)| Arc::clone(key))
    }

    /// The keys of one app, oldest first.
    pub fn keys_of(&self, app: AppId) -> Vec<Arc<ApiKey>> {
        let entries = self.entries();
        let mut keys: Vec<_> =
            entries.keys.values().filter(|(key, _)| key.app == app).map(|(key, _)| Arc::clone(key)).collect();
        keys.sort_by_key(|key| key.id);
        keys
    }

    /// The app and key that a presented API key stands for.
    pub fn authenticate(&self, presented: &str, now: Timestamp) -> Option<(Arc<App>, Arc<ApiKey>)> {
        let key = self.key(ApiKey::claimed_id(presented)?)?;
        if !key.accepts(presented, now) {
            return None;
        }
        Some((self.app(key.app)?, key))
    }

    /// Writes an app, new or changed.
    pub async fn put_app(&self, app: App) -> Result<(), DirectoryError> {
        let version = self.entries().apps.get(&app.id).map_or(Version(0), |&(_, version)| version);
        self.put(SettingKind::App, app.id.to_string(), version, &app).await
    }

    /// Writes a key, new or changed.
    pub async fn put_key(&self, key: ApiKey) -> Result<(), DirectoryError> {
        let version = self.entries().keys.get(&key.id).map_or(Version(0), |&(_, version)| version);
        self.put(SettingKind::ApiKey, key.id.to_string(), version, &key).await
    }

    async fn put<T: serde::Serialize + serde::de::DeserializeOwned>(
        &self,
        kind: SettingKind,
        id: String,
        version: Version,
        value: &T,
    ) -> Result<(), DirectoryError> {
        let body = serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let setting = Setting { id, version, body };
        // Whoever wrote what nobody can read would stop every app.
        read::<T>(&setting)?;
        let written = self.store.put_setting(kind, setting).await?;
        self.reload().await?;
        if written { Ok(()) } else { Err(DirectoryError::Conflict) }
    }
}

fn read<T: serde::de::DeserializeOwned>(setting: &Setting) -> Result<T, StoreError> {
    serde_json::from_str(&setting.body)
        .map_err(|error| StoreError::Corrupt(format!("{}: {error}", setting.id)))
}
