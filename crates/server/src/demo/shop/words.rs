//! What the shop says to people when something is not as it should be.

use axum::http::StatusCode;

use super::approval::Ended;
use super::task::Task;
use crate::demo::countersign_client::{CountersignError, Problem};

/// For the page on which the code is typed, when the shop could not ask what became of it.
pub(super) fn cannot_ask(task: Task) -> String {
    format!(
        "We could not reach Countersign just now. Nothing is lost, and nothing happens twice: {} Try again in a moment.",
        match task {
            Task::Payment => "you are charged at most once.",
            Task::Order => "you order at most once.",
            Task::Login | Task::AccountChange => "a code that you have entered still counts.",
        }
    )
}

/// The status of a form whose code could not be sent, and the field that it is about.
pub(super) fn about(error: &CountersignError) -> (StatusCode, &'static str) {
    match error {
        CountersignError::Refused(problem) if problem.status < 500 => {
            let is_about_the_phone = matches!(problem.status, 422 | 429) || problem.code == "phone_disabled";
            (StatusCode::UNPROCESSABLE_ENTITY, if is_about_the_phone { "phone" } else { "" })
        }
        _ => (StatusCode::SERVICE_UNAVAILABLE, ""),
    }
}

/// Why no code was sent to `phone`, as the customer wrote it, and what to do.
pub(super) fn start_refused(error: &CountersignError, phone: &str) -> String {
    match error {
        CountersignError::Refused(problem) => refused(problem, phone.trim()),
        CountersignError::NoAnswer => unavailable(),
    }
}

fn unavailable() -> String {
    "We cannot send codes at the moment. Nothing was sent, and what you entered is still here. Please try again."
        .to_owned()
}

fn refused(problem: &Problem, phone: &str) -> String {
    let wait =
        problem.retry_after_s.map_or_else(|| "later".to_owned(), |wait_s| format!("in {}", duration(wait_s)));
    match problem.code.as_str() {
        "invalid_request" if problem.pointer.as_deref() == Some("/to") => format!(
            "We cannot send a message to {phone}: that is not a whole number. Enter it with its country code, such as \
             +44 7700 900123."
        ),
        "country_not_allowed" => {
            format!(
                "We cannot send a message to {phone}: we do not serve its country. Use a number of another one."
            )
        }
        "number_type_refused" => format!(
            "We cannot send a message to {phone}: it is not an ordinary mobile number. Use the number of a mobile phone."
        ),
        "channel_unavailable" => {
            format!("No carrier of ours reaches {phone} just now. Use another number, or try again later.")
        }
        "phone_disabled" => {
            format!(
                "{phone} takes no more codes, after too many wrong ones. Use another number, or contact the shop."
            )
        }
        "phone_locked" => {
            format!("Too many wrong codes for {phone}. Try again {wait}, or use another number.")
        }
        "phone_limit" => {
            format!("We have sent many messages to {phone}. Try again {wait}, or use another number.")
        }
        "too_many_live_verifications" => {
            format!("Many codes for {phone} are under way. Enter one of them, or try again {wait}.")
        }
        "limit_exceeded" => format!("We are sending more messages than usual. Try again {wait}."),
        _ if problem.status >= 500 => unavailable(),
        _ if problem.status == 429 => format!("That was too often. Try again {wait}."),
        _ => "The shop is not set up correctly, so no message was sent. What you entered is still here."
            .to_owned(),
    }
}

/// How something ended. For a payment wrong, late and too many read alike (PSD2 RTS Art 4(3)(a)), at the shop too.
pub(super) fn ended(how: Ended, task: Task) -> &'static str {
    match (how, task) {
        (Ended::Expired | Ended::Exhausted, Task::Payment) => "The payment was not approved.",
        (Ended::Expired, _) => "The code was not entered in time.",
        (Ended::Exhausted, _) => {
            "That was one wrong code too many. To keep guessers out, it stopped working."
        }
        (Ended::Canceled, _) => "You canceled it, or began again.",
        (Ended::Reported, _) => {
            "Thank you for telling us that it was not you. The code is worth nothing now. Never pass one on."
        }
        (Ended::Unused, _) => {
            "The code was right, but the shop came back for it too late, or it was used before. Each works once."
        }
    }
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

    fn problem(status: u16, code: &str) -> CountersignError {
        let pointer = Some("/to".to_owned());
        CountersignError::Refused(Problem { status, code: code.to_owned(), pointer, ..Problem::default() })
    }

    #[test]
    fn a_refused_number_is_named_with_its_own_reason() {
        let codes = [
            (422, "invalid_request"),
            (422, "country_not_allowed"),
            (422, "number_type_refused"),
            (422, "channel_unavailable"),
            (403, "phone_disabled"),
            (429, "phone_locked"),
            (429, "phone_limit"),
            (429, "too_many_live_verifications"),
        ];
        let mut said: Vec<String> =
            codes.iter().map(|(status, code)| start_refused(&problem(*status, code), " +88 ")).collect();
        for (words, (status, code)) in said.iter().zip(codes) {
            assert!(words.contains("+88") && !words.contains(code), "{words}");
            assert_eq!(about(&problem(status, code)), (StatusCode::UNPROCESSABLE_ENTITY, "phone"), "{code}");
        }
        said.sort();
        said.dedup();
        assert_eq!(said.len(), codes.len(), "no two reasons read alike");
    }

    #[test]
    fn what_is_no_fault_of_the_number_does_not_say_so() {
        for error in [problem(503, "unavailable"), CountersignError::NoAnswer] {
            assert!(start_refused(&error, "+88").contains("still here"));
            assert_eq!(about(&error), (StatusCode::SERVICE_UNAVAILABLE, ""));
        }
        assert!(start_refused(&problem(401, "unauthorized"), "+88").contains("not set up"));
    }

    #[test]
    fn p3_a_payment_does_not_say_which_of_them_it_was() {
        assert_eq!(ended(Ended::Expired, Task::Payment), ended(Ended::Exhausted, Task::Payment));
        assert_ne!(ended(Ended::Expired, Task::Login), ended(Ended::Exhausted, Task::Login));
    }

    #[test]
    fn waits_are_said_in_whole_units() {
        assert_eq!(duration(1), "1 second");
        assert_eq!(duration(45), "45 seconds");
        assert_eq!(duration(121), "3 minutes");
    }
}
