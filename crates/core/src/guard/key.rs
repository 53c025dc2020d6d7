//! What the guard counts by: ids of keys, and the parts of a phone number.

use core::net::IpAddr;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};

use rlibphonenumber::PHONE_NUMBER_UTIL;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use crate::phone::{Country, E164};

/// Names one key of one kind. A one-way function of what it stands for, uniform in its 64 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub u64);

impl KeyId {
    /// A number for it that is only compared within one key's window: never 0, which stands for "unknown".
    pub fn tag(self) -> u32 {
        let folded = (self.0 >> 32) ^ (self.0 & 0xffff_ffff);
        u32::try_from(folded).unwrap_or(u32::MAX).max(1)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({:02x}…)", self.0 >> 56)
    }
}

/// What a key stands for. Keeps equal values of different kinds apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// A phone number.
    Phone,
    /// Numbers that differ in their last 4 digits only.
    Block,
    /// Numbers that differ in their last 6 or 7 digits only.
    Range,
    /// An IPv4 address, or an IPv6 /64.
    Address,
    /// An IPv4 /24, or an IPv6 /48.
    Network,
    /// An autonomous system.
    Asn,
    /// A browser or phone that a cookie knows.
    Device,
    /// A session of the shop.
    Session,
    /// A customer of the shop.
    Customer,
    /// One request for a message.
    Request,
}

/// Makes ids, keyed so that nobody outside can choose keys that collide.
///
/// SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012). Not that of the standard library,
/// which may change between releases: the ids are kept in the journal of what was sent.
#[derive(Clone)]
pub struct Keyer {
    keyed: SipHasher13,
}

impl Keyer {
    /// From 128 secret random bits; fixed ones make a replay repeatable.
    pub fn new(secret: [u8; 16]) -> Self {
        Keyer { keyed: SipHasher13::new_with_key(&secret) }
    }

    /// The id of a value.
    pub fn id(&self, kind: KeyKind, value: &[u8]) -> KeyId {
        let mut hasher = self.keyed;
        hasher.write_u8(kind as u8);
        hasher.write(value);
        KeyId(hasher.finish())
    }

    /// The id of a whole number.
    pub fn id_of(&self, kind: KeyKind, value: u64) -> KeyId {
        self.id(kind, &value.to_le_bytes())
    }

    /// The ids of the address and of the network of a customer's IP address (fraud.md B.2): /32 and /24, or /64
    /// and /48. An IPv4 address in IPv6 form counts as what it is.
    pub fn net(&self, ip: IpAddr) -> (KeyId, KeyId) {
        match ip.to_canonical() {
            IpAddr::V4(v4) => {
                let bits = u64::from(v4.to_bits());
                (self.id_of(KeyKind::Address, bits), self.id_of(KeyKind::Network, bits >> 8))
            }
            IpAddr::V6(v6) => {
                let bytes = v6.octets();
                let (net64, net48) = bytes.split_at(8).0.split_at(6);
                let address = [net64, net48].concat();
                (self.id(KeyKind::Address, &address), self.id(KeyKind::Network, net64))
            }
        }
    }
}

impl fmt::Debug for Keyer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyer(…)")
    }
}

/// Ids are uniform and keyed already: hashing them again would only cost time.
#[derive(Clone, Copy, Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = id;
    }
}

/// A map by id.
pub type IdMap<V> = HashMap<KeyId, V, BuildHasherDefault<IdHasher>>;

/// Where a number is: a country, or an international network by its calling code. Numbers from 0 on, below
/// [`Area::COUNT`], so that what is kept of all of them is an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Area(u16);

const LETTERS: u16 = 26;

impl Area {
    /// How many there can be.
    pub const COUNT: usize = 676 + 1000;

    /// Of a country.
    pub fn of(country: Country) -> Self {
        let index = country.as_str().bytes().fold(0, |sum, letter| {
            sum * LETTERS + u16::from(letter.to_ascii_uppercase().saturating_sub(b'A')).min(LETTERS - 1)
        });
        Area(index)
    }

    /// Of a calling code that belongs to no country, or to none that is known.
    pub fn network(calling_code: u16) -> Self {
        Area(LETTERS * LETTERS + calling_code.min(999))
    }

    /// Its place in an array.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The country, if it is one.
    pub fn country(self) -> Option<Country> {
        let letter = |index: u16| char::from(b'A' + u8::try_from(index).unwrap_or(0));
        let in_letters = self.0 < LETTERS * LETTERS;
        let text = [letter(self.0 / LETTERS % LETTERS), letter(self.0 % LETTERS)].iter().collect::<String>();
        if in_letters { text.parse().ok() } else { None }
    }
}

impl fmt::Display for Area {
    /// `DE`, or `+883`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.country() {
            Some(country) => write!(f, "{country}"),
            None => write!(f, "+{}", self.0.saturating_sub(LETTERS * LETTERS)),
        }
    }
}

