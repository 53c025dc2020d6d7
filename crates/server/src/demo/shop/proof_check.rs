//! How the shop believes a proof: offline, by Countersign's public keys and the shop's own records. What it compared is
//! kept line by line, because the demo shows it; a shop of yours needs the verdict alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::channel::Assurance;
use countersign_core::proof::{Claims, Jwks, PROOF_TYPE};
use countersign_core::time::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::demo::countersign_client::Transaction;

/// How far the clocks of shop and Countersign may be apart, in seconds.
const CLOCK_SKEW_S: i64 = 5;

/// What the shop's own records say about an approval.
pub(super) struct Expected<'a> {
    /// Countersign's public address.
    pub(super) issuer: &'a str,
    /// The shop's name there.
    pub(super) app: &'a str,
    pub(super) verification: &'a str,
    /// E.164.
    pub(super) phone: &'a str,
    pub(super) purpose: &'a str,
    /// As it was given to the start.
    pub(super) session: &'a str,
    pub(super) transaction: Option<&'a Transaction>,
    pub(super) now: Timestamp,
}

/// Everything that was looked at.
#[derive(Clone, Default)]
pub(super) struct Report {
    pub(super) lines: Vec<Line>,
    /// What the proof says, as indented JSON; empty when nothing of it is believed.
    pub(super) claims: String,
}

/// One comparison.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) what: &'static str,
    /// The claim's name in the proof.
    pub(super) claim: &'static str,
    pub(super) expected: String,
    pub(super) found: String,
    pub(super) verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    Failed,
    /// Read, and not compared.
    Noted,
}

impl From<bool> for Verdict {
    fn from(is_right: bool) -> Self {
        if is_right { Verdict::Passed } else { Verdict::Failed }
    }
}

impl Report {
    /// Whether the shop may go on: something was compared, and nothing was wrong.
    pub(super) fn passed(&self) -> bool {
        !self.lines.is_empty() && self.lines.iter().all(|line| line.verdict != Verdict::Failed)
    }

    /// Whether Countersign signed it, which is looked at first.
    pub(super) fn is_genuine(&self) -> bool {
        self.lines.first().is_some_and(|line| line.verdict == Verdict::Passed)
    }

    /// How many comparisons there were.
    pub(super) fn compared(&self) -> usize {
        self.lines.iter().filter(|line| line.verdict != Verdict::Noted).count()
    }

    fn equal(&mut self, what: &'static str, claim: &'static str, expected: &str, found: &str) {
        self.add(what, claim, expected, found, (expected == found).into());
    }

    pub(super) fn add(
        &mut self,
        what: &'static str,
        claim: &'static str,
        expected: impl Into<String>,
        found: impl Into<String>,
        verdict: Verdict,
    ) {
        self.lines.push(Line { what, claim, expected: expected.into(), found: found.into(), verdict });
    }
}

/// The key that a proof says it was signed with. Good for looking that key up, and for nothing else.
pub(super) fn key_name(proof: &str) -> Option<String> {
    header(proof)?.get("kid")?.as_str().map(str::to_owned)
}

fn header(proof: &str) -> Option<serde_json::Value> {
    part(proof, 0)
}

fn part(proof: &str, index: usize) -> Option<serde_json::Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(proof.split('.').nth(index)?).ok()?).ok()
}

/// Compares a proof with what the shop's records say.
pub(super) fn check(proof: &str, keys: &Jwks, expected: &Expected<'_>) -> Report {
    let mut report = Report::default();
    let head = header(proof).unwrap_or_default();
    let word =
        |name: &str| head.get(name).and_then(serde_json::Value::as_str).unwrap_or("nothing").to_owned();
    let believed = Claims::verify_signature(proof, keys);
    let signed = "EdDSA, by a key of /.well-known/jwks.json";
    match &believed {
        Ok(_) => {
            let by = format!("{}, key {}", word("alg"), word("kid"));
            report.add("Signature", "alg, kid", signed, by, Verdict::Passed);
        }
        Err(reason) => report.add("Signature", "alg, kid", signed, reason.to_string(), Verdict::Failed),
    }
    report.equal("Kind of token", "typ", PROOF_TYPE, &word("typ"));
    if let Ok(claims) = believed {
        compare(&mut report, &claims, expected);
        report.claims =
            part(proof, 1).and_then(|all| serde_json::to_string_pretty(&all).ok()).unwrap_or_default();
    }
    report
}

