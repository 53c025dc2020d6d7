//! From a definition and one message's values to an HTTP request.
//!
//! Structure comes from the definition alone: a value is encoded for the place where it stands.

use form_urlencoded::Serializer;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Request, Url};
use serde_json::Value;

use super::definition::{Body, Call, PlainHttp, Tree};
use super::schema::Method;
use super::template::{Part, Template, Unrendered, Values, push_percent, push_xml};
use crate::provider::Submission;

/// Largest request body, in bytes; a message with its markup has some hundreds.
const MAX_BODY_BYTES: usize = 64 * 1_024;

/// Why no request came about. Says no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unbuilt {
    /// A value is missing or unfit: its variable.
    Value(String),
    /// The URL is none, or not allowed.
    Url,
    /// A header or body that HTTP cannot carry.
    NotRepresentable,
}

impl From<Unrendered> for Unbuilt {
    fn from(unrendered: Unrendered) -> Self {
        match unrendered {
            Unrendered::Missing(name) | Unrendered::Unfit(name) => Unbuilt::Value(name),
            // A leaf that may be left out is, before it gets here.
            Unrendered::LeftOut => Unbuilt::NotRepresentable,
        }
    }
}

impl Unbuilt {
    /// Nothing was sent, and nothing of the kind will be until the operator changes something.
    pub(crate) fn into_submission(self) -> Submission {
        let reason = match self {
            Unbuilt::Value(name) => format!("missing_{}", name.replace('.', "_")).into(),
            Unbuilt::Url => "bad_url".into(),
            Unbuilt::NotRepresentable => return Submission::permanent("not_representable"),
        };
        Submission::Misconfigured { reason }
    }
}

impl Call {
    /// The request without what says who sends it.
    pub(crate) fn request(&self, values: &dyn Values, reference: &str) -> Result<Request, Unbuilt> {
        let mut url = render_url(&self.url, self.plain_http, values)?;
        for (name, tree) in &self.query {
            for value in fields(tree, values)? {
                append_query(&mut url, name, &value);
            }
        }
        let method = match self.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
        };
        let mut request = Request::new(method, url);
        if let Some((kind, body)) = self.body(values)? {
            if body.len() > MAX_BODY_BYTES {
                return Err(Unbuilt::NotRepresentable);
            }
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            *request.body_mut() = Some(body.into());
        }
        for (name, template) in &self.headers {
            match template.render(values) {
                Ok(value) => insert_header(&mut request, name, &value, Secrecy::Open)?,
                Err(Unrendered::LeftOut) => {}
                Err(unrendered) => return Err(unrendered.into()),
            }
        }
        if let Some(name) = &self.idempotency_header {
            insert_header(&mut request, name, reference, Secrecy::Open)?;
        }
        Ok(request)
    }

    fn body(&self, values: &dyn Values) -> Result<Option<(&'static str, Vec<u8>)>, Unbuilt> {
        Ok(Some(match &self.body {
            Body::None => return Ok(None),
            Body::Json(tree) => {
                let json = json(tree, values)?.unwrap_or(Value::Null);
                let bytes = serde_json::to_vec(&json).map_err(|_| Unbuilt::NotRepresentable)?;
                ("application/json", bytes)
            }
            Body::Form(trees) => {
                let mut form = Serializer::new(String::new());
                for (name, tree) in trees {
                    for value in fields(tree, values)? {
                        form.append_pair(name, &value);
                    }
                }
                ("application/x-www-form-urlencoded", form.finish().into_bytes())
            }
            Body::Xml(template) => ("application/xml", template.render_with(values, push_xml)?.into_bytes()),
        }))
    }
}

/// Whether a header's value may be shown by whoever traces requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrecy {
    Open,
    Secret,
}

pub(crate) fn insert_header(
    request: &mut Request,
    name: &HeaderName,
    value: &str,
    secrecy: Secrecy,
) -> Result<(), Unbuilt> {
    let mut value = HeaderValue::try_from(value).map_err(|_| Unbuilt::NotRepresentable)?;
    value.set_sensitive(secrecy == Secrecy::Secret);
    request.headers_mut().insert(name.clone(), value);
    Ok(())
}

/// Adds a pair to a URL's query with blanks as `%20`, which signers and servers alike read one way.
pub(crate) fn append_query(url: &mut Url, name: &str, value: &str) {
    let mut query = url.query().map(|query| format!("{query}&")).unwrap_or_default();
    push_percent(&mut query, name);
    query.push('=');
    push_percent(&mut query, value);
    url.set_query(Some(&query));
}

/// The URL. A value in its path or query is percent-encoded; one in its host must look like a host.
pub(crate) fn render_url(
    template: &Template,
    plain_http: PlainHttp,
    values: &dyn Values,
) -> Result<Url, Unbuilt> {
    let mut text = String::new();
    for part in &template.parts {
        let hole = match part {
            Part::Literal(literal) => {
                text.push_str(literal);
                continue;
            }
            Part::Hole(hole) => hole,
        };
        let value = Template { parts: vec![Part::Hole(hole.clone())] }.render(values)?;
        if text.is_empty() {
            text.push_str(value.trim_end_matches('/'));
        } else if text.split_once("://").is_some_and(|(_, rest)| !rest.contains(['/', '?'])) {
            if !value.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b)) {
                return Err(Unbuilt::Value(hole.variable.to_string()));
            }
            text.push_str(&value);
        } else if value == "." || value == ".." {
            // Would change the path, encoded or not (RFC 3986 §5.2.4).
            return Err(Unbuilt::Value(hole.variable.to_string()));
        } else {
            push_percent(&mut text, &value);
        }
    }
    let url = Url::parse(&text).map_err(|_| Unbuilt::Url)?;
    let is_safe = match url.scheme() {
        "https" => true,
        "http" => plain_http == PlainHttp::Anywhere || is_loopback(&url),
        _ => false,
    };
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if is_safe && is_plain && url.has_host() { Ok(url) } else { Err(Unbuilt::Url) }
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A tree as JSON. What is left out takes the tables and lists with it that it leaves empty.
fn json(tree: &Tree, values: &dyn Values) -> Result<Option<Value>, Unbuilt> {
    Ok(match tree {
        Tree::Constant(value) => Some(value.clone()),
        Tree::Leaf(template) => match template.render(values) {
            Ok(text) if template.is_number() => {
                let number: i64 = text.parse().map_err(|_| Unbuilt::NotRepresentable)?;
                Some(Value::from(number))
            }
            Ok(text) => Some(Value::from(text)),
            Err(Unrendered::LeftOut) => None,
            Err(unrendered) => return Err(unrendered.into()),
        },
        Tree::List(trees) => {
            let mut list = Vec::with_capacity(trees.len());
            for tree in trees {
                list.extend(json(tree, values)?);
            }
            (trees.is_empty() || !list.is_empty()).then_some(Value::Array(list))
        }
        Tree::Map(trees) => {
            let mut map = serde_json::Map::with_capacity(trees.len());
            for (name, tree) in trees {
                map.extend(json(tree, values)?.map(|value| (name.clone(), value)));
            }
            (trees.is_empty() || !map.is_empty()).then_some(Value::Object(map))
        }
    })
}

/// A form field's values: several for a list, none for what is left out.
fn fields(tree: &Tree, values: &dyn Values) -> Result<Vec<String>, Unbuilt> {
    Ok(match json(tree, values)? {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(list)) => list.iter().map(scalar).collect(),
        Some(other) => vec![scalar(&other)],
    })
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
