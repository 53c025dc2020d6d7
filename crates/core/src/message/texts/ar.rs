//! Arabic, without addressing anyone. Each text begins with an Arabic word, because the first letter decides the
//! direction of the line and a code or a name may be Latin; and an Arabic word stands between any two values,
//! because a Latin name would draw the digits after it into its own direction. So no direction marks are needed.

use super::Texts;

pub(super) const TEXTS: Texts = Texts {
    language: "ar",
    login: "رمز الدخول {code} إلى {brand}. يرجى عدم مشاركته مع أحد.",
    signup: "رمز التسجيل {code} في {brand}. يرجى عدم مشاركته مع أحد.",
    payment: "رمز دفع {amount} إلى {payee} هو {code}. يرجى عدم مشاركته مع أحد.",
    payment_amount: "رمز دفع {amount} في {brand} هو {code}. يرجى عدم مشاركته مع أحد.",
    payment_payee: "رمز الدفع إلى {payee} هو {code}. يرجى عدم مشاركته مع أحد.",
    payment_bare: "رمز الدفع في {brand} هو {code}. يرجى عدم مشاركته مع أحد.",
    account_change: "رمز تعديل الحساب {code} في {brand}. يرجى عدم مشاركته مع أحد.",
    order: "رمز تأكيد الطلب {code} من {brand}. يرجى عدم مشاركته مع أحد.",
    other: "رمز التحقق {code} من {brand}. يرجى عدم مشاركته مع أحد.",
};
