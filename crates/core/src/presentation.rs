//! Where the customer types the code, as far as the message must say so.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A host name as the last line of an origin-bound message has it: no scheme, no port, no path
/// (origin-bound one-time codes, <https://wicg.github.io/sms-one-time-codes/>).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host(String);

/// An origin or a host name that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an https origin such as \"https://shop.example\" (http only for localhost), not an IP address"
)]
pub struct InvalidOrigin;

impl Host {
    /// The host name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host of an origin such as `https://shop.example:8443`.
    pub fn of_origin(origin: &str) -> Result<Self, InvalidOrigin> {
        let (authority, secure) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
            (Some(rest), _) => (rest, true),
            (None, Some(rest)) => (rest, false),
            (None, None) => return Err(InvalidOrigin),
        };
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.parse::<u16>().is_ok() => host,
            Some(_) => return Err(InvalidOrigin),
            None => authority,
        };
        let host: Host = host.parse()?;
        if secure || host.0 == "localhost" { Ok(host) } else { Err(InvalidOrigin) }
    }
}

impl FromStr for Host {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let label_ok = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let ends_in_digits =
            text.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
        if text.len() > 253 || !text.split('.').all(label_ok) || ends_in_digits {
            return Err(InvalidOrigin);
        }
        Ok(Host(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Host {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Host {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An Android app's hash for the SMS Retriever API: 11 characters of base 64.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AppHash(String);

/// An app hash that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the 11 characters that the SMS Retriever API derives from the app's package and certificate"
)]
pub struct InvalidAppHash;

impl AppHash {
    /// The 11 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AppHash {
    type Error = InvalidAppHash;

    fn try_from(text: String) -> Result<Self, InvalidAppHash> {
        let base64 = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
        if text.len() == 11 && text.bytes().all(base64) { Ok(AppHash(text)) } else { Err(InvalidAppHash) }
    }
}

impl From<AppHash> for String {
    fn from(hash: AppHash) -> String {
        hash.0
    }
}

/// Where the customer types the code: decides the message's last line (web.md D.1, D.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum Presentation {
    /// Nowhere in particular: the message carries no last line, every page may be offered the code.
    #[default]
    Unbound,
    /// On a top-level page of this host: Countersign's hosted page.
    Page {
        /// The page's host.
        host: Host,
    },
    /// In the element on the shop's own page.
    Element {
        /// The shop's host.
        host: Host,
    },
    /// In a frame of another origin inside the shop's page.
    Iframe {
        /// The shop's host.
        top: Host,
        /// The frame's host.
        embedded: Host,
    },
    /// In an Android app that listens through the SMS Retriever API.
    App {
        /// The app's hash.
        hash: AppHash,
    },
}

impl Presentation {
    /// Its mode, without hosts or hashes.
    pub const fn mode(&self) -> PresentationMode {
        match self {
            Presentation::Unbound => PresentationMode::None,
            Presentation::Page { .. } => PresentationMode::Page,
            Presentation::Element { .. } => PresentationMode::Element,
            Presentation::Iframe { .. } => PresentationMode::Iframe,
            Presentation::App { .. } => PresentationMode::App,
        }
    }
}

/// The word for a [`Presentation`]. Their order is that of the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PresentationMode {
    /// In an Android app.
    App,
    /// In the element on the shop's own page.
    Element,
    /// In a frame inside the shop's page.
    Iframe,
    /// Nowhere in particular.
    None,
    /// On the hosted page.
    Page,
}

/// A word that names no mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected page, element, iframe, app or none")]
pub struct InvalidPresentationMode;

impl PresentationMode {
    const ALL: [PresentationMode; 5] = [
        PresentationMode::App,
        PresentationMode::Element,
        PresentationMode::Iframe,
        PresentationMode::None,
        PresentationMode::Page,
    ];

    /// Its word in the API and in stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            PresentationMode::App => "app",
            PresentationMode::Element => "element",
            PresentationMode::Iframe => "iframe",
            PresentationMode::None => "none",
            PresentationMode::Page => "page",
        }
    }
}

impl FromStr for PresentationMode {
    type Err = InvalidPresentationMode;

    fn from_str(word: &str) -> Result<Self, InvalidPresentationMode> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word).ok_or(InvalidPresentationMode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_give_their_host_and_nothing_else_does() {
        for (origin, host) in [
            ("https://shop.example", "shop.example"),
            ("https://Shop.Example:8443/", "shop.example"),
            ("http://localhost:8080", "localhost"),
        ] {
            assert_eq!(Host::of_origin(origin).map(|h| h.to_string()).as_deref(), Ok(host));
        }
        for wrong in [
            "shop.example",
            "http://shop.example",
            "https://127.0.0.1",
            "https://[::1]",
            "https://shop.example/path",
            "https://a b",
            "https://shop.example\n@evil.example",
            "https://-x.example",
            "https://",
        ] {
            assert!(Host::of_origin(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn app_hashes_have_eleven_characters() {
        assert!(AppHash::try_from("FA+9qCX9VSu".to_owned()).is_ok());
        assert!(AppHash::try_from("FA+9qCX9VS".to_owned()).is_err());
        assert!(AppHash::try_from("FA+9qCX9VS\n".to_owned()).is_err());
    }

    #[test]
    fn words_of_modes_are_read_back_and_sorted_as_they_are() {
        for mode in PresentationMode::ALL {
            assert_eq!(mode.as_str().parse(), Ok(mode));
        }
        assert!(PresentationMode::ALL.is_sorted());
        assert!(PresentationMode::ALL.is_sorted_by_key(|mode| mode.as_str()));
        assert_eq!("Page".parse::<PresentationMode>(), Err(InvalidPresentationMode));
    }
}
