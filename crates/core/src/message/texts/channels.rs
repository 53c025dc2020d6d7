//! What channels other than SMS say besides the texts: before a call reads the code a second time, and in
//! the subject of an e-mail. The subject never has the code: servers on the way write subjects into their
//! logs, and phones show them while they are locked.
//!
//! None of the translations has been read by a native speaker yet.

/// The words of one language.
pub(in crate::message) struct ChannelWords {
    /// The language subtag.
    pub(in crate::message) language: &'static str,
    /// Said before the code is read again.
    pub(in crate::message) again: &'static str,
    /// The subject, after the brand.
    pub(in crate::message) subject: &'static str,
}

const fn words(language: &'static str, again: &'static str, subject: &'static str) -> ChannelWords {
    ChannelWords { language, again, subject }
}

/// For each language of [`super::LANGUAGES`], in the same order.
pub(in crate::message) const CHANNEL_WORDS: [ChannelWords; 14] = [
    words("en", "Once more:", ": your code"),
    words("de", "Noch einmal:", ": Ihr Code"),
    words("fr", "Encore une fois :", " : votre code"),
    words("es", "Otra vez:", ": su código"),
    words("it", "Ancora una volta:", ": il codice"),
    words("pt", "Mais uma vez:", ": o seu código"),
    words("nl", "Nogmaals:", ": uw code"),
    words("pl", "Jeszcze raz:", ": kod weryfikacyjny"),
    words("tr", "Bir kez daha:", ": doğrulama kodu"),
    words("ar", "مرة أخرى:", ": رمز التحقق"),
    words("hi", "एक बार फिर:", ": सत्यापन कोड"),
    words("id", "Sekali lagi:", ": kode verifikasi"),
    words("ja", "もう一度:", ": 認証コード"),
    words("zh", "再说一遍：", "：验证码"),
];
