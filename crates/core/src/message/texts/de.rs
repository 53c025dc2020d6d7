//! German, with the formal Sie. Umlauts and ß are in GSM-7.

use super::Texts;

pub(super) const TEXTS: Texts = Texts {
    language: "de",
    login: "{code} ist Ihr Code zur Anmeldung bei {brand}. Geben Sie ihn an niemanden weiter, auch nicht an uns.",
    signup: "{code} ist Ihr Code zur Registrierung bei {brand}. Geben Sie ihn an niemanden weiter, auch nicht an uns.",
    payment: "{amount} an {payee}: {code} ist Ihr Code für diese Zahlung bei {brand}. Geben Sie ihn an niemanden weiter.",
    payment_amount: "{amount} bei {brand}: {code} ist Ihr Code für diese Zahlung. Geben Sie ihn an niemanden weiter.",
    payment_payee: "Zahlung an {payee}: {code} ist Ihr Code für diese Zahlung bei {brand}. Geben Sie ihn an niemanden weiter.",
    payment_bare: "Zahlung bei {brand}: {code} ist Ihr Code für diese Zahlung. Geben Sie ihn an niemanden weiter.",
    account_change: "{code} ist Ihr Code zur Änderung Ihres Kontos bei {brand}. Geben Sie ihn an niemanden weiter, auch nicht an uns.",
    order: "{code} ist Ihr Code für Ihre Bestellung bei {brand}. Geben Sie ihn an niemanden weiter, auch nicht an uns.",
    other: "{code} ist Ihr Bestätigungscode von {brand}. Geben Sie ihn an niemanden weiter, auch nicht an uns.",
};
