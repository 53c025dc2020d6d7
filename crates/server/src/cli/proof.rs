//! `countersign verify-proof`

use std::io::Read as _;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use countersign_core::id::AppId;
use countersign_core::proof::{Claims, Jwks, MAX_PROOF_BYTES};

use crate::clock::Clock;

/// Verify a proof offline, as a shop's server does: signature, type, audience and time.
///
/// Compare phone, purpose, session and transaction in what it prints with your own records. Whether
/// the proof was redeemed before, only the server knows.
#[derive(Args)]
pub(super) struct VerifyProof {
    /// The proof; `-` reads it from standard input
    proof: String,
    /// The keys: a file, or the URL of /.well-known/jwks.json
    #[arg(long, value_name = "FILE|URL")]
    jwks: String,
    /// The app that it must be for
    #[arg(long)]
    app: AppId,
}

impl VerifyProof {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let jwks: Jwks =
            serde_json::from_str(&self.keys().await?).context("--jwks is no JWK set of Ed25519 keys")?;
        let proof = if self.proof == "-" { read_standard_input()? } else { self.proof.clone() };
        let claims = Claims::verify(proof.trim(), &jwks, self.app, Clock::system().now())?;
        println!("{}", serde_json::to_string_pretty(&claims)?);
        Ok(())
    }

    async fn keys(&self) -> anyhow::Result<String> {
        if !self.jwks.starts_with("http://") && !self.jwks.starts_with("https://") {
            return std::fs::read_to_string(&self.jwks).with_context(|| format!("cannot read {}", self.jwks));
        }
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(10))
            .build()?;
        let answer =
            client.get(&self.jwks).send().await.with_context(|| format!("cannot fetch {}", self.jwks))?;
        Ok(answer.error_for_status()?.text().await?)
    }
}

fn read_standard_input() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().take(u64::try_from(MAX_PROOF_BYTES)? + 2).read_to_string(&mut text)?;
    Ok(text)
}
