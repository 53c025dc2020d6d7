//! `/v1/app` and `/v1/phones/rebind`: what the app's own operator sets.

use axum::Json;
use axum::extract::State;
use countersign_core::origin::{Origin, ReturnUrl};
use countersign_core::policy::Policy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::verification::phone;
use crate::branding::Branding;
use crate::http::auth::{Admin, Reader};
use crate::http::documented::{AlwaysProblems, RebindProblems, SettingProblems};
use crate::http::json::{Body, object};
use crate::http::problem::Problem;
use crate::tenant::App;
use crate::usecase::Services;
use crate::usecase::admin::AppSettings;

/// An app.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = App)]
pub struct AppBody {
    /// Its id.
    pub id: String,
    /// What operators call it.
    pub name: String,
    /// What customers know the shop as; stands in messages.
    pub brand: String,
    /// What it allows; see the documentation of policies.
    #[schema(value_type = Object)]
    pub policy: Policy,
    /// Providers to try, in this order; empty: the instance's order.
    pub route: Vec<String>,
    /// Origins whose pages may use the browser face and show the hosted page in a frame.
    #[schema(value_type = Vec<String>)]
    pub origins: Vec<Origin>,
    /// Where customers may be sent back to.
    #[schema(value_type = Vec<String>)]
    pub return_urls: Vec<ReturnUrl>,
    /// How the hosted page looks.
    pub branding: Branding,
    /// When it was made, RFC 3339.
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl From<&App> for AppBody {
    fn from(app: &App) -> Self {
        AppBody {
            id: app.id.to_string(),
            name: app.name.clone(),
            brand: app.brand.clone(),
            policy: app.policy.clone(),
            route: app.route.clone(),
            origins: app.origins.clone(),
            return_urls: app.return_urls.clone(),
            branding: app.branding.clone(),
            created_at: app.created_at.to_string(),
        }
    }
}

/// What changes of an app; what is absent stays. A policy is replaced whole: read it, change it, send
/// it back; what it leaves out takes its default.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AppChange)]
pub struct AppChangeBody {
    /// What operators call it: 1–100 bytes.
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// What customers know the shop as: 1–30 characters.
    #[schema(min_length = 1, max_length = 30)]
    pub brand: Option<String>,
    /// What it allows.
    #[schema(value_type = Option<Object>)]
    pub policy: Option<Policy>,
    /// Providers to try, in this order.
    pub route: Option<Vec<String>>,
    /// Origins whose pages may use the browser face and show the hosted page in a frame: https, or this machine.
    /// At most 20.
    #[schema(value_type = Option<Vec<String>>, max_items = 20, example = json!(["https://shop.example"]))]
    pub origins: Option<Vec<Origin>>,
    /// Where customers may be sent back to, whole addresses. At most 20.
    #[schema(value_type = Option<Vec<String>>, max_items = 20, example = json!(["https://shop.example/checkout/verified"]))]
    pub return_urls: Option<Vec<ReturnUrl>>,
    /// How the hosted page looks; replaced whole.
    #[serde(default, deserialize_with = "object")]
    pub branding: Option<Branding>,
}

impl From<AppChangeBody> for AppSettings {
    fn from(body: AppChangeBody) -> Self {
        let AppChangeBody { name, brand, policy, route, origins, return_urls, branding } = body;
        AppSettings { name, brand, policy, route, origins, return_urls, branding }
    }
}

/// Show the app
#[utoipa::path(
    get, path = "/v1/app", tag = "app",
    responses((status = 200, description = "The app of the key", body = AppBody), AlwaysProblems),
)]
pub async fn show_app(Reader(caller): Reader) -> Json<AppBody> {
    Json(AppBody::from(&*caller.app))
}

/// Change the app
///
/// Needs a key with the scope `admin`. Live verifications keep what they were started with.
#[utoipa::path(
    patch, path = "/v1/app", tag = "app",
    request_body = AppChangeBody,
    responses((status = 200, description = "The app as it is now", body = AppBody), SettingProblems),
)]
pub async fn update_app(
    State(services): State<Services>,
    Admin(caller): Admin,
    body: Body<AppChangeBody>,
) -> Result<Json<AppBody>, Problem> {
    let app = services
        .update_app(caller.app.id, body.value.into())
        .await
        .map_err(|error| Problem::of(&error, services.clock.now()))?;
    Ok(Json(AppBody::from(&*app)))
}

/// A phone whose customer was identified anew.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Rebind)]
pub struct RebindBody {
    /// The phone.
    #[schema(example = "+447700900123", max_length = 64)]
    to: String,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
#[schema(as = Rebound)]
pub struct ReboundBody {
    /// The phone, its middle hidden.
    to: String,
}

/// Bind a phone anew
///
/// Forgets wrong codes after you have identified the customer by other means: lifts a soft lock and
/// re-enables a phone that 100 wrong codes in a row disabled (NIST SP 800-63B-4 §3.2.2). Needs a key
/// with the scope `admin`.
#[utoipa::path(
    post, path = "/v1/phones/rebind", tag = "app",
    request_body = RebindBody,
    responses((status = 200, description = "Wrong codes are forgotten", body = ReboundBody), RebindProblems),
)]
pub async fn rebind(
    State(services): State<Services>,
    Admin(caller): Admin,
    body: Body<RebindBody>,
) -> Result<Json<ReboundBody>, Problem> {
    let phone = phone(&body.value.to, caller.app.policy.default_region, caller.mode)?;
    services.rebind(&caller, &phone).await.map_err(|error| Problem::of(&error, services.clock.now()))?;
    Ok(Json(ReboundBody { to: phone.masked() }))
}
