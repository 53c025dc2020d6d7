//! What a browser shows instead of an API key: derived from the instance's keys, bound to one verification,
//! stored nowhere (design 3, "Browser face").
//!
//! All of them are base 64 (RFC 4648 §5, unpadded) of what they name and 128 bits of HMAC-SHA-256 over it, under
//! a label of their own, so that one never passes for another.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::id::{AppId, VerificationId};
use crate::keyring::Keyring;
use crate::subject::Mode;

const CLIENT_SECRET: &str = "browser/client-secret";
const ENTRY: &str = "browser/page-entry";
const COOKIE: &str = "browser/page-session";
const FORM: &str = "browser/form";
const CLIENT_SECRET_PREFIX: &str = "cvs_";

const NAMES_BYTES: usize = 1 + 16 + 16;
const NONCE_BYTES: usize = 16;
const MAC_BYTES: usize = 16;

/// The one verification that a browser may see and act on. A verification belongs to one session of the shop
/// (design 6, "Starting twice"), so what names the verification names the session too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Granted {
    /// The app.
    pub app: AppId,
    /// Live or test.
    pub mode: Mode,
    /// The verification.
    pub verification: VerificationId,
}

impl Granted {
    fn to_bytes(self) -> [u8; NAMES_BYTES] {
        let mut bytes = [0; NAMES_BYTES];
        bytes[0] = u8::from(self.mode == Mode::Test);
        bytes[1..17].copy_from_slice(self.app.as_bytes());
        bytes[17..].copy_from_slice(self.verification.as_bytes());
        bytes
    }

    fn from_bytes(bytes: [u8; NAMES_BYTES]) -> Option<Self> {
        let mode = match bytes[0] {
            0 => Mode::Live,
            1 => Mode::Test,
            _ => return None,
        };
        let id = |at: usize| {
            let mut id = [0; 16];
            id.copy_from_slice(&bytes[at..at + 16]);
            id
        };
        Some(Granted {
            app: AppId::from_bytes(id(1)),
            mode,
            verification: VerificationId::from_bytes(id(17)),
        })
    }
}

/// Text that opens one verification to whoever has it. Wiped on drop, and no log shows it.
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

/// One way into the hosted page: who opens it first has it. The nonce tells the entries of one verification apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageEntry {
    /// What it opens.
    pub granted: Granted,
    /// 128 bits that no other entry of the verification has.
    pub nonce: [u8; NONCE_BYTES],
}

/// A browser that went through an entry: the value of its cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSession {
    /// What it sees.
    pub granted: Granted,
    /// The nonce of the entry it came through.
    pub nonce: [u8; NONCE_BYTES],
}

impl Keyring {
    /// The secret of one verification: the same each time, so that a repeated start answers the same.
    pub fn client_secret(&self, granted: Granted) -> ClientSecret {
        let signed = self.sign_names(CLIENT_SECRET, granted, &[]);
        ClientSecret(Zeroizing::new(format!("{CLIENT_SECRET_PREFIX}{signed}")))
    }

    /// What a client secret opens, if it is genuine.
    pub fn read_client_secret(&self, text: &str) -> Option<Granted> {
        let (granted, []) = self.read_names::<0>(CLIENT_SECRET, text.strip_prefix(CLIENT_SECRET_PREFIX)?)?;
        Some(granted)
    }

    /// The token of an entry, for the link to the hosted page.
    pub fn page_entry(&self, entry: PageEntry) -> String {
        self.sign_names(ENTRY, entry.granted, &entry.nonce)
    }

    /// The entry of a token, if it is genuine. Says nothing about whether somebody went through it before.
    pub fn read_page_entry(&self, text: &str) -> Option<PageEntry> {
        let (granted, nonce) = self.read_names(ENTRY, text)?;
        Some(PageEntry { granted, nonce })
    }

    /// The value of a cookie.
    pub fn page_session(&self, session: PageSession) -> String {
        self.sign_names(COOKIE, session.granted, &session.nonce)
    }

    /// The session of a cookie, if it is genuine.
    pub fn read_page_session(&self, text: &str) -> Option<PageSession> {
        let (granted, nonce) = self.read_names(COOKIE, text)?;
        Some(PageSession { granted, nonce })
    }

    /// What the forms of one session carry, so that no other site can post them (OWASP ASVS 3.5.1).
    pub fn form_token(&self, session: PageSession) -> String {
        let PageSession { granted, nonce } = session;
        let mut bound = granted.to_bytes().to_vec();
        bound.extend_from_slice(&nonce);
        URL_SAFE_NO_PAD.encode(self.tag(FORM, granted.app, &bound).0)
    }

