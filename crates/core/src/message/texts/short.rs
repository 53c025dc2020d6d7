//! The built-in texts in as few words as they can have, for when the full one would cost another
//! segment. They keep what the rules ask for (the code's word, the purpose's own word, amount and payee
//! before the code) and leave out the advice not to share the code.
//!
//! Beside a last line of 27 characters UCS-2 leaves 43: most of these fit with a brand of 12. Where a
//! language can do without letters outside GSM-7, it does.

use super::Texts;

/// One for each language of [`super::LANGUAGES`], in the same order.
pub(in crate::message) const SHORT: [&Texts; 14] =
    [&EN, &DE, &FR, &ES, &IT, &PT, &NL, &PL, &TR, &AR, &HI, &ID, &JA, &ZH];

const EN: Texts = Texts {
    language: "en",
    login: "{code} is your {brand} sign in code.",
    signup: "{code} is the code to create your {brand} account.",
    payment: "{amount} to {payee}: payment code {code}.",
    payment_amount: "{amount} at {brand}: payment code {code}.",
    payment_payee: "To {payee}: payment code {code}.",
    payment_bare: "{brand}: payment code {code}.",
    account_change: "{code} is the code to change your {brand} account.",
    order: "{code} is your {brand} order code.",
    other: "{code} is your {brand} code.",
};

const DE: Texts = Texts {
    language: "de",
    login: "{code} ist Ihr Code zur Anmeldung bei {brand}.",
    signup: "{code} ist Ihr Code zur Registrierung bei {brand}.",
    payment: "{amount} an {payee}: Code {code} für diese Zahlung.",
    payment_amount: "{amount} bei {brand}: Code {code} für diese Zahlung.",
    payment_payee: "An {payee}: Code {code} für diese Zahlung.",
    payment_bare: "{brand}: Code {code} für diese Zahlung.",
    account_change: "{code} ist Ihr Code zur Änderung Ihres Kontos bei {brand}.",
    order: "{code} ist Ihr Code für Ihre Bestellung bei {brand}.",
    other: "{code} ist Ihr Code von {brand}.",
};

const FR: Texts = Texts {
    language: "fr",
    login: "{code} est votre code de connexion {brand}.",
    signup: "{code} est votre code d'inscription {brand}.",
    payment: "{amount} à {payee} : code de paiement {code}.",
    payment_amount: "{amount} chez {brand} : code de paiement {code}.",
    payment_payee: "Pour {payee} : code de paiement {code}.",
    payment_bare: "{brand} : code de paiement {code}.",
    account_change: "{code} est votre code pour modifier votre compte {brand}.",
    order: "{code} est votre code de commande {brand}.",
    other: "{code} est votre code {brand}.",
};

const ES: Texts = Texts {
    language: "es",
    login: "{code} es su clave para acceder a {brand}.",
    signup: "{code} es su clave para crear su cuenta en {brand}.",
    payment: "{amount} a {payee}: clave de pago {code}.",
    payment_amount: "{amount} en {brand}: clave de pago {code}.",
    payment_payee: "A {payee}: clave de pago {code}.",
    payment_bare: "{brand}: clave de pago {code}.",
    account_change: "{code} es su clave para cambiar su cuenta en {brand}.",
    order: "{code} es la clave de su pedido en {brand}.",
    other: "{code} es su clave en {brand}.",
};

const IT: Texts = Texts {
    language: "it",
    login: "{code} è il codice per accedere a {brand}.",
    signup: "{code} è il codice per registrarsi su {brand}.",
    payment: "{amount} a {payee}: codice di pagamento {code}.",
    payment_amount: "{amount} su {brand}: codice di pagamento {code}.",
    payment_payee: "A {payee}: codice di pagamento {code}.",
    payment_bare: "{brand}: codice di pagamento {code}.",
    account_change: "{code} è il codice per modificare l'account {brand}.",
    order: "{code} è il codice per l'ordine su {brand}.",
    other: "{code} è il codice {brand}.",
};

const PT: Texts = Texts {
    language: "pt",
    login: "{code}: código para entrar em {brand}",
    signup: "{code}: código, criar conta {brand}",
    payment: "Pagar {amount} a {payee}: código {code}",
    payment_amount: "Pagar {amount} em {brand}: código {code}",
    payment_payee: "Pagar a {payee}: código {code}",
    payment_bare: "Pagar em {brand}: código {code}",
    account_change: "{code}: código, alterar conta {brand}",
    order: "{code}: código do pedido em {brand}",
    other: "{code}: código {brand}",
};

