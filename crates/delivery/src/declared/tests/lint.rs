//! Each mistake in a definition is told, with its place and what to do.

use std::fmt::Write as _;

use proptest::prelude::*;

use crate::declared::Definition;

const RIGHT: &str = r#"name = "example"
title = "Example"
channel = "sms"

[setting]
account = { required = true }

[secret]
key = { env = "EXAMPLE_KEY" }

[request]
method = "POST"
url = "https://api.example/{{setting.account}}/send"
auth = { type = "bearer", token = "{{secret.key}}" }
json = { to = "{{to}}", text = "{{text}}", from = "{{sender?}}" }

[response]
success = [{ status = [200] }]
id = { json = "/id" }
code = { json = "/code" }
[[response.error]]
when = { code = ["7"] }
class = "permanent"

[callback]
verify = { type = "hmac", alg = "sha256", key = "{{secret.key}}", over = "{body}{header:x-ts}", signature = "header:x-sig", enc = "hex", timestamp = "header:x-ts", max_skew_s = 300 }
id = { json = "/id" }
status = { json = "/status" }
map = { ok = "delivered" }
"#;

/// The mistakes of the right definition with one part of it replaced.
fn mistakes(right: &str, wrong: &str) -> Vec<String> {
    assert!(RIGHT.contains(right), "{right}");
    match Definition::parse(&RIGHT.replacen(right, wrong, 1)) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.each().iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_right_definition_is_right() {
    assert_eq!(mistakes("name", "name"), Vec::<String>::new());
}

/// What is right, what is wrong in its place, and what is told.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "\"{{text}}\"",
        "\"{{txt}}\"",
        "15:32: request.json.text: there is no variable \"txt\" here; did you mean {{text}}?",
    ),
    (
        "\"{{text}}\"",
        "\"{{text|uper}}\"",
        "15:32: request.json.text: there is no filter \"uper\"; did you mean upper?",
    ),
    (
        "\"{{text}}\"",
        "\"<b>{{text}}</b>\"",
        "15:32: request.json.text: a value stands in markup as it is; let it end with |xml",
    ),
    (
        "\"{{text}}\"",
        "\"{{ttl_s|int}} s\"",
        "15:32: request.json.text: int stands beside other text; let {{…|int}} be the whole value",
    ),
    (
        "https://api",
        "http://api",
        "13:7: request.url: codes would travel without TLS; use https://, or say why not in plain_http_because",
    ),
    (
        "https://api.example/",
        "https://{{to}}.example/",
        "13:7: request.url: a message would choose the host; use setting.… or secret.… there",
    ),
    (
        "success = [{ status = [200] }]\n",
        "",
        "17:2: response: nothing says when a message was taken; add success",
    ),
    (
        "id = { json = \"/id\" }\ncode",
        "code",
        "17:2: response: nothing says where the provider's id is; add id",
    ),
    (
        "json = \"/id\" }\ncode",
        "json = \"id\" }\ncode",
        "19:15: response.id.json: this is no JSON pointer (RFC 6901); did you mean \"/id\"?",
    ),
    ("[{ status = [200] }]", "[{}]", "18:12: response.success[0]: this holds of every answer; add status"),
    (
        "code = { json = \"/code\" }\n",
        "",
        "17:2: response: rules ask for a code and nothing says where it is; add code",
    ),
    (
        "when = { code = [\"7\"] }",
        "when = { code_re = \"(\" }",
        "22:20: response.error[0].when.code_re: this is no regular expression",
    ),
    (
        "verify = ",
        "#",
        "25:2: callback: nothing says how a callback is known to be the provider's; add verify",
    ),
    (
        "max_skew_s = 300",
        "max_skew_s = 0",
        "26:178: callback.verify.max_skew_s: this is no bound; use 1 to 86400 seconds",
    ),
    (
        "over = \"{body}{header:x-ts}\"",
        "over = \"{body}\"",
        "26:137: callback.verify.timestamp: the signature does not cover the time",
    ),
    (
        "over = \"{body}{header:x-ts}\"",
        "over = \"{header:x-ts}\"",
        "26:74: callback.verify.over: the signature covers no content",
    ),
    (
        "id = { json = \"/id\" }\nstatus",
        "status",
        "25:2: callback: nothing says which message a callback is about; add id or reference",
    ),
    ("{ ok = \"delivered\" }", "{}", "29:1: callback.map: no word of the carrier has a meaning"),
    (
        "token = \"{{secret.key}}\"",
        "token = \"hunter2\"",
        "14:35: request.auth.token: a credential is written out; declare it below [secret]",
    ),
    (
        "token = \"{{secret.key}}\"",
        "token = \"{{secret.kez}}\"",
        "14:38: secret.kez is used and not declared; did you mean secret.key?",
    ),
    (
        "account = { required = true }",
        "account = { required = true }\nregion = \"eu\"",
        "7:10: setting.region: setting.region is never used; use it or remove it",
    ),
    (
        "{ env = \"EXAMPLE_KEY\" }",
        "\"hunter2\"",
        "9:7: secret.key: a secret stands in the definition; say where it is",
    ),
    (
        "method = \"POST\"",
        "method = \"GET\"",
        "11:2: request: a GET has no body; use query, or another method",
    ),
    ("json = {", "jsn = {", "unknown field `jsn`"),
    (
        "name = \"example\"",
        "name = \"Example!\"",
        "1:8: name: this is no name; use 1 to 32 of a-z, 0-9, - and _",
    ),
    ("[request]", "[request", "11:"),
];

