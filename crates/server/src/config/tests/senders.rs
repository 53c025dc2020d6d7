//! Senders, the rules of countries, and texts that are registered.

use super::*;
use countersign_core::id::AppId;

const HTTP: &str =
    "[[providers]]\nname = \"a\"\nkind = \"http\"\nurl = \"https://a.example/\"\nsecret_file = \"s\"\n";

fn sender(country: &str, sender: &str) -> String {
    format!("[[senders]]\ncountry = \"{country}\"\nsender = \"{sender}\"\n")
}

#[test]
fn generic_senders_are_refused_at_their_line() {
    for word in ["OTP", "Verify", "INFO", "V3RIFY"] {
        let text = errors(&format!("{HTTP}sender = \"{word}\"\n"));
        assert!(text.starts_with(":6:10: providers[0].sender: the sender"), "{text}");
        assert!(text.contains(word) && text.contains("your shop's own name"), "{text}");
        let text = errors(&format!("{HTTP}{}", sender("DE", word)));
        assert!(text.starts_with(":8:10: senders[0].sender: "), "{text}");
    }
    load(&format!("{HTTP}sender = \"MyShop\"\n")).unwrap();
}

#[test]
fn a_generic_sender_in_a_carriers_file_is_told_with_its_line_there() {
    let smpp = "host = \"h.example\"\nport = 2775\nsystem_id = \"shop\"\npassword = \"canary12\"\nsender = \"OTP\"\n";
    let twilio = "definition = \"twilio\"\n\n\nsender = \"Verify\"\n[setting]\naccount_sid = \"AC1\"\n[secret]\nauth_token = \"t\"\n";
    for (kind, own, line) in [("smpp", smpp, "line 5"), ("declared", twilio, "line 4")] {
        let folder = Folder::new();
        folder.file("carrier.toml", own, 0o600);
        let text = format!("[[providers]]\nname = \"c\"\nkind = \"{kind}\"\nfile = \"carrier.toml\"\n");
        let errors = Config::load(Some(&folder.config(&text)), pairs(&[])).unwrap_err().to_string();
        assert!(errors.contains("providers[0].file") && errors.contains(line), "{errors}");
        assert!(errors.contains("any shop could use") && !errors.contains("canary"), "{errors}");
    }
}

#[test]
fn a_sender_that_its_country_is_known_to_refuse_is_refused_at_its_line_with_the_source() {
    for (country, wrong, told) in [
        ("US", "MyShop", "lets no names through"),
        ("GB", "+491701234567", "is no number of the country"),
        ("GB", "ShopVerify", "any shop could use"),
        ("SG", "AB", "shorter"),
    ] {
        let text = errors(&format!("{HTTP}{}", sender(country, wrong)));
        assert!(text.starts_with(":8:10: senders[0].sender: "), "{text}");
        assert!(text.contains(told) && text.contains("https://") && text.contains("as of 2026"), "{text}");
    }
    for (country, right) in [("IN", "MYSHOP"), ("US", "+12025550123"), ("GB", "72404"), ("SG", "MyShop")] {
        load(&format!("{HTTP}{}", sender(country, right))).unwrap_or_else(|errors| panic!("{errors}"));
    }
}

#[test]
fn what_is_only_believed_is_a_remark() {
    let config = load(&format!("{HTTP}{}", sender("BR", "MyShop"))).unwrap();
    let remarks = config.remarks().join("\n");
    assert!(remarks.contains("for BR") && remarks.contains("as far as is known"), "{remarks}");
    let config = load(&format!("{HTTP}sender = \"MyShop\"\n")).unwrap();
    let remarks = config.remarks().join("\n");
    assert!(remarks.contains("carries nothing to") && remarks.contains("US"), "{remarks}");
}

#[test]
fn unknown_providers_and_wrong_texts_are_told_where_they_stand() {
    let unknown = errors(&format!("{HTTP}{}providers = [\"a\", \"b\"]\n", sender("IN", "MYSHOP")));
    assert!(unknown.starts_with(":9:19: senders[0].providers[1]: there is no provider \"b\""), "{unknown}");
    let dlt = |text: &str, id: &str| {
        format!("[[dlt_templates]]\nentity_id = \"{id}\"\ntemplate_id = \"1107\"\ntext = \"{text}\"\n")
    };
    load(&dlt("{#var#} is your code.", "1101")).unwrap();
    let text = errors(&dlt("##OTP## is your code.", "1101"));
    assert!(text.starts_with(":4:8: dlt_templates[0].text: "), "{text}");
    let text = errors(&dlt("{#var#} is your code.", "11-01"));
    assert!(text.starts_with(":2:13: dlt_templates[0].entity_id: "), "{text}");
}

#[test]
fn the_examples_of_the_documentation_are_right() {
    let page = include_str!("../../../../../docs/messages.md");
    let blocks =
        page.split("```toml configuration\n").skip(1).map(|rest| rest.split("\n```").next().unwrap());
    let all: Vec<&str> = blocks.collect();
    assert_eq!(all.len(), 2);
    let config = load(&format!("{HTTP}{}\n", all.join("\n"))).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(config.senders.texts(AppId::from_bytes([1; 16]), "IN".parse().ok()).is_some());
    let policy = page.split_once("```json policy\n").unwrap().1.split_once("\n```").unwrap().0;
    let policy: countersign_core::policy::Policy = serde_json::from_str(policy).unwrap();
    assert_eq!(policy.message.max_segments, 1);
    assert!(policy.message.check().is_ok());
}

#[test]
fn an_operators_rules_come_before_those_that_come_along() {
    let header = "country,names,numbers,generic,unregistered,as_of,state,source,note\n";
    let file = |folder: &Folder, row: &str| {
        folder.file("rules.csv", format!("{header}{row}\n"), 0o644);
        let text = format!("[delivery]\nsender_rules_file = \"rules.csv\"\n{}", sender("US", "MyShop"));
        Config::load(Some(&folder.config(&text)), pairs(&[]))
    };
    let folder = Folder::new();
    file(&folder, "US,free,any,exact,,2026-12-01,unverified,,our carrier says so").unwrap();
    let errors = file(&folder, "US,free,any").unwrap_err().to_string();
    assert!(errors.contains("delivery.sender_rules_file") && errors.contains("line 2"), "{errors}");
}
