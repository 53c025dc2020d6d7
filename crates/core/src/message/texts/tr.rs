//! Turkish, formal. GSM-7 has ö, ü and Ç but neither ş, ğ, ı nor ç: most texts do without them ("oturum" for the
//! sign-in). "Sipariş" and "için" have no natural substitute, so the order and a payment with its payee are UCS-2.

use super::Texts;

pub(super) const TEXTS: Texts = Texts {
    language: "tr",
    login: "{code}: {brand} oturum kodunuz. Bu kodu kimseye vermeyin, bize bile.",
    signup: "{code}: {brand} yeni üyelik kodunuz. Bu kodu kimseye vermeyin, bize bile.",
    payment: "{payee} için {amount} ödeme kodunuz {code}. Kimseye vermeyin.",
    payment_amount: "{brand} üzerinden {amount} ödeme kodunuz {code}. Bu kodu kimseye vermeyin.",
    payment_payee: "{payee} için ödeme kodunuz {code}. Kimseye vermeyin.",
    payment_bare: "{brand} ödeme kodunuz {code}. Bu kodu kimseye vermeyin, bize bile.",
    account_change: "{code}: {brand} hesap güncelleme kodunuz. Bu kodu kimseye vermeyin, bize bile.",
    order: "{code}: {brand} sipariş kodunuz. Kimseye vermeyin.",
    other: "{code}: {brand} onay kodunuz. Bu kodu kimseye vermeyin, bize bile.",
};
