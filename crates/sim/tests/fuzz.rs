//! A short run of each fuzz target. Longer ones: the binary `fuzz`, or `fuzz/` with libFuzzer.

#![expect(clippy::panic, reason = "a test that finds a broken rule must fail")]

use countersign_sim::fuzz::{Fuzzer, Target, Until};

fn short_run(target: Target, inputs: u64) {
    let fuzzer = Fuzzer::new(target);
    assert!(fuzzer.seeds().len() >= 18, "{target:?}");
    for seed in fuzzer.seeds() {
        assert_eq!(fuzzer.check(seed), Ok(()), "{seed:02x?}");
    }
    match fuzzer.run(Until::Inputs(inputs), 42) {
        Ok(done) => assert_eq!(done, inputs),
        Err(found) => panic!("{}: {:02x?}", found.what, found.input),
    }
}

#[test]
fn any_stream_of_pdus_keeps_the_rules() {
    short_run(Target::PduStream, 20_000);
}

#[test]
fn both_codecs_agree_on_pdus_from_anywhere() {
    short_run(Target::PduAgreement, 20_000);
}

#[test]
fn any_receipt_keeps_the_rules() {
    short_run(Target::Receipt, 20_000);
}

#[test]
fn any_answer_of_a_provider_keeps_the_rules() {
    short_run(Target::ProviderAnswer, 20_000);
}

#[test]
fn any_callback_of_a_provider_keeps_the_rules() {
    short_run(Target::ProviderCallback, 20_000);
}
