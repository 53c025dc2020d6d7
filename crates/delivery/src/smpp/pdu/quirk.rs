//! What peers do differently from the specification, in kinds that can be counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// A way in which a PDU is not what the specification asks for. It was read all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Quirk {
    /// A string that ends with its field or its PDU and not with a NUL.
    MissingNul,
    /// A string longer than its field may be.
    TooLong,
    /// A string with octets outside ASCII.
    NotAscii,
    /// The body ended before a field that it must have.
    MissingField,
    /// A successful response without the id that it must bring.
    EmptyBody,
    /// Octets after the last field that are no parameters.
    ExtraOctets,
    /// NULs between the last field and the optional parameters.
    ExtraNuls,
    /// An optional parameter that says it is longer than what is left of its PDU.
    ParameterPastEnd,
    /// An optional parameter of another length than the specification gives it.
    ParameterLength,
    /// A message that says it is longer than what is left of its PDU.
    MessagePastEnd,
    /// A time that has neither 0 nor 16 characters.
    MalformedTime,
    /// A value that the specification does not name.
    UnknownValue,
    /// A command that the specification does not name, or that nobody sends to a client.
    UnexpectedCommand,
    /// A response that no request waits for.
    UnexpectedResponse,
    /// A sequence number outside 1 to 0x7FFFFFFF.
    SequenceNumber,
}

impl Quirk {
    /// All of them.
    pub const ALL: [Quirk; 15] = [
        Quirk::MissingNul,
        Quirk::TooLong,
        Quirk::NotAscii,
        Quirk::MissingField,
        Quirk::EmptyBody,
        Quirk::ExtraOctets,
        Quirk::ExtraNuls,
        Quirk::ParameterPastEnd,
        Quirk::ParameterLength,
        Quirk::MessagePastEnd,
        Quirk::MalformedTime,
        Quirk::UnknownValue,
        Quirk::UnexpectedCommand,
        Quirk::UnexpectedResponse,
        Quirk::SequenceNumber,
    ];

    /// Its word in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Quirk::MissingNul => "missing_nul",
            Quirk::TooLong => "too_long",
            Quirk::NotAscii => "not_ascii",
            Quirk::MissingField => "missing_field",
            Quirk::EmptyBody => "empty_body",
            Quirk::ExtraOctets => "extra_octets",
            Quirk::ExtraNuls => "extra_nuls",
            Quirk::ParameterPastEnd => "parameter_past_end",
            Quirk::ParameterLength => "parameter_length",
            Quirk::MessagePastEnd => "message_past_end",
            Quirk::MalformedTime => "malformed_time",
            Quirk::UnknownValue => "unknown_value",
            Quirk::UnexpectedCommand => "unexpected_command",
            Quirk::UnexpectedResponse => "unexpected_response",
            Quirk::SequenceNumber => "sequence_number",
        }
    }
}

/// The kinds of quirks of one PDU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks(u32);

impl Quirks {
    /// None.
    pub const NONE: Quirks = Quirks(0);

    /// Adds one.
    pub fn note(&mut self, quirk: Quirk) {
        self.0 |= 1 << quirk as u8;
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this one is there.
    pub const fn contains(self, quirk: Quirk) -> bool {
        self.0 & (1 << quirk as u8) != 0
    }

    /// Those that are there.
    pub fn iter(self) -> impl Iterator<Item = Quirk> {
        Quirk::ALL.into_iter().filter(move |quirk| self.contains(*quirk))
    }

    /// Their words, with commas.
    pub fn words(self) -> String {
        self.iter().map(Quirk::as_str).collect::<Vec<_>>().join(",")
    }
}

/// How often each kind was met, on one route.
#[derive(Debug, Default)]
pub struct QuirkCounts([AtomicU64; Quirk::ALL.len()]);

impl QuirkCounts {
    /// Counts each kind once.
    pub fn add(&self, quirks: Quirks) {
        for quirk in quirks.iter() {
            if let Some(count) = self.0.get(quirk as usize) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// How often this kind was met.
    pub fn of(&self, quirk: Quirk) -> u64 {
        self.0.get(quirk as usize).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// Those that were met, with how often.
    pub fn snapshot(&self) -> Vec<(Quirk, u64)> {
        Quirk::ALL.into_iter().map(|quirk| (quirk, self.of(quirk))).filter(|(_, count)| *count > 0).collect()
    }
}
