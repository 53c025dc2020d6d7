//! E-mail addresses, as far as a code is sent to them.

use std::fmt;
use std::str::FromStr;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// The longest address (RFC 5321 §4.5.3.1.3: a path of 256 octets, its brackets included).
pub const MAX_EMAIL_BYTES: usize = 254;
const MAX_LOCAL_BYTES: usize = 64;
const MAX_LABEL_BYTES: usize = 63;

/// An e-mail address in the plain form that practically all have: `Dot-string@Domain` of RFC 5321 §4.1.2,
/// in ASCII. Neither quoted strings nor address literals nor anything that could end a line or a header:
/// whatever passes here can stand in SMTP and in a header as it is. No Debug and no Display but the masked
/// one; wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct EmailAddress(String);

/// An address that is not taken. Does not repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// Not one `@` with something on both sides.
    #[error("this is no e-mail address: write such as ada@shop.example")]
    Form,
    /// Too long.
    #[error("an e-mail address has at most {MAX_EMAIL_BYTES} bytes, 64 of them before the @")]
    Length,
    /// What stands before the `@`.
    #[error(
        "before the @: letters, digits and .!#$%&'*+-/=?^_`{{|}}~, no dot at either end and no two together"
    )]
    Local,
    /// What stands after the `@`.
    #[error("after the @: a domain such as shop.example; write one with other letters in its xn-- form")]
    Domain,
}

impl EmailAddress {
    /// The address, for the wire and for sealing.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Its first letter and those of its domain's ends: `a•••@s•••.example`.
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.split_once('@').unwrap_or_default();
        let (name, top) = domain.rsplit_once('.').unwrap_or_default();
        let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
        format!("{}•••@{}•••.{top}", first(local), first(name))
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let (local, domain) = text.split_once('@').ok_or(InvalidEmail::Form)?;
        if local.is_empty() || domain.is_empty() || domain.contains('@') {
            return Err(InvalidEmail::Form);
        }
        if text.len() > MAX_EMAIL_BYTES || local.len() > MAX_LOCAL_BYTES {
            return Err(InvalidEmail::Length);
        }
        let atom = |atom: &str| !atom.is_empty() && atom.bytes().all(is_atext);
        if !local.split('.').all(atom) {
            return Err(InvalidEmail::Local);
        }
        let labels: Vec<&str> = domain.split('.').collect();
        let is_top_a_name = labels.last().is_some_and(|top| top.bytes().any(|b| b.is_ascii_alphabetic()));
        if labels.len() < 2 || !is_top_a_name || !labels.into_iter().all(is_label) {
            return Err(InvalidEmail::Domain);
        }
        Ok(EmailAddress(text.to_owned()))
    }
}

/// RFC 5322 §3.2.3.
const fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'/'
                | b'='
                | b'?'
                | b'^'
                | b'_'
                | b'`'
                | b'{'
                | b'|'
                | b'}'
                | b'~'
        )
}

/// RFC 1123 §2.1.
fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL_BYTES).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_addresses_are_taken_as_they_are() {
        for address in ["ada@shop.example", "a.b+tag@x-1.co.uk", "o'brien@xn--bcher-kva.example", "1@2.io"] {
            assert_eq!(
                address.parse::<EmailAddress>().map(|a| a.expose().to_owned()),
                Ok(address.to_owned())
            );
        }
    }

    #[test]
    fn whatever_could_be_read_otherwise_is_refused() {
        let long = format!("{}@shop.example", "a".repeat(65));
        for (address, wrong) in [
            ("", InvalidEmail::Form),
            ("ada", InvalidEmail::Form),
            ("@shop.example", InvalidEmail::Form),
            ("ada@", InvalidEmail::Form),
            ("a@b@shop.example", InvalidEmail::Form),
            (&*long, InvalidEmail::Length),
            (".ada@shop.example", InvalidEmail::Local),
            ("a..b@shop.example", InvalidEmail::Local),
            ("\"a b\"@shop.example", InvalidEmail::Local),
            ("a\r\nBcc: x@shop.example", InvalidEmail::Local),
            ("a,b@shop.example", InvalidEmail::Local),
            ("ädä@shop.example", InvalidEmail::Local),
            ("ada@shop", InvalidEmail::Domain),
            ("ada@[127.0.0.1]", InvalidEmail::Domain),
            ("ada@127.0.0.1", InvalidEmail::Domain),
            ("ada@shop.example.", InvalidEmail::Domain),
            ("ada@-shop.example", InvalidEmail::Domain),
            ("ada@shöp.example", InvalidEmail::Domain),
            ("ada@shop.example\r\nDATA", InvalidEmail::Domain),
        ] {
            assert_eq!(address.parse::<EmailAddress>(), Err(wrong), "{address:?}");
        }
    }

    #[test]
    fn i12_an_address_is_shown_masked_alone() {
        let address: EmailAddress = "ada.lovelace@mail.shop.example".parse().unwrap();
        assert_eq!(address.masked(), "a•••@m•••.example");
        assert_eq!(format!("{address:?}"), "a•••@m•••.example");
    }

    proptest! {
        #[test]
        fn no_address_can_end_a_line_or_a_header(text in "\\PC{0,20}[\r\n\t <>,;:\"()@\\\\a-z.]{1,30}@[\r\n <>a-z.]{1,20}") {
            if let Ok(address) = text.parse::<EmailAddress>() {
                let alien = |b: u8| b <= b' ' || b >= 0x7F || b"<>,;:\"()[]\\".contains(&b);
                prop_assert!(!address.expose().bytes().any(alien), "{:?}", address.expose());
                prop_assert_eq!(address.expose().matches('@').count(), 1);
            }
        }
    }
}
