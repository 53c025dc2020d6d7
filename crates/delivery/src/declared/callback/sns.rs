//! Amazon SNS: messages signed with a key whose certificate Amazon serves.
//! Source: Amazon SNS Developer Guide, "Verifying the signatures of Amazon SNS messages".

use countersign_core::time::Timestamp;
use reqwest::Url;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Deserialize;
use webpki::EndEntityCert;

use super::{CallbackError, keyed};

/// What SNS posts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Envelope {
    r#type: String,
    message_id: String,
    topic_arn: String,
    message: String,
    #[serde(default)]
    subject: Option<String>,
    timestamp: String,
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: String,
    #[serde(default, rename = "SubscribeURL")]
    subscribe_url: Option<String>,
    #[serde(default)]
    token: Option<String>,
}

impl Envelope {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, CallbackError> {
        serde_json::from_slice(body).map_err(|_| CallbackError::Unsigned)
    }

    /// Where the certificate is: at Amazon, or nowhere.
    pub(crate) fn certificate_url(&self) -> Result<Url, CallbackError> {
        if self.signature_version == "1" {
            return Err(CallbackError::WeakSignature);
        }
        if self.signature_version != "2" {
            return Err(CallbackError::Unsigned);
        }
        let url = amazon_url(&self.signing_cert_url).ok_or(CallbackError::Forged)?;
        let is_certificate = url.path().rsplit_once('.').is_some_and(|(_, extension)| extension == "pem");
        if is_certificate && url.query().is_none() { Ok(url) } else { Err(CallbackError::Forged) }
    }

    /// Whether the certificate's key signed this (SignatureVersion 2: SHA-256 with RSA).
    pub(crate) fn verify(&self, pem: &[u8]) -> Result<(), CallbackError> {
        use base64::Engine as _;
        let der = CertificateDer::from_pem_slice(pem).map_err(|_| CallbackError::NoCertificate)?;
        let certificate = EndEntityCert::try_from(&der).map_err(|_| CallbackError::NoCertificate)?;
        let signature = base64::engine::general_purpose::STANDARD
            .decode(&self.signature)
            .map_err(|_| CallbackError::Unsigned)?;
        let text = self.signed_text()?;
        certificate
            .verify_signature(webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA256, text.as_bytes(), &signature)
            .map_err(|_| CallbackError::Forged)
    }

    fn signed_text(&self) -> Result<String, CallbackError> {
        let mut fields = vec![("Message", self.message.as_str()), ("MessageId", &self.message_id)];
        if self.r#type == "Notification" {
            fields.extend(self.subject.as_deref().map(|subject| ("Subject", subject)));
            fields.push(("Timestamp", &self.timestamp));
        } else {
            let present = |field: &'_ Option<String>| field.clone().ok_or(CallbackError::Unsigned);
            let (url, token) = (present(&self.subscribe_url)?, present(&self.token)?);
            return Ok(format!(
                "Message\n{}\nMessageId\n{}\nSubscribeURL\n{url}\nTimestamp\n{}\nToken\n{token}\nTopicArn\n{}\nType\n{}\n",
                self.message, self.message_id, self.timestamp, self.topic_arn, self.r#type
            ));
        }
        fields.extend([("TopicArn", self.topic_arn.as_str()), ("Type", &self.r#type)]);
        Ok(fields.into_iter().fold(String::new(), |text, (name, value)| text + name + "\n" + value + "\n"))
    }

    /// Anybody with an account at Amazon has topics: only ours counts.
    pub(crate) fn is_of(
        &self,
        topic_arn: &str,
        now: Timestamp,
        max_skew_s: u32,
    ) -> Result<(), CallbackError> {
        if !keyed::same(self.topic_arn.as_bytes(), topic_arn.as_bytes()) {
            return Err(CallbackError::Forged);
        }
        let at = Timestamp::parse_rfc3339(&self.timestamp).ok_or(CallbackError::Unsigned)?;
        if now.as_seconds().abs_diff(at.as_seconds()) > u64::from(max_skew_s) {
            return Err(CallbackError::OutsideWindow);
        }
        Ok(())
    }

    /// The URL that confirms a subscription; nothing for a notification.
    pub(crate) fn subscribe_url(&self) -> Result<Option<String>, CallbackError> {
        match self.r#type.as_str() {
            "Notification" => Ok(None),
            "SubscriptionConfirmation" => {
                let url = self.subscribe_url.as_deref().and_then(amazon_url).ok_or(CallbackError::Forged)?;
                Ok(Some(url.into()))
            }
            _ => Err(CallbackError::Shape),
        }
    }
}

/// An https URL of `sns.<region>.amazonaws.com`, or of its sisters in China.
fn amazon_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let host = url.host_str()?;
    let region = host
        .strip_suffix(".amazonaws.com")
        .or_else(|| host.strip_suffix(".amazonaws.com.cn"))?
        .strip_prefix("sns.")?;
    let is_region = !region.is_empty() && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_plain = url.scheme() == "https"
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none();
    (is_region && is_plain).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_amazon_s_own_hosts_serve_certificates() {
        for right in [
            "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
            "https://sns.cn-north-1.amazonaws.com.cn/a.pem",
        ] {
            assert!(amazon_url(right).is_some(), "{right}");
        }
        for wrong in [
            "http://sns.eu-west-1.amazonaws.com/a.pem",
            "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
            "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem",
            "https://evil.example/sns.eu-west-1.amazonaws.com/a.pem",
            "https://sns.evil.s3.amazonaws.com/a.pem",
            "https://bucket.s3.amazonaws.com/a.pem",
            "https://sns.eu-west-1.amazonaws.com@evil.example/a.pem",
            "https://x:y@sns.eu-west-1.amazonaws.com/a.pem",
            "https://sns.amazonaws.com/a.pem",
        ] {
            assert!(amazon_url(wrong).is_none(), "{wrong}");
        }
    }
}
