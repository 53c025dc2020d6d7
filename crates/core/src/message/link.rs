//! What phones make a link of.

/// How sure a reader must be that something is a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    /// It has a scheme, a path, or ends in a domain that is in wide use. For refusing what a customer
    /// or a shop cannot easily change: `Dr.Martens` is no link.
    Certain,
    /// It has the form of a host name: new top-level domains come every year. For texts whose author
    /// can put a space after a full stop, and for making a value harmless, which hurts nobody.
    Suspected,
}

/// Generic top-level domains that a name in a message is likely to be a link to: the largest ones and
/// those that spam lists name most. All two-letter ones (countries) count too.
const COMMON_DOMAINS: [&str; 66] = [
    "app", "art", "asia", "bank", "beauty", "best", "bid", "biz", "blog", "bond", "buzz", "cam", "cat",
    "cfd", "click", "cloud", "club", "com", "cyou", "date", "design", "dev", "digital", "download", "edu",
    "email", "example", "fun", "gov", "group", "help", "host", "icu", "info", "int", "life", "link", "live",
    "loan", "lol", "mobi", "mom", "name", "net", "news", "online", "org", "page", "pics", "pro", "rest",
    "sbs", "shop", "site", "space", "store", "support", "tech", "today", "top", "vip", "website", "work",
    "world", "xyz", "рф",
];

/// Names of company forms that are written like a host.
const LEGAL_FORMS: [&str; 1] = ["co.kg"];

/// Schemes that phones follow without `//` after them.
const SCHEMES: [&str; 9] =
    ["geo:", "intent:", "javascript:", "mailto:", "market:", "sms:", "smsto:", "tel:", "whatsapp:"];

/// The first link in a text, as it is written there.
pub(super) fn find(text: &str, certainty: Certainty) -> Option<&str> {
    text.split(char::is_whitespace).find(|word| is_link(word, certainty))
}

/// Whether a word is nothing but a host name: no scheme, path, port or leading `www.`.
pub(super) fn is_bare_host(word: &str) -> bool {
    let lower = normal(word);
    word.chars().all(is_host_character) && !lower.starts_with("www.")
}

/// The characters without which a link falls apart.
pub(super) const fn is_joint(character: char) -> bool {
    is_dot(character) || matches!(character, '/' | '\\' | ':')
}

fn is_link(word: &str, certainty: Certainty) -> bool {
    if !word.contains(is_joint) {
        return false;
    }
    let word = normal(word);
    if word.contains("://") || word.contains("www.") {
        return true;
    }
    let has_target = |scheme: &&str| word.find(*scheme).is_some_and(|at| word.len() > at + scheme.len());
    if SCHEMES.iter().any(has_target) {
        return true;
    }
    let mut rest = word.as_str();
    while let Some(start) = rest.find(is_host_character) {
        let run = &rest[start..];
        let end = run.find(|c| !is_host_character(c)).unwrap_or(run.len());
        let (host, after) = run.split_at(end);
        let has_path = after.len() > 1 && after.starts_with(['/', '\\']);
        match host_certainty(host) {
            Some(_) if has_path => return true,
            Some(found) if found == Certainty::Certain || certainty == Certainty::Suspected => return true,
            _ => rest = after,
        }
    }
    false
}

/// How sure it is that a run of host characters is a host name; None when it is none.
fn host_certainty(run: &str) -> Option<Certainty> {
    let host = run.trim_matches(['.', '-', '_']);
    let (front, last) = host.rsplit_once('.')?;
    if front.split('.').any(str::is_empty) || LEGAL_FORMS.contains(&host) {
        return None;
    }
    let is_octet = |label: &str| label.parse::<u8>().is_ok();
    if front.split('.').count() == 3 && front.split('.').all(is_octet) && is_octet(last) {
        return Some(Certainty::Certain);
    }
    if last.starts_with("xn--") || COMMON_DOMAINS.contains(&last) {
        return Some(Certainty::Certain);
    }
    if !last.chars().all(char::is_alphabetic) {
        return None;
    }
    match last.chars().count() {
        0 | 1 => None,
        2 if last.is_ascii() => Some(Certainty::Certain),
        _ => Some(Certainty::Suspected),
    }
}

/// Lower case, with one kind of dot and without the joiners that would hide a name's end.
fn normal(word: &str) -> String {
    let kept = word.chars().filter(|c| !matches!(c, '\u{200c}' | '\u{200d}'));
    kept.map(|c| if is_dot(c) { '.' } else { c }).flat_map(char::to_lowercase).collect()
}

/// The full stop and the dots that host names may have in its place (UTS #46 §2.3), but for the
/// ideographic one: it ends sentences, and phones do not read it as a part of a link.
const fn is_dot(character: char) -> bool {
    matches!(character, '.' | '\u{ff0e}' | '\u{ff61}')
}

fn is_host_character(character: char) -> bool {
    character.is_alphanumeric() || is_dot(character) || matches!(character, '-' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found() {
        for text in [
            "http://a",
            "see https://shop.example/x now",
            "HTTPS://SHOP",
            "www.shop",
            "(www.shop.example)",
            "bit.ly/3xyz",
            "shop.example/x",
            "evil.photography/win",
            "evil.com",
            "Evil.COM.",
            "evil.co.uk:8080",
            "a:evil.com",
            "x=evil.com",
            "\"evil.com\"",
            "evil\u{ff0e}com",
            "evil.c\u{200d}om",
            "\u{043f}\u{0440}\u{0438}\u{043c}\u{0435}\u{0440}.рф",
            "xn--e1afmkfd.xn--p1ai",
            "foo_bar.net",
            "您的www.evil.com",
            "10.0.0.1",
            "192.168.1.1/x",
            "tel:+4490012345",
            "mailto:x",
            "javascript:alert(1)",
        ] {
            assert!(find(text, Certainty::Certain).is_some(), "{text}");
            assert!(find(text, Certainty::Suspected).is_some(), "{text}");
        }
        assert_eq!(find("go to evil.com now", Certainty::Certain), Some("evil.com"));
    }

    #[test]
    fn names_and_sentences_are_no_links() {
        for text in [
            "",
            ".",
            "...",
            "Shop GmbH",
            "Shop Inc.",
            "Müller GmbH & Co.KG",
            "S.p.A.",
            "U.S.A.",
            "z.B. so",
            "EUR 49.90",
            "1.2.3",
            "v1.2.3.4444",
            "Tel: 0123",
            "a / b",
            "A/S",
            "and/or",
            "Bestellung:",
            "Ende。Anfang",
            "Nr.5",
            "e.V.",
            "12:30",
            "H&M",
        ] {
            assert_eq!(find(text, Certainty::Certain), None, "{text}");
            assert_eq!(find(text, Certainty::Suspected), None, "{text}");
        }
    }

    #[test]
    fn what_has_only_the_form_of_a_host_is_suspected() {
        for text in ["Dr.Martens", "St.Pauli", "weiter.Nicht", "evil.photography", "中文.网站名"] {
            assert_eq!(find(text, Certainty::Certain), None, "{text}");
            assert!(find(text, Certainty::Suspected).is_some(), "{text}");
        }
    }

    #[test]
    fn bare_hosts() {
        for host in ["Shop.example", "booking.com", "a-b.co.uk"] {
            assert!(is_bare_host(host), "{host}");
        }
        for other in
            ["www.shop.example", "shop.example/x", "https://shop.example", "shop.example:80", "Shop!"]
        {
            assert!(!is_bare_host(other), "{other}");
        }
    }
}
