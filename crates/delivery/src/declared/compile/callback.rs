//! Callbacks.

use super::Compiler;
use crate::declared::callback::rules::{
    CallbackRules, ChallengePlan, Covered, FinalRule, HmacPlan, JwtPlan, Place, SignaturePlace, Skew,
    TimePlan, VerifyPlan,
};
use crate::declared::places::Path;
use crate::declared::schema::{Callback, Pointers, Verify};

/// Longest tolerance of a callback's time, in seconds: vendors repeat a callback for hours, but sign anew.
const MAX_SKEW_S: u32 = 24 * 3_600;

/// A mistake was noted.
struct Noted;

impl Compiler<'_> {
    pub(super) fn callback(&mut self, callback: &Callback, path: &Path) -> Option<CallbackRules> {
        if callback.id.is_none() && callback.reference.is_none() {
            self.mistake(path, "nothing says which message a callback is about", "add id or reference");
        }
        if callback.map.is_empty() {
            self.mistake(
                &path.key("map"),
                "no word of the carrier has a meaning",
                "add the words of its status",
            );
        }
        let verify = if let Some(verify) = &callback.verify {
            self.verify(verify, &path.key("verify"))
        } else {
            self.mistake(
                path,
                "nothing says how a callback is known to be the provider's",
                "add verify; if there truly is nothing, verify = { type = \"none\", because = \"…\" }",
            );
            None
        };
        for pointer in [&callback.unwrap].into_iter().flatten() {
            self.pointer(pointer, &path.key("unwrap"));
        }
        for pointer in callback.batch.iter().flat_map(Pointers::each) {
            self.pointer(pointer, &path.key("batch"));
        }
        for pointer in callback.only_when.keys() {
            self.pointer(pointer, &path.key("only_when").key(pointer));
        }
        let final_when = callback.final_when.iter().map(|(pointer, rule)| {
            self.pointer(pointer, &path.key("final_when").key(pointer));
            FinalRule { pointer: pointer.clone(), is: rule.is.clone(), not: rule.not.clone() }
        });
        let final_when = final_when.collect();
        let challenge = match &callback.challenge {
            Some(challenge) => {
                let path = path.key("challenge");
                self.pointer(&challenge.given, &path.key("given"));
                self.pointer(&challenge.answer, &path.key("answer"));
                Some(ChallengePlan {
                    token: self.secret(&challenge.token, &path.key("token"))?,
                    given: challenge.given.clone(),
                    answer: challenge.answer.clone(),
                })
            }
            None => None,
        };
        let at = callback.at.as_ref().map(|at| {
            let pointers = at.json.as_ref().map(|pointers| pointers.each().to_vec()).unwrap_or_default();
            for pointer in &pointers {
                self.pointer(pointer, &path.key("at").key("json"));
            }
            TimePlan { pointers, format: at.format.clone().unwrap_or_else(|| "rfc3339".to_owned()) }
        });
        Some(CallbackRules {
            format: callback.format,
            verify: verify?,
            unwrap: callback.unwrap.clone(),
            batch: callback.batch.as_ref().map(|batch| batch.each().to_vec()).unwrap_or_default(),
            only_when: callback.only_when.iter().map(|(at, words)| (at.clone(), words.clone())).collect(),
            id: self.optional(callback.id.as_ref(), &path.key("id")),
            reference: self.optional(callback.reference.as_ref(), &path.key("reference")),
            status: self.source(&callback.status, &path.key("status")),
            code: self.optional(callback.code.as_ref(), &path.key("code")),
            permanent: self.optional(callback.permanent.as_ref(), &path.key("permanent")),
            permanent_codes: callback.permanent_codes.clone(),
            at,
            mccmnc: self.optional(callback.mccmnc.as_ref(), &path.key("mccmnc")),
            segments: self.optional(callback.segments.as_ref(), &path.key("segments")),
            price: callback.price.as_ref().map(|price| self.price(price, &path.key("price"))),
            map: callback.map.clone(),
            final_when,
            challenge,
            answer: callback.answer.clone(),
        })
    }

    fn verify(&mut self, verify: &Verify, path: &Path) -> Option<VerifyPlan> {
        Some(match verify {
            Verify::None { because } => {
                if because.trim().is_empty() {
                    self.mistake(
                        &path.key("because"),
                        "no reason is given",
                        "say why nothing can be checked",
                    );
                }
                VerifyPlan::None
            }
            Verify::UrlToken { token } => {
                VerifyPlan::UrlToken { token: self.secret(token, &path.key("token"))? }
            }
            Verify::Basic { user, password } => VerifyPlan::Basic {
                user: self.given(user, &path.key("user"))?,
                password: self.secret(password, &path.key("password"))?,
            },
            Verify::Bearer { token } => VerifyPlan::Bearer { token: self.secret(token, &path.key("token"))? },
            Verify::Hmac { .. } | Verify::Ed25519 { .. } | Verify::JwtHs { .. } => {
                self.signed(verify, path)?
            }
            Verify::Twilio { token, shared_key } => {
                let shared_key = match shared_key {
                    Some(key) => Some(self.secret(key, &path.key("shared_key"))?),
                    None => None,
                };
                VerifyPlan::Twilio { token: self.secret(token, &path.key("token"))?, shared_key }
            }
            Verify::PlivoV3 { token } => {
                VerifyPlan::PlivoV3 { token: self.secret(token, &path.key("token"))? }
            }
            Verify::VonageSig { secret, alg, max_skew_s } => {
                self.skew_is_bounded(*max_skew_s, path);
                VerifyPlan::VonageSig {
                    secret: self.secret(secret, &path.key("secret"))?,
                    alg: *alg,
                    max_skew_s: *max_skew_s,
                }
            }
            Verify::Sns { topic_arn, max_skew_s } => {
                self.skew_is_bounded(*max_skew_s, path);
                VerifyPlan::Sns {
                    topic_arn: self.given(topic_arn, &path.key("topic_arn"))?,
                    max_skew_s: *max_skew_s,
                }
            }
        })
    }

    /// The kinds that any vendor may use.
    fn signed(&mut self, verify: &Verify, path: &Path) -> Option<VerifyPlan> {
        Some(match verify {
            Verify::Hmac { alg, key, key_is, over, signature, prefix, enc, timestamp, max_skew_s } => {
                let signature = self.place(signature, &path.key("signature"));
                let over_parts = self.covered(over, &path.key("over"));
                let skew = self.skew(timestamp.as_deref(), *max_skew_s, over, path);
                VerifyPlan::Hmac(Box::new(HmacPlan {
                    alg: *alg,
                    key: self.secret(key, &path.key("key"))?,
                    key_is: *key_is,
                    over: over_parts?,
                    signature: SignaturePlace { place: signature?, prefix: prefix.clone(), enc: *enc },
                    skew: skew.ok()?,
                }))
            }
            Verify::Ed25519 { key, over, signature, enc, timestamp, max_skew_s } => {
                let signature = self.place(signature, &path.key("signature"));
                let over_parts = self.covered(over, &path.key("over"));
                let skew = self.skew(timestamp.as_deref(), *max_skew_s, over, path);
                VerifyPlan::Ed25519 {
                    key: self.secret(key, &path.key("key"))?,
                    over: over_parts?,
                    signature: SignaturePlace { place: signature?, prefix: String::new(), enc: *enc },
                    skew: skew.ok()?,
                }
            }
            Verify::JwtHs { key, token, prefix, issuer, binds, max_skew_s } => {
                if binds.is_empty() {
                    self.mistake(
                        &path.key("binds"),
                        "the token would fit any callback",
                        "add payload_hash, and url_hash if the vendor has it",
                    );
                }
                self.skew_is_bounded(*max_skew_s, path);
                VerifyPlan::JwtHs(Box::new(JwtPlan {
                    key: self.secret(key, &path.key("key"))?,
                    token: self.place(token, &path.key("token"))?,
                    prefix: prefix.clone(),
                    issuer: issuer.clone(),
                    binds: binds.clone(),
                    max_skew_s: *max_skew_s,
                }))
            }
            _ => return None,
        })
    }

    fn skew_is_bounded(&mut self, max_skew_s: u32, path: &Path) {
        if !(1..=MAX_SKEW_S).contains(&max_skew_s) {
            self.mistake(
                &path.key("max_skew_s"),
                "this is no bound",
                format!("use 1 to {MAX_SKEW_S} seconds"),
            );
        }
    }

    /// A signed time and how far it may be off: both or neither.
    fn skew(
        &mut self,
        timestamp: Option<&str>,
        max_skew_s: Option<u32>,
        over: &str,
        path: &Path,
    ) -> Result<Option<Skew>, Noted> {
        match (timestamp, max_skew_s) {
            (None, None) => Ok(None),
            (Some(timestamp), Some(max_skew_s)) => {
                self.skew_is_bounded(max_skew_s, path);
                if !over.contains(&format!("{{{timestamp}}}")) {
                    self.mistake(
                        &path.key("timestamp"),
                        "the signature does not cover the time",
                        "name the same header in over",
                    );
                }
                let at = self.place(timestamp, &path.key("timestamp")).ok_or(Noted)?;
                Ok(Some(Skew { at, max_s: max_skew_s }))
            }
            _ => {
                self.mistake(
                    path,
                    "a time without a bound, or a bound without a time",
                    "give timestamp and max_skew_s",
                );
                Err(Noted)
            }
        }
    }

    /// `header:name` or `query:name`.
    fn place(&mut self, text: &str, path: &Path) -> Option<Place> {
        match text.split_once(':') {
            Some(("header", name)) => Some(Place::Header(self.header_name(name, path)?)),
            Some(("query", name)) if !name.is_empty() => Some(Place::Query(name.to_owned())),
            _ => {
                self.mistake(path, "this is no place in a request", "write header:x-signature or query:sig");
                None
            }
        }
    }

    /// What a signature is over: text with `{body}`, `{url}`, `{method}`, `{header:…}` and `{query:…}`.
    fn covered(&mut self, text: &str, path: &Path) -> Option<Vec<Covered>> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                parts.push(Covered::Literal(before.to_owned()));
            }
            let Some((name, after)) = after.split_once('}') else {
                self.mistake(path, "a { is not closed", "close it with }");
                return None;
            };
            parts.push(match name {
                "body" => Covered::Body,
                "url" => Covered::Url,
                "method" => Covered::Method,
                _ => Covered::Place(self.place(name, path)?),
            });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Covered::Literal(rest.to_owned()));
        }
        if !parts.iter().any(|part| matches!(part, Covered::Body | Covered::Url)) {
            self.mistake(
                path,
                "the signature covers no content",
                "add {body}, or {url} if the fields are in it",
            );
        }
        Some(parts)
    }
}
