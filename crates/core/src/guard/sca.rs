//! What a shop may tell its payment provider about strong customer authentication (fraud.md C.2). Apart from what the
//! shop asks of its customer: that is its own risk, this is the issuer's, which has the last word.
//!
//! Only the sums of Commission Delegated Regulation (EU) 2018/389 are compared: no fraud rate of the provider, which
//! Article 18 needs too, and no counter but what the shop says. So it is a hint.

use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::purpose::Purpose;

/// Article 16(a): 30 euros.
const LOW_VALUE_CENTS: u64 = 3_000;
/// Article 16(b): 100 euros since the last authentication.
const LOW_VALUE_SUM_CENTS: u64 = 10_000;
/// Article 16(c): five payments since the last authentication.
const LOW_VALUE_PAYMENTS: u32 = 5;
/// The annex, for Article 18: the highest sum of any fraud rate, 500 euros.
const RISK_ANALYSIS_CENTS: u64 = 50_000;

/// What a payment is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentKind {
    /// One of its own.
    #[default]
    Single,
    /// One of a series to the same payee and of the same amount, after its first (Article 14).
    Recurring,
    /// To a payee on the payer's list at her bank (Article 13).
    TrustedBeneficiary,
}

/// What was paid since the customer was authenticated last, as the shop counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SinceAuthentication {
    /// Payments.
    pub payments: u32,
    /// Their sum in cents of the euro.
    pub cents: u64,
}

/// A payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Payment {
    /// How much.
    pub money: Option<Money>,
    /// What it is.
    pub kind: PaymentKind,
    /// What came before it, where the shop counts.
    pub since: Option<SinceAuthentication>,
}

/// Whether the shop itself sees no reason to ask its customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnRisk {
    /// It lets the payment pass.
    Low,
    /// It asks or waits.
    Other,
}

/// Which exemption may fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaHint {
    /// Article 16, by an estimate: the issuer counts for itself.
    LowValue,
    /// Article 18, if the provider's fraud rate allows.
    TraCandidate,
    /// Article 14.
    Recurring,
    /// Article 13.
    TrustedBeneficiary,
    /// None.
    None,
}

impl ScaHint {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            ScaHint::LowValue => "low_value",
            ScaHint::TraCandidate => "tra_candidate",
            ScaHint::Recurring => "recurring",
            ScaHint::TrustedBeneficiary => "trusted_beneficiary",
            ScaHint::None => "none",
        }
    }
}

/// Which exemption may fit a payment. Sums in other currencies than the euro are not converted and fit none.
pub fn hint(purpose: &Purpose, payment: &Payment, risk: OwnRisk) -> ScaHint {
    if *purpose != Purpose::Payment {
        return ScaHint::None;
    }
    match payment.kind {
        PaymentKind::Recurring => return ScaHint::Recurring,
        PaymentKind::TrustedBeneficiary => return ScaHint::TrustedBeneficiary,
        PaymentKind::Single => {}
    }
    let Some(cents) =
        payment.money.filter(|money| money.currency().code() == "EUR").map(|money| money.minor_units())
    else {
        return ScaHint::None;
    };
    if cents <= LOW_VALUE_CENTS && payment.since.is_none_or(is_within) {
        ScaHint::LowValue
    } else if cents <= RISK_ANALYSIS_CENTS && risk == OwnRisk::Low {
        ScaHint::TraCandidate
    } else {
        ScaHint::None
    }
}

/// Either counter suffices.
const fn is_within(since: SinceAuthentication) -> bool {
    since.cents <= LOW_VALUE_SUM_CENTS || since.payments <= LOW_VALUE_PAYMENTS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn euros(amount: &str) -> Payment {
        Payment { money: Some(Money::parse(amount, "EUR".parse().unwrap()).unwrap()), ..Payment::default() }
    }

    #[test]
    fn p_c_2_the_hint_follows_the_sums_of_the_regulation() {
        let since = |payments, cents| Some(SinceAuthentication { payments, cents });
        for (payment, risk, expected) in [
            (euros("30.00"), OwnRisk::Other, ScaHint::LowValue),
            (euros("30.01"), OwnRisk::Other, ScaHint::None),
            (euros("30.01"), OwnRisk::Low, ScaHint::TraCandidate),
            (euros("500.00"), OwnRisk::Low, ScaHint::TraCandidate),
            (euros("500.01"), OwnRisk::Low, ScaHint::None),
            (Payment { since: since(5, 20_000), ..euros("9.00") }, OwnRisk::Other, ScaHint::LowValue),
            (Payment { since: since(9, 10_000), ..euros("9.00") }, OwnRisk::Other, ScaHint::LowValue),
            (Payment { since: since(6, 10_001), ..euros("9.00") }, OwnRisk::Other, ScaHint::None),
            (Payment { since: since(6, 10_001), ..euros("9.00") }, OwnRisk::Low, ScaHint::TraCandidate),
            (Payment { kind: PaymentKind::Recurring, ..euros("900.00") }, OwnRisk::Other, ScaHint::Recurring),
            (Payment::default(), OwnRisk::Low, ScaHint::None),
        ] {
            assert_eq!(hint(&Purpose::Payment, &payment, risk), expected, "{payment:?}");
        }
        let yen = Money::parse("900", "JPY".parse().unwrap()).unwrap();
        let yen = Payment { money: Some(yen), ..Payment::default() };
        assert_eq!(hint(&Purpose::Payment, &yen, OwnRisk::Low), ScaHint::None);
        assert_eq!(hint(&Purpose::Login, &euros("1.00"), OwnRisk::Low), ScaHint::None);
    }
}
