use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::declared::template::{MESSAGE_VARIABLES, Variable};

/// The same text for every variable.
struct Everything(String);

impl Values for Everything {
    fn value(&self, _: &Variable) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.0))
    }
}

fn leaf(text: &str) -> Template {
    Template::parse(text, MESSAGE_VARIABLES).unwrap()
}

fn call(url: &str, body: Body) -> Call {
    Call {
        method: Method::Post,
        url: leaf(url),
        plain_http: PlainHttp::Loopback,
        auth: None,
        headers: Vec::new(),
        idempotency_header: None,
        query: vec![("q".to_owned(), Tree::Leaf(leaf("{{text}}")))],
        body,
    }
}

fn body(request: &Request) -> &[u8] {
    request.body().and_then(reqwest::Body::as_bytes).unwrap()
}

proptest! {
    /// Whatever a value is, the structure stays as the definition has it.
    #[test]
    fn nothing_can_be_injected(text in "[\\PC\\n\"'<>&=%;{}\\[\\]/?#:@\\\\]{1,40}") {
        let values = Everything(text.clone());
        let tree = || Tree::Map(vec![("a".to_owned(), Tree::List(vec![Tree::Leaf(leaf("x{{text}}y"))]))]);
        let url = "https://api.example/v1/{{text}}/send";
        let Ok(request) = call(url, Body::Json(tree())).request(&values, "r") else {
            prop_assert!(text == "." || text == "..", "{text:?}");
            return Ok(());
        };
        let json: Value = serde_json::from_slice(body(&request)).unwrap();
        prop_assert_eq!(json, serde_json::json!({ "a": [format!("x{text}y")] }));
        prop_assert_eq!(request.url().host_str(), Some("api.example"));
        prop_assert_eq!(request.url().path_segments().unwrap().count(), 3);
        prop_assert_eq!(request.url().fragment(), None);
        let pairs: Vec<(String, String)> = request.url().query_pairs().into_owned().collect();
        prop_assert_eq!(pairs, vec![("q".to_owned(), text.clone())]);

        let form = Body::Form(vec![("f".to_owned(), Tree::Leaf(leaf("{{text}}")))]);
        let request = call("https://api.example/", form).request(&values, "r").unwrap();
        let pairs: Vec<_> = form_urlencoded::parse(body(&request)).into_owned().collect();
        prop_assert_eq!(pairs, vec![("f".to_owned(), text.clone())]);

        let request = call("https://api.example/", Body::Xml(leaf("<a b=\"{{text}}\">{{text}}</a>"))).request(&values, "r").unwrap();
        let xml = String::from_utf8(body(&request).to_vec()).unwrap();
        prop_assert_eq!(xml.matches('<').count(), 2);
        prop_assert_eq!(xml.matches('"').count(), 2);
    }
}

#[test]
fn a_value_cannot_choose_the_host_or_leave_tls() {
    for (url, value) in [
        ("https://{{setting.region}}.api.example/", "evil.example/"),
        ("https://{{setting.region}}.api.example/", "a@b"),
        ("{{setting.base}}/send", "http://api.example"),
        ("{{setting.base}}/send", "ftp://api.example"),
        ("{{setting.base}}/send", "https://user:word@api.example"),
        ("{{setting.base}}/send", "/etc/passwd"),
    ] {
        assert!(call(url, Body::None).request(&Everything(value.to_owned()), "r").is_err(), "{url} {value}");
    }
    for (url, value) in [
        ("https://{{setting.region}}.api.example/", "eu-1"),
        ("{{setting.base}}/send", "http://127.0.0.1:8080"),
        ("{{setting.base}}/send", "http://[::1]:8080/"),
        ("{{setting.base}}/send", "https://api.example/x"),
    ] {
        assert!(call(url, Body::None).request(&Everything(value.to_owned()), "r").is_ok(), "{url} {value}");
    }
}

#[test]
fn a_header_cannot_be_split() {
    let mut call = call("https://api.example/", Body::None);
    call.headers = vec![(HeaderName::from_static("x-sender"), leaf("{{text}}"))];
    let made = call.request(&Everything("a\r\nx-evil: 1".to_owned()), "r");
    assert_eq!(made.unwrap_err(), Unbuilt::NotRepresentable);
}

#[test]
fn what_is_left_out_takes_its_empty_tables_along() {
    struct Nothing;
    impl Values for Nothing {
        fn value(&self, _: &Variable) -> Option<Cow<'_, str>> {
            None
        }
    }
    let inner = Tree::Map(vec![("url".to_owned(), Tree::Leaf(leaf("{{callback?}}")))]);
    let tree = Tree::Map(vec![
        ("hooks".to_owned(), Tree::Map(vec![("delivery".to_owned(), inner)])),
        ("list".to_owned(), Tree::List(vec![Tree::Leaf(leaf("{{sender?}}"))])),
        ("kept".to_owned(), Tree::Constant(Value::from(true))),
    ]);
    assert_eq!(json(&tree, &Nothing).unwrap(), Some(serde_json::json!({ "kept": true })));
    let needed = Tree::Leaf(leaf("{{sender}}"));
    assert_eq!(json(&needed, &Nothing), Err(Unbuilt::Value("sender".to_owned())));
}
