//! Dutch, with the formal u.

use super::Texts;

pub(super) const TEXTS: Texts = Texts {
    language: "nl",
    login: "{code} is uw code om in te loggen bij {brand}. Deel deze met niemand, ook niet met ons.",
    signup: "{code} is uw code om u te registreren bij {brand}. Deel deze met niemand, ook niet met ons.",
    payment: "{amount} aan {payee}: {code} is uw betaalcode van {brand}. Deel deze met niemand.",
    payment_amount: "{amount} bij {brand}: {code} is uw betaalcode. Deel deze met niemand.",
    payment_payee: "Betaling aan {payee}: {code} is uw betaalcode van {brand}. Deel deze met niemand.",
    payment_bare: "Betaling bij {brand}: {code} is uw betaalcode. Deel deze met niemand.",
    account_change: "{code} is uw code om uw account bij {brand} te wijzigen. Deel deze met niemand, ook niet met ons.",
    order: "{code} is uw code om uw bestelling bij {brand} te bevestigen. Deel deze met niemand, ook niet met ons.",
    other: "{code} is uw verificatiecode van {brand}. Deel deze met niemand, ook niet met ons.",
};
