//! The cookie by which a browser that went through an entry is known again (OWASP ASVS 3.3.1–3.3.4).

use axum::http::{HeaderMap, HeaderValue, header};
use countersign_core::browser::PageSession;
use countersign_core::id::{PageId, VerificationId};
use countersign_core::keyring::Keyring;
use countersign_core::page::OpenedPage;

/// How long a browser sees how its verification ended.
const LIFETIME_S: u64 = 3600;

/// What the cookies of pages that wait for a number may hold in all, in bytes. Proxies commonly take 8,192 of a line.
const MAX_PAGES_BYTES: usize = 6000;
const PAGE_STEM: &str = "cs-page-";

/// Where the page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a window of its own.
    Window,
    /// In a frame of the shop's page: browsers keep its cookie apart for each shop (CHIPS).
    Frame,
}

/// Each verification has a cookie of its own, so that two tabs do not take each other's place.
fn name(verification: VerificationId, issuer: &str) -> String {
    format!("{}cs-{}", prefix(issuer), verification.to_string().trim_start_matches("ver_"))
}

/// The same of a page that waits for a number.
fn page_name(page: PageId, issuer: &str) -> String {
    format!("{}{PAGE_STEM}{}", prefix(issuer), page.to_string().trim_start_matches("pag_"))
}

/// Without TLS, which is for this machine only, there is no `__Host-`.
fn prefix(issuer: &str) -> &'static str {
    if issuer.starts_with("https://") { "__Host-" } else { "" }
}

/// What a browser sent, name by name.
fn sent(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

/// The session that a browser has for a verification, if it is genuine.
pub(super) fn read(
    headers: &HeaderMap,
    verification: VerificationId,
    keyring: &Keyring,
    issuer: &str,
) -> Option<PageSession> {
    let name = name(verification, issuer);
    let named = sent(headers).filter(|(given, _)| *given == name);
    let mut sessions = named.filter_map(|(_, value)| keyring.read_page_session(value));
    sessions.find(|session| session.granted.verification == verification)
}

/// The page that a browser opened, if it is genuine.
pub(super) fn read_page(
    headers: &HeaderMap,
    page: PageId,
    keyring: &Keyring,
    issuer: &str,
) -> Option<OpenedPage> {
    let name = page_name(page, issuer);
    let named = sent(headers).filter(|(given, _)| *given == name);
    let mut pages = named.filter_map(|(_, value)| keyring.read_page_cookie(value));
    pages.find(|opened| opened.grant.page == page)
}

/// `Set-Cookie` for a session.
pub(super) fn write(
    session: PageSession,
    place: Place,
    keyring: &Keyring,
    issuer: &str,
) -> Option<HeaderValue> {
    let name = name(session.granted.verification, issuer);
    set(&name, &keyring.page_session(session), LIFETIME_S, place, issuer)
}

/// `Set-Cookie` for a page that was opened.
pub(super) fn write_page(
    opened: &OpenedPage,
    place: Place,
    keyring: &Keyring,
    issuer: &str,
    nonce: [u8; 24],
) -> Option<HeaderValue> {
    let value = keyring.page_cookie(opened, nonce)?;
    set(&page_name(opened.grant.page, issuer), &value, LIFETIME_S, place, issuer)
}

/// `Set-Cookie` for each page that the browser must forget, the oldest first, so that what it sends with `one_more` of
/// this size stays short enough for every proxy.
pub(super) fn make_room(
    headers: &HeaderMap,
    one_more: usize,
    place: Place,
    issuer: &str,
) -> Vec<HeaderValue> {
    let stem = format!("{}{PAGE_STEM}", prefix(issuer));
    let mut pages: Vec<_> = sent(headers).filter(|(name, _)| name.starts_with(&stem)).collect();
    // Their names have the order of their times.
    pages.sort_unstable();
    let mut total = one_more + pages.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    let mut forgotten = Vec::new();
    for (name, value) in pages {
        if total <= MAX_PAGES_BYTES {
            break;
        }
        total -= name.len() + value.len();
        forgotten.extend(set(name, "", 0, place, issuer));
    }
    forgotten
}

fn set(name: &str, value: &str, lifetime_s: u64, place: Place, issuer: &str) -> Option<HeaderValue> {
    let security = match (issuer.starts_with("https://"), place) {
        (true, Place::Window) => "; Secure; SameSite=Lax",
        (true, Place::Frame) => "; Secure; SameSite=None; Partitioned",
        (false, _) => "; SameSite=Lax",
    };
    HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; Max-Age={lifetime_s}{security}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_pages_make_room_for_another_one() {
        let mut headers = HeaderMap::new();
        let page = |letter: &str| format!("cs-page-{letter}={}", letter.repeat(2800));
        for cookie in [page("b"), "cs-x=1".to_owned(), page("a")] {
            headers.append(header::COOKIE, HeaderValue::from_str(&cookie).unwrap());
        }
        let forgotten = |one_more| -> Vec<_> {
            let set = make_room(&headers, one_more, Place::Window, "http://localhost");
            set.iter().map(|value| value.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
        };
        assert_eq!(forgotten(300), Vec::<String>::new());
        assert_eq!(forgotten(2900), ["cs-page-a="]);
        assert_eq!(forgotten(5900), ["cs-page-a=", "cs-page-b="]);
    }
}
