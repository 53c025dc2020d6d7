//! The two kinds of URL that the configuration holds.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;
use serde::Deserialize;

use super::problem::Mistake;

/// Longest URL, in bytes.
const MAX_URL_BYTES: usize = 2_048;

/// What the server calls itself: an origin, `https://verify.shop.example`, without a path. `https`
/// unless it is this machine.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The origin, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is `https`.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PublicUrl {
    type Err = Mistake;

    fn from_str(text: &str) -> Result<Self, Mistake> {
        let url = web_url(text, "https://verify.shop.example")?;
        if url.path() != "/" || url.query().is_some() {
            return Err(Mistake::new(
                "the public URL has a path",
                format!(
                    "write \"{}\": the server wants an origin of its own",
                    url.origin().ascii_serialization()
                ),
            ));
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err(Mistake::new(
                "the public URL is not https",
                format!(
                    "write \"https://{}\" and let a proxy in front speak TLS; http is for this machine only",
                    url.host_str().unwrap_or_default()
                ),
            ));
        }
        Ok(PublicUrl(url.origin().ascii_serialization()))
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        text.parse()
    }
}

/// Where a provider takes messages. Its query may hold a token: printing it hides the query.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ProviderUrl(Url);

impl ProviderUrl {
    /// The URL in full, for the request.
    pub fn expose(&self) -> &Url {
        &self.0
    }

    /// Whether what is sent there can be read on the way: `http`, and not to this machine.
    pub fn is_readable_on_the_way(&self) -> bool {
        self.0.scheme() == "http" && !is_loopback(&self.0)
    }
}

impl fmt::Display for ProviderUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0.origin().ascii_serialization(), self.0.path())?;
        if self.0.query().is_some() { f.write_str("?•••") } else { Ok(()) }
    }
}

impl fmt::Debug for ProviderUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProviderUrl({self})")
    }
}

impl FromStr for ProviderUrl {
    type Err = Mistake;

    fn from_str(text: &str) -> Result<Self, Mistake> {
        web_url(text, "https://gateway.example/send").map(ProviderUrl)
    }
}

impl TryFrom<String> for ProviderUrl {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        text.parse()
    }
}

/// An http or https URL with a host, without credentials and fragment. Messages never quote the
/// text: it may hold a token.
fn web_url(text: &str, example: &str) -> Result<Url, Mistake> {
    let write_such = || format!("write a URL such as \"{example}\"");
    if text.len() > MAX_URL_BYTES {
        return Err(Mistake::new(format!("the URL is longer than {MAX_URL_BYTES} bytes"), write_such()));
    }
    // The parser would drop them in silence.
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Mistake::new("the URL has blanks or control characters in it", write_such()));
    }
    let url = Url::parse(text).map_err(|error| Mistake::new(format!("not a URL: {error}"), write_such()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(Mistake::new("not a web address", write_such()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Mistake::new("the URL has a user name or password in it", write_such()));
    }
    if url.fragment().is_some() {
        return Err(Mistake::new("the URL has a fragment (#…), which is never sent", write_such()));
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match address {
        Ok(address) => address.to_canonical().is_loopback(),
        // RFC 6761 §6.3: these names never leave the machine.
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_an_origin() {
        for (text, origin) in [
            ("https://verify.shop.example", "https://verify.shop.example"),
            ("https://verify.shop.example/", "https://verify.shop.example"),
            ("https://Verify.Shop.Example:443", "https://verify.shop.example"),
            ("https://verify.shop.example:8443/", "https://verify.shop.example:8443"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.9.9.9", "http://127.9.9.9"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://shop.localhost", "http://shop.localhost"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().as_str(), origin);
        }
    }

    #[test]
    fn what_is_no_public_url_is_refused() {
        for (text, wrong) in [
            ("", "not a URL"),
            ("verify.shop.example", "not a URL"),
            ("http://verify.shop.example", "not https"),
            ("http://localhost.shop.example", "not https"),
            ("http://192.0.2.1", "not https"),
            ("https://shop.example/verify", "a path"),
            ("https://shop.example/?a=b", "a path"),
            ("https://shop.example/#a", "fragment"),
            ("https://user:pw@shop.example", "password"),
            ("ftp://shop.example", "not a web address"),
            ("file:///etc", "not a web address"),
            ("https://shop.example/ ", "blanks"),
            ("https://sh\top.example", "blanks"),
        ] {
            let mistake = text.parse::<PublicUrl>().unwrap_err();
            assert!(mistake.wrong.contains(wrong), "{text}: {mistake:?}");
            assert!(!mistake.to_string().contains("pw"), "{mistake:?}");
        }
        assert!(format!("https://{}.example", "a".repeat(3_000)).parse::<PublicUrl>().is_err());
    }

    #[test]
    fn printing_a_providers_url_hides_its_query() {
        let url: ProviderUrl = "https://gateway.example/send?token=hunter2".parse().unwrap();
        assert_eq!(url.to_string(), "https://gateway.example/send?•••");
        assert!(!format!("{url:?}").contains("hunter2"));
        assert_eq!(url.expose().as_str(), "https://gateway.example/send?token=hunter2");
        assert!(!url.is_readable_on_the_way());
        assert!("http://gateway/send".parse::<ProviderUrl>().unwrap().is_readable_on_the_way());
        assert!(!"http://localhost:9/send".parse::<ProviderUrl>().unwrap().is_readable_on_the_way());
    }
}
