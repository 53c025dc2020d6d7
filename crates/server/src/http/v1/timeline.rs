//! `GET /v1/verifications/{id}/timeline`

use axum::Json;
use axum::extract::{Path, State};
use countersign_core::event::Event;
use countersign_core::time::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::verification_id;
use crate::http::auth::Reader;
use crate::http::documented::ShowProblems;
use crate::http::problem::{Code, Problem};
use crate::usecase::Services;

/// What happened to a verification, oldest first.
#[derive(Serialize, ToSchema)]
#[schema(as = Timeline)]
pub struct TimelineBody {
    /// The events.
    data: Vec<EventBody>,
}

/// One fact.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventBody {
    /// Its id.
    #[schema(example = "evt_01kayn3f2t0h8m5v9d7q4w6x2e")]
    id: String,
    /// What happened.
    #[schema(example = "verification.started")]
    r#type: String,
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    at: String,
    /// What more there is to say; depends on the type. Where a message was handed over: `provider`, in `route`
    /// why this one, and in `message` its `form`, `encoding`, `segments`, `price` where one is known, `sender`,
    /// and in `because` why it is not fuller and why another sender was not used. See docs/messages.md.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
}

impl EventBody {
    fn of(event: &Event) -> Option<Self> {
        let Ok(Value::Object(mut data)) = serde_json::to_value(&event.kind) else { return None };
        let Some(Value::String(kind)) = data.remove("type") else { return None };
        // Times are numbers at rest and text in the API.
        for name in ["retry_at", "until", "ready_at"] {
            if let Some(value) = data.get_mut(name)
                && let Some(millis) = value.as_i64()
            {
                *value = Value::String(Timestamp::from_millis(millis).to_string());
            }
        }
        Some(EventBody { id: event.id.to_string(), r#type: kind, at: event.at.to_string(), data })
    }
}

/// Show what happened to a verification
#[utoipa::path(
    get, path = "/v1/verifications/{id}/timeline", tag = "verifications",
    params(("id" = String, Path, description = "The verification")),
    responses((status = 200, description = "Its events, oldest first", body = TimelineBody), ShowProblems),
)]
pub async fn timeline(
    State(services): State<Services>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Result<Json<TimelineBody>, Problem> {
    let id = verification_id(&id)?;
    let events =
        services.timeline(&caller, id).await.map_err(|error| Problem::of(&error, services.clock.now()))?;
    let data: Option<Vec<EventBody>> = events.iter().map(EventBody::of).collect();
    Ok(Json(TimelineBody { data: data.ok_or_else(|| Problem::new(Code::Internal))? }))
}
