//! French, with vous. Written around ç and the circumflex, which GSM-7 lacks; é, è, à and ù are in it.

use super::Texts;

pub(super) const TEXTS: Texts = Texts {
    language: "fr",
    login: "{code} est votre code de connexion à {brand}. Ne le communiquez à personne.",
    signup: "{code} est votre code d'inscription à {brand}. Ne le communiquez à personne.",
    payment: "{amount} à {payee} : {code} est votre code de paiement {brand}. Ne le communiquez à personne.",
    payment_amount: "{amount} chez {brand} : {code} est votre code de paiement. Ne le communiquez à personne.",
    payment_payee: "Paiement à {payee} : {code} est votre code de paiement {brand}. Ne le communiquez à personne.",
    payment_bare: "Paiement chez {brand} : {code} est votre code de paiement. Ne le communiquez à personne.",
    account_change: "{code} est votre code pour modifier votre compte {brand}. Ne le communiquez à personne.",
    order: "{code} est votre code pour confirmer votre commande chez {brand}. Ne le communiquez à personne.",
    other: "{code} est votre code de vérification {brand}. Ne le communiquez à personne.",
};