    /// Whether a form came from a page of this session. In constant time.
    pub fn accepts_form(&self, session: PageSession, presented: &str) -> bool {
        self.form_token(session).as_bytes().ct_eq(presented.as_bytes()).into()
    }

    fn sign_names(&self, label: &str, granted: Granted, nonce: &[u8]) -> String {
        let mut bytes = granted.to_bytes().to_vec();
        bytes.extend_from_slice(nonce);
        let mac = self.tag(label, granted.app, &bytes).0;
        bytes.extend_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn read_names<const N: usize>(&self, label: &str, text: &str) -> Option<(Granted, [u8; N])> {
        let whole = NAMES_BYTES + N + MAC_BYTES;
        if text.len() != (whole * 4).div_ceil(3) {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == whole)?;
        let (signed, mac) = bytes.split_at(NAMES_BYTES + N);
        let (names, nonce) = signed.split_at(NAMES_BYTES);
        let granted = Granted::from_bytes(names.try_into().ok()?)?;
        let genuine: bool = self.tag(label, granted.app, signed).0.ct_eq(mac).into();
        if genuine { Some((granted, nonce.try_into().ok()?)) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;
    use crate::id::Partition;
    use crate::keyring::{Epoch, KeyName, ProofRing, Ring, RingKey, Secret};
    use crate::time::Timestamp;

    fn keyring(seed: u8) -> Keyring {
        let now = Timestamp::from_millis(0);
        let key = |n: u8| RingKey {
            name: KeyName(n.to_string()),
            secret: Secret::from_bytes([seed ^ n; 32]),
            created_at: now,
        };
        let ring = |n| Ring::new(key(n), Vec::new());
        Keyring {
            code: ring(1),
            phone: ring(2),
            index: key(3).secret,
            tag: key(4).secret,
            proof: ProofRing { current: ring(5), next: key(6) },
            epoch: Epoch(0),
        }
    }

    fn granted(mode: Mode) -> Granted {
        let mut entropy = Entropy::from_seed([7; 32]);
        let now = Timestamp::from_millis(1_795_428_000_000);
        Granted {
            app: AppId::new(now, Partition(0), &mut entropy),
            mode,
            verification: VerificationId::new(now, Partition(9), &mut entropy),
        }
    }

    #[test]
    fn what_is_given_out_opens_what_it_names() {
        let keyring = keyring(0x40);
        for mode in [Mode::Live, Mode::Test] {
            let granted = granted(mode);
            let secret = keyring.client_secret(granted);
            assert_eq!(keyring.read_client_secret(secret.expose()), Some(granted));
            assert_eq!(keyring.client_secret(granted).expose(), secret.expose());
            let entry = PageEntry { granted, nonce: [3; 16] };
            assert_eq!(keyring.read_page_entry(&keyring.page_entry(entry)), Some(entry));
            let session = PageSession { granted, nonce: [3; 16] };
            assert_eq!(keyring.read_page_session(&keyring.page_session(session)), Some(session));
            assert!(keyring.accepts_form(session, &keyring.form_token(session)));
        }
    }

    #[test]
    fn no_character_can_be_another() {
        let keyring = keyring(0x40);
        let secret = keyring.client_secret(granted(Mode::Live)).expose().to_owned();
        for at in 0..secret.len() {
            for other in ['A', 'B', '_', '!'] {
                let mut forged: Vec<char> = secret.chars().collect();
                if forged[at] == other {
                    continue;
                }
                forged[at] = other;
                let forged: String = forged.into_iter().collect();
                assert_eq!(keyring.read_client_secret(&forged), None, "{at}");
            }
        }
        for strange in ["", "cvs_", &secret[..secret.len() - 1], &format!("{secret}A"), &secret[4..]] {
            assert_eq!(keyring.read_client_secret(strange), None);
        }
    }

    #[test]
    fn one_kind_and_one_instance_never_pass_for_another() {
        let (own, other) = (keyring(0x40), keyring(0x80));
        let granted = granted(Mode::Live);
        let entry = own.page_entry(PageEntry { granted, nonce: [3; 16] });
        let session = PageSession { granted, nonce: [3; 16] };
        assert_eq!(own.read_page_session(&entry), None);
        assert_eq!(own.read_page_entry(&own.page_session(session)), None);
        assert_eq!(other.read_page_entry(&entry), None);
        assert_eq!(other.read_client_secret(own.client_secret(granted).expose()), None);
        assert!(!own.accepts_form(PageSession { nonce: [4; 16], ..session }, &own.form_token(session)));
        assert!(!own.accepts_form(session, ""));
    }
}
