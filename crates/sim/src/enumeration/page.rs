//! A browser on the hosted page that asks for the number, without script.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use reqwest::Method;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::{Value, json};

use super::{Asked, Client, Measured, NumberKind, ORIGIN, Seen, WRONG_CODE};

/// Where a page leads when it is done.
pub(super) const BACK: &str = "https://shop.example/done";

/// A browser that opened a page: it keeps cookies and sends forms as they stand there.
pub(super) struct PageBrowser {
    client: Client,
    cookies: BTreeMap<String, String>,
    path: String,
    page: String,
}

impl PageBrowser {
    /// Lets the shop make a page for a session, and opens it.
    pub(super) async fn open(client: &Client, session: &str) -> anyhow::Result<Self> {
        let presentation = json!({ "mode": "page", "return_url": BACK });
        let wanted = json!({ "purpose": "login", "session": session, "presentation": presentation });
        let made = client.send(Method::POST, "/v1/pages", Some(wanted)).await?;
        let url = made.json().get("url").and_then(Value::as_str).map(str::to_owned);
        let url = url.with_context(|| format!("a page was answered {}", made.text()))?;
        let link = url.find("/verify/").and_then(|at| url.get(at..)).context("a link to a page")?;
        let mut browser = PageBrowser {
            client: client.clone(),
            cookies: BTreeMap::new(),
            path: link.to_owned(),
            page: String::new(),
        };
        let entered = browser.get().await?;
        browser.follow(&entered)?;
        browser.get().await?;
        Ok(browser)
    }

    /// Gives the number; the browser stands before the field for the code then.
    pub(super) async fn give(&mut self, kind: NumberKind, phone: &str) -> anyhow::Result<Seen> {
        let given =
            self.post("number", &[("csrf", self.hidden("csrf")?), ("phone", phone.to_owned())]).await?;
        self.follow(&given)?;
        Ok(given.of(kind, Asked::GiveNumber))
    }

    /// Looks at the page, and types a wrong code.
    pub(super) async fn verify(mut self, kind: NumberKind) -> anyhow::Result<Vec<Seen>> {
        let mut seen = vec![self.get().await?.of(kind, Asked::ShowPage)];
        let fields = [
            ("csrf", self.hidden("csrf")?),
            ("request", self.hidden("request")?),
            ("code", WRONG_CODE.to_owned()),
        ];
        let typed = self.post("check", &fields).await?;
        // One guess in a million is right, and tells nothing of its number.
        if typed.headers.get(LOCATION).is_none() {
            seen.push(typed.of(kind, Asked::TypeCode));
        }
        Ok(seen)
    }

    async fn get(&mut self) -> anyhow::Result<Measured> {
        let request = self.client.http.get(format!("{}{}", self.client.base, self.path));
        self.keep(request).await
    }

    async fn post(&mut self, action: &str, fields: &[(&str, String)]) -> anyhow::Result<Measured> {
        let request = self.client.http.post(format!("{}{}/{action}", self.client.base, self.path));
        self.keep(request.header("sec-fetch-site", "same-origin").form(fields)).await
    }

    async fn keep(&mut self, request: reqwest::RequestBuilder) -> anyhow::Result<Measured> {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header("accept-language", "en").header(COOKIE, cookies.join("; "));
        let answer = self.client.measure(request).await?;
        ensure!(answer.status < 400 || answer.status == 422, "a page was answered {}", answer.text());
        for set in answer.headers.get_all(SET_COOKIE) {
            let (name, rest) = set.to_str()?.split_once('=').context("a cookie has a name")?;
            let value = rest.split(';').next().unwrap_or_default();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        self.page = answer.text().into_owned();
        Ok(answer)
    }

    fn follow(&mut self, answer: &Measured) -> anyhow::Result<()> {
        let to = answer.headers.get(LOCATION).with_context(|| format!("leads nowhere: {}", answer.text()))?;
        to.to_str()?.clone_into(&mut self.path);
        Ok(())
    }

    /// The value of a hidden field of the page.
    fn hidden(&self, name: &str) -> anyhow::Result<String> {
        let field = format!("name=\"{name}\" value=\"");
        let value = self.page.split_once(&field).and_then(|(_, rest)| rest.split('"').next());
        value.map(str::to_owned).with_context(|| format!("the page has no field {name}: {}", self.page))
    }
}

/// What an app allows its pages.
pub(super) fn allowed() -> Value {
    json!({ "origins": [ORIGIN], "return_urls": [BACK] })
}
