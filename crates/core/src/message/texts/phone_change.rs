//! The notice to a phone that gives way to another: `{brand}`, `{ending}` (the other number's last
//! digits). No code and no word for one: nobody may take it for a message that wants something typed.
//!
//! None of the translations has been read by a native speaker yet.

/// A text for each language of [`super::LANGUAGES`], in the same order.
pub(in crate::message) const PHONE_CHANGE: [(&str, &str); 14] = [
    (
        "en",
        "{brand}: your phone number is being changed to one ending in {ending}. If this was not you, contact us now.",
    ),
    (
        "de",
        "{brand}: Ihre Telefonnummer wird in eine mit der Endung {ending} geändert. Wenn Sie das nicht waren, melden Sie sich sofort bei uns.",
    ),
    (
        "fr",
        "{brand} : votre numéro de téléphone va changer pour un numéro finissant par {ending}. Si ce n'est pas vous, contactez-nous immédiatement.",
    ),
    (
        "es",
        "{brand}: se va a cambiar su teléfono por uno terminado en {ending}. Si no lo ha pedido usted, contacte con nosotros de inmediato.",
    ),
    (
        "it",
        "{brand}: il numero di telefono sta per essere sostituito da uno che termina con {ending}. Se la richiesta viene da altri, contattarci subito.",
    ),
    (
        "pt",
        "{brand}: o telefone da conta vai mudar para um terminado em {ending}. Se o pedido partiu de outra pessoa, avise-nos de imediato.",
    ),
    (
        "nl",
        "{brand}: uw telefoonnummer wordt gewijzigd in een nummer dat eindigt op {ending}. Was u dit niet? Neem direct contact met ons op.",
    ),
    (
        "pl",
        "{brand}: trwa zmiana numeru telefonu na numer o ostatnich cyfrach {ending}. To nie Ty? Prosimy o pilny kontakt.",
    ),
    (
        "tr",
        "{brand}: hesap telefonunuz, sonu {ending} olan bir numara ile güncelleniyor. Bunu siz istemediyseniz hemen bize bildirin.",
    ),
    (
        "ar",
        "تنبيه من {brand}: يجري تغيير رقم الهاتف إلى رقم ينتهي بالأرقام {ending}. إن كان الطلب من غيرك يرجى الاتصال بنا فورًا.",
    ),
    (
        "hi",
        "{brand}: आपका फ़ोन नंबर {ending} पर समाप्त होने वाले नंबर में बदला जा रहा है। अगर यह आपने नहीं किया, तो तुरंत हमसे संपर्क करें।",
    ),
    (
        "id",
        "{brand}: nomor telepon Anda sedang diganti ke nomor yang berakhiran {ending}. Jika bukan Anda, segera hubungi kami.",
    ),
    (
        "ja",
        "{brand}: 電話番号を末尾{ending}の番号に変更する手続き中です。お心当たりがない場合は、すぐにご連絡ください。",
    ),
    ("zh", "{brand}：您的手机号码正在更改为尾号{ending}的号码。如非本人操作，请立即联系我们。"),
];
