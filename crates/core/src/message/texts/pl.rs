//! Polish, in words that need none of its diacritics (GSM-7 has none of them): "autoryzacja transakcji" for the
//! payment, "zakup" for the order.

use super::Texts;

pub(super) const TEXTS: Texts = Texts {
    language: "pl",
    login: "{code} to kod logowania do {brand}. Nie podawaj go nikomu, nawet nam.",
    signup: "{code} to kod rejestracji w {brand}. Nie podawaj go nikomu, nawet nam.",
    payment: "{amount} dla {payee}: {code} to kod autoryzacji transakcji w {brand}. Nie podawaj go nikomu.",
    payment_amount: "{amount} w {brand}: {code} to kod autoryzacji transakcji. Nie podawaj go nikomu.",
    payment_payee: "Odbiorca {payee}: {code} to kod autoryzacji transakcji w {brand}. Nie podawaj go nikomu.",
    payment_bare: "{brand}: {code} to kod autoryzacji transakcji. Nie podawaj go nikomu, nawet nam.",
    account_change: "{code} to kod do zmiany danych konta w {brand}. Nie podawaj go nikomu, nawet nam.",
    order: "{code} to kod do potwierdzenia zakupu w {brand}. Nie podawaj go nikomu, nawet nam.",
    other: "{code} to kod weryfikacyjny {brand}. Nie podawaj go nikomu, nawet nam.",
};
