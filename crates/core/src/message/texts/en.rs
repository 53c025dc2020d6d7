//! English.

use super::Texts;

pub(super) const TEXTS: Texts = Texts {
    language: "en",
    login: "{code} is your code to sign in to {brand}. Never share it with anyone, not even our staff.",
    signup: "{code} is your code to create your {brand} account. Never share it with anyone, not even our staff.",
    payment: "{amount} to {payee}: {code} is your {brand} payment code. Never share it with anyone.",
    payment_amount: "{amount} at {brand}: {code} is your payment code. Never share it with anyone.",
    payment_payee: "Payment to {payee}: {code} is your {brand} payment code. Never share it with anyone.",
    payment_bare: "Payment at {brand}: {code} is your payment code. Never share it with anyone.",
    account_change: "{code} is your code to change your {brand} account. Never share it with anyone, not even our staff.",
    order: "{code} is your code to confirm your {brand} order. Never share it with anyone, not even our staff.",
    other: "{code} is your {brand} verification code. Never share it with anyone, not even our staff.",
};
