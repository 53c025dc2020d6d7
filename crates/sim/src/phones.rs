//! Telephone numbers that exist in a numbering plan, as many as a load needs.

/// How many there are: +44 7100 000000 to +44 7399 999999, all of them British mobile numbers.
pub const COUNT: u64 = 300_000_000;

const FIRST: u64 = 447_100_000_000;

/// The `index`-th number, in E.164 form. Begins again after [`COUNT`].
pub fn phone(index: u64) -> String {
    format!("+{}", FIRST + index % COUNT)
}

/// Which one it is.
pub fn index(phone: &str) -> Option<u64> {
    let number: u64 = phone.strip_prefix('+')?.parse().ok()?;
    number.checked_sub(FIRST).filter(|index| *index < COUNT)
}

#[cfg(test)]
mod tests {
    use super::*;

    use countersign_core::phone::{E164, NumberType};

    #[test]
    fn they_are_british_mobile_numbers_and_know_their_place() {
        // A prime step visits every corner of the range.
        for step in 0..3000 {
            let at = step * 99_991 % COUNT;
            let parsed = E164::parse(&phone(at), None).unwrap_or_else(|wrong| panic!("{at}: {wrong}"));
            assert_eq!(parsed.expose(), phone(at));
            assert_eq!(parsed.country().map(|country| country.to_string()).as_deref(), Some("GB"), "{at}");
            assert_eq!(parsed.number_type(), NumberType::Mobile, "{at}");
            assert_eq!(index(&phone(at)), Some(at));
        }
        assert_eq!(index("+447400000000"), None);
        assert_eq!(index("447100000000"), None);
    }
}
