// Drives the hosted page of a running `countersign dev`: what it alone has. What customers do on it as on the element and in the
// frame is in `each-presentation.mjs` and `each-state.mjs`.
//
//     BASE_URL=http://localhost:8080 API_KEY=cs_test_… node --test page.mjs     (a key with the scope admin)

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { audit, axeSource, launch, violationsOf, WAIT_MS } from "./browser.mjs";
import * as phone from "./phone.mjs";

const baseURL = process.env.BASE_URL?.replace(/\/$/, "");
const apiKey = process.env.API_KEY;
assert.ok(baseURL && apiKey, "set BASE_URL and API_KEY");

/** What travels for a page with its stylesheet and script, at most. */
const MOST_BYTES = 30_000;

let browser;
let shop;

/** A shop on an origin of its own: takes customers back, and shows frames that it should not get. */
class Shop {
  visits = [];

  async open() {
    this.server = createServer((request, response) => {
      this.visits.push(request.url);
      const frame = new URL(request.url, "http://x").searchParams.get("frame");
      response.setHeader("content-type", "text/html");
      response.end(frame ? `<iframe src="${frame}"></iframe>` : "<!doctype html><title>Shop</title><h1>Back at the shop</h1>");
    });
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    this.origin = `http://127.0.0.1:${this.server.address().port}`;
    this.back = `${this.origin}/verified`;
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

async function api(method, path, body) {
  const response = await fetch(`${baseURL}${path}`, {
    method,
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  assert.ok(response.ok, `${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

before(async () => {
  browser = await launch();
  shop = new Shop();
  await shop.open();
  await api("PATCH", "/v1/app", { return_urls: [shop.back] });
});

after(async () => {
  await browser?.close();
  shop?.close();
});

const nextNumber = phone.numbersFor("page");
const codeOn = (number) => phone.codeOn(baseURL, number);

/** Starts one as a shop's server does. */
async function start(more = {}) {
  const to = nextNumber();
  const body = { to, purpose: "login", session: `s-${to}`, presentation: { mode: "page", return_url: shop.back, state: "st" }, ...more };
  const started = await api("POST", "/v1/verifications", body);
  return { ...started, number: to };
}

const payment = { purpose: "payment", transaction: { amount: "49.90", currency: "EUR", payee: "Lantern Row GmbH" } };

const wrong = (code) => (code.startsWith("1") ? "2" : "1") + code.slice(1);

/** A browser of its own that may not complain: no script error, no blocked resource, no violation of the policy. */
async function visit(options, act) {
  const { complains = false, axe = false, ...rest } = options;
  const context = await browser.newContext({ baseURL, locale: "en-GB", ...rest });
  if (axe) await context.addInitScript(axeSource);
  context.setDefaultTimeout(WAIT_MS);
  const complaints = [];
  context.on("console", (message) => {
    // A refused form is answered 422 or 403, which the console calls an error.
    const isAnswer = /status of (422|403)/.test(message.text());
    if (["error", "warning"].includes(message.type()) && !isAnswer) complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
  const page = await context.newPage();
  try {
    await act(page, context, complaints);
    if (!complains) assert.deepEqual(complaints, [], "the browser complained");
  } finally {
    await context.close();
  }
}

const field = (page) => page.getByLabel("6-digit code");
/** Types it, key by key: what comes whole is sent by itself. */
const type = async (page, code) => {
  await field(page).fill("");
  await field(page).pressSequentially(code);
};
const go = (page) => page.getByRole("button", { name: /Continue|Approve/ }).click();
const isBack = (page, id) => page.waitForURL(`${shop.back}?verification=${id}&state=st`);

describe("a customer on the hosted page", { concurrency: 3 }, () => {
  it("sees what she pays, types the code and is back at the shop", () =>
    visit({}, async (page) => {
      const { url, id, number } = await start(payment);
      await page.goto(url);
      assert.doesNotMatch(page.url(), new RegExp(url.split("/").pop()), "the address opens nothing");
      await page.getByRole("heading", { name: "Approve your payment" }).waitFor();
      assert.match(await page.locator("#approving").textContent(), /49\.90 EUR.*Lantern Row GmbH/s);
      assert.match(await field(page).getAttribute("aria-describedby"), /approving/);
      await type(page, await codeOn(number));
      await go(page);
      await isBack(page, id);
      const shown = await api("GET", `/v1/verifications/${id}`);
      assert.ok(shown.status === "approved" && shown.proof);
    }));

  it("is told what is wrong, by an alert that describes the field", () =>
    visit({}, async (page) => {
      const { url, number } = await start();
      await page.goto(url);
      await codeOn(number);
      await type(page, "12345");
      await page.keyboard.press("Enter");
      const alert = page.getByRole("alert");
      await alert.filter({ hasText: "You have not entered the whole code" }).waitFor();
      assert.equal(await field(page).getAttribute("aria-invalid"), "true");
      assert.match(await field(page).getAttribute("aria-describedby"), /^error /);
      assert.match(await page.title(), /^Error: /);
      assert.equal(await field(page).inputValue(), "12345", "what she typed is still there");
    }));

  it("clicks twice and is counted once", () =>
    visit({ javaScriptEnabled: false }, async (page) => {
      const { url, id, number } = await start();
      await page.goto(url);
      await type(page, wrong(await codeOn(number)));
      await page.getByRole("button", { name: "Continue" }).dblclick();
      await page.getByRole("alert").filter({ hasText: "4 tries" }).waitFor();
      assert.equal((await api("GET", `/v1/verifications/${id}`)).attempts_remaining, 4);
    }));
});

describe("the page in every language and dress", { concurrency: 3 }, () => {
  it("is sound for a link that does not open", () =>
    visit({ complains: true, axe: true }, async (page) => {
      await page.goto("/verify/nonsense");
      await page.getByRole("heading", { name: "This link no longer works" }).waitFor();
      await audit(page, "page-closed");
    }));

  for (const locale of ["ar", "de", "en", "es", "fr", "hi", "id", "it", "ja", "nl", "pl", "pt", "tr", "zh"]) {
    it(`fits a narrow phone in ${locale}, at twice the size of text too`, () =>
      visit({ axe: true, viewport: { width: 320, height: 640 } }, async (page) => {
        const { url, number } = await start({ ...payment, locale });
        await page.goto(url);
        assert.equal(await page.locator("html").getAttribute("lang"), locale);
        assert.equal(await page.locator("html").getAttribute("dir"), locale === "ar" ? "rtl" : "ltr");
        assert.equal(await page.locator("#code").evaluate((input) => getComputedStyle(input).direction), "ltr");
        await page.locator("#code").pressSequentially(wrong(await codeOn(number)));
        await page.keyboard.press("Enter");
        await page.locator("#error").waitFor();
        for (const size of ["100%", "200%"]) {
          await page.evaluate((percent) => document.documentElement.style.setProperty("font-size", percent), size);
          const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          assert.equal(over, 0, `${locale} sticks out by ${over} pixels at ${size}`);
          const cut = await page.evaluate(() => [...document.querySelectorAll("button, p, h1, h2, label")]
            .filter((part) => !part.classList.contains("unseen") && part.scrollWidth > part.clientWidth + 1)
            .map((part) => part.textContent));
          assert.deepEqual(cut, [], `${locale} at ${size}`);
        }
        assert.deepEqual(await violationsOf(page), []);
        if (locale === "ar") await audit(page, "page-ar");
      }));
  }

  it("wears the shop's colour and logo", () =>
    visit({ axe: true }, async (page) => {
      const png = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
      await api("PATCH", "/v1/app", { branding: { accent: "#ffd400", logo: png } });
      try {
        const { url } = await start(payment);
        await page.goto(url);
        const colours = await page.locator("button.primary").evaluate((button) => {
          const style = getComputedStyle(button);
          return [style.backgroundColor, style.color];
        });
        assert.deepEqual(colours, ["rgb(255, 212, 0)", "rgb(0, 0, 0)"]);
        assert.ok(await page.getByRole("img").evaluate((image) => image.naturalWidth > 0 && image.alt));
        await audit(page, "page-branded");
      } finally {
        await api("PATCH", "/v1/app", { branding: {} });
      }
    }));

  it("is light, and asks nobody else", () =>
    visit({}, async (page, context) => {
      const { url } = await start(payment);
      const client = await context.newCDPSession(page);
      await client.send("Network.enable");
      let bytes = 0;
      client.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
      const strangers = [];
      page.on("request", (request) => request.url().startsWith(baseURL) || request.url().startsWith("data:") || strangers.push(request.url()));
      await page.goto(url, { waitUntil: "load" });
      assert.ok(bytes > 1000 && bytes <= MOST_BYTES, `${bytes} bytes travelled`);
      assert.deepEqual(strangers, [], "nobody else is asked");
    }));
});

describe("somebody who wants what is not his", { concurrency: 3 }, () => {
  it("cannot open the link again, nor the address behind it", () =>
    visit({}, async (page) => {
      const { url } = await start();
      await page.goto(url);
      await visit({ complains: true }, async (thief) => {
        assert.equal((await thief.goto(url)).status(), 404);
        assert.equal((await thief.goto(page.url())).status(), 404);
      });
    }));

  it("cannot show the page in a frame", () =>
    visit({ complains: true }, async (page) => {
      const { url } = await start();
      const refused = page.waitForEvent("console", (message) => /frame-ancestors|X-Frame|refused to display/i.test(message.text()));
      await page.goto(`${shop.origin}/?frame=${encodeURIComponent(url)}`);
      await refused;
    }));

  it("cannot run a script that he gets into the page", () =>
    visit({ complains: true }, async (page, context, complaints) => {
      const { url } = await start();
      await page.goto(url);
      const ran = await page.evaluate(() => {
        const script = document.createElement("script");
        let refused = false;
        try {
          script.textContent = "globalThis.stolen = true";
        } catch {
          refused = true;
        }
        document.body.append(script);
        const image = document.createElement("img");
        try {
          image.setAttribute("onerror", "globalThis.stolen = true");
        } catch {
          // Refused as well.
        }
        image.src = "data:,x";
        document.body.append(image);
        return new Promise((resolve) => setTimeout(() => resolve([refused, globalThis.stolen]), 300));
      });
      assert.deepEqual(ran, [true, undefined], "Trusted Types refuse the text, the policy the handler");
      assert.ok(complaints.some((complaint) => /Content Security Policy|TrustedScript/i.test(complaint)));
    }));

  it("cannot send anything to a place of his own from the page", () =>
    visit({ complains: true }, async (page) => {
      const { url } = await start();
      await page.goto(url);
      const before = shop.visits.length;
      const sent = await page.evaluate(
        (origin) => fetch(`${origin}/stolen`, { mode: "no-cors" }).then(() => true, () => false),
        shop.origin,
      );
      assert.equal(sent, false);
      assert.equal(shop.visits.length, before);
    }));

  it("cannot read or post from a page of his own", () =>
    visit({ complains: true }, async (page, context) => {
      const { url, id, number } = await start();
      await page.goto(url);
      const address = page.url();
      const code = await codeOn(number);
      const csrf = await page.locator("input[name=csrf]").first().inputValue();
      const evil = await context.newPage();
      await evil.goto(`${shop.origin}/evil`);
      const read = await evil.evaluate((target) => fetch(target, { credentials: "include" }).then(() => true, () => false), address);
      assert.equal(read, false, "another origin reads nothing");
      const answered = evil.waitForResponse((response) => response.url().endsWith("/check"));
      await evil.evaluate(
        ([target, token, typed]) => {
          const form = Object.assign(document.createElement("form"), { method: "post", action: `${target}/check` });
          for (const [name, value] of [["csrf", token], ["code", typed]]) form.append(Object.assign(document.createElement("input"), { name, value }));
          document.body.append(form);
          form.submit();
        },
        [address, csrf, code],
      );
      await answered;
      assert.equal((await api("GET", `/v1/verifications/${id}`)).status, "pending", "a forged form approves nothing");
    }));

  it("cannot use the form token of another verification", () =>
    visit({}, async (page, context) => {
      const [own, other] = [await start(), await start()];
      await page.goto(own.url);
      const token = await page.locator("input[name=csrf]").first().inputValue();
      const second = await context.newPage();
      await second.goto(other.url);
      const code = await codeOn(other.number);
      await second.locator("input[name=csrf]").evaluateAll((inputs, value) => inputs.forEach((input) => (input.value = value)), token);
      await type(second, code);
      await go(second);
      await second.getByRole("alert").filter({ hasText: "open for too long" }).waitFor();
      assert.equal((await api("GET", `/v1/verifications/${other.id}`)).status, "pending");
    }));
});
