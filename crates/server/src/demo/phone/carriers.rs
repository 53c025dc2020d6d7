//! The carriers in front of the phone: break one and watch the message come by the other.

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use countersign_delivery::provider::ProviderName;
use countersign_delivery::simulated::Condition;
use serde::Deserialize;

use super::PhonePages;
use crate::demo::page::see_other;

/// A carrier, as the page shows it.
pub(super) struct CarrierView {
    pub(super) name: String,
    pub(super) works: bool,
    pub(super) conditions: Vec<ConditionChoice>,
}

/// One of the conditions to choose from.
pub(super) struct ConditionChoice {
    pub(super) value: &'static str,
    pub(super) label: &'static str,
    pub(super) is_chosen: bool,
}

impl CarrierView {
    pub(super) fn new((name, current): (ProviderName, Condition)) -> Self {
        let choice = |condition| {
            let (value, label) = words(condition);
            ConditionChoice { value, label, is_chosen: condition == current }
        };
        CarrierView {
            name: name.to_string(),
            works: current == Condition::Works,
            conditions: Condition::ALL.map(choice).into(),
        }
    }
}

const fn words(condition: Condition) -> (&'static str, &'static str) {
    match condition {
        Condition::Works => ("works", "works"),
        Condition::Unreachable => ("unreachable", "cannot be reached"),
        Condition::Refuses => ("refuses", "refuses messages"),
        Condition::Throttles => ("throttles", "says: too many"),
        Condition::Hangs => ("hangs", "takes messages and never answers"),
        Condition::Silent => ("silent", "loses messages and says nothing"),
        Condition::Fails => ("fails", "loses messages and says so in receipts"),
        Condition::Lies => ("lies", "loses messages and says delivered"),
    }
}

/// What the switch posts.
#[derive(Deserialize)]
pub(super) struct ConditionForm {
    condition: Condition,
}

pub(super) async fn set(
    State(pages): State<PhonePages>,
    Path(name): Path<String>,
    Form(form): Form<ConditionForm>,
) -> Response {
    let known = name.parse().is_ok_and(|name| pages.phone.set_condition(&name, form.condition));
    if known {
        see_other("/phone#carriers")
    } else {
        (StatusCode::NOT_FOUND, "There is no such carrier.").into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_condition_is_posted_by_the_word_that_is_read() {
        for condition in Condition::ALL {
            let (value, _) = words(condition);
            assert_eq!(serde_json::to_value(condition).unwrap(), value);
        }
    }
}
