//! Octets that wait to be written, and how many have been.

use zeroize::Zeroize as _;

/// Reading stops while a peer takes so much without reading it itself.
const ENOUGH: usize = 256 * 1024;

/// What is to be written. Requests gather here and leave in one write.
#[derive(Default)]
pub(super) struct Outbox {
    octets: Vec<u8>,
    /// Octets of `octets` that the connection has taken.
    written: usize,
    /// Octets that were taken and cleared away before.
    cleared: u64,
    needs_flush: bool,
}

impl Outbox {
    /// Room for the caller to append to.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        &mut self.octets
    }

    /// Octets that were ever put in: where what is put in next begins.
    pub(super) fn end(&self) -> u64 {
        self.cleared + self.octets.len() as u64
    }

    /// Octets that the connection has taken.
    pub(super) fn taken(&self) -> u64 {
        self.cleared + self.written as u64
    }

    pub(super) fn pending(&self) -> &[u8] {
        self.octets.get(self.written..).unwrap_or_default()
    }

    pub(super) fn has_room(&self) -> bool {
        self.pending().len() < ENOUGH
    }

    pub(super) fn has_work(&self) -> bool {
        self.needs_flush || !self.pending().is_empty()
    }

    /// The connection took so many octets; they held texts, and are wiped once all are gone.
    pub(super) fn took(&mut self, count: usize) {
        self.written += count;
        self.needs_flush = true;
        if self.written >= self.octets.len() {
            self.cleared += self.octets.len() as u64;
            self.octets.as_mut_slice().zeroize();
            self.octets.clear();
            self.written = 0;
        }
    }

    pub(super) fn flushed(&mut self) {
        self.needs_flush = false;
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.octets.zeroize();
    }
}