const NL: Texts = Texts {
    language: "nl",
    login: "{code} is uw code om in te loggen bij {brand}.",
    signup: "{code} is uw code om te registreren bij {brand}.",
    payment: "{amount} aan {payee}: betaalcode {code}.",
    payment_amount: "{amount} bij {brand}: betaalcode {code}.",
    payment_payee: "Aan {payee}: betaalcode {code}.",
    payment_bare: "{brand}: betaalcode {code}.",
    account_change: "{code} is uw code om uw account bij {brand} te wijzigen.",
    order: "{code} is uw code voor uw bestelling bij {brand}.",
    other: "{code} is uw code van {brand}.",
};

const PL: Texts = Texts {
    language: "pl",
    login: "{code} to kod logowania do {brand}.",
    signup: "{code} to kod rejestracji w {brand}.",
    payment: "{amount} dla {payee}: kod transakcji {code}.",
    payment_amount: "{amount} w {brand}: kod transakcji {code}.",
    payment_payee: "Odbiorca {payee}: kod transakcji {code}.",
    payment_bare: "{brand}: kod transakcji {code}.",
    account_change: "{code} to kod zmiany danych konta w {brand}.",
    order: "{code} to kod zakupu w {brand}.",
    other: "{code} to kod {brand}.",
};

const TR: Texts = Texts {
    language: "tr",
    login: "{code}: {brand} oturum kodunuz",
    signup: "{code}: {brand} üyelik kodunuz",
    payment: "{payee}, {amount}: ödeme kodu {code}",
    payment_amount: "{brand}, {amount}: ödeme kodu {code}",
    payment_payee: "{payee}: ödeme kodu {code}",
    payment_bare: "{brand}: ödeme kodu {code}",
    account_change: "{code}: {brand} hesap güncelleme kodunuz",
    order: "{code}: {brand} sipariş kodunuz",
    other: "{code}: {brand} kodunuz",
};

/// An Arabic word comes first and between any two values, as in the full texts.
const AR: Texts = Texts {
    language: "ar",
    login: "رمز الدخول {code} إلى {brand}",
    signup: "رمز التسجيل {code} في {brand}",
    payment: "رمز دفع {amount} لـ {payee} هو {code}",
    payment_amount: "رمز دفع {amount} في {brand} هو {code}",
    payment_payee: "رمز الدفع إلى {payee} هو {code}",
    payment_bare: "رمز الدفع في {brand} هو {code}",
    account_change: "رمز تعديل الحساب {code} في {brand}",
    order: "رمز تأكيد الطلب {code} من {brand}",
    other: "رمز التحقق {code} من {brand}",
};

const HI: Texts = Texts {
    language: "hi",
    login: "{code} {brand} लॉगिन कोड है",
    signup: "{code} नए {brand} खाते का कोड है",
    payment: "{payee}: {amount} भुगतान कोड {code}",
    payment_amount: "{brand}: {amount} भुगतान कोड {code}",
    payment_payee: "{payee}: भुगतान कोड {code}",
    payment_bare: "{brand}: भुगतान कोड {code}",
    account_change: "{code} {brand} खाता बदलाव कोड है",
    order: "{code} {brand} ऑर्डर कोड है",
    other: "{code} {brand} कोड है",
};

const ID: Texts = Texts {
    language: "id",
    login: "{code} adalah kode masuk {brand}.",
    signup: "{code} adalah kode pendaftaran {brand}.",
    payment: "{amount} kepada {payee}: kode pembayaran {code}.",
    payment_amount: "{amount} di {brand}: kode pembayaran {code}.",
    payment_payee: "Kepada {payee}: kode pembayaran {code}.",
    payment_bare: "{brand}: kode pembayaran {code}.",
    account_change: "{code} adalah kode perubahan akun {brand}.",
    order: "{code} adalah kode pesanan {brand}.",
    other: "{code} adalah kode {brand}.",
};

const JA: Texts = Texts {
    language: "ja",
    login: "{code} は{brand}のログインコードです。",
    signup: "{code} は{brand}の会員登録コードです。",
    payment: "{payee}への{amount}の支払いコード {code}",
    payment_amount: "{brand}での{amount}の支払いコード {code}",
    payment_payee: "{payee}への支払いコード {code}",
    payment_bare: "{brand}での支払いコード {code}",
    account_change: "{code} は{brand}の登録変更コードです。",
    order: "{code} は{brand}の注文コードです。",
    other: "{code} は{brand}のコードです。",
};

const ZH: Texts = Texts {
    language: "zh",
    login: "{code} 是{brand}登录验证码",
    signup: "{code} 是{brand}注册验证码",
    payment: "向{payee}支付{amount}，验证码 {code}",
    payment_amount: "在{brand}支付{amount}，验证码 {code}",
    payment_payee: "向{payee}支付，验证码 {code}",
    payment_bare: "在{brand}支付，验证码 {code}",
    account_change: "{code} 是{brand}更改账户信息验证码",
    order: "{code} 是{brand}订单验证码",
    other: "{code} 是{brand}验证码",
};
