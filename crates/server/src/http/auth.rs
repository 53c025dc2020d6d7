//! Who asks: the API key of a request.

use axum::extract::FromRequestParts;
use axum::http::{header, request::Parts};

use super::problem::{Code, Problem};
use crate::tenant::Scope;
use crate::usecase::{Caller, Services};

/// A caller whose key has at least the scope `read_only`.
pub struct Reader(pub Caller);
/// A caller whose key has at least the scope `server`.
pub struct Server(pub Caller);
/// A caller whose key has the scope `admin`.
pub struct Admin(pub Caller);

/// What stands in `Authorization: Bearer …` (RFC 6750 §2.1).
pub(super) fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, presented) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| presented.trim())
}

fn caller(parts: &Parts, services: &Services, needed: Scope) -> Result<Caller, Problem> {
    let presented = bearer(parts).ok_or_else(|| Problem::new(Code::Unauthorized))?;
    let (app, key) = services
        .directory
        .authenticate(presented, services.clock.now())
        .ok_or_else(|| Problem::new(Code::Unauthorized))?;
    if key.scope < needed {
        let detail =
            format!("this needs a key with the scope {}, yours has {}", needed.as_str(), key.scope.as_str());
        return Err(Problem::new(Code::Forbidden).detail(detail));
    }
    Ok(Caller { app, mode: key.mode })
}

macro_rules! extractor {
    ($($name:ident needs $scope:ident;)*) => {$(
        impl FromRequestParts<Services> for $name {
            type Rejection = Problem;
            async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Problem> {
                caller(parts, services, Scope::$scope).map($name)
            }
        }
    )*};
}

extractor! {
    Reader needs ReadOnly;
    Server needs Server;
    Admin needs Admin;
}
