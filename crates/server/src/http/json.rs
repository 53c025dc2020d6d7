//! Bodies: JSON of a known shape, or a problem that says where it is not.

use std::fmt;
use std::marker::PhantomData;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};

use super::problem::{Code, Problem};

/// The largest body that is read.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// A JSON body, and the bytes it came in.
pub struct Body<T> {
    /// What it says.
    pub value: T,
    /// As it arrived: an idempotency key is bound to it.
    pub bytes: Bytes,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let declared = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = declared.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Problem::new(Code::UnsupportedMediaType));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Problem::new(Code::BodyTooLarge).detail("the body is too large or was cut off"))?;
        let value = parse(&bytes)?;
        Ok(Body { value, bytes })
    }
}

/// Reads an optional object as one: a derived reader would take a list of its members for it too. For
/// `#[serde(deserialize_with = "…")]`.
pub fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_unit<E>(self) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Option<T>, A::Error> {
            T::deserialize(MapAccessDeserializer::new(members)).map(Some)
        }
    }

    deserializer.deserialize_any(Object(PhantomData))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value: T = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let inner = error.inner();
        if inner.is_data() {
            Problem::field(pointer(error.path()), reason(inner))
        } else {
            Problem::new(Code::MalformedJson).detail(inner.to_string())
        }
    })?;
    deserializer.end().map_err(|error| Problem::new(Code::MalformedJson).detail(error.to_string()))?;
    Ok(value)
}

/// serde's words without its position, which counts bytes of the whole body: the pointer is better.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}

/// A JSON pointer (RFC 6901) from serde's path.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(rename = "inner")]
        _inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "number")]
        _number: u8,
    }

    #[test]
    fn a_wrong_field_is_pointed_at() {
        for (body, pointer) in [
            (r#"{"inner":{"number":300}}"#, "/inner/number"),
            (r#"{"inner":{"number":"x"}}"#, "/inner/number"),
            (r#"{"inner":{"number":1,"extra":2}}"#, "/inner/extra"),
            (r#"{"outer":1}"#, "/outer"),
            (r#"{"inner":{}}"#, "/inner"),
        ] {
            let problem = parse::<Outer>(body.as_bytes()).unwrap_err();
            assert_eq!((problem.status, problem.pointer.as_deref()), (422, Some(pointer)), "{body}");
        }
        for body in ["", "{", "{}x", "\u{feff}{}", "nope"] {
            assert_eq!(parse::<Outer>(body.as_bytes()).unwrap_err().status, 400, "{body}");
        }
        assert!(parse::<Outer>(b"{}").is_ok());
    }
}
