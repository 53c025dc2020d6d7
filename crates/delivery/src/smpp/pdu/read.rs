//! Lenient reading of a body: whatever is there is taken, and what is odd about it is noted.

use std::ops::Range;

use super::body::{Octets, Tlv};
use super::quirk::{Quirk, Quirks};

/// Whether a field may be shown in a log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    Openly,
    /// Texts, addresses and passwords.
    Masked,
}

/// A body that is being read, front to back.
pub(super) struct Reader<'a> {
    body: &'a [u8],
    at: usize,
    pub(super) quirks: Quirks,
    /// What a log may not show, when somebody asks for it.
    masked: Option<Vec<Range<usize>>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Reader { body, at: 0, quirks: Quirks::NONE, masked: None }
    }

    /// One that remembers which octets of the body a log may not show.
    pub(super) fn that_masks(body: &'a [u8]) -> Self {
        Reader { masked: Some(Vec::new()), ..Self::new(body) }
    }

    pub(super) fn into_masked(self) -> Vec<Range<usize>> {
        self.masked.unwrap_or_default()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.body.len()
    }

    fn rest(&self) -> &'a [u8] {
        self.body.get(self.at..).unwrap_or_default()
    }

    fn mask(&mut self, range: Range<usize>) {
        if let Some(masked) = &mut self.masked {
            masked.push(range);
        }
    }

    /// After a field that did not end where it should, nobody knows what the octets behind it are.
    fn mask_from(&mut self, start: usize) {
        self.mask(start..self.body.len());
    }

    pub(super) fn u8(&mut self) -> u8 {
        let octet = self.body.get(self.at).copied();
        if octet.is_none() {
            self.quirks.note(Quirk::MissingField);
        }
        self.at += usize::from(octet.is_some());
        octet.unwrap_or_default()
    }

    /// A string that ends with a NUL; `max` octets, the NUL included.
    pub(super) fn c_octets(&mut self, max: usize, show: Show) -> Octets {
        if self.is_at_end() {
            self.quirks.note(Quirk::MissingField);
            return Octets::default();
        }
        let (start, rest) = (self.at, self.rest());
        let end = rest.iter().position(|octet| *octet == 0);
        let text = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
        self.at += text.len() + usize::from(end.is_some());
        let mut odd = Quirks::NONE;
        if end.is_none() {
            odd.note(Quirk::MissingNul);
        }
        if text.len() >= max {
            odd.note(Quirk::TooLong);
        }
        for quirk in odd.iter() {
            self.quirks.note(quirk);
        }
        if !text.is_ascii() {
            self.quirks.note(Quirk::NotAscii);
        }
        if show == Show::Masked {
            self.mask(start..self.at);
        }
        if !odd.is_empty() {
            self.mask_from(start);
        }
        Octets::from(text)
    }

    /// A time: nothing, or 16 characters (SMPP 3.4 §7.1.1).
    pub(super) fn time(&mut self) -> Octets {
        let time = self.c_octets(17, Show::Openly);
        if !matches!(time.len(), 0 | 16) {
            self.quirks.note(Quirk::MalformedTime);
        }
        time
    }

    /// A message with its length in front.
    pub(super) fn short_message(&mut self) -> Octets {
        let length = usize::from(self.u8());
        let start = self.at;
        let message = self.rest().get(..length).unwrap_or_else(|| {
            self.quirks.note(Quirk::MessagePastEnd);
            self.rest()
        });
        self.at += message.len();
        self.mask(start..self.at);
        Octets::from(message)
    }

    /// The optional parameters that the rest of the body is.
    pub(super) fn tlvs(&mut self) -> Vec<Tlv> {
        let start = self.at;
        let rest = self.rest();
        if rest.is_empty() {
            return Vec::new();
        }
        if rest.iter().all(|octet| *octet == 0) && rest.len() != 4 {
            self.quirks.note(Quirk::ExtraNuls);
            self.at = self.body.len();
            return Vec::new();
        }
        // Some peers end a string twice. The NULs too many are those without which all that follows
        // reads well.
        let nuls = rest.iter().take_while(|octet| **octet == 0).count().min(3);
        let skipped = (0..=nuls).find(|skipped| reads_well(rest.get(*skipped..).unwrap_or_default()));
        if skipped.is_some_and(|skipped| skipped > 0) {
            self.quirks.note(Quirk::ExtraNuls);
        }
        self.at += skipped.unwrap_or(0);
        let mut tlvs = Vec::new();
        while !self.is_at_end() {
            tlvs.extend(self.tlv());
        }
        if skipped.is_none() {
            self.mask_from(start);
        }
        tlvs
    }

    fn tlv(&mut self) -> Option<Tlv> {
        let rest = self.rest();
        let (Some(tag), Some(length)) = (half(rest, 0), half(rest, 2)) else {
            self.quirks.note(Quirk::ExtraOctets);
            self.mask_from(self.at);
            self.at = self.body.len();
            return None;
        };
        let after = rest.get(4..).unwrap_or_default();
        let value = after.get(..usize::from(length)).unwrap_or_else(|| {
            self.quirks.note(Quirk::ParameterPastEnd);
            after
        });
        let start = self.at + 4;
        self.at = start + value.len();
        if !super::tag::is_harmless(tag) {
            self.mask(start..self.at);
        }
        Some(Tlv { tag, value: Octets::from(value) })
    }

    /// The PDU has no more fields.
    pub(super) fn end(&mut self) {
        if !self.is_at_end() {
            self.quirks.note(Quirk::ExtraOctets);
            self.mask_from(self.at);
        }
    }
}

/// Whether these octets are optional parameters and nothing else.
fn reads_well(mut rest: &[u8]) -> bool {
    while !rest.is_empty() {
        let Some(length) = half(rest, 2) else { return false };
        let Some(after) = rest.get(4 + usize::from(length)..) else { return false };
        rest = after;
    }
    true
}

fn half(octets: &[u8], at: usize) -> Option<u16> {
    let two = octets.get(at..at + 2)?;
    Some(u16::from_be_bytes(two.try_into().ok()?))
}
