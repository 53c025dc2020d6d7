//! Portuguese, worded so that it reads well in Portugal and in Brazil. "Código" has no natural substitute, so
//! these are UCS-2: short enough for one segment, two with a last line.

use super::Texts;

pub(super) const TEXTS: Texts = Texts {
    language: "pt",
    login: "{code}: código para entrar em {brand}. Não o dê a ninguém.",
    signup: "{code}: código para criar conta em {brand}. Não o dê a ninguém.",
    payment: "Pagar {amount} a {payee}: código {code}. Não o dê a ninguém.",
    payment_amount: "Pagar {amount} em {brand}: código {code}. Não o dê a ninguém.",
    payment_payee: "Pagar a {payee}: código {code}. Não o dê a ninguém.",
    payment_bare: "Pagar em {brand}: código {code}. Não o dê a ninguém.",
    account_change: "{code}: código para alterar a conta {brand}. Não o dê a ninguém.",
    order: "{code}: código do seu pedido em {brand}. Não o dê a ninguém.",
    other: "{code}: o seu código de verificação {brand}. Não o dê a ninguém.",
};
