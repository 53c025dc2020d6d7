//! The transaction's digest: golden vectors, and that nothing can change under it.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::id::AppId;
use countersign_core::money::Money;
use countersign_core::purpose::Purpose;
use countersign_core::transaction::Transaction;
use proptest::prelude::*;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::world::app;

/// `digest_vectors.json`, which the examples in other languages read too.
#[derive(Deserialize)]
struct Vectors {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    app: AppId,
    purpose: Purpose,
    transaction: Written,
    canonical_hex: String,
    digest: String,
}

/// A transaction as the API has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: Option<String>,
    amount: Option<String>,
    currency: Option<String>,
    payee: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

impl Written {
    fn read(self) -> Transaction {
        let money = self.amount.zip(self.currency);
        Transaction {
            id: self.id,
            money: money.map(|(amount, currency)| Money::parse(&amount, currency.parse().unwrap()).unwrap()),
            payee: self.payee,
            fields: self.fields,
        }
    }
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str::<Vectors>(include_str!("../digest_vectors.json")).unwrap().vectors
}

#[test]
fn p7_digests_are_those_of_the_published_vectors() {
    let mut digests = BTreeSet::new();
    for vector in vectors() {
        let digest = vector.transaction.read().digest(vector.app, &vector.purpose);
        assert_eq!(digest.to_string(), vector.digest, "{}", vector.name);
        assert!(digests.insert(vector.digest), "{}", vector.name);
    }
    assert!(digests.len() >= 20);
}

#[test]
fn the_vectors_explain_themselves() {
    for vector in vectors() {
        let hex = vector.canonical_hex.as_bytes();
        let bytes: Vec<u8> = hex
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        assert!(bytes.starts_with(b"countersign/txn/v1"));
        let digest = vector.transaction.read().digest(vector.app, &vector.purpose);
        assert_eq!(digest.as_bytes()[..], Sha256::digest(bytes)[..], "{}", vector.name);
    }
}

#[test]
fn p7_the_same_letters_cut_elsewhere_are_another_transaction() {
    let text = "abab";
    let mut digests = BTreeSet::new();
    for purpose_ends in 1..=text.len() {
        for name_ends in 0..=text.len() {
            let purpose: Purpose = text[..purpose_ends].parse().unwrap();
            let field = (text[..name_ends].to_owned(), text[name_ends..].to_owned());
            let transaction = Transaction {
                id: Some(text[purpose_ends..].to_owned()),
                fields: BTreeMap::from([field]),
                ..Transaction::default()
            };
            digests.insert(transaction.digest(app(1), &purpose).to_string());
        }
    }
    assert_eq!(digests.len(), text.len() * (text.len() + 1));
}

fn transactions() -> impl Strategy<Value = Transaction> {
    let short = || proptest::option::of("[ab]{0,3}");
    let money = proptest::option::of((0_u32..200, "(EUR|USD|JPY)")).prop_map(|money| {
        money.map(|(units, currency)| {
            let amount = if currency == "JPY" {
                format!("{units}")
            } else {
                format!("{}.{:02}", units / 100, units % 100)
            };
            Money::parse(&amount, currency.parse().unwrap()).unwrap()
        })
    });
    let fields = proptest::collection::btree_map("[ab]{0,2}", "[ab]{0,2}", 0..3);
    (short(), money, short(), fields).prop_map(|(id, money, payee, fields)| Transaction {
        id,
        money,
        payee,
        fields,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn p7_two_transactions_have_one_digest_only_if_they_are_the_same(
        first in transactions(),
        second in transactions(),
        purposes in ("(a|aa|ab)", "(a|aa|ab)"),
    ) {
        let (one, two): (Purpose, Purpose) = (purposes.0.parse().unwrap(), purposes.1.parse().unwrap());
        let same = first == second && one == two;
        prop_assert_eq!(first.digest(app(1), &one) == second.digest(app(1), &two), same);
        prop_assert_ne!(first.digest(app(1), &one), first.digest(app(2), &one));
    }

    #[test]
    fn a_stored_transaction_keeps_its_digest(transaction in transactions()) {
        let json = serde_json::to_string(&transaction).unwrap();
        let read: Transaction = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(read.digest(app(1), &Purpose::Payment), transaction.digest(app(1), &Purpose::Payment));
    }
}
