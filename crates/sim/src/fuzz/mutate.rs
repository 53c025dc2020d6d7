//! Small changes to inputs, some of which know what a PDU is.

use crate::torture::Random;

/// No input is longer.
const MAX_OCTETS: usize = 4_096;
/// Octets that mean something in PDUs, numbers and texts.
const WORDS: [&[u8]; 18] = [
    b"\0",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\x04\x24\x00\x00",
    b"\x00\x1e\x00\x09",
    b"\x04\x27\x00\x01\x02",
    b"\x05\x00\x03\x01\x02\x01",
    b"id:",
    b" stat:DELIVRD",
    b" err:000 done date:2611231001",
    b"447700900123",
    b"\xc3\xbc\xf0\x9f\x98\x80",
    b"{\"\":[null,1e999,{}]}",
    b"%00%zz&=&=",
    b"\r\n",
    b"18446744073709551616",
];

/// An input made of others.
pub(super) fn input(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = pick(seeds, random).cloned().unwrap_or_default();
    for _ in 0..=random.below(6) {
        change(&mut input, seeds, random);
        input.truncate(MAX_OCTETS);
    }
    input
}

/// The same for a stream of PDUs: most of them keep lengths that are right, or else nothing behind them is read.
pub(super) fn pdus(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut stream = Vec::new();
    for _ in 0..=random.below(3) {
        let mut pdu = pick(seeds, random).cloned().unwrap_or_default();
        let mut body = pdu.split_off(pdu.len().min(16));
        for _ in 0..random.below(5) {
            change(&mut body, seeds, random);
        }
        body.truncate(MAX_OCTETS);
        if random.percent(20) {
            change(&mut pdu, &[], random);
        }
        pdu.resize(16, 0);
        if !random.percent(10) {
            let length = u32::try_from(16 + body.len()).unwrap_or(16).to_be_bytes();
            pdu.splice(..4, length);
        }
        stream.extend(pdu);
        stream.extend(body);
    }
    if random.percent(5) {
        change(&mut stream, seeds, random);
    }
    stream
}

fn change(octets: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let at = index(octets.len() + 1, random);
    match random.below(8) {
        0 => flip(octets, at, random),
        1 => {
            if let Some(octet) = octets.get_mut(at) {
                *octet = u8::try_from(random.below(256)).unwrap_or(0);
            }
        }
        2 => {
            let end = (at + 1 + index(16, random)).min(octets.len());
            octets.drain(at.min(end)..end);
        }
        3 | 4 => {
            let word = pick(&WORDS, random).copied().unwrap_or_default();
            octets.splice(at..at, word.iter().copied());
        }
        5 => {
            let word = pick(&WORDS, random).copied().unwrap_or_default();
            let end = (at + word.len()).min(octets.len());
            octets.splice(at..end, word.iter().copied());
        }
        6 => {
            let end = (at + index(64, random)).min(octets.len());
            let again = octets.get(at..end).map(<[u8]>::to_vec).unwrap_or_default();
            octets.splice(at..at, again);
        }
        _ => {
            let other = pick(seeds, random).map(Vec::as_slice).unwrap_or_default();
            let from = index(other.len() + 1, random);
            octets.truncate(at);
            octets.extend(other.get(from..).unwrap_or_default());
        }
    }
}

fn flip(octets: &mut [u8], at: usize, random: &mut Random) {
    if let Some(octet) = octets.get_mut(at) {
        *octet ^= 1 << random.below(8);
    }
}

fn pick<'a, T>(all: &'a [T], random: &mut Random) -> Option<&'a T> {
    all.get(index(all.len(), random))
}

fn index(end: usize, random: &mut Random) -> usize {
    usize::try_from(random.below(u64::try_from(end).unwrap_or(0))).unwrap_or(0)
}
