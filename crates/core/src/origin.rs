//! Where a shop's pages are: the origins that may use the browser face, and where a customer is sent back to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::{Host, Url};

use crate::id::VerificationId;

/// The longest address that is taken, in bytes.
pub const MAX_URL_BYTES: usize = 1024;

/// An origin as browsers write it in `Origin` (RFC 6454 §6.2): scheme and host in lower case, the port only where
/// it is not the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(String);

/// A text that is no origin of a shop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an https origin such as \"https://shop.example\" (http only for this machine), without a path"
)]
pub struct NoOrigin;

impl Origin {
    /// As browsers write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = NoOrigin;

    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let url = page(text).ok_or(NoOrigin)?;
        let bare = url.path() == "/" && url.query().is_none() && !text.contains('?');
        if bare { Ok(Origin(url.origin().ascii_serialization())) } else { Err(NoOrigin) }
    }
}

/// An address that customers are sent back to. Compared whole with those that the app allows (OWASP ASVS 3.7.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReturnUrl(String);

/// Where a customer goes when the hosted page is done with her.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnTo {
    /// The address.
    pub url: ReturnUrl,
    /// The shop's own word, given back as it came: it ties the way back to the session that it began in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl ReturnTo {
    /// The address, with the verification and the shop's word.
    pub fn link(&self, verification: VerificationId) -> String {
        self.url.with(Some(verification), self.state.as_deref())
    }

    /// The address with the shop's word alone: for a customer who goes back before there is a verification.
    pub fn link_without_verification(&self) -> String {
        self.url.with(None, self.state.as_deref())
    }
}

/// A text that is no address to go back to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an https address such as \"https://shop.example/checkout/done\" (http only for this machine), without \
     a user or a fragment, at most {MAX_URL_BYTES} bytes"
)]
pub struct NoReturnUrl;

impl ReturnUrl {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its origin.
    pub fn origin(&self) -> Option<Origin> {
        page(&self.0).map(|url| Origin(url.origin().ascii_serialization()))
    }

    /// The address with what became of a verification: its id, and the shop's own `state` as it gave it. Its status
    /// is asked by the shop's server, where nobody can change it.
    pub fn with(&self, verification: Option<VerificationId>, state: Option<&str>) -> String {
        let told = verification.is_some() || state.is_some();
        let Some(mut url) = page(&self.0).filter(|_| told) else { return self.0.clone() };
        if let Some(verification) = verification {
            url.query_pairs_mut().append_pair("verification", &verification.to_string());
        }
        if let Some(state) = state {
            url.query_pairs_mut().append_pair("state", state);
        }
        url.into()
    }
}

impl FromStr for ReturnUrl {
    type Err = NoReturnUrl;

    fn from_str(text: &str) -> Result<Self, NoReturnUrl> {
        let url = page(text).ok_or(NoReturnUrl)?;
        Ok(ReturnUrl(url.into()))
    }
}

/// An address of a page that a browser trusts: https, or this machine.
fn page(text: &str) -> Option<Url> {
    if text.len() > MAX_URL_BYTES || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    // Escapes can make it longer, and what is kept is read again.
    let url = Url::parse(text).ok().filter(|url| url.as_str().len() <= MAX_URL_BYTES)?;
    let is_local = match url.host()? {
        // Whatever is no plain host name could say more than one in a header.
        Host::Domain(name) if name.parse::<crate::presentation::Host>().is_err() => return None,
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let is_named = url.domain().is_some();
    let is_trusted =
        (url.scheme() == "https" && is_named) || (matches!(url.scheme(), "http" | "https") && is_local);
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (is_trusted && is_plain).then_some(url)
}

macro_rules! as_text {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

as_text! { Origin ReturnUrl }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        for (text, origin) in [
            ("https://shop.example", "https://shop.example"),
            ("https://Shop.Example:443/", "https://shop.example"),
            ("https://shop.example:8443", "https://shop.example:8443"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().as_str(), origin);
        }
        for wrong in [
            "*",
            "null",
            "shop.example",
            "http://shop.example",
            "https://shop.example/path",
            "https://shop.example?",
            "https://shop.example#a",
            "https://user@shop.example",
            "javascript:alert(1)",
            "https://shop.example ",
            "https://*.shop.example",
            "https://shop.example;script-src",
            "https://shop.example,evil.example",
            "https://192.0.2.1",
            "",
        ] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_way_back_keeps_its_query_and_carries_no_outcome() {
        let id: VerificationId = "ver_01kayn3f2t0h8m5v9d7q4w6x2e".parse().unwrap();
        let plain: ReturnUrl = "https://shop.example/done".parse().unwrap();
        assert_eq!(plain.with(None, None), "https://shop.example/done");
        assert_eq!(plain.with(None, Some("s")), "https://shop.example/done?state=s");
        assert_eq!(plain.with(Some(id), None), format!("https://shop.example/done?verification={id}"));
        let query: ReturnUrl = "https://shop.example/done?order=1".parse().unwrap();
        assert_eq!(
            query.with(Some(id), Some("a&b=#c")),
            format!("https://shop.example/done?order=1&verification={id}&state=a%26b%3D%23c")
        );
        assert_eq!(query.origin().unwrap().as_str(), "https://shop.example");
    }

    #[test]
    fn nobody_is_sent_to_what_is_no_page_of_a_shop() {
        for wrong in [
            "http://shop.example/done",
            "javascript:alert(1)",
            "data:text/html,x",
            "//evil.example",
            "https://shop.example/done#x",
            "https://a:b@shop.example/",
            "https://shop.example/\r\nset-cookie:x",
            &format!("https://shop.example/{}", "a".repeat(MAX_URL_BYTES)),
            &format!("https://shop.example/{}", "<".repeat(MAX_URL_BYTES / 2)),
        ] {
            assert!(wrong.parse::<ReturnUrl>().is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_taken_is_taken_again_as_it_was_kept(rest in "[!-~]{0,1100}") {
            if let Ok(url) = format!("https://shop.example/{rest}").parse::<ReturnUrl>() {
                proptest::prop_assert_eq!(url.as_str().parse::<ReturnUrl>(), Ok(url.clone()));
            }
            if let Ok(origin) = format!("https://{rest}").parse::<Origin>() {
                proptest::prop_assert_eq!(origin.as_str().parse::<Origin>(), Ok(origin.clone()));
            }
        }
    }
}
