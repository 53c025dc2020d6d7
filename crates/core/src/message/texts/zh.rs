//! Chinese in simplified characters, with 您.

use super::Texts;

pub(super) const TEXTS: Texts = Texts {
    language: "zh",
    login: "{code} 是您登录{brand}的验证码，请勿告知他人。",
    signup: "{code} 是您注册{brand}的验证码，请勿告知他人。",
    payment: "向{payee}支付{amount}，验证码 {code}，请勿告知他人。",
    payment_amount: "在{brand}支付{amount}，验证码 {code}，请勿告知他人。",
    payment_payee: "向{payee}支付，验证码 {code}，请勿告知他人。",
    payment_bare: "在{brand}支付，验证码 {code}，请勿告知他人。",
    account_change: "{code} 是您更改{brand}账户信息的验证码，请勿告知他人。",
    order: "{code} 是您确认{brand}订单的验证码，请勿告知他人。",
    other: "{code} 是您的{brand}验证码，请勿告知他人。",
};
