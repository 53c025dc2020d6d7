//! Italian, without addressing anyone, so neither tu nor Lei. All its grave accents and é are in GSM-7.

use super::Texts;

pub(super) const TEXTS: Texts = Texts {
    language: "it",
    login: "{code} è il codice per accedere a {brand}. Non va comunicato a nessuno, nemmeno a noi.",
    signup: "{code} è il codice per registrarsi su {brand}. Non va comunicato a nessuno, nemmeno a noi.",
    payment: "{amount} a {payee}: {code} è il codice di pagamento {brand}. Non va comunicato a nessuno.",
    payment_amount: "{amount} su {brand}: {code} è il codice di pagamento. Non va comunicato a nessuno.",
    payment_payee: "Pagamento a {payee}: {code} è il codice di pagamento {brand}. Non va comunicato a nessuno.",
    payment_bare: "Pagamento su {brand}: {code} è il codice di pagamento. Non va comunicato a nessuno.",
    account_change: "{code} è il codice per modificare l'account {brand}. Non va comunicato a nessuno, nemmeno a noi.",
    order: "{code} è il codice per confermare l'ordine su {brand}. Non va comunicato a nessuno, nemmeno a noi.",
    other: "{code} è il codice di verifica {brand}. Non va comunicato a nessuno, nemmeno a noi.",
};
