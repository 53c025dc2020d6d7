//! `GET /.well-known/jwks.json`

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use countersign_core::proof::Jwks;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::usecase::Services;

/// How long a shop may keep the keys. Shorter than the time for which a next key is published before
/// it signs, and than the life of retired ones.
const CACHE: &str = "public, max-age=300";

/// The public keys that proofs verify with
///
/// A JWK set (RFC 7517) of Ed25519 keys (RFC 8037): the active one, retired ones whose proofs may
/// still live, and the next one. Needs no key.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "proofs", security(()),
    responses((status = 200, description = "The keys", body = Object)),
)]
async fn jwks(State(services): State<Services>) -> ([(HeaderName, &'static str); 1], Json<Jwks>) {
    ([(header::CACHE_CONTROL, CACHE)], Json(Jwks::of(&services.engine.keyring())))
}

/// The route.
pub fn router() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(jwks))
}
