//! The API's description, generated from the handlers, and the page that shows it.

use axum::Router;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use super::problem::Problem;
use super::{jwks, v1};
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
    modifiers(&BearerKey),
    security(("api_key" = [])),
    tags(
        (name = "verifications", description = "Start, check, resend, cancel, report, read"),
        (name = "proofs", description = "Redeem a proof, and the keys that proofs verify with"),
        (name = "app", description = "The app's settings and keys"),
        (name = "carriers", description = "What providers call"),
    )
)]
struct Description;

struct BearerKey;

impl Modify for BearerKey {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key: `cs_live_…` or `cs_test_…`"))
            .build();
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("api_key", SecurityScheme::Http(scheme));
    }
}

/// Every described route, and the description.
pub fn described_routes() -> (Router<Services>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Description::openapi())
        .merge(v1::router())
        .merge(jwks::router())
        .split_for_parts()
}

/// The description as JSON.
pub fn document() -> Result<String, serde_json::Error> {
    described_routes().1.to_pretty_json()
}

/// The page that shows the description, without anything from the internet.
pub fn page(description: utoipa::openapi::OpenApi) -> Router<Services> {
    SwaggerUi::new("/docs").url("/openapi.json", description).into()
}
