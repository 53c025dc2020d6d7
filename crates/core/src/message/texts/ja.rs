//! Japanese, in the polite style. Spaces stand around the code, so that phones find it.

use super::Texts;

pub(super) const TEXTS: Texts = Texts {
    language: "ja",
    login: "{code} は{brand}のログインコードです。人に教えないでください。",
    signup: "{code} は{brand}の会員登録コードです。人に教えないでください。",
    payment: "{payee}への{amount}のお支払いコードは {code} です。人に教えないでください。",
    payment_amount: "{brand}での{amount}のお支払いコードは {code} です。人に教えないでください。",
    payment_payee: "{payee}へのお支払いコードは {code} です。人に教えないでください。",
    payment_bare: "{brand}でのお支払いコードは {code} です。人に教えないでください。",
    account_change: "{code} は{brand}の登録変更コードです。人に教えないでください。",
    order: "{code} は{brand}の注文確認コードです。人に教えないでください。",
    other: "{code} は{brand}の認証コードです。人に教えないでください。",
};
