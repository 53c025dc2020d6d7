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

fn caller(parts: &Parts, services: &Services, needed: Scope) -> Result<Caller, Problem> {
    let presented = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim())
        .ok_or_else(|| Problem::new(Code::Unauthorized))?;
    let (app, key) = services
        .directory
        .authenticate(presented, services.clock.now())
        .ok_or_else(|| Problem::new(Code::Unauthorized))?;
    if key.scope < needed {
        let detail =
            format!("this needs a key with the scope {}, yours has {}", needed.as_str(), key.scope.as_str());
        return Err(Problem::new(Code::Forbidden).detail(detail));
    }
    Ok(Caller { app, key })
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
