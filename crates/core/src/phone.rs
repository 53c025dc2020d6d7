//! Phone numbers.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberType, Region};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::{Zeroize, Zeroizing};

/// A country, by its two letters of ISO 3166-1: `DE`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

/// A country that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the two capital letters of a country with a telephone numbering plan, such as \"DE\" (ISO 3166-1)"
)]
pub struct InvalidCountry;

impl Country {
    /// The two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// What is dialled before its numbers from abroad, without `+`: 49 of `DE` (ITU-T E.164).
    pub fn calling_code(self) -> Option<u16> {
        let code = PHONE_NUMBER_UTIL.get_country_code_for_region(self.region()?)?;
        code.try_into().ok()
    }

    fn region(self) -> Option<Region> {
        Region::from_str(self.as_str()).ok()
    }
}

impl FromStr for Country {
    type Err = InvalidCountry;

    fn from_str(text: &str) -> Result<Self, InvalidCountry> {
        let letters: [u8; 2] = text.as_bytes().try_into().map_err(|_| InvalidCountry)?;
        let country = Country(letters);
        let known = letters.iter().all(u8::is_ascii_uppercase)
            && country
                .region()
                .is_some_and(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(region).is_some());
        if known { Ok(country) } else { Err(InvalidCountry) }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What kind of line a number is, as its numbering plan says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberType {
    /// A mobile phone.
    Mobile,
    /// A landline.
    FixedLine,
    /// A landline or a mobile phone: the plan does not tell (all of North America).
    FixedLineOrMobile,
    /// Free for the caller.
    TollFree,
    /// Charged above the ordinary rate.
    PremiumRate,
    /// Cost shared between caller and called.
    SharedCost,
    /// Voice over IP.
    Voip,
    /// Forwards to wherever its holder is.
    Personal,
    /// A pager.
    Pager,
    /// A company's single number.
    UniversalAccess,
    /// A mailbox.
    Voicemail,
    /// A satellite or international network: ITU-T E.164 country codes 870, 878, 881, 882, 883, 888.
    Satellite,
    /// The plan does not say.
    Unknown,
}

impl NumberType {
    const ALL: [NumberType; 13] = [
        NumberType::Mobile,
        NumberType::FixedLine,
        NumberType::FixedLineOrMobile,
        NumberType::TollFree,
        NumberType::PremiumRate,
        NumberType::SharedCost,
        NumberType::Voip,
        NumberType::Personal,
        NumberType::Pager,
        NumberType::UniversalAccess,
        NumberType::Voicemail,
        NumberType::Satellite,
        NumberType::Unknown,
    ];

    /// Its word in policies.
    pub const fn as_str(self) -> &'static str {
        match self {
            NumberType::Mobile => "mobile",
            NumberType::FixedLine => "fixed_line",
            NumberType::FixedLineOrMobile => "fixed_line_or_mobile",
            NumberType::TollFree => "toll_free",
            NumberType::PremiumRate => "premium_rate",
            NumberType::SharedCost => "shared_cost",
            NumberType::Voip => "voip",
            NumberType::Personal => "personal",
            NumberType::Pager => "pager",
            NumberType::UniversalAccess => "universal_access",
            NumberType::Voicemail => "voicemail",
            NumberType::Satellite => "satellite",
            NumberType::Unknown => "unknown",
        }
    }
}

/// A valid telephone number in E.164 form, with what its numbering plan says about it.
///
/// Printing it masks it; [`E164::expose`] gives the digits to what must have them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct E164 {
    digits: String,
    calling_code_len: usize,
    country: Option<Country>,
    number_type: NumberType,
}

/// The last three digits of a number: enough for whoever owns it to know it, too little to dial.
///
/// Has no Debug, for it came from a number.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneEnding(String);

impl PhoneEnding {
    /// The digits, for a message.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// From what [`crate::keyring::Keyring::open_ending`] found under the seal.
    pub(crate) fn from_record(record: &str) -> Option<Self> {
        let three_digits = record.len() == 3 && record.bytes().all(|byte| byte.is_ascii_digit());
        three_digits.then(|| PhoneEnding(record.to_owned()))
    }
}

/// The most digits of an international number, its country code included (ITU-T E.164 §6.1).
const MAX_DIGITS: usize = 15;

/// A number that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPhone {
    /// Not a telephone number at all.
    #[error("this is not a telephone number; write it internationally, such as \"+491701234567\"")]
    NotANumber,
    /// A national number, and nothing says of which country.
    #[error(
        "the number has no country code; write it internationally, such as \"+491701234567\", or set the app's default region"
    )]
    NoCountry,
    /// Well-formed, but no such number exists in its country's numbering plan.
    #[error("no such number exists in its country's numbering plan; check for a missing or a doubled digit")]
    Impossible,
}

impl E164 {
    /// Reads a number as people write it: international (`+44 7700 900123`, `0044…` with a default
    /// region that dials so) or, with a default region, national (`0170 1234567`).
    ///
    /// The number must exist in its country's plan. See [`E164::parse_fictional`] for test numbers.
    pub fn parse(text: &str, default_region: Option<Country>) -> Result<Self, InvalidPhone> {
        let number = parse_any(text, default_region)?;
        let phone = Self::from_number(&number);
        if number.is_valid() && phone.fits() { Ok(phone) } else { Err(InvalidPhone::Impossible) }
    }

    /// Like [`E164::parse`], but takes numbers of a possible length that no plan assigns, such as
    /// Ofcom's fiction range +44 7700 900xxx. For test mode only.
    pub fn parse_fictional(text: &str, default_region: Option<Country>) -> Result<Self, InvalidPhone> {
        let number = parse_any(text, default_region)?;
        let phone = Self::from_number(&number);
        let possible = number.is_possible_with_reason() == Ok(NumberLengthType::IsPossible);
        let usable = number.is_valid() || (possible && phone.reads_as_itself());
        if usable && phone.fits() { Ok(phone) } else { Err(InvalidPhone::Impossible) }
    }

