//! One row of a history.

use std::net::IpAddr;

use countersign_core::time::Timestamp;
use csv::StringRecord;

const COLUMNS: [&str; 8] = ["at", "event", "request_id", "to", "ip", "device", "customer", "price"];
/// The longest id of a request, device or customer, in bytes.
const MAX_ID: usize = 256;
/// 2106: as late as the windows of the guard count.
const LAST_SECOND: u64 = u32::MAX as u64 - 7 * 86_400;

/// What is wrong with a row. Tells no number, address or name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRow {
    /// A column that is not there.
    #[error("the column \"{0}\" is missing; the columns are at,event,request_id,to,ip,device,customer,price")]
    MissingColumn(&'static str),
    /// A column that nobody knows.
    #[error("the column \"{0}\" is unknown; the columns are at,event,request_id,to,ip,device,customer,price")]
    UnknownColumn(String),
    /// A column that is there twice.
    #[error("the column \"{0}\" is there twice")]
    RepeatedColumn(String),
    /// Too few or too many cells.
    #[error("{found} cells, and the header has {expected}")]
    Cells {
        /// As many as the header.
        expected: u64,
        /// As many as the row.
        found: u64,
    },
    /// Not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// The time.
    #[error("\"at\" is no time: seconds, with or without a fraction, such as 1795428000.250")]
    At,
    /// Earlier than the row before.
    #[error("the time is earlier than that of the row before; sort the rows by \"at\"")]
    Unsorted,
    /// The event.
    #[error("\"event\" is neither request nor convert")]
    Event,
    /// The id of the request.
    #[error("\"request_id\" is empty or longer than {MAX_ID} bytes")]
    RequestId,
    /// A request of the same name shortly before.
    #[error("the \"request_id\" was used by an earlier request that is still on its way")]
    Repeated,
    /// The number.
    #[error("\"to\" is no number in E.164 form, such as +491701234567")]
    To,
    /// The address.
    #[error("\"ip\" is no IP address; leave it empty where none is known")]
    Ip,
    /// A device or customer.
    #[error("\"{0}\" is longer than {MAX_ID} bytes")]
    TooLong(&'static str),
    /// The price.
    #[error("\"price\" is no amount, such as 0.0453; leave it empty where none is known")]
    Price,
}

/// Where each column is.
pub(super) struct Columns([usize; COLUMNS.len()]);

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Request,
    Convert,
}

/// A row. Of a conversion only time and request count.
pub(super) struct Row<'a> {
    pub(super) at: Timestamp,
    pub(super) event: Event,
    pub(super) request_id: &'a str,
    pub(super) to: &'a str,
    pub(super) ip: Option<IpAddr>,
    pub(super) device: &'a str,
    pub(super) customer: &'a str,
    pub(super) price_micros: Option<u64>,
}

impl Columns {
    /// Finds them by their names, in any order.
    pub(super) fn of(headers: &StringRecord) -> Result<Self, InvalidRow> {
        let mut places = [usize::MAX; COLUMNS.len()];
        for (at, header) in headers.iter().enumerate() {
            let name = header.trim_start_matches('\u{feff}').trim();
            let shown = || name.chars().take(40).filter(|c| !c.is_control()).collect::<String>();
            let column = COLUMNS.iter().position(|known| *known == name);
            let place = column.and_then(|column| places.get_mut(column));
            let place = place.ok_or_else(|| InvalidRow::UnknownColumn(shown()))?;
            if *place != usize::MAX {
                return Err(InvalidRow::RepeatedColumn(shown()));
            }
            *place = at;
        }
        match COLUMNS.iter().zip(places).find(|(_, place)| *place == usize::MAX) {
            Some((missing, _)) => Err(InvalidRow::MissingColumn(missing)),
            None => Ok(Columns(places)),
        }
    }

    pub(super) fn read<'a>(&self, record: &'a StringRecord) -> Result<Row<'a>, InvalidRow> {
        let cells = self.0.map(|place| record.get(place).unwrap_or_default().trim());
        let [at, event, request_id, to, ip, device, customer, price] = cells;
        let at = read_time(at).ok_or(InvalidRow::At)?;
        let event = match event {
            "request" => Event::Request,
            "convert" => Event::Convert,
            _ => return Err(InvalidRow::Event),
        };
        if request_id.is_empty() || request_id.len() > MAX_ID {
            return Err(InvalidRow::RequestId);
        }
        let bare =
            Row { at, event, request_id, to: "", ip: None, device: "", customer: "", price_micros: None };
        if event == Event::Convert {
            return Ok(bare);
        }
        for (name, text) in [("device", device), ("customer", customer)] {
            if text.len() > MAX_ID {
                return Err(InvalidRow::TooLong(name));
            }
        }
        let ip = if ip.is_empty() { None } else { Some(ip.parse().map_err(|_| InvalidRow::Ip)?) };
        let price_micros = match price {
            "" => None,
            price => Some(read_price(price).ok_or(InvalidRow::Price)?),
        };
        Ok(Row { to, ip, device, customer, price_micros, ..bare })
    }
}

/// A decimal number from 0 on as whole and millionths, what is beyond told apart. Takes what programs write: `12`,
/// `12.5`, `.5`, `1e-05`.
fn read_decimal(text: &str) -> Option<(u64, u64, Beyond)> {
    if text.contains(['e', 'E']) {
        let number: f64 = text.parse().ok()?;
        let ordinary = number.is_finite() && (0.0..1e12).contains(&number);
        return if ordinary { read_decimal(&format!("{number:.9}")) } else { None };
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let (kept, beyond) = fraction.split_at(fraction.len().min(6));
    let digits = kept.bytes().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    let micros = digits * 10_u64.pow(u32::try_from(6 - kept.len()).ok()?);
    let beyond = if beyond.bytes().any(|digit| digit != b'0') { Beyond::Something } else { Beyond::Nothing };
    Some((whole, micros, beyond))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Beyond {
    Nothing,
    Something,
}

fn read_time(text: &str) -> Option<Timestamp> {
    let (seconds, micros, _) = read_decimal(text)?;
    let millis = (seconds <= LAST_SECOND).then_some(seconds * 1000 + micros / 1000)?;
    i64::try_from(millis).ok().map(Timestamp::from_millis)
}

/// In millionths, rounded up.
fn read_price(text: &str) -> Option<u64> {
    let (whole, micros, beyond) = read_decimal(text)?;
    let known = whole.checked_mul(1_000_000)?.checked_add(micros)?;
    known.checked_add(u64::from(beyond == Beyond::Something))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_prices_are_read_as_programs_write_them() {
        let at = |text: &str| read_time(text).map(Timestamp::as_millis);
        assert_eq!(at("1795428000.2509"), Some(1_795_428_000_250));
        assert_eq!(
            (at("0"), at("0.5"), at("12."), at("1e3")),
            (Some(0), Some(500), Some(12_000), Some(1_000_000))
        );
        for wrong in ["", ".", "-1", "nan", "inf", "1e300", "12:00", "1795428000250000", " 1"] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
        let price = |text: &str| read_price(text);
        assert_eq!((price("0.0453"), price("1"), price("5e-05")), (Some(45_300), Some(1_000_000), Some(50)));
        assert_eq!(price("0.04530000000000001"), Some(45_301), "rounded up");
        for wrong in ["-0.05", "free", "0,05", "99999999999999999999"] {
            assert_eq!(price(wrong), None, "{wrong}");
        }
    }
}