#[test]
fn each_mistake_is_told_with_its_place_and_what_to_do() {
    let mut missed = String::new();
    for (right, wrong, told) in MISTAKES {
        let found = mistakes(right, wrong);
        if !found.iter().any(|mistake| mistake.contains(told)) {
            let _ = writeln!(missed, "{wrong}: {found:#?}");
        }
    }
    assert!(missed.is_empty(), "{missed}");
}

#[test]
fn nothing_is_verified_only_if_said_so_with_a_reason() {
    let start = RIGHT.find("verify = ").unwrap();
    let line = &RIGHT[start..start + RIGHT[start..].find('\n').unwrap()];
    assert_eq!(
        mistakes(line, "verify = { type = \"none\", because = \"a closed network\" }"),
        Vec::<String>::new()
    );
    assert!(
        mistakes(line, "verify = { type = \"none\", because = \" \" }")[0].contains("no reason is given")
    );
    assert!(mistakes(line, "verify = { type = \"none\" }")[0].contains("because"));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let wrong = RIGHT.replacen("{{text}}", "{{txt}}", 1).replacen("https://", "http://", 1).replacen(
        "verify = ",
        "#",
        1,
    );
    let mistakes = Definition::parse(&wrong).unwrap_err();
    assert_eq!(mistakes.each().len(), 3, "{mistakes}");
    assert!(mistakes.to_string().ends_with("3 mistakes"));
    let lines: Vec<usize> = mistakes.each().iter().map(|mistake| mistake.line).collect();
    assert!(lines.is_sorted(), "{lines:?}");
}

#[test]
fn i12_no_mistake_quotes_a_secret() {
    for (right, wrong) in [
        ("{ env = \"EXAMPLE_KEY\" }", "\"hunter2\""),
        ("{ env = \"EXAMPLE_KEY\" }", "[\"hunter2\"]"),
        ("token = \"{{secret.key}}\"", "token = \"hunter2\""),
        ("token = \"{{secret.key}}\"", "token = [\"hunter2\"]"),
        ("token = \"{{secret.key}}\"", "token = { value = \"hunter2\" }"),
        ("{ required = true }", "{ required = \"hunter2\" }"),
    ] {
        let found = mistakes(right, wrong);
        assert!(!found.is_empty() && !found.concat().contains("hunter2"), "{found:?}");
    }
}

proptest! {
    /// Whatever is cut out of a definition, it is refused or read, and never panics.
    #[test]
    fn any_mutilated_definition_is_read_without_panic(from in 0..RIGHT.len(), count in 0..80_usize, with in "\\PC{0,8}") {
        let end = (from + count).min(RIGHT.len());
        let text = format!("{}{with}{}", &RIGHT[..from], &RIGHT[end..]);
        if let Err(mistakes) = Definition::parse(&text) {
            prop_assert!(!mistakes.each().is_empty());
            prop_assert!(mistakes.each().iter().all(|mistake| mistake.line >= 1 && mistake.column >= 1));
        }
    }
}
