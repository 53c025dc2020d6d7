//! What the shop asks the phone about: four tasks that differ in their purpose, their transaction and their words, and
//! in nothing else.

use std::collections::BTreeMap;

use super::SHOP_NAME;
use crate::demo::countersign_client::{Amount, Transaction};

/// A price that nobody agreed to.
const RAISED_AMOUNT: &str = "4999.00";
/// A price that the shop would not agree to.
const LOWERED_AMOUNT: &str = "0.01";
/// An address that nobody asked for.
const FOREIGN_ADDRESS: &str = "PO Box 666, Nowhere";

/// Something that matters enough to ask for a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Login,
    Payment,
    AccountChange,
    Order,
}

/// What a task says to the customer.
pub(super) struct Words {
    /// On the front page: its name, and what it is for.
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// Over its form, and on its button.
    pub(super) title: &'static str,
    pub(super) button: &'static str,
    /// When it is done.
    pub(super) done: &'static str,
    pub(super) done_text: &'static str,
    /// When it is not: that nothing has happened.
    pub(super) not_done: &'static str,
    pub(super) nothing_lost: &'static str,
}

impl Task {
    pub(super) const ALL: [Task; 4] = [Task::Login, Task::Payment, Task::AccountChange, Task::Order];

    /// Its word in the shop's addresses.
    pub(super) const fn slug(self) -> &'static str {
        match self {
            Task::Login => "login",
            Task::Payment => "pay",
            Task::AccountChange => "address",
            Task::Order => "order",
        }
    }

    pub(super) fn of_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|task| task.slug() == slug)
    }

    /// Countersign's word: a code for one purpose is worth nothing for another.
    pub(super) const fn purpose(self) -> &'static str {
        match self {
            Task::Login => "login",
            Task::Payment => "payment",
            Task::AccountChange => "account_change",
            Task::Order => "order",
        }
    }

    pub(super) const fn words(self) -> &'static Words {
        match self {
            Task::Login => &LOGIN,
            Task::Payment => &PAYMENT,
            Task::AccountChange => &ACCOUNT_CHANGE,
            Task::Order => &ORDER,
        }
    }
}

const LOGIN: Words = Words {
    name: "Log in",
    about: "Show that the phone of the account is in your hand.",
    title: "Log in",
    button: "Log in with a code",
    done: "You are logged in",
    done_text: "Welcome back, Robin Hale.",
    not_done: "You are not logged in",
    nothing_lost: "Nobody was logged in, and your cart is as it was.",
};
const PAYMENT: Words = Words {
    name: "Pay",
    about: "Approve one amount to one payee. Change a cent and the code is worth nothing.",
    title: "Pay for your order",
    button: "Pay with a code",
    done: "Paid. Thank you.",
    done_text: "We start packing.",
    not_done: "Not paid",
    nothing_lost: "Nothing was charged and your cart is as it was.",
};
const ACCOUNT_CHANGE: Words = Words {
    name: "Change your address",
    about: "Whoever takes over a session cannot send your parcels elsewhere.",
    title: "Change your delivery address",
    button: "Change it with a code",
    done: "Your address was changed",
    done_text: "Parcels go there from now on.",
    not_done: "Your address was not changed",
    nothing_lost: "Parcels go where they went before.",
};
const ORDER: Words = Words {
    name: "Pay on delivery",
    about: "Confirm an order before anything is sent: the phone behind it is real.",
    title: "Order, and pay on delivery",
    button: "Order with a code",
    done: "Your order is accepted",
    done_text: "You pay when the parcel is at your door.",
    not_done: "Nothing was ordered",
    nothing_lost: "Nothing is on its way and your cart is as it was.",
};

/// What the shop's records say about one task: what it is about to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deal {
    /// Let somebody in.
    Login,
    /// Take an amount, now or at the door.
    Money { amount: String },
    /// Send parcels there.
    Address { address: String },
}

impl Deal {
    /// As the shop tells it to Countersign, under the number of the approval; a login is about nothing else.
    pub(super) fn transaction(&self, number: &str) -> Option<Transaction> {
        let id = number.to_owned();
        match self {
            Deal::Login => None,
            Deal::Money { amount } => Some(Transaction {
                id,
                money: Some(Amount { amount: amount.clone(), currency: "EUR" }),
                payee: Some(SHOP_NAME),
                fields: BTreeMap::new(),
            }),
            Deal::Address { address } => Some(Transaction {
                id,
                fields: BTreeMap::from([("delivery_address", address.clone())]),
                ..Transaction::default()
            }),
        }
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        match self {
            Deal::Login => "Log in".to_owned(),
            Deal::Money { amount } => format!("€{amount}"),
            Deal::Address { address } => address.clone(),
        }
    }

    /// What somebody inside the shop makes of it. There is nothing to change about a login.
    pub(super) fn tampered(&self, when: Tampering) -> Deal {
        match (self, when) {
            (Deal::Login, _) | (_, Tampering::None) => self.clone(),
            (Deal::Money { .. }, Tampering::AfterSending) => Deal::Money { amount: RAISED_AMOUNT.to_owned() },
            (Deal::Money { .. }, Tampering::BeforeRedeeming) => {
                Deal::Money { amount: LOWERED_AMOUNT.to_owned() }
            }
            (Deal::Address { .. }, _) => Deal::Address { address: FOREIGN_ADDRESS.to_owned() },
        }
    }
}

/// The attack that the demo offers: somebody inside the shop changes its records behind the customer's back. No shop
/// would have this; it shows what Countersign does about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tampering {
    /// Nobody does.
    #[default]
    None,
    /// When the message is on its way: before the shop looks at the proof.
    AfterSending,
    /// When the shop has looked at the proof, and is about to redeem it.
    BeforeRedeeming,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_found_by_its_address_and_has_a_purpose_of_its_own() {
        for task in Task::ALL {
            assert_eq!(Task::of_slug(task.slug()), Some(task));
            assert_eq!(Task::ALL.iter().filter(|other| other.purpose() == task.purpose()).count(), 1);
        }
        assert_eq!(Task::of_slug("signup"), None);
    }

    #[test]
    fn tampering_changes_what_is_approved_and_nothing_of_a_login() {
        for deal in
            [Deal::Money { amount: "179.90".to_owned() }, Deal::Address { address: "7 Elm Row".to_owned() }]
        {
            for when in [Tampering::AfterSending, Tampering::BeforeRedeeming] {
                assert_ne!(deal.tampered(when).transaction("BB-1"), deal.transaction("BB-1"));
            }
            assert_eq!(deal.tampered(Tampering::None), deal);
        }
        assert_eq!(Deal::Login.tampered(Tampering::AfterSending), Deal::Login);
    }
}
