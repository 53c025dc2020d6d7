//! The local socket: what the command line asks of a running server. Whoever may open the socket may
//! do all of it, so it lies in the data folder, for the server's own user only.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::extract::{Path as UrlPath, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use countersign_core::id::AppId;
use countersign_core::keyring::Epoch;
use countersign_delivery::smpp::BindState;
use countersign_store::{AnyStore, StoreError};
use serde::{Deserialize, Serialize};
use tokio::net::UnixListener;

use crate::http::json::Body;
use crate::http::problem::{Code, Problem};
use crate::http::v1::apps::{AppBody, AppChangeBody};
use crate::http::v1::keys::{KeyBody, KeysBody, NewKeyBody, RotationBody, key_id, overlap};
use crate::keyfile::{self, KeyFileError};
use crate::usecase::providers::ProviderStatus;
use crate::usecase::{Services, UseCaseError};

/// What the socket's handlers need.
#[derive(Clone)]
pub struct Control {
    /// The use cases.
    pub services: Services,
    /// The key file.
    pub key_file: PathBuf,
}

/// Where the socket of a data folder is.
pub fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Binds the socket. The store's lock makes sure that no other server uses the folder, so one that is
/// there was left behind.
pub fn bind(data_dir: &Path) -> io::Result<UnixListener> {
    let path = socket_path(data_dir);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Where a backup goes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupBody {
    /// An absolute path that does not exist yet.
    pub target: PathBuf,
}

/// The epoch after a restore was declared.
#[derive(Serialize, Deserialize)]
pub struct EpochBody {
    /// What was issued before it is dead.
    pub epoch: Epoch,
}

/// Names of keys after a rotation.
#[derive(Serialize, Deserialize)]
pub struct KeyringBody {
    /// Derives new codes.
    pub code: String,
    /// Seals new numbers.
    pub phone: String,
    /// Signs new proofs.
    pub proof: String,
    /// Signs proofs after the next rotation; published already.
    pub next_proof: String,
}

/// The providers whose binds the server keeps.
#[derive(Serialize, Deserialize)]
pub struct ProvidersBody {
    /// By name.
    pub data: Vec<ProviderBody>,
}

/// One of them.
#[derive(Serialize, Deserialize)]
pub struct ProviderBody {
    /// Its name.
    pub name: String,
    /// Its binds.
    pub binds: Vec<BindBody>,
}

/// One bind.
#[derive(Serialize, Deserialize)]
pub struct BindBody {
    /// `transmitter`, `receiver` or `transceiver`.
    pub role: String,
    /// `connecting`, `bound`, `waiting`, `stopped` or `ended`.
    pub state: String,
    /// The carrier's refusal, if it refused.
    pub refused: Option<String>,
}

/// All apps.
#[derive(Serialize, Deserialize)]
pub struct AppsBody {
    /// Oldest first.
    pub data: Vec<AppBody>,
}

/// What the socket answers.
pub fn router(control: Control) -> Router {
    Router::new()
        .route("/apps", get(list_apps).post(create_app))
        .route("/apps/{app}", get(show_app).patch(update_app))
        .route("/apps/{app}/keys", get(list_keys).post(create_key))
        .route("/apps/{app}/keys/{key}/rotate", post(rotate_key))
        .route("/apps/{app}/keys/{key}/revoke", post(revoke_key))
        .route("/providers", get(list_providers))
        .route("/providers/{name}/resume", post(resume_provider))
        .route("/keyring", get(show_keyring))
        .route("/keyring/rotate", post(rotate_keyring))
        .route("/backup", post(backup))
        .route("/restored", post(restored))
        .with_state(control)
}

impl Control {
    fn problem(&self, error: &UseCaseError) -> Problem {
        Problem::of(error, self.services.clock.now())
    }

    fn key_file_problem(&self, error: KeyFileError) -> Problem {
        match error {
            KeyFileError::Store(error) => self.problem(&UseCaseError::Store(error)),
            other => Problem::new(Code::Internal).detail(other.to_string()),
        }
    }
}

fn app_id(text: &str) -> Result<AppId, Problem> {
    text.parse().map_err(|_| Problem::new(Code::NotFound).detail("there is no such app"))
}

async fn list_apps(State(control): State<Control>) -> Json<AppsBody> {
    let apps = control.services.directory.apps();
    Json(AppsBody { data: apps.iter().map(|app| AppBody::from(&**app)).collect() })
}

async fn create_app(
    State(control): State<Control>,
    body: Body<AppChangeBody>,
) -> Result<(StatusCode, Json<AppBody>), Problem> {
    let app =
        control.services.create_app(body.value.into()).await.map_err(|error| control.problem(&error))?;
    Ok((StatusCode::CREATED, Json(AppBody::from(&*app))))
}

async fn show_app(
    State(control): State<Control>,
    UrlPath(app): UrlPath<String>,
) -> Result<Json<AppBody>, Problem> {
    let app = control.services.directory.app(app_id(&app)?);
    let app = app.ok_or_else(|| control.problem(&UseCaseError::NotFound("app")))?;
    Ok(Json(AppBody::from(&*app)))
}

async fn update_app(
    State(control): State<Control>,
    UrlPath(app): UrlPath<String>,
    body: Body<AppChangeBody>,
) -> Result<Json<AppBody>, Problem> {
    let app = control
        .services
        .update_app(app_id(&app)?, body.value.into())
        .await
        .map_err(|error| control.problem(&error))?;
    Ok(Json(AppBody::from(&*app)))
}

async fn list_keys(
    State(control): State<Control>,
    UrlPath(app): UrlPath<String>,
) -> Result<Json<KeysBody>, Problem> {
    let app = app_id(&app)?;
    control.services.directory.app(app).ok_or_else(|| control.problem(&UseCaseError::NotFound("app")))?;
    let keys = control.services.directory.keys_of(app);
    Ok(Json(KeysBody { data: keys.iter().map(|key| KeyBody::from(&**key)).collect() }))
}

async fn create_key(
    State(control): State<Control>,
    UrlPath(app): UrlPath<String>,
    body: Body<NewKeyBody>,
) -> Result<(StatusCode, Json<KeyBody>), Problem> {
    let made = control
        .services
        .create_key(app_id(&app)?, body.value.into())
        .await
        .map_err(|error| control.problem(&error))?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

async fn rotate_key(
    State(control): State<Control>,
    UrlPath((app, key)): UrlPath<(String, String)>,
    body: Body<RotationBody>,
) -> Result<(StatusCode, Json<KeyBody>), Problem> {
    let overlap = overlap(body.value.overlap_s)?;
    let made = control
        .services
        .rotate_key(app_id(&app)?, key_id(&key)?, overlap)
        .await
        .map_err(|error| control.problem(&error))?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

async fn revoke_key(
    State(control): State<Control>,
    UrlPath((app, key)): UrlPath<(String, String)>,
) -> Result<Json<KeyBody>, Problem> {
    let ended = control
        .services
        .end_key(app_id(&app)?, key_id(&key)?, Duration::ZERO)
        .await
        .map_err(|error| control.problem(&error))?;
    Ok(Json(KeyBody::from(&ended)))
}

fn keyring_body(keyring: &countersign_core::keyring::Keyring) -> KeyringBody {
    KeyringBody {
        code: keyring.code.active().name.to_string(),
        phone: keyring.phone.active().name.to_string(),
        proof: keyring.proof.current.active().name.to_string(),
        next_proof: keyring.proof.next.name.to_string(),
    }
}

async fn show_keyring(State(control): State<Control>) -> Json<KeyringBody> {
    Json(keyring_body(&control.services.engine.keyring()))
}

async fn rotate_keyring(State(control): State<Control>) -> Result<Json<KeyringBody>, Problem> {
    let services = &control.services;
    let entropy = &mut services.randomness.entropy();
    let keyring = keyfile::rotate(&control.key_file, &services.store, services.clock.now(), entropy)
        .await
        .map_err(|error| control.key_file_problem(error))?;
    let answer = keyring_body(&keyring);
    services.engine.replace_keyring(keyring);
    Ok(Json(answer))
}

async fn list_providers(State(control): State<Control>) -> Json<ProvidersBody> {
    let bind = |(role, state): &(&'static str, BindState)| BindBody {
        role: (*role).to_owned(),
        state: state.as_str().to_owned(),
        refused: match state {
            BindState::Stopped { status } | BindState::Waiting { refused: Some(status), .. } => {
                Some(status.to_string())
            }
            _ => None,
        },
    };
    let provider = |status: ProviderStatus| ProviderBody {
        name: status.name,
        binds: status.binds.iter().map(bind).collect(),
    };
    Json(ProvidersBody { data: control.services.provider_status().into_iter().map(provider).collect() })
}

async fn resume_provider(
    State(control): State<Control>,
    UrlPath(name): UrlPath<String>,
) -> Result<StatusCode, Problem> {
    control.services.resume_provider(&name).map_err(|error| control.problem(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn backup(State(control): State<Control>, body: Body<BackupBody>) -> Result<StatusCode, Problem> {
    let AnyStore::Sqlite(store) = &*control.services.store else {
        return Err(Problem::new(Code::Internal).detail("this store has no backup of its own"));
    };
    store.backup(&body.value.target).await.map_err(|error| match error {
        StoreError::Unavailable(reason) => Problem::new(Code::Unavailable).detail(reason),
        StoreError::Refused(reason) => Problem::field("/target", reason),
        other => control.problem(&UseCaseError::Store(other)),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

async fn restored(State(control): State<Control>) -> Result<Json<EpochBody>, Problem> {
    let keyring = keyfile::restored(&control.key_file, &control.services.store)
        .await
        .map_err(|error| control.key_file_problem(error))?;
    let epoch = keyring.epoch;
    control.services.engine.replace_keyring(keyring);
    Ok(Json(EpochBody { epoch }))
}
