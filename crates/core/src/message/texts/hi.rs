//! Hindi, with the polite form.

use super::Texts;

pub(super) const TEXTS: Texts = Texts {
    language: "hi",
    login: "{code} आपका {brand} लॉगिन कोड है। किसी को न बताएँ।",
    signup: "{code} आपके नए {brand} खाते का कोड है। किसी को न बताएँ।",
    payment: "{payee} को {amount} के भुगतान का कोड {code} है। किसी को न बताएँ।",
    payment_amount: "{brand} पर {amount} के भुगतान का कोड {code} है। किसी को न बताएँ।",
    payment_payee: "{payee} को भुगतान का कोड {code} है। किसी को न बताएँ।",
    payment_bare: "{brand} पर भुगतान का कोड {code} है। किसी को न बताएँ।",
    account_change: "{code} आपके {brand} खाते में बदलाव का कोड है। किसी को न बताएँ।",
    order: "{code} आपके {brand} ऑर्डर की पुष्टि का कोड है। किसी को न बताएँ।",
    other: "{code} आपका {brand} सत्यापन कोड है। किसी को न बताएँ।",
};
