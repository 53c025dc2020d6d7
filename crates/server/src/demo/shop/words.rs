//! What the shop says to people when something is not as it should be.

use crate::demo::countersign_client::{CountersignError, Problem};

/// The digits that the shop asks for: Countersign's default.
pub(super) const CODE_LENGTH: usize = 6;

/// What is wrong with a code before it is worth an attempt. Spaces, dashes and digits of other
/// scripts are fine: Countersign folds them.
pub(super) fn code_mistake(typed: &str) -> Option<String> {
    let digits = typed.chars().filter(|c| c.is_numeric()).count();
    if typed.trim().is_empty() {
        return Some("Enter the code from the message".to_owned());
    }
    if typed.chars().any(char::is_alphabetic) {
        return Some(format!("The code has no letters, it must be {CODE_LENGTH} numbers"));
    }
    match digits.cmp(&CODE_LENGTH) {
        std::cmp::Ordering::Less => {
            Some(format!("You have not entered enough numbers, the code must be {CODE_LENGTH} numbers"))
        }
        std::cmp::Ordering::Greater => {
            Some(format!("You have entered too many numbers, the code must be {CODE_LENGTH} numbers"))
        }
        std::cmp::Ordering::Equal => None,
    }
}

/// For a wrong code. A payment counts down only when few tries are left.
pub(super) fn wrong_code(attempts_remaining: u8) -> String {
    let tries = match attempts_remaining {
        1 => " This is your last try.",
        2 => " 2 tries left.",
        _ => "",
    };
    format!("That code is not right. Check the latest message from {}.{tries}", super::SHOP_NAME)
}

/// For another message asked for too soon.
pub(super) fn too_soon(wait_s: u64) -> String {
    format!("A message is on its way. You can ask for another one in {}.", duration(wait_s))
}

/// For a customer who cannot do anything about it, or can only wait.
pub(super) fn trouble(error: &CountersignError) -> String {
    match error {
        CountersignError::NoAnswer => "We cannot send or check codes right now. Please try again.".to_owned(),
        CountersignError::Refused(problem) => refused(problem),
    }
}

/// For a check that was not evaluated.
pub(super) fn check_refused(error: &CountersignError) -> String {
    match error {
        CountersignError::Refused(problem) => match problem.code.as_str() {
            // The form was changed after it was sent, perhaps with the browser's back button.
            "idempotency_key_reused" => "This page was out of date. Please enter the code again.".to_owned(),
            "invalid_request" => format!("The code must be {CODE_LENGTH} numbers"),
            _ => refused(problem),
        },
        CountersignError::NoAnswer => trouble(error),
    }
}

fn refused(problem: &Problem) -> String {
    match (problem.status, problem.retry_after_s) {
        (403, _) if problem.code == "phone_disabled" => {
            "This phone takes no more codes. Please contact the shop.".to_owned()
        }
        (401 | 403, _) => "The shop is not set up correctly, so no message was sent.".to_owned(),
        (404 | 409, _) => {
            "This payment is no longer waiting for a code. Please start the payment again.".to_owned()
        }
        (429, Some(wait_s)) => {
            format!("Too many messages or tries for this phone. Try again in {}.", duration(wait_s))
        }
        (429, None) => "Too many messages or tries for this phone. Try again later.".to_owned(),
        (400..=499, _) => "This number cannot receive our codes. Check it, or use another one.".to_owned(),
        _ => "We cannot send or check codes right now. Please try again.".to_owned(),
    }
}

/// What Countersign answered, for the developer who reads the demo.
pub(super) fn for_developers(error: &CountersignError) -> String {
    error.to_string()
}

/// Whole minutes from two on, else seconds.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        0 | 1 => "1 second".to_owned(),
        2..=119 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_accepted_as_people_type_them() {
        for fine in ["123456", " 123 456 ", "123-456", "１２３４５６", "١٢٣٤٥٦"] {
            assert_eq!(code_mistake(fine), None, "{fine}");
        }
    }

    #[test]
    fn a_mistake_says_what_to_do_and_never_invalid() {
        let not_enough = "You have not entered enough numbers, the code must be 6 numbers";
        for (typed, words) in [
            ("", "Enter the code from the message"),
            ("   ", "Enter the code from the message"),
            ("12345", not_enough),
            ("---", not_enough),
            ("1234567", "You have entered too many numbers, the code must be 6 numbers"),
            ("12345O", "The code has no letters, it must be 6 numbers"),
        ] {
            assert_eq!(code_mistake(typed).as_deref(), Some(words), "{typed}");
        }
    }

    #[test]
    fn a_payment_counts_down_only_at_the_end() {
        assert!(!wrong_code(4).contains("left"));
        assert!(wrong_code(2).ends_with("2 tries left."));
        assert!(wrong_code(1).ends_with("This is your last try."));
    }

    #[test]
    fn waits_are_said_in_whole_units() {
        assert_eq!(duration(1), "1 second");
        assert_eq!(duration(45), "45 seconds");
        assert_eq!(duration(121), "3 minutes");
    }
}
