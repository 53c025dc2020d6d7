//! Cutting a stream into PDUs, by their lengths alone.
//!
//! A body is decoded only after it was cut out, so that nothing in it can move the place where the
//! next PDU begins.

use bytes::{Buf as _, BytesMut};

/// Octets of a header: length, command, status and sequence number (SMPP 3.4 §3.2).
pub const HEADER_OCTETS: usize = 16;

/// The longest PDU that is read. A `message_payload` has at most 65,535 octets (SMPP 3.4 §5.3.2.32);
/// the rest is room for the other fields.
pub const MAX_PDU_OCTETS: usize = 70_000;

/// The fields that every PDU begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it is; responses have the highest bit set.
    pub command_id: u32,
    /// What became of a request; 0 in requests.
    pub command_status: u32,
    /// What pairs a request with its response.
    pub sequence_number: u32,
}

/// A PDU in raw form, header included.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its header.
    pub header: Header,
    raw: &'a [u8],
}

/// The peer's lengths make no sense: where the next PDU begins cannot be known, and the connection
/// must be given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a PDU said that it has {command_length} octets; {HEADER_OCTETS} to {MAX_PDU_OCTETS} are taken")]
pub struct FramingError {
    /// What the peer said.
    pub command_length: u32,
}

impl<'a> Frame<'a> {
    /// The first PDU of `buffer`, or nothing as long as it is not all there.
    pub fn first(buffer: &'a [u8]) -> Result<Option<Self>, FramingError> {
        let Some(command_length) = word(buffer, 0) else { return Ok(None) };
        let length = command_length as usize;
        if !(HEADER_OCTETS..=MAX_PDU_OCTETS).contains(&length) {
            return Err(FramingError { command_length });
        }
        let Some(raw) = buffer.get(..length) else { return Ok(None) };
        let header = match (word(raw, 4), word(raw, 8), word(raw, 12)) {
            (Some(command_id), Some(command_status), Some(sequence_number)) => {
                Header { command_id, command_status, sequence_number }
            }
            _ => return Err(FramingError { command_length }),
        };
        Ok(Some(Frame { header, raw }))
    }

    /// The whole PDU as it came. Holds text and addresses: see [`super::masked_hex`] for logs.
    pub const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// What follows the header.
    pub fn body(&self) -> &'a [u8] {
        self.raw.get(HEADER_OCTETS..).unwrap_or_default()
    }
}

/// Calls `take` with each complete PDU of `buffer` and removes it, until none is left or `take` says to
/// stop.
pub fn drain_frames(
    buffer: &mut BytesMut,
    mut take: impl FnMut(Frame<'_>) -> std::ops::ControlFlow<()>,
) -> Result<(), FramingError> {
    let mut done = 0;
    let outcome = loop {
        match Frame::first(buffer.get(done..).unwrap_or_default()) {
            Ok(Some(frame)) => {
                done += frame.raw.len();
                if take(frame).is_break() {
                    break Ok(());
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    buffer.advance(done);
    outcome
}

fn word(octets: &[u8], at: usize) -> Option<u32> {
    let four = octets.get(at..at + 4)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}