/// A phone number as the guard sees it. Its digits never leave it but as ids and offsets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Destination {
    digits: u64,
    national_digits: u8,
    area: Area,
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Destination({})", self.area)
    }
}

/// A destination that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a number in E.164 form, \"+\" and 7 to 15 digits, such as \"+491701234567\"")]
pub struct InvalidDestination;

impl Destination {
    /// Of a number that was read by its numbering plan.
    pub fn of(phone: &E164) -> Self {
        let digits = phone.expose().trim_start_matches('+');
        let code_digits = phone.calling_code_digits().min(digits.len());
        let code = digits.get(..code_digits).and_then(|code| code.parse().ok()).unwrap_or(0);
        Destination {
            digits: digits.parse().unwrap_or(0),
            national_digits: u8::try_from(digits.len() - code_digits).unwrap_or(u8::MAX),
            area: phone.country().map_or(Area::network(code), Area::of),
        }
    }

    /// Its country.
    pub const fn area(&self) -> Area {
        self.area
    }

    /// How many numbers its range has: 10^6, or 10^7 where national numbers have ten digits or more
    /// (fraud.md B.3).
    pub const fn range_size(&self) -> u32 {
        if self.national_digits >= 10 { 10_000_000 } else { 1_000_000 }
    }

    /// Where in its range it is.
    pub fn offset(&self) -> u32 {
        u32::try_from(self.digits % u64::from(self.range_size())).unwrap_or(0)
    }

    /// The id of the number.
    pub fn phone_id(&self, keyer: &Keyer) -> KeyId {
        keyer.id_of(KeyKind::Phone, self.digits)
    }

    /// The id of its range. Numbers of different lengths are in different ones.
    pub fn range_id(&self, keyer: &Keyer) -> KeyId {
        let prefix = self.digits / u64::from(self.range_size());
        keyer.id_of(KeyKind::Range, prefix * 16 + u64::from(self.national_digits))
    }

    /// The id of its block: the number without its last 4 digits.
    pub fn block_id(&self, keyer: &Keyer) -> KeyId {
        keyer.id_of(KeyKind::Block, self.digits / 10_000 * 16 + u64::from(self.national_digits))
    }
}

/// Reads many destinations fast: asks the numbering plans only where a calling code is shared by countries, and
/// remembers the answer for the block.
///
/// A number need not be assigned in its plan: histories of other systems and made-up worlds hold such numbers.
pub struct DestinationReader {
    codes: Vec<Code>,
    shared: HashMap<u64, Area, BuildHasherDefault<DefaultHasher>>,
}

#[derive(Clone, Copy)]
enum Code {
    Unassigned,
    One(Area),
    Shared(Area),
}

/// Blocks of shared calling codes that are remembered.
const MAX_REMEMBERED: usize = 100_000;
/// The calling code of North America, where the three digits after it say the country.
const NORTH_AMERICA: u64 = 1;

impl DestinationReader {
    /// A reader.
    pub fn new() -> Self {
        let mut codes = vec![Code::Unassigned; 1000];
        for code in PHONE_NUMBER_UTIL.get_supported_calling_codes() {
            let Ok(code) = u16::try_from(code) else { continue };
            let main = PHONE_NUMBER_UTIL
                .get_region_for_country_code(i32::from(code))
                .and_then(|region| region.as_region_str().as_str().parse::<Country>().ok())
                .map_or(Area::network(code), Area::of);
            let shared = PHONE_NUMBER_UTIL
                .get_regions_for_country_calling_code(i32::from(code))
                .is_some_and(|regions| regions.into_iter().count() > 1);
            if let Some(place) = codes.get_mut(usize::from(code)) {
                *place = if shared { Code::Shared(main) } else { Code::One(main) };
            }
        }
        DestinationReader { codes, shared: HashMap::default() }
    }

    /// Reads `+` and 7 to 15 digits.
    pub fn read(&mut self, text: &str) -> Result<Destination, InvalidDestination> {
        let number = text.strip_prefix('+').ok_or(InvalidDestination)?;
        let all_digits = number.bytes().all(|byte| byte.is_ascii_digit());
        if !(7..=15).contains(&number.len()) || !all_digits || number.starts_with('0') {
            return Err(InvalidDestination);
        }
        let digits: u64 = number.parse().map_err(|_| InvalidDestination)?;
        // No calling code is the beginning of another one (ITU-T E.164).
        let mut found = (3, Code::Unassigned);
        for length in 1..=3 {
            let code: usize = number.get(..length).and_then(|code| code.parse().ok()).unwrap_or(0);
            match self.codes.get(code) {
                Some(Code::Unassigned) | None => {}
                Some(known) => {
                    found = (length, *known);
                    break;
                }
            }
        }
        let (code_digits, code) = found;
        let national_digits = u8::try_from(number.len() - code_digits).unwrap_or(0);
        let area = match code {
            Code::One(area) => area,
            Code::Unassigned => Area::network(u16::try_from(leading(digits, 3)).unwrap_or(0)),
            Code::Shared(main) => self.shared_area(text, digits, national_digits, main),
        };
        Ok(Destination { digits, national_digits, area })
    }

