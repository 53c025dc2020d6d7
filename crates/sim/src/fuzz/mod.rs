//! Inputs that nobody meant, for what reads octets from carriers and strangers. `fuzz/` does the same with libFuzzer,
//! which sees what an input reaches and needs a nightly compiler; this needs none.

pub mod agreement;
mod mutate;
mod seeds;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use countersign_delivery::declared::fixtures::fuzz::Vendors;
use countersign_delivery::smpp::fuzz as smpp;

use crate::clock;
use crate::torture::Random;

/// What is fuzzed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A stream of PDUs.
    PduStream,
    /// PDUs, beside the codec `rusmpp`.
    PduAgreement,
    /// The receipts of service centres.
    Receipt,
    /// The answers of vendors' APIs.
    ProviderAnswer,
    /// The callbacks of vendors.
    ProviderCallback,
}

impl Target {
    /// All of them.
    pub const ALL: [Target; 5] = [
        Target::PduStream,
        Target::PduAgreement,
        Target::Receipt,
        Target::ProviderAnswer,
        Target::ProviderCallback,
    ];

    /// Its name, which is that of the target in `fuzz/`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Target::PduStream => "pdu_stream",
            Target::PduAgreement => "pdu_agreement",
            Target::Receipt => "receipt",
            Target::ProviderAnswer => "provider_answer",
            Target::ProviderCallback => "provider_callback",
        }
    }
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// After so many inputs.
    Inputs(u64),
    /// After so long.
    Time(Duration),
}

/// An input that broke a rule.
#[derive(Clone, Debug)]
pub struct Found {
    /// The input.
    pub input: Vec<u8>,
    /// The rule, or that it panicked.
    pub what: String,
}

/// Fuzzes one target.
pub struct Fuzzer {
    target: Target,
    seeds: Vec<Vec<u8>>,
    vendors: Vendors,
}

impl Fuzzer {
    /// With its seeds.
    pub fn new(target: Target) -> Self {
        let vendors = Vendors::shipped();
        let seeds = match target {
            Target::PduStream | Target::PduAgreement => seeds::pdus(),
            Target::Receipt => seeds::receipts(),
            Target::ProviderAnswer => vendors.answers(),
            Target::ProviderCallback => vendors.callbacks(),
        };
        Fuzzer { target, seeds, vendors }
    }

    /// Inputs that are as they should be.
    pub fn seeds(&self) -> &[Vec<u8>] {
        &self.seeds
    }

    /// Tries inputs; says how many, or which one broke a rule.
    pub fn run(&self, until: Until, seed: u64) -> Result<u64, Found> {
        let mut random = Random::new(seed);
        let began = clock::instant();
        for done in 0.. {
            let goes_on = match until {
                Until::Inputs(most) => done < most,
                // A look at the clock costs as much as a short input.
                Until::Time(most) => done % 256 != 0 || began.elapsed() < most,
            };
            if !goes_on {
                return Ok(done);
            }
            let input = match self.target {
                Target::PduStream | Target::PduAgreement => mutate::pdus(&self.seeds, &mut random),
                _ => mutate::input(&self.seeds, &mut random),
            };
            if let Err(what) = self.check(&input) {
                return Err(Found { input, what });
            }
        }
        Ok(0)
    }

    /// Tries one input.
    pub fn check(&self, input: &[u8]) -> Result<(), String> {
        let tried = catch_unwind(AssertUnwindSafe(|| match self.target {
            Target::PduStream => smpp::stream(input).map_err(|broken| broken.to_string()),
            Target::PduAgreement if agreement::agrees(input) => Ok(()),
            Target::PduAgreement => Err("the two codecs do not agree".to_owned()),
            Target::Receipt => smpp::receipt(input).map_err(|broken| broken.to_string()),
            Target::ProviderAnswer => self.vendors.answer(input).map_err(|broken| broken.to_string()),
            Target::ProviderCallback => self.vendors.callback(input).map_err(|broken| broken.to_string()),
        }));
        tried.unwrap_or_else(|_| Err("it panicked".to_owned()))
    }
}
