//! The API's description, generated from the handlers, and the page that shows it.

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use tower_http::cors::CorsLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use super::problem::{Code, Problem};
use super::{browser, jwks, pace, v1};
use crate::usecase::Services;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Countersign",
        description = "Prove that a customer holds a phone, for one login, payment or account change. Every error is a problem document (RFC 9457) with a stable `code`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    // Routed beside the others, since its state is another.
    paths(v1::receipts::receipt, v1::receipts::callback),
    components(schemas(Problem)),
    modifiers(&Bearers),
    security(("api_key" = [])),
    tags(
        (name = "verifications", description = "Start, check, resend, cancel, report, read"),
        (name = "proofs", description = "Redeem a proof, and the keys that proofs verify with"),
        (name = "decisions", description = "What to ask of a customer before you ask for a code"),
        (name = "browser", description = "What a page may ask, with a client secret"),
        (name = "figures", description = "How far customers come"),
        (name = "app", description = "The app's settings and keys"),
        (name = "carriers", description = "What providers call"),
    )
)]
struct Description;

struct Bearers;

impl Modify for Bearers {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key: `cs_live_…` or `cs_test_…`"))
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("api_key", SecurityScheme::Http(scheme));
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The `client_secret` of a start: `cvs_…`"))
            .build();
        components.add_security_scheme("client_secret", SecurityScheme::Http(scheme));
    }
}

/// Every described route, and the description. `cross_origin` is laid around those that pages of other origins use.
pub fn described_routes(cross_origin: Option<CorsLayer>) -> (Router<Services>, utoipa::openapi::OpenApi) {
    let (own, mut description) = OpenApiRouter::with_openapi(Description::openapi())
        .merge(v1::router())
        .merge(jwks::router())
        .split_for_parts();
    let (mut pages, described_pages) = browser::router().split_for_parts();
    if let Some(layer) = cross_origin {
        // The fallback before the layer, which answers what a browser asks by OPTIONS in its stead.
        pages = pages
            .method_not_allowed_fallback(method_not_allowed)
            .layer(axum::middleware::from_fn(pace::pace))
            .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("no-store")))
            .layer(layer);
    }
    description.merge(described_pages);
    (own.merge(pages), description)
}

/// What a path answers to a method that it does not have.
pub async fn method_not_allowed() -> Problem {
    Problem::new(Code::MethodNotAllowed)
}

/// The description as JSON.
pub fn document() -> Result<String, serde_json::Error> {
    described_routes(None).1.to_pretty_json()
}

/// The page that shows the description, without anything from the internet.
pub fn page(description: utoipa::openapi::OpenApi) -> Router<Services> {
    SwaggerUi::new("/docs").url("/openapi.json", description).into()
}
