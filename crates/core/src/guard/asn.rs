//! Which network an address belongs to: a table that the operator brings (fraud.md B.2; none comes along).

use core::net::IpAddr;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::distinct::Sketch;
use super::key::KeyId;
use super::table::Kept;
use crate::time::Timestamp;

/// The most rows of a table: the routing tables of the internet have some 1.3 million.
pub const MAX_ROWS: usize = 4_000_000;
const HOUR_MS: i64 = 3_600_000;
/// Hours that the usual traffic of a network is learnt from: 7 days.
const HOURS: usize = 168;

/// What a network is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkKind {
    /// Computers of data centres: customers do not shop from there.
    Hosting,
    /// Phones behind a carrier's few addresses.
    Mobile,
    /// Homes and offices.
    Access,
    /// Exits of Tor.
    Tor,
    /// Anything else.
    Other,
}

impl NetworkKind {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "hosting" => NetworkKind::Hosting,
            "mobile" => NetworkKind::Mobile,
            "access" => NetworkKind::Access,
            "tor" => NetworkKind::Tor,
            "other" => NetworkKind::Other,
            _ => return None,
        })
    }

    /// Whether customers do not come from there by themselves.
    pub const fn is_hosting(self) -> bool {
        matches!(self, NetworkKind::Hosting | NetworkKind::Tor)
    }
}

/// Whom an address belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The number of the autonomous system.
    pub asn: u32,
    /// What it is for.
    pub kind: NetworkKind,
}

/// A table that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAsnTable {
    /// The header.
    #[error("line 1: the header is prefix,asn,kind")]
    Header,
    /// A row.
    #[error("line {line}: {problem}")]
    Row {
        /// Its line, the header being 1.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// More than [`MAX_ROWS`].
    #[error("more than {MAX_ROWS} rows")]
    TooMany,
}

/// Prefixes and their networks; the longest prefix that fits counts.
///
/// Kept as the addresses at which the answer changes, so that a look-up is one search.
#[derive(Clone, Debug, Default)]
pub struct AsnTable {
    changes: Vec<(u128, Option<Network>)>,
}

#[derive(Clone, Copy)]
struct Prefix {
    first: u128,
    last: u128,
    network: Network,
}

/// An address among all of IPv6: IPv4 as IPv4-mapped.
fn bits_of(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl AsnTable {
    /// Reads `prefix,asn,kind`, such as `203.0.113.0/24,64500,hosting`. `kind` is one of hosting, mobile, access,
    /// tor, other.
    pub fn parse(text: &str) -> Result<Self, InvalidAsnTable> {
        let mut lines = text.lines().zip(1..);
        let header = lines.next().map(|(line, _)| line.trim_start_matches('\u{feff}').trim_end());
        if header != Some("prefix,asn,kind") {
            return Err(InvalidAsnTable::Header);
        }
        // One of each prefix: the last row of it counts.
        let mut prefixes = BTreeMap::new();
        for (row, line) in lines {
            let row = row.trim();
            if row.is_empty() {
                continue;
            }
            let prefix = read_row(row).map_err(|problem| InvalidAsnTable::Row { line, problem })?;
            // Outer ones before those that they hold.
            prefixes.insert((prefix.first, u128::MAX - prefix.last), prefix);
            if prefixes.len() > MAX_ROWS {
                return Err(InvalidAsnTable::TooMany);
            }
        }
        Ok(AsnTable { changes: changes_of(prefixes.into_values()) })
    }

    /// Whom an address belongs to, if the table says so.
    pub fn find(&self, ip: IpAddr) -> Option<Network> {
        let bits = bits_of(ip);
        let after = self.changes.partition_point(|(from, _)| *from <= bits);
        self.changes.get(after.checked_sub(1)?)?.1
    }

    /// Whether it says nothing.
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Bytes that it holds.
    pub const fn heap_bytes(&self) -> usize {
        self.changes.capacity() * size_of::<(u128, Option<Network>)>()
    }
}

fn read_row(row: &str) -> Result<Prefix, &'static str> {
    let mut cells = row.split(',').map(str::trim);
    let (Some(prefix), Some(asn), Some(kind), None) =
        (cells.next(), cells.next(), cells.next(), cells.next())
    else {
        return Err("expected three cells: prefix,asn,kind");
    };
    let (ip, length) = prefix.split_once('/').ok_or("the prefix has no length, such as 203.0.113.0/24")?;
    let ip: IpAddr = ip.parse().map_err(|_| "the prefix does not begin with an IP address")?;
    let length: u32 = length.parse().map_err(|_| "the prefix's length is no number")?;
    let free_bits = match ip {
        IpAddr::V4(_) => 32_u32.checked_sub(length),
        IpAddr::V6(_) => 128_u32.checked_sub(length),
    };
    let free_bits = free_bits.ok_or("the prefix is longer than an address")?;
    let mask = 1_u128.checked_shl(free_bits).map_or(u128::MAX, |beyond| beyond - 1);
    let first = bits_of(ip);
    if first & mask != 0 {
        return Err("the prefix has bits set beyond its length");
    }
    let asn = asn.trim_start_matches("AS").parse().map_err(|_| "the ASN is no number")?;
    let kind = NetworkKind::read(kind).ok_or("the kind is hosting, mobile, access, tor or other")?;
    Ok(Prefix { first, last: first | mask, network: Network { asn, kind } })
}

