//! Who asks: a browser with a client secret, on a page that may have it.

use axum::extract::FromRequestParts;
use axum::http::{header, request::Parts};

use crate::http::auth::bearer;
use crate::http::problem::{Code, Problem};
use crate::usecase::Services;
use crate::usecase::browser::Visitor;

impl FromRequestParts<Services> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Problem> {
        let granted = bearer(parts).and_then(|secret| services.engine.keyring().read_client_secret(secret));
        let visitor = granted
            .and_then(|granted| services.visitor(granted))
            .ok_or_else(|| Problem::new(Code::Unauthorized).detail("there is no working client secret"))?;
        // A page says where it comes from; what is no page has no other page's secrets either.
        let origin = parts.headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("null"));
        if origin.is_none_or(|origin| services.admits(&visitor, origin)) {
            Ok(visitor)
        } else {
            Err(Problem::new(Code::OriginNotAllowed))
        }
    }
}