fn compare(report: &mut Report, claims: &Claims, expected: &Expected<'_>) {
    let Expected { issuer, app, verification, phone, purpose, session, transaction, now } = expected;
    report.equal("Who signed", "iss", issuer, &claims.iss);
    report.equal("For which shop", "aud", app, &claims.aud.to_string());
    report.equal("Mode", "mode", "test", claims.mode.as_str());
    let (iat, exp, now_s) = (claims.iat, claims.exp, now.as_seconds());
    let is_in_time = iat <= now_s + CLOCK_SKEW_S && now_s < exp;
    report.add(
        "Time",
        "iat, exp",
        format!("now, {now_s}, is between"),
        format!("{iat} and {exp}"),
        is_in_time.into(),
    );
    report.equal("Verification", "jti", verification, &claims.jti.to_string());
    report.equal("Phone", "phone", phone, claims.phone.as_deref().unwrap_or("none"));
    report.equal("Purpose", "purpose", purpose, claims.purpose.as_str());
    let sid = URL_SAFE_NO_PAD.encode(Sha256::digest(session.as_bytes()));
    let found = claims.sid.map_or_else(|| "none".to_owned(), |sid| sid.to_string());
    report.equal("Session", "sid", &sid, &found);
    let txn = Transaction::digest(*transaction, app, purpose);
    report.equal("Transaction", "txn", &txn, &claims.txn.to_string());
    let methods = claims.amr.join(", ");
    let is_by_code = claims.assurance == Assurance::Possession && claims.amr.iter().any(|how| how == "otp");
    let how = format!("{methods}; {}", claims.assurance.as_str());
    report.add("How it was proved", "amr", "otp; possession of the phone", how, is_by_code.into());
    let epoch = claims.epoch.0.to_string();
    report.add("Restores so far", "epoch", "not compared: redeeming does", epoch, Verdict::Noted);
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::entropy::Entropy;
    use countersign_core::id::{AppId, Partition, VerificationId};
    use countersign_core::keyring::{Epoch, KeyName, Keyring, ProofRing, Ring, RingKey, Secret};
    use countersign_core::proof::SessionHash;
    use countersign_core::subject::Mode;

    const NOW: Timestamp = Timestamp::from_millis(1_795_428_000_000);

    static ANOTHER: std::sync::LazyLock<Transaction> =
        std::sync::LazyLock::new(|| Transaction { id: "BB-1".to_owned(), ..Transaction::default() });

    fn keyring(seed: u8) -> Keyring {
        let key = |n: u8| RingKey {
            name: KeyName(format!("key-{n}")),
            secret: Secret::from_bytes([seed ^ n; 32]),
            created_at: NOW,
        };
        let ring = |n| Ring::new(key(n), Vec::new());
        Keyring {
            code: ring(1),
            phone: ring(2),
            index: key(3).secret,
            tag: key(4).secret,
            proof: ProofRing { current: ring(5), next: key(6) },
            epoch: Epoch(0),
        }
    }

    fn app() -> AppId {
        AppId::new(NOW, Partition(0), &mut Entropy::from_seed([7; 32]))
    }

    fn claims() -> Claims {
        Claims {
            iss: "http://localhost:8080".to_owned(),
            aud: app(),
            jti: VerificationId::new(NOW, Partition(9), &mut Entropy::from_seed([8; 32])),
            sub: Some("customer_77".to_owned()),
            iat: NOW.as_seconds(),
            exp: NOW.as_seconds() + 300,
            phone: Some("+447700900123".to_owned()),
            purpose: "login".parse().unwrap(),
            sid: Some(SessionHash::of("session")),
            txn: countersign_core::transaction::Transaction::default()
                .digest(app(), &"login".parse().unwrap()),
            epoch: Epoch(0),
            amr: vec!["sms".to_owned(), "otp".to_owned()],
            assurance: Assurance::Possession,
            mode: Mode::Test,
        }
    }

    fn report_of(proof: &str, change: impl FnOnce(&mut Expected<'_>)) -> Report {
        let (app, verification) = (app().to_string(), claims().jti.to_string());
        let mut expected = Expected {
            issuer: "http://localhost:8080",
            app: &app,
            verification: &verification,
            phone: "+447700900123",
            purpose: "login",
            session: "session",
            transaction: None,
            now: NOW,
        };
        change(&mut expected);
        check(proof, &Jwks::of(&keyring(1)), &expected)
    }

    fn signed(claims: &Claims, seed: u8) -> String {
        claims.sign(&keyring(seed), &KeyName("key-5".to_owned())).unwrap()
    }

    fn failed(report: &Report) -> Vec<&'static str> {
        let failed = report.lines.iter().filter(|line| line.verdict == Verdict::Failed);
        failed.map(|line| line.claim).collect()
    }

    #[test]
    fn a_proof_of_what_the_records_say_passes_every_comparison() {
        let proof = signed(&claims(), 1);
        assert_eq!(key_name(&proof).as_deref(), Some("key-5"));
        let report = report_of(&proof, |_| ());
        assert_eq!(failed(&report), [""; 0]);
        assert!(
            report.passed() && report.compared() == 12 && report.claims.contains("\"purpose\": \"login\"")
        );
    }

    #[test]
    fn each_record_that_differs_is_one_comparison_that_fails() {
        let proof = signed(&claims(), 1);
        let late = NOW.plus(std::time::Duration::from_secs(300));
        let early = NOW.minus(std::time::Duration::from_secs(60));
        assert_eq!(failed(&report_of(&proof, |own| own.issuer = "http://localhost:9")), ["iss"]);
        assert_eq!(failed(&report_of(&proof, |own| own.verification = "ver_1")), ["jti"]);
        assert_eq!(failed(&report_of(&proof, |own| own.phone = "+447700900124")), ["phone"]);
        assert_eq!(failed(&report_of(&proof, |own| own.session = "another")), ["sid"]);
        assert_eq!(failed(&report_of(&proof, |own| own.transaction = Some(&*ANOTHER))), ["txn"]);
        assert_eq!(failed(&report_of(&proof, |own| own.now = late)), ["iat, exp"]);
        assert_eq!(failed(&report_of(&proof, |own| own.now = early)), ["iat, exp"]);
        // The digest is over app and purpose too.
        assert_eq!(failed(&report_of(&proof, |own| own.app = "app_1")), ["aud", "txn"]);
        assert_eq!(failed(&report_of(&proof, |own| own.purpose = "payment")), ["purpose", "txn"]);
    }

    #[test]
    fn weak_and_live_proofs_are_refused() {
        let weak = Claims { assurance: Assurance::Notification, phone: None, ..claims() };
        assert_eq!(failed(&report_of(&signed(&weak, 1), |_| ())), ["phone", "amr"]);
        let live = Claims { mode: Mode::Live, ..claims() };
        assert_eq!(failed(&report_of(&signed(&live, 1), |_| ())), ["mode"]);
    }

    #[test]
    fn nothing_is_read_from_a_proof_that_countersign_did_not_sign() {
        let forged = signed(&claims(), 2);
        let genuine = signed(&claims(), 1);
        let (head, rest) = genuine.split_once('.').unwrap();
        let altered = format!("{head}.{}A{}", &rest[..9], &rest[10..]);
        for proof in [forged.as_str(), altered.as_str(), "", "a.b.c"] {
            let report = report_of(proof, |_| ());
            assert!(!report.passed() && report.claims.is_empty() && report.lines.len() == 2, "{proof}");
            assert_eq!(failed(&report)[0], "alg, kid");
            assert!(!report.is_genuine());
        }
        assert!(!Report::default().passed(), "nothing compared is nothing believed");
    }
}
