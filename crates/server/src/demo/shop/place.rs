//! Where the code is typed, and where that is possible.

use axum::http::HeaderMap;
use axum::http::header::HOST;
use serde::Deserialize;

use crate::demo::countersign_client;

/// Where the hosted page sends customers back to.
pub const RETURN_PATH: &str = "/shop/verified";

/// Where the customer types the code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Presentation {
    /// On Countersign's page, and back.
    #[default]
    Page,
    /// In `<countersign-otp>` on the shop's page.
    Element,
    /// On Countersign's page in `<countersign-frame>`.
    Frame,
}

impl Presentation {
    pub(super) const ALL: [Presentation; 3] =
        [Presentation::Page, Presentation::Element, Presentation::Frame];

    /// Its word in forms.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Presentation::Page => "page",
            Presentation::Element => "element",
            Presentation::Frame => "frame",
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Presentation::Page => "Hosted page",
            Presentation::Element => "Element",
            Presentation::Frame => "Frame",
        }
    }

    /// What it is, in one line.
    pub(super) const fn about(self) -> &'static str {
        match self {
            Presentation::Page => "You go to Countersign’s own page and come back. Needs no JavaScript.",
            Presentation::Element => "A field in the shop’s own page, in the shop’s own look.",
            Presentation::Frame => {
                "Countersign’s page, framed by the shop’s: the code stays out of its reach."
            }
        }
    }

    /// As the shop tells it to Countersign.
    pub(super) fn asked<'a>(self, place: &'a Place, state: &'a str) -> countersign_client::Presentation<'a> {
        match self {
            Presentation::Page => {
                countersign_client::Presentation::Page { return_url: &place.return_url, state }
            }
            Presentation::Element => countersign_client::Presentation::Element { origin: &place.origin },
            Presentation::Frame => countersign_client::Presentation::Iframe { origin: &place.origin },
        }
    }
}

/// The address that a customer's browser has the shop open at.
pub(super) struct Place {
    pub(super) origin: String,
    return_url: String,
    /// Whether it is a name. Messages are bound to names; and a frame keeps its cookie only where its page is of the
    /// same site, which a bare address never is.
    pub(super) is_named: bool,
}

impl Place {
    /// By the request; `usual` where that does not say.
    pub(super) fn of(headers: &HeaderMap, usual: &str) -> Self {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let origin = match (host, usual.split_once("://")) {
            (Some(host), Some((scheme, _))) => format!("{scheme}://{host}"),
            _ => usual.to_owned(),
        };
        let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
        let name = authority.rsplit_once(':').map_or(authority, |(name, _)| name);
        let is_named = !name.starts_with('[') && name.parse::<std::net::Ipv4Addr>().is_err();
        Place { return_url: format!("{origin}{RETURN_PATH}"), origin, is_named }
    }

    /// Whether a code can be typed there.
    pub(super) fn allows(&self, presentation: Presentation) -> bool {
        self.is_named || presentation == Presentation::Page
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn place(host: Option<&'static str>) -> Place {
        let headers = host.map(|host| (HOST, HeaderValue::from_static(host)));
        Place::of(&HeaderMap::from_iter(headers), "http://localhost:8081")
    }

    #[test]
    fn a_bare_address_has_the_hosted_page_and_no_other() {
        for (host, is_named) in [("localhost:8081", true), ("127.0.0.1:8081", false), ("[::1]:8081", false)] {
            let place = place(Some(host));
            assert_eq!(place.origin, format!("http://{host}"));
            for presentation in Presentation::ALL {
                assert_eq!(
                    place.allows(presentation),
                    is_named || presentation == Presentation::Page,
                    "{host} {presentation:?}"
                );
            }
        }
        assert_eq!(place(None).return_url, "http://localhost:8081/shop/verified");
    }
}
