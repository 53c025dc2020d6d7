//! Spanish, with usted. "Clave" is a customary word for such a code; "código" has an ó, which GSM-7 lacks, and would
//! make every message with a last line two segments. A shop that prefers it writes its own texts.

use super::Texts;

pub(super) const TEXTS: Texts = Texts {
    language: "es",
    login: "{code} es su clave para acceder a {brand}. No la comparta con nadie, ni siquiera con nosotros.",
    signup: "{code} es su clave para crear su cuenta en {brand}. No la comparta con nadie, ni siquiera con nosotros.",
    payment: "{amount} a {payee}: {code} es su clave de pago en {brand}. No la comparta con nadie.",
    payment_amount: "{amount} en {brand}: {code} es su clave de pago. No la comparta con nadie.",
    payment_payee: "Pago a {payee}: {code} es su clave de pago en {brand}. No la comparta con nadie.",
    payment_bare: "Pago en {brand}: {code} es su clave de pago. No la comparta con nadie.",
    account_change: "{code} es su clave para cambiar los datos de su cuenta en {brand}. No la comparta con nadie, ni siquiera con nosotros.",
    order: "{code} es su clave para confirmar su pedido en {brand}. No la comparta con nadie, ni siquiera con nosotros.",
    other: "{code} es su clave de un solo uso en {brand}. No la comparta con nadie, ni siquiera con nosotros.",
};
