//! Indonesian, with Anda.

use super::Texts;

pub(super) const TEXTS: Texts = Texts {
    language: "id",
    login: "{code} adalah kode masuk {brand} Anda. Jangan beri tahu siapa pun, bahkan staf kami.",
    signup: "{code} adalah kode pendaftaran akun {brand} Anda. Jangan beri tahu siapa pun, bahkan staf kami.",
    payment: "{amount} kepada {payee}: {code} adalah kode pembayaran {brand} Anda. Jangan beri tahu siapa pun.",
    payment_amount: "{amount} di {brand}: {code} adalah kode pembayaran Anda. Jangan beri tahu siapa pun.",
    payment_payee: "Pembayaran kepada {payee}: {code} adalah kode pembayaran {brand} Anda. Jangan beri tahu siapa pun.",
    payment_bare: "Pembayaran di {brand}: {code} adalah kode pembayaran Anda. Jangan beri tahu siapa pun.",
    account_change: "{code} adalah kode perubahan akun {brand} Anda. Jangan beri tahu siapa pun, bahkan staf kami.",
    order: "{code} adalah kode konfirmasi pesanan {brand} Anda. Jangan beri tahu siapa pun, bahkan staf kami.",
    other: "{code} adalah kode verifikasi {brand} Anda. Jangan beri tahu siapa pun, bahkan staf kami.",
};
