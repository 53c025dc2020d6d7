//! Texts arrive as typed, in as many PDUs as were promised.

use countersign_core::message::Measure;
use countersign_delivery::smpp::text::{Alphabet, Concatenation, TextRules};
use countersign_sim::smpp_load::{Client, Sms};
use countersign_sim::smsc::{Faults, Smsc, shown};

const TEXTS: [&str; 8] = [
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
    "^{}\\[~]|€\u{c}",
    "918273 is your code 😀👍🏽",
    "رمزك هو 918273",
    "आपका कोड 918273 है",
    "您的验证码是 918273。コードは 918273 です。코드 918273",
    "918273\n\n@shop.example.com #918273",
    "`ç’",
];

async fn arrives(text: &str, more: &str, rules: TextRules) {
    let smsc = Smsc::start(Faults::default()).await.unwrap();
    let client = Client::connect(smsc.address(), more).await.unwrap();
    assert_eq!(Sms::new(text).unwrap().submit(&client.provider, 1).await.as_str(), "accepted", "{text}");
    let received = smsc.received();
    let expected =
        if rules.concatenation == Concatenation::MessagePayload { 1 } else { rules.measure(text).segments };
    assert_eq!(received.len(), expected, "{text}");
    assert_eq!(shown(&received), [text], "{more}");
}

#[tokio::test]
async fn every_text_arrives_as_typed_by_every_alphabet_and_carriage() {
    for (alphabet, word) in [(Alphabet::Gsm, "gsm"), (Alphabet::Ascii, "ascii"), (Alphabet::Latin1, "latin1")]
    {
        for (concatenation, how) in [
            (Concatenation::Udh8, "udh_8bit"),
            (Concatenation::Udh16, "udh_16bit"),
            (Concatenation::MessagePayload, "message_payload"),
        ] {
            let more = format!("alphabet = \"{word}\"\nconcatenation = \"{how}\"");
            let rules = TextRules { alphabet, data_coding: None, concatenation };
            for text in TEXTS {
                arrives(text, &more, rules).await;
            }
            // Three parts, with pairs at their edges.
            arrives(&"€".repeat(200), &more, rules).await;
            arrives(&"😀a".repeat(60), &more, rules).await;
        }
    }
}

#[tokio::test]
async fn in_gsm_the_number_of_pdus_is_what_the_measure_says() {
    let rules = TextRules::default();
    for text in
        TEXTS.iter().map(|text| text.repeat(3)).chain([160, 161, 306, 307, 460].map(|n| "a".repeat(n)))
    {
        assert_eq!(rules.measure(&text), Measure::of(&text));
        arrives(&text, "", rules).await;
    }
}
