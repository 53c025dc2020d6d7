//! A page on which a customer gives her number: what it will ask of that number travels sealed with her browser, and
//! nothing of it is stored.
//!
//! The link to the page and the cookie of the browser that opened it both carry it, under XChaCha20-Poly1305. What a
//! seal is for is part of what it authenticates, so that a link found in a log is no cookie.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::browser::{Granted, PageSession};
use crate::id::{AppId, PageId, VerificationId};
use crate::keyring::{Keyring, RingKey, Tag};
use crate::phone::E164;
use crate::proof::SessionHash;
use crate::subject::Mode;

const LINK: &str = "countersign/page.link/v1";
const COOKIE: &str = "countersign/page.cookie/v1";
const FORM: &str = "page/form";
const LINK_USED: &str = "page/link-used";
const TURN: &str = "page/turn";
const NUMBER: &str = "page/number";
const SESSION_TURN: &str = "page/session-turn";
const SESSION_NUMBER: &str = "page/session-number";

const NAMES_BYTES: usize = 1 + 16 + 16;
const NONCE_BYTES: usize = 24;
const MAC_BYTES: usize = 16;

/// The most bytes of what a page asks. Sealed and written as text that makes 2,828 characters: browsers keep cookies of
/// 4,096 (RFC 6265 §6.1), and proxies commonly take lines of 8,192 in a request.
pub const MAX_TERMS_BYTES: usize = 2048;
/// The most characters of a link's token or a cookie's value.
pub const MAX_SEALED_CHARS: usize =
    ((NAMES_BYTES + NONCE_BYTES + MAX_TERMS_BYTES + MAC_BYTES) * 4).div_ceil(3);

/// The most numbers that may be given in one session of the shop in 24 hours, on however many pages (fraud.md B.2, row
/// "device cookie / session").
pub const MAX_NUMBERS: usize = 3;
/// The most times that a number is taken on one page, the same one again and refused ones among them.
pub const MAX_TURNS: u8 = 16;

/// One page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PageGrant {
    /// The app.
    pub app: AppId,
    /// Live or test.
    pub mode: Mode,
    /// The page.
    pub page: PageId,
}

impl PageGrant {
    fn to_bytes(self) -> [u8; NAMES_BYTES] {
        let mut bytes = [0; NAMES_BYTES];
        bytes[0] = u8::from(self.mode == Mode::Test);
        bytes[1..17].copy_from_slice(self.app.as_bytes());
        bytes[17..].copy_from_slice(self.page.as_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (mode, ids) = bytes.split_first()?;
        let (app, page) = ids.split_at_checked(16)?;
        Some(PageGrant {
            mode: match mode {
                0 => Mode::Live,
                1 => Mode::Test,
                _ => return None,
            },
            app: AppId::from_bytes(app.try_into().ok()?),
            page: PageId::from_bytes(page.try_into().ok()?),
        })
    }

    /// The session of the browser that has this page, for a verification that was begun on it. Its nonce is the page,
    /// so that the browser finds the way back to the form.
    pub const fn session_for(self, verification: VerificationId) -> PageSession {
        let granted = Granted { app: self.app, mode: self.mode, verification };
        PageSession { granted, nonce: *self.page.as_bytes() }
    }
}

impl PageSession {
    /// The page that a session came from, if it came from one: of another session it names a page that nobody has.
    pub const fn page(&self) -> PageGrant {
        let Granted { app, mode, .. } = self.granted;
        PageGrant { app, mode, page: PageId::from_bytes(self.nonce) }
    }
}

/// A page with what it asks.
pub struct OpenedPage {
    /// Which one.
    pub grant: PageGrant,
    /// What was sealed.
    pub terms: Zeroizing<Vec<u8>>,
}

impl Keyring {
    /// The token of the link to a page; nothing, if `terms` are more than [`MAX_TERMS_BYTES`].
    pub fn page_link(&self, grant: PageGrant, terms: &[u8], nonce: [u8; NONCE_BYTES]) -> Option<String> {
        self.seal_page(LINK, grant, terms, nonce)
    }

    /// The page of a link, if it is genuine. Says nothing about whether somebody opened it before.
    pub fn read_page_link(&self, text: &str) -> Option<OpenedPage> {
        self.open_page(LINK, text)
    }

    /// The value of the cookie by which the browser is known that opened the link.
    pub fn page_cookie(&self, opened: &OpenedPage, nonce: [u8; NONCE_BYTES]) -> Option<String> {
        self.seal_page(COOKIE, opened.grant, &opened.terms, nonce)
    }

    /// The page of a cookie, if it is genuine.
    pub fn read_page_cookie(&self, text: &str) -> Option<OpenedPage> {
        self.open_page(COOKIE, text)
    }

    /// What the form of a page carries, so that no other site can post it (OWASP ASVS 3.5.1). One browser has the page.
    pub fn page_form_token(&self, grant: PageGrant) -> String {
        URL_SAFE_NO_PAD.encode(self.page_tag(FORM, grant, &[]).0)
    }

