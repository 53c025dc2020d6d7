//! AWS Signature Version 4, over the headers of one request.
//! Source: AWS General Reference, "Create a signed AWS API request".

use std::fmt::Write as _;

use countersign_core::time::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Request;
use reqwest::header::{AUTHORIZATION, HeaderName};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::hex;
use super::request::{Secrecy, Unbuilt, insert_header};
use super::template::push_percent;

pub(crate) struct Credentials {
    pub(crate) access_key: String,
    pub(crate) secret_key: Zeroizing<String>,
    pub(crate) session_token: Option<String>,
    pub(crate) region: String,
    pub(crate) service: String,
}

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// Signs a request as it is now; nothing of it may change afterwards.
pub(crate) fn sign(request: &mut Request, credentials: &Credentials, now: Timestamp) -> Result<(), Unbuilt> {
    let time = jiff::Timestamp::from_second(now.as_seconds()).map_err(|_| Unbuilt::NotRepresentable)?;
    let (date, time) = (time.strftime("%Y%m%d").to_string(), time.strftime("%Y%m%dT%H%M%SZ").to_string());
    insert_header(request, &DATE, &time, Secrecy::Open)?;
    if let Some(token) = &credentials.session_token {
        insert_header(request, &TOKEN, token, Secrecy::Secret)?;
    }
    let (canonical, signed_headers) = canonical_request(request)?;
    let scope = format!("{date}/{}/{}/aws4_request", credentials.region, credentials.service);
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex::encode(&Sha256::digest(canonical)));
    let mut key = Zeroizing::new(format!("AWS4{}", credentials.secret_key.as_str()).into_bytes());
    for part in [date.as_str(), &credentials.region, &credentials.service, "aws4_request"] {
        key = Zeroizing::new(mac(&key, part.as_bytes())?);
    }
    let signature = hex::encode(&mac(&key, to_sign.as_bytes())?);
    let header = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={signed_headers}, Signature={signature}",
        credentials.access_key
    );
    insert_header(request, &AUTHORIZATION, &header, Secrecy::Secret)
}

fn mac(key: &[u8], text: &[u8]) -> Result<Vec<u8>, Unbuilt> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| Unbuilt::NotRepresentable)?;
    mac.update(text);
    Ok(mac.finalize().into_bytes().to_vec())
}

fn canonical_request(request: &Request) -> Result<(String, String), Unbuilt> {
    let url = request.url();
    let host = url.host_str().ok_or(Unbuilt::Url)?;
    let host = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let mut headers = vec![("host".to_owned(), host)];
    for (name, value) in request.headers() {
        let value = value.to_str().map_err(|_| Unbuilt::NotRepresentable)?;
        headers.push((name.as_str().to_owned(), value.trim().to_owned()));
    }
    headers.sort();
    let mut pairs: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| {
            let (mut encoded_name, mut encoded_value) = (String::new(), String::new());
            push_percent(&mut encoded_name, &name);
            push_percent(&mut encoded_value, &value);
            (encoded_name, encoded_value)
        })
        .collect();
    pairs.sort();
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    // All services but S3 encode the path twice: what is encoded in the URL, once more.
    let path: Vec<String> = url
        .path()
        .split('/')
        .map(|segment| {
            let mut encoded = String::new();
            push_percent(&mut encoded, segment);
            encoded
        })
        .collect();
    let mut canonical = format!("{}\n{}\n{}\n", request.method(), path.join("/"), query.join("&"));
    for (name, value) in &headers {
        let _ = writeln!(canonical, "{name}:{value}");
    }
    let signed: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let signed = signed.join(";");
    let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
    let _ = write!(canonical, "\n{signed}\n{}", hex::encode(&Sha256::digest(body)));
    Ok((canonical, signed))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of AWS General Reference, "Signature Version 4 signing process", for IAM.
    #[test]
    fn the_documented_example_is_signed_as_documented() {
        let url = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08".parse().unwrap();
        let mut request = Request::new(reqwest::Method::GET, url);
        let content_type = "application/x-www-form-urlencoded; charset=utf-8".parse().unwrap();
        request.headers_mut().insert(reqwest::header::CONTENT_TYPE, content_type);
        let credentials = Credentials {
            access_key: "AKIDEXAMPLE".to_owned(),
            secret_key: Zeroizing::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned()),
            session_token: None,
            region: "us-east-1".to_owned(),
            service: "iam".to_owned(),
        };
        sign(&mut request, &credentials, Timestamp::parse_rfc3339("2015-08-30T12:36:00Z").unwrap()).unwrap();
        assert_eq!(
            request.headers()[AUTHORIZATION],
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }
}
