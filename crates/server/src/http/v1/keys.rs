//! `/v1/keys`: the app's own API keys.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use countersign_core::id::KeyId;
use countersign_core::subject::Mode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::auth::Admin;
use crate::http::documented::{KeysProblems, RevokeProblems, RotateProblems, SettingProblems};
use crate::http::json::Body;
use crate::http::problem::{Code, Problem};
use crate::tenant::{ApiKey, ApiKeySecret, Scope};
use crate::usecase::admin::KeySettings;
use crate::usecase::{Services, UseCaseError};

/// Longest time that an old key works beside its successor: 30 days.
pub const MAX_OVERLAP_S: u64 = 30 * 24 * 3600;

/// An API key without its secret.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct KeyBody {
    /// Its id; the key itself contains it.
    pub id: String,
    /// What operators call it.
    pub name: String,
    /// live · test
    pub mode: String,
    /// What it may do.
    pub scope: Scope,
    /// When it was made, RFC 3339.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it stops working, RFC 3339; null: never.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// The key itself: in the answer that creates it and never again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub secret: Option<String>,
}

impl From<&ApiKey> for KeyBody {
    fn from(key: &ApiKey) -> Self {
        KeyBody {
            id: key.id.to_string(),
            name: key.name.clone(),
            mode: key.mode.as_str().to_owned(),
            scope: key.scope,
            created_at: key.created_at.to_string(),
            expires_at: key.expires_at.map(|end| end.to_string()),
            secret: None,
        }
    }
}

impl From<(ApiKey, ApiKeySecret)> for KeyBody {
    fn from((key, secret): (ApiKey, ApiKeySecret)) -> Self {
        KeyBody { secret: Some(secret.expose().to_owned()), ..KeyBody::from(&key) }
    }
}

/// A new key.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewKey)]
pub struct NewKeyBody {
    /// What operators call it: 1–100 bytes.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// live · test
    pub mode: KeyMode,
    /// What it may do.
    pub scope: Scope,
}

/// Whether a key moves real messages.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyMode {
    /// Messages reach carriers and cost money.
    Live,
    /// Messages reach the simulated phone only.
    Test,
}

impl From<KeyMode> for Mode {
    fn from(mode: KeyMode) -> Mode {
        match mode {
            KeyMode::Live => Mode::Live,
            KeyMode::Test => Mode::Test,
        }
    }
}

impl From<NewKeyBody> for KeySettings {
    fn from(body: NewKeyBody) -> Self {
        KeySettings { name: body.name, mode: body.mode.into(), scope: body.scope }
    }
}

/// How a key is replaced.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyRotation)]
pub struct RotationBody {
    /// For how many seconds the old key works beside the new one: 0–2,592,000.
    #[schema(minimum = 0, maximum = 2_592_000)]
    pub overlap_s: u64,
}

/// All keys of the app.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ApiKeys)]
pub struct KeysBody {
    /// Oldest first.
    pub data: Vec<KeyBody>,
}

/// A key's id in a path.
pub fn key_id(text: &str) -> Result<KeyId, Problem> {
    text.parse().map_err(|_| Problem::new(Code::NotFound).detail("there is no such key"))
}

/// The overlap of a rotation.
pub fn overlap(seconds: u64) -> Result<Duration, Problem> {
    if seconds > MAX_OVERLAP_S {
        return Err(Problem::field("/overlap_s", format!("0 to {MAX_OVERLAP_S}")));
    }
    Ok(Duration::from_secs(seconds))
}

fn problem(services: &Services) -> impl Fn(UseCaseError) -> Problem + '_ {
    |error| Problem::of(&error, services.clock.now())
}

/// List keys
#[utoipa::path(
    get, path = "/v1/keys", tag = "app",
    responses((status = 200, description = "The app's keys, without secrets", body = KeysBody), KeysProblems),
)]
pub async fn list_keys(State(services): State<Services>, Admin(caller): Admin) -> Json<KeysBody> {
    let keys = services.directory.keys_of(caller.app.id);
    Json(KeysBody { data: keys.iter().map(|key| KeyBody::from(&**key)).collect() })
}

/// Create a key
///
/// The secret is in the answer and nowhere else. A live key needs a policy with countries.
#[utoipa::path(
    post, path = "/v1/keys", tag = "app",
    request_body = NewKeyBody,
    responses((status = 201, description = "The key, with its secret", body = KeyBody), SettingProblems),
)]
pub async fn create_key(
    State(services): State<Services>,
    Admin(caller): Admin,
    body: Body<NewKeyBody>,
) -> Result<(StatusCode, Json<KeyBody>), Problem> {
    let made = services.create_key(caller.app.id, body.value.into()).await.map_err(problem(&services))?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Rotate a key
///
/// Makes a key like this one; this one ends after `overlap_s`. Put the new one into your shop before
/// that, and there is no downtime.
#[utoipa::path(
    post, path = "/v1/keys/{id}/rotate", tag = "app",
    params(("id" = String, Path, description = "The key")),
    request_body = RotationBody,
    responses((status = 201, description = "The new key, with its secret", body = KeyBody), RotateProblems),
)]
pub async fn rotate_key(
    State(services): State<Services>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    body: Body<RotationBody>,
) -> Result<(StatusCode, Json<KeyBody>), Problem> {
    let (id, overlap) = (key_id(&id)?, overlap(body.value.overlap_s)?);
    let made = services.rotate_key(caller.app.id, id, overlap).await.map_err(problem(&services))?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Revoke a key
///
/// It stops working at once.
#[utoipa::path(
    post, path = "/v1/keys/{id}/revoke", tag = "app",
    params(("id" = String, Path, description = "The key")),
    responses((status = 200, description = "The key, which has ended", body = KeyBody), RevokeProblems),
)]
pub async fn revoke_key(
    State(services): State<Services>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Result<Json<KeyBody>, Problem> {
    let id = key_id(&id)?;
    let ended = services.end_key(caller.app.id, id, Duration::ZERO).await.map_err(problem(&services))?;
    Ok(Json(KeyBody::from(&ended)))
}