    /// Whether a form came from this page. In constant time.
    pub fn accepts_page_form(&self, grant: PageGrant, presented: &str) -> bool {
        self.page_form_token(grant).as_bytes().ct_eq(presented.as_bytes()).into()
    }

    /// Under what it is remembered that a link was opened.
    pub fn page_link_used(&self, grant: PageGrant) -> Tag {
        self.page_tag(LINK_USED, grant, &[])
    }

    /// Under what it is remembered which number was given on a page, first, second, …
    pub fn page_turn(&self, grant: PageGrant, turn: u8) -> Tag {
        self.page_tag(TURN, grant, &[turn])
    }

    /// Stands for a number among those that were given on a page.
    pub fn page_number(&self, grant: PageGrant, phone: &E164) -> Tag {
        self.page_tag(NUMBER, grant, phone.expose().as_bytes())
    }

    /// Under what it is remembered which number was given in a session of the shop, first, second, …
    pub fn session_turn(&self, grant: PageGrant, session: &SessionHash, turn: u8) -> Tag {
        self.session_tag(SESSION_TURN, grant, session, &[turn])
    }

    /// Stands for a number among those that were given in a session.
    pub fn session_number(&self, grant: PageGrant, session: &SessionHash, phone: &E164) -> Tag {
        self.session_tag(SESSION_NUMBER, grant, session, phone.expose().as_bytes())
    }

    fn session_tag(&self, label: &str, grant: PageGrant, session: &SessionHash, more: &[u8]) -> Tag {
        let PageGrant { app, mode, page: _ } = grant;
        let session = session.to_string();
        self.tag(label, app, &[mode.as_str().as_bytes(), b":", session.as_bytes(), b":", more].concat())
    }

    fn page_tag(&self, label: &str, grant: PageGrant, more: &[u8]) -> Tag {
        self.tag(label, grant.app, &[&grant.to_bytes(), more].concat())
    }

    fn seal_page(
        &self,
        label: &str,
        grant: PageGrant,
        terms: &[u8],
        nonce: [u8; NONCE_BYTES],
    ) -> Option<String> {
        let names = grant.to_bytes();
        let sealed = (terms.len() <= MAX_TERMS_BYTES).then(|| {
            let aad = associated_data(label, &names);
            cipher(self.phone.active(), grant.app)
                .encrypt(&XNonce::from(nonce), Payload { msg: terms, aad: &aad })
                .ok()
        })??;
        Some(URL_SAFE_NO_PAD.encode([&names, &nonce[..], &sealed].concat()))
    }

    fn open_page(&self, label: &str, text: &str) -> Option<OpenedPage> {
        let bytes = (text.len() <= MAX_SEALED_CHARS).then(|| URL_SAFE_NO_PAD.decode(text).ok())??;
        let (names, rest) = bytes.split_at_checked(NAMES_BYTES)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_BYTES)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        let grant = PageGrant::from_bytes(names)?;
        let aad = associated_data(label, names);
        // A page lives for an hour, and a ring has few keys: its name would only make the link longer.
        let opened = self.phone.iter().find_map(|key| {
            let payload = Payload { msg: sealed, aad: &aad };
            cipher(key, grant.app).decrypt(&XNonce::from(nonce), payload).ok()
        })?;
        Some(OpenedPage { grant, terms: Zeroizing::new(opened) })
    }
}

fn associated_data(label: &str, names: &[u8]) -> Vec<u8> {
    [label.as_bytes(), names].concat()
}