/// The addresses at which the longest prefix changes. Prefixes never overlap but by one holding the other.
fn changes_of(sorted: impl Iterator<Item = Prefix>) -> Vec<(u128, Option<Network>)> {
    let mut changes: Vec<(u128, Option<Network>)> = Vec::new();
    let mut say = |from: u128, network: Option<Network>| match changes.last_mut() {
        Some(last) if last.0 == from => last.1 = network,
        Some(last) if last.1 == network => {}
        _ => changes.push((from, network)),
    };
    let mut open: Vec<Prefix> = Vec::new();
    for prefix in sorted {
        while let Some(inner) = open.pop_if(|inner| inner.last < prefix.first) {
            if let Some(after) = inner.last.checked_add(1) {
                say(after, open.last().map(|outer| outer.network));
            }
        }
        say(prefix.first, Some(prefix.network));
        open.push(prefix);
    }
    while let Some(inner) = open.pop() {
        if let Some(after) = inner.last.checked_add(1) {
            say(after, open.last().map(|outer| outer.network));
        }
    }
    changes
}

/// New numbers from one network: those of this hour, and how many there were in each hour of the last 7 days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkHours {
    hour: i64,
    current: Sketch,
    past: Vec<u16>,
}

impl Default for NetworkHours {
    fn default() -> Self {
        NetworkHours { hour: i64::MIN, current: Sketch::default(), past: Vec::new() }
    }
}

impl NetworkHours {
    /// Counts a new number.
    pub fn add(&mut self, number: KeyId, now: Timestamp) {
        let hour = hour_of(now);
        if hour > self.hour {
            self.turn(hour);
        }
        self.current.add(number);
    }

    fn turn(&mut self, hour: i64) {
        let ended = std::mem::take(&mut self.current);
        if self.hour != i64::MIN {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "held between 0 and 65,535"
            )]
            self.past.push(ended.estimate().round().clamp(0.0, 65_535.0) as u16);
            let empty_hours = usize::try_from(hour - self.hour - 1).unwrap_or(HOURS).min(HOURS);
            self.past.extend(std::iter::repeat_n(0, empty_hours));
            let old = self.past.len().saturating_sub(HOURS);
            self.past.drain(..old);
        }
        self.hour = hour;
    }

    /// New numbers of this hour.
    pub fn this_hour(&self, now: Timestamp) -> f64 {
        if hour_of(now) > self.hour { 0.0 } else { self.current.estimate() }
    }

    /// The 99th percentile of new numbers in an hour, of the last 7 days: the second highest of 168.
    pub fn usual(&self) -> u16 {
        let mut hours = self.past.clone();
        hours.sort_unstable();
        let above = hours.len() / 100;
        hours.len().checked_sub(1 + above).and_then(|at| hours.get(at)).copied().unwrap_or(0)
    }

    /// When this hour is over.
    pub fn next_hour(now: Timestamp) -> Timestamp {
        Timestamp::from_millis((hour_of(now) + 1).saturating_mul(HOUR_MS))
    }
}