    fn shared_area(&mut self, text: &str, digits: u64, national_digits: u8, main: Area) -> Area {
        let in_north_america = national_digits == 10 && leading(digits, 1) == NORTH_AMERICA;
        let block = if in_north_america { digits / 10_000_000 } else { digits / 10_000 };
        let key = block * 16 + u64::from(national_digits);
        if let Some(area) = self.shared.get(&key) {
            return *area;
        }
        let parsed = E164::parse_fictional(text, None).ok().and_then(|phone| phone.country());
        let area = parsed.map_or(main, Area::of);
        if self.shared.len() >= MAX_REMEMBERED {
            self.shared.clear();
        }
        self.shared.insert(key, area);
        area
    }
}

impl Default for DestinationReader {
    fn default() -> Self {
        Self::new()
    }
}

/// The first `count` digits of a number.
fn leading(digits: u64, count: u32) -> u64 {
    let have = digits.checked_ilog10().unwrap_or(0) + 1;
    digits / 10_u64.pow(have.saturating_sub(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Destination {
        DestinationReader::new().read(text).unwrap()
    }

    #[test]
    fn a_number_has_a_country_a_range_and_a_block() {
        let keyer = Keyer::new([1; 16]);
        for (number, area, size, offset) in [
            ("+491512123 4567", "DE", 10_000_000, 1_234_567),
            ("+491701234567", "DE", 10_000_000, 1_234_567),
            ("+4366412345678", "AT", 10_000_000, 2_345_678),
            ("+3725123456", "EE", 1_000_000, 123_456),
            ("+12125550123", "US", 10_000_000, 5_550_123),
            ("+16135550123", "CA", 10_000_000, 5_550_123),
            ("+77011234567", "KZ", 10_000_000, 1_234_567),
            ("+447781123456", "GG", 10_000_000, 1_123_456),
            ("+447700900123", "GB", 10_000_000, 900_123),
            ("+883510012345", "+883", 1_000_000, 12_345),
            ("+9991234567", "+999", 1_000_000, 234_567),
        ] {
            let number = number.replace(' ', "");
            let found = read(&number);
            let shown = (found.area().to_string(), found.range_size(), found.offset());
            assert_eq!(shown, (area.to_owned(), size, offset), "{number}");
        }
        let (one, near) = (read("+491701234567"), read("+491701234999"));
        let (other_block, other_range) = (read("+491701244567"), read("+491711234567"));
        assert_eq!(one.block_id(&keyer), near.block_id(&keyer));
        assert_ne!(one.block_id(&keyer), other_block.block_id(&keyer));
        assert_eq!(one.range_id(&keyer), other_block.range_id(&keyer));
        assert_ne!(one.range_id(&keyer), other_range.range_id(&keyer));
        assert_ne!(one.phone_id(&keyer), near.phone_id(&keyer));
    }

    #[test]
    fn the_fast_reader_and_the_plan_agree() {
        for number in ["+491701234567", "+12125552368", "+447781123456", "+393331234567", "+33612345678"] {
            let phone = E164::parse_fictional(number, None).unwrap();
            assert_eq!(read(number), Destination::of(&phone), "{number}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for wrong in ["", "+", "491701234567", "+123456", "+1234567890123456", "+49 170123456", "+0491701234"]
        {
            assert_eq!(DestinationReader::new().read(wrong), Err(InvalidDestination), "{wrong}");
        }
    }

    #[test]
    fn addresses_are_counted_by_what_one_customer_holds() {
        let keyer = Keyer::new([2; 16]);
        let net = |ip: &str| keyer.net(ip.parse().unwrap());
        assert_eq!(net("203.0.113.7"), net("::ffff:203.0.113.7"));
        assert_ne!(net("203.0.113.7").0, net("203.0.113.8").0);
        assert_eq!(net("203.0.113.7").1, net("203.0.113.8").1);
        assert_eq!(net("2001:db8:1:2::1"), net("2001:db8:1:2:ffff::9"));
        assert_ne!(net("2001:db8:1:2::1").0, net("2001:db8:1:3::1").0);
        assert_eq!(net("2001:db8:1:2::1").1, net("2001:db8:1:3::1").1);
        assert_ne!(net("2001:db8:1:2::1").1, net("2001:db8:2:2::1").1);
    }

    #[test]
    fn equal_values_of_different_kinds_and_keys_are_different() {
        let keyer = Keyer::new([3; 16]);
        assert_ne!(keyer.id(KeyKind::Device, b"x"), keyer.id(KeyKind::Customer, b"x"));
        assert_ne!(keyer.id(KeyKind::Device, b"x"), Keyer::new([4; 16]).id(KeyKind::Device, b"x"));
        assert!(!format!("{:?}", read("+491701234567")).contains("1701"));
    }
}