fn cipher(key: &RingKey, app: AppId) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.secret.expand("countersign/page/v1", app.as_bytes()).expose().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;
    use crate::id::Partition;
    use crate::keyring::{Epoch, KeyName, ProofRing, Ring, Secret};
    use crate::time::Timestamp;
    use proptest::prelude::*;

    const TERMS: &[u8] = b"{\"purpose\":\"signup\"}";

    fn key(n: u8) -> RingKey {
        let created_at = Timestamp::from_millis(0);
        RingKey { name: KeyName(n.to_string()), secret: Secret::from_bytes([n; 32]), created_at }
    }

    fn keyring(phone: Ring) -> Keyring {
        let ring = |n| Ring::new(key(n), Vec::new());
        Keyring {
            code: ring(1),
            phone,
            index: key(3).secret,
            tag: key(4).secret,
            proof: ProofRing { current: ring(5), next: key(6) },
            epoch: Epoch(0),
        }
    }

    fn own() -> Keyring {
        keyring(Ring::new(key(2), Vec::new()))
    }

    fn grant(mode: Mode) -> PageGrant {
        let mut entropy = Entropy::from_seed([7; 32]);
        let now = Timestamp::from_millis(1_795_428_000_000);
        PageGrant {
            app: AppId::new(now, Partition(0), &mut entropy),
            mode,
            page: PageId::new(now, Partition(0), &mut entropy),
        }
    }

    fn opened(opened: Option<OpenedPage>) -> Option<(PageGrant, Vec<u8>)> {
        opened.map(|page| (page.grant, page.terms.to_vec()))
    }

    #[test]
    fn a_link_and_a_cookie_open_what_was_sealed_and_not_each_other() {
        let keyring = own();
        for mode in [Mode::Live, Mode::Test] {
            let grant = grant(mode);
            let link = keyring.page_link(grant, TERMS, [1; 24]).unwrap();
            assert_eq!(opened(keyring.read_page_link(&link)), Some((grant, TERMS.to_vec())));
            assert!(keyring.read_page_cookie(&link).is_none());
            let cookie = keyring.page_cookie(&keyring.read_page_link(&link).unwrap(), [2; 24]).unwrap();
            assert_eq!(opened(keyring.read_page_cookie(&cookie)), Some((grant, TERMS.to_vec())));
            assert!(keyring.read_page_link(&cookie).is_none());
            assert!(keyring.read_page_entry(&link).is_none() && keyring.read_page_session(&cookie).is_none());
        }
    }

    #[test]
    fn what_it_asks_cannot_be_read_and_no_character_can_be_another() {
        let keyring = own();
        let link = keyring.page_link(grant(Mode::Live), TERMS, [1; 24]).unwrap();
        assert!(!String::from_utf8_lossy(&URL_SAFE_NO_PAD.decode(&link).unwrap()).contains("signup"));
        for at in 0..link.len() {
            for other in ['A', 'B', '_', '!'] {
                let mut forged: Vec<char> = link.chars().collect();
                if forged[at] == other {
                    continue;
                }
                forged[at] = other;
                assert!(keyring.read_page_link(&forged.into_iter().collect::<String>()).is_none(), "{at}");
            }
        }
    }

    #[test]
    fn a_retired_key_still_opens_and_a_strange_one_does_not() {
        let link = own().page_link(grant(Mode::Live), TERMS, [1; 24]).unwrap();
        assert!(keyring(Ring::new(key(9), vec![key(2)])).read_page_link(&link).is_some());
        assert!(keyring(Ring::new(key(9), Vec::new())).read_page_link(&link).is_none());
    }

    #[test]
    fn what_is_too_long_for_a_cookie_is_not_sealed() {
        let keyring = own();
        let longest = keyring.page_link(grant(Mode::Live), &[b'x'; MAX_TERMS_BYTES], [1; 24]).unwrap();
        assert_eq!(longest.len(), MAX_SEALED_CHARS);
        assert!(keyring.read_page_link(&longest).is_some());
        const { assert!(MAX_SEALED_CHARS < 4096 - 100, "with its name, a cookie's 4,096 bytes") };
        assert_eq!(keyring.page_link(grant(Mode::Live), &[b'x'; MAX_TERMS_BYTES + 1], [1; 24]), None);
    }

    #[test]
    fn forms_turns_and_numbers_are_of_one_page() {
        let keyring = own();
        let (live, test) = (grant(Mode::Live), grant(Mode::Test));
        assert!(keyring.accepts_page_form(live, &keyring.page_form_token(live)));
        assert!(!keyring.accepts_page_form(live, &keyring.page_form_token(test)));
        assert!(!keyring.accepts_page_form(live, ""));
        assert_ne!(keyring.page_turn(live, 1), keyring.page_turn(live, 2));
        assert_ne!(keyring.page_turn(live, 1), keyring.page_turn(test, 1));
        let phone = E164::parse("+491701234567", None).unwrap();
        assert_ne!(keyring.page_number(live, &phone), keyring.page_number(test, &phone));
    }

    #[test]
    fn what_a_session_gave_is_of_all_its_pages_and_of_no_other_session() {
        let keyring = own();
        let (live, test) = (grant(Mode::Live), grant(Mode::Test));
        let other_page = PageGrant { page: PageId::from_bytes([7; 16]), ..live };
        let (own, other) = (SessionHash::of("a"), SessionHash::of("b"));
        assert_eq!(keyring.session_turn(live, &own, 1), keyring.session_turn(other_page, &own, 1));
        for stranger in [
            keyring.session_turn(live, &own, 2),
            keyring.session_turn(live, &other, 1),
            keyring.session_turn(test, &own, 1),
        ] {
            assert_ne!(keyring.session_turn(live, &own, 1), stranger);
        }
        let phone = E164::parse("+491701234567", None).unwrap();
        assert_eq!(
            keyring.session_number(live, &own, &phone),
            keyring.session_number(other_page, &own, &phone)
        );
        assert_ne!(keyring.session_number(live, &own, &phone), keyring.session_number(live, &other, &phone));
    }

    #[test]
    fn a_session_that_was_begun_on_a_page_names_it() {
        let grant = grant(Mode::Test);
        assert_eq!(grant.session_for(VerificationId::from_bytes([9; 16])).page(), grant);
    }

    proptest! {
        #[test]
        fn nothing_strange_opens_and_nothing_panics(text in "\\PC*", bytes: Vec<u8>) {
            let keyring = own();
            prop_assert!(keyring.read_page_link(&text).is_none());
            prop_assert!(keyring.read_page_cookie(&URL_SAFE_NO_PAD.encode(bytes)).is_none());
        }
    }
}