impl Kept for NetworkHours {
    fn matters_until(&self) -> Timestamp {
        Timestamp::from_millis(self.hour.saturating_add(1).saturating_mul(HOUR_MS))
    }

    /// What was usual is forgotten, so that a network comes back with the least that one may have.
    fn take_over(&mut self, forgotten: &Self) {
        match self.hour.cmp(&forgotten.hour) {
            std::cmp::Ordering::Less => {
                self.hour = forgotten.hour;
                self.current = forgotten.current.clone();
            }
            std::cmp::Ordering::Equal => self.current.merge(&forgotten.current),
            std::cmp::Ordering::Greater => {}
        }
        self.past.clear();
    }

    fn heap_bytes(&self) -> usize {
        self.current.heap_bytes() + self.past.capacity() * size_of::<u16>()
    }
}

const fn hour_of(now: Timestamp) -> i64 {
    now.as_millis().div_euclid(HOUR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const TABLE: &str = "prefix,asn,kind\n10.0.0.0/8,1,access\n10.1.0.0/16,2,mobile\n10.1.2.0/24,3,hosting\n\
        10.1.2.128/25,2,mobile\n2001:db8::/32,4,hosting\n2001:db8:1::/48,5,tor\n0.0.0.0/0,9,other\n";

    fn asn(table: &AsnTable, ip: &str) -> Option<u32> {
        table.find(ip.parse().unwrap()).map(|network| network.asn)
    }

    #[test]
    fn the_longest_prefix_counts() {
        let table = AsnTable::parse(TABLE).unwrap();
        for (ip, expected) in [
            ("10.0.0.0", Some(1)),
            ("10.255.255.255", Some(1)),
            ("10.1.0.1", Some(2)),
            ("10.1.2.3", Some(3)),
            ("10.1.2.200", Some(2)),
            ("10.1.3.0", Some(2)),
            ("10.2.0.0", Some(1)),
            ("11.0.0.0", Some(9)),
            ("255.255.255.255", Some(9)),
            ("2001:db8::1", Some(4)),
            ("2001:db8:1::1", Some(5)),
            ("2001:db8:2::1", Some(4)),
            ("2001:db9::1", None),
            ("::ffff:10.1.2.3", Some(3)),
        ] {
            assert_eq!(asn(&table, ip), expected, "{ip}");
        }
        assert_eq!(asn(&AsnTable::default(), "10.0.0.1"), None);
    }

    #[test]
    fn a_wrong_row_is_told_with_its_line() {
        for (row, word) in [
            ("10.0.0.0,1,access", "no length"),
            ("10.0.0.1/8,1,access", "bits set"),
            ("10.0.0.0/33,1,access", "longer"),
            ("host/8,1,access", "IP address"),
            ("10.0.0.0/8,x,access", "ASN"),
            ("10.0.0.0/8,1,vpn", "kind"),
            ("10.0.0.0/8,1", "three cells"),
        ] {
            let error =
                AsnTable::parse(&format!("prefix,asn,kind\n9.0.0.0/8,AS1,other\n{row}\n")).unwrap_err();
            let told = error.to_string();
            assert!(told.starts_with("line 3: ") && told.contains(word), "{told}");
        }
        assert_eq!(AsnTable::parse("asn,prefix\n").unwrap_err(), InvalidAsnTable::Header);
    }

    #[test]
    fn the_usual_of_a_network_is_the_second_highest_hour_of_a_week() {
        let start = Timestamp::from_millis(1_795_428_000_000);
        let mut hours = NetworkHours::default();
        for hour in 0..200_u64 {
            let count = if hour % 50 == 0 { 40 } else { 5 };
            for n in 0..count {
                hours.add(
                    KeyId(((hour * 1000 + n) << 20) | (n * 37)),
                    start.plus(Duration::from_secs(hour * 3600)),
                );
            }
        }
        let now = start.plus(Duration::from_secs(199 * 3600));
        assert!((39..=41).contains(&hours.usual()), "{}", hours.usual());
        assert!((hours.this_hour(now) - 5.0).abs() < 0.5);
        assert!(hours.this_hour(NetworkHours::next_hour(now)).abs() < 1e-9);
        assert_eq!(hours.past.len(), HOURS);
    }
}