    /// Some plans have longer numbers that can be dialled at home only.
    fn fits(&self) -> bool {
        self.digits.len() <= 1 + MAX_DIGITS
    }

    /// Whether its digits alone give the same number. Of numbers that no plan assigns some do not (a
    /// zero in front may be taken for a dialling prefix), and what is sealed must open as itself.
    fn reads_as_itself(&self) -> bool {
        parse_any(&self.digits, None)
            .is_ok_and(|again| again.format_as(rlibphonenumber::PhoneNumberFormat::E164) == self.digits)
    }

    fn from_number(number: &PhoneNumber) -> Self {
        let calling_code = number.country_code;
        let satellite = matches!(calling_code, 870 | 878 | 881 | 882 | 883 | 888);
        let country = number
            .get_region_code()
            .or_else(|| PHONE_NUMBER_UTIL.get_region_for_country_code(calling_code))
            .and_then(|region| region.as_region_str().as_str().parse().ok());
        let number_type = if satellite { NumberType::Satellite } else { number.get_type().into() };
        let digits = number.format_as(rlibphonenumber::PhoneNumberFormat::E164).into_owned();
        let calling_code_len = calling_code.to_string().len();
        E164 { digits, calling_code_len, country, number_type }
    }

    /// All of it as text, to be sealed: opening it again needs no numbering plan, and what a later plan
    /// says changes nothing about a number that was verified.
    pub(crate) fn to_record(&self) -> Zeroizing<String> {
        let country = self.country.map_or_else(|| "-".to_owned(), |country| country.to_string());
        let number_type = self.number_type.as_str();
        Zeroizing::new(format!("{} {} {country} {number_type}", self.digits, self.calling_code_len))
    }

    /// The number that [`E164::to_record`] wrote.
    pub(crate) fn from_record(record: &str) -> Option<Self> {
        let mut parts = record.split(' ');
        let digits = parts.next().filter(|digits| digits.starts_with('+'))?.to_owned();
        let calling_code_len = parts.next()?.parse().ok()?;
        let country = match parts.next()? {
            "-" => None,
            letters => Some(Country(letters.as_bytes().try_into().ok()?)),
        };
        let word = parts.next()?;
        let number_type = NumberType::ALL.into_iter().find(|known| known.as_str() == word)?;
        Some(E164 { digits, calling_code_len, country, number_type })
    }

    /// The number in full, `+491701234567`. For the code's derivation, the carrier and the proof;
    /// never for a log.
    pub fn expose(&self) -> &str {
        &self.digits
    }

    /// The country whose numbering plan it belongs to; none for international networks.
    pub fn country(&self) -> Option<Country> {
        self.country
    }

    /// How many of its first digits are the calling code.
    pub(crate) const fn calling_code_digits(&self) -> usize {
        self.calling_code_len
    }

    /// What kind of line it is.
    pub fn number_type(&self) -> NumberType {
        self.number_type
    }

    /// The last three digits, as the masked number shows them.
    pub fn ending(&self) -> PhoneEnding {
        let shown_from = self.digits.len().saturating_sub(3);
        PhoneEnding(self.digits.chars().skip(shown_from).collect())
    }

    /// The number with its middle hidden: `+44•••••••123`.
    pub fn masked(&self) -> String {
        let shown_from = self.digits.len().saturating_sub(3);
        self.digits
            .char_indices()
            .map(|(at, digit)| if at <= self.calling_code_len || at >= shown_from { digit } else { '•' })
            .collect()
    }
}

fn parse_any(text: &str, default_region: Option<Country>) -> Result<PhoneNumber, InvalidPhone> {
    // E.164 allows 15 digits; 64 leaves room for the ways people space them.
    if text.len() > 64 {
        return Err(InvalidPhone::NotANumber);
    }
    let number = PHONE_NUMBER_UTIL.parse(text, default_region.and_then(Country::region)).map_err(
        |error| match error {
            rlibphonenumber::ParseError::InvalidCountryCode
                if default_region.is_none() && !text.contains('+') =>
            {
                InvalidPhone::NoCountry
            }
            _ => InvalidPhone::NotANumber,
        },
    )?;
    // An extension cannot receive a message, and dropping it silently would verify another line.
    if number.extension.is_some() { Err(InvalidPhone::NotANumber) } else { Ok(number) }
}

impl From<PhoneNumberType> for NumberType {
    fn from(number_type: PhoneNumberType) -> Self {
        match number_type {
            PhoneNumberType::Mobile => NumberType::Mobile,
            PhoneNumberType::FixedLine => NumberType::FixedLine,
            PhoneNumberType::FixedLineOrMobile => NumberType::FixedLineOrMobile,
            PhoneNumberType::TollFree => NumberType::TollFree,
            PhoneNumberType::PremiumRate => NumberType::PremiumRate,
            PhoneNumberType::SharedCost => NumberType::SharedCost,
            PhoneNumberType::VoIP => NumberType::Voip,
            PhoneNumberType::PersonalNumber => NumberType::Personal,
            PhoneNumberType::Pager => NumberType::Pager,
            PhoneNumberType::UAN => NumberType::UniversalAccess,
            PhoneNumberType::VoiceMail => NumberType::Voicemail,
            PhoneNumberType::Unknown => NumberType::Unknown,
        }
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Drop for E164 {
    fn drop(&mut self) {
        self.digits.zeroize();
    }
}

/// Loads the numbering plans, which the first number would otherwise wait for.
pub fn warm_up() {
    let _ = PHONE_NUMBER_UTIL.get_country_code_for_region(Region::DE);
}
