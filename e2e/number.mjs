// Drives the page on which a customer gives her number: sign-up as customers of a shop meet it, with and without script,
// by keyboard, with two tabs and with the wrong number first.
//
//     BASE_URL=http://localhost:8080 API_KEY=cs_test_… node --test number.mjs     (a key with the scope admin)

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { audit, axeSource, launch, tabTo, violationsOf, WAIT_MS } from "./browser.mjs";
import * as phone from "./phone.mjs";
import { Countersign, hears, Shop, visit as visitShop } from "./presentations.mjs";

const baseURL = process.env.BASE_URL?.replace(/\/$/, "");
const apiKey = process.env.API_KEY;
assert.ok(baseURL && apiKey, "set BASE_URL and API_KEY");

const countersign = new Countersign(baseURL, apiKey, "number");
let browser;
let shop;
/** One whose pages may show the frame: on the same site, as its cookie wants it. */
let frameShop;

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
  shop = createServer((request, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>Shop</title><h1>Back at the shop</h1>");
  });
  shop.listen(0, "127.0.0.1");
  await once(shop, "listening");
  shop.origin = `http://127.0.0.1:${shop.address().port}`;
  shop.back = `${shop.origin}/signed-up`;
  frameShop = await new Shop().open(countersign);
  await api("PATCH", "/v1/app", { origins: [frameShop.origin], return_urls: [shop.back] });
});

after(async () => {
  await browser?.close();
  shop?.closeAllConnections();
  shop?.close();
  frameShop?.close();
});

const { nextNumber } = countersign;
const inbox = (number) => phone.linesOn(baseURL, number);
const codeOn = (number) => phone.codeOn(baseURL, number);

/** Makes a page as a shop's server does. */
const createPage = (more = {}) =>
  api("POST", "/v1/pages", {
    purpose: "signup",
    session: `s-${Math.random()}`,
    region: "GB",
    presentation: { mode: "page", return_url: shop.back, state: "st" },
    ...more,
  });

/** A browser of its own that may not complain: no script error, no blocked resource, no violation of the policy. */
async function visit(options, act) {
  const { complains = false, axe = false, ...rest } = options;
  const context = await browser.newContext({ baseURL, locale: "en-GB", ...rest });
  if (axe) await context.addInitScript(axeSource);
  context.setDefaultTimeout(WAIT_MS);
  const complaints = [];
  context.on("console", (message) => {
    // A refused form is answered 422, which the console calls an error.
    if (["error", "warning"].includes(message.type()) && !/status of 422/.test(message.text())) complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
  const page = await context.newPage();
  try {
    await act(page, context);
    if (!complains) assert.deepEqual(complaints, [], "the browser complained");
  } finally {
    await context.close();
  }
}

const field = (page) => page.getByLabel("Your phone number");
const codeField = (page) => page.getByLabel("6-digit code");
const send = (page) => page.getByRole("button", { name: "Send the code" }).click();
const idIn = (page) => new URL(page.url()).pathname.split("/").pop();

async function give(page, number) {
  await field(page).fill(number);
  await send(page);
}

/** Gives a number that is sent to: the verification's id. */
async function begin(page, number) {
  await give(page, number);
  await codeField(page).waitFor();
  assert.match(idIn(page), /^ver_/);
  return idIn(page);
}

/** Types the code that has come, and is back at the shop. */
async function finish(page, number) {
  const id = idIn(page);
  await codeField(page).pressSequentially(await codeOn(number));
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL(`${shop.back}?verification=${id}&state=st`);
  const shown = await api("GET", `/v1/verifications/${id}`);
  assert.ok(shown.status === "approved" && shown.proof);
  assert.equal(JSON.parse(Buffer.from(shown.proof.split(".")[1], "base64url")).phone, number, "the proof names the number that she typed");
}

describe("a customer who signs up", { concurrency: 3 }, () => {
  it("gives her number as she writes it at home, and is back at the shop", () =>
    visit({}, async (page) => {
      const { url, id } = await createPage();
      await page.goto(url);
      assert.equal(new URL(page.url()).pathname, `/verify/${id}`, "the address opens nothing");
      await page.getByRole("heading", { name: "Create your account" }).waitFor();
      const number = nextNumber();
      assert.equal(await field(page).getAttribute("autocomplete"), "tel");
      await begin(page, `0113 496 0${number.slice(-3)}`);
      await finish(page, number);
    }));

  it("does it without script, with a slip on the way", () =>
    visit({ javaScriptEnabled: false }, async (page) => {
      await page.goto((await createPage()).url);
      await give(page, "0113 49o");
      const alert = page.getByRole("alert").filter({ hasText: "That is not a phone number" });
      await alert.waitFor();
      assert.equal(await field(page).inputValue(), "0113 49o", "what she typed is still there");
      const number = nextNumber();
      await begin(page, number);
      await finish(page, number);
    }));

  it("does it with the keyboard alone", () =>
    visit({}, async (page) => {
      await page.goto((await createPage()).url);
      assert.equal(await page.evaluate(() => document.activeElement.id), "phone", "she can type at once");
      const number = nextNumber();
      await page.keyboard.type(number);
      await tabTo(page, "Send the code");
      await page.keyboard.press("Enter");
      await codeField(page).waitFor();
      await tabTo(page, "Use another number");
      await page.keyboard.press("Enter");
      await field(page).waitFor();
      await page.keyboard.type(number);
      await page.keyboard.press("Enter");
      await codeField(page).waitFor();
      await finish(page, number);
      assert.equal((await inbox(number)).length, 1, "the same number is sent to once");
    }));

  it("is told what is wrong, by an alert that describes the field", () =>
    visit({}, async (page) => {
      await page.goto((await createPage({ region: undefined })).url);
      await give(page, "0113 496 0999");
      await page.getByRole("alert").filter({ hasText: "Start the number with +" }).waitFor();
      assert.equal(await field(page).getAttribute("aria-invalid"), "true");
      assert.match(await field(page).getAttribute("aria-describedby"), /^error /);
      assert.match(await page.title(), /^Error: /);
      assert.equal(await field(page).inputValue(), "0113 496 0999");
    }));

  it("gave another's number first, and its code opens nothing any more", () =>
    visit({}, async (page) => {
      await page.goto((await createPage()).url);
      const [wrong, right] = [nextNumber(), nextNumber()];
      const first = await begin(page, wrong);
      const oldCode = await codeOn(wrong);
      await page.getByRole("link", { name: "Use another number" }).click();
      const second = await begin(page, right);
      assert.notEqual(first, second);
      const checked = await api("POST", `/v1/verifications/${first}/check`, { code: oldCode });
      assert.equal(checked.result, "canceled");
      await finish(page, right);
    }));

  it("is refused a fourth number, and nothing says why", () =>
    visit({}, async (page) => {
      await page.goto((await createPage()).url);
      for (let count = 0; count < 3; count += 1) {
        await begin(page, nextNumber());
        await page.getByRole("link", { name: "Use another number" }).click();
      }
      const fourth = nextNumber();
      await give(page, fourth);
      await page.getByRole("alert").filter({ hasText: "We cannot send a code to this number" }).waitFor();
      assert.equal(await field(page).inputValue(), fourth);
      assert.deepEqual(await inbox(fourth), []);
    }));

  for (const javaScriptEnabled of [true, false]) {
    it(`clicks twice and gets one message, ${javaScriptEnabled ? "with" : "without"} script`, () =>
      visit({ javaScriptEnabled }, async (page) => {
        await page.goto((await createPage()).url);
        const number = nextNumber();
        await field(page).fill(number);
        await page.getByRole("button", { name: "Send the code" }).dblclick();
        await codeField(page).waitFor();
        await finish(page, number);
        assert.equal((await inbox(number)).length, 1);
      }));
  }

  it("goes back, reloads and goes on, and gets one message", () =>
    visit({}, async (page) => {
      await page.goto((await createPage()).url);
      const number = nextNumber();
      const id = await begin(page, number);
      await page.goBack();
      await field(page).waitFor();
      await page.reload();
      await page.goForward();
      await codeField(page).waitFor();
      await page.reload();
      await page.goBack();
      assert.equal(await begin(page, number), id, "the same number is the same verification");
      await finish(page, number);
      assert.equal((await inbox(number)).length, 1);
    }));

  it("has two tabs, and the number that she gave last is the one", () =>
    visit({}, async (page, context) => {
      const { url } = await createPage();
      await page.goto(url);
      const second = await context.newPage();
      await second.goto(url);
      assert.equal(second.url(), page.url(), "her own browser may open the link again");
      const [one, other] = [nextNumber(), nextNumber()];
      await begin(page, one);
      await begin(second, other);
      await page.reload();
      await page.getByRole("heading", { name: "This was canceled" }).waitFor();
      await finish(second, other);
    }));

  it("is told when nobody is there, and loses nothing", () =>
    visit({ complains: true }, async (page, context) => {
      await page.goto((await createPage()).url);
      const number = nextNumber();
      await context.setOffline(true);
      await give(page, number);
      await page.getByRole("alert").filter({ hasText: "Nothing is lost" }).waitFor();
      assert.equal(await field(page).inputValue(), number);
      await context.setOffline(false);
      await begin(page, number);
    }));

  it("goes back to the shop without a number", () =>
    visit({}, async (page) => {
      await page.goto((await createPage()).url);
      await page.getByRole("link", { name: /Back to/ }).click();
      await page.waitForURL(`${shop.back}?state=st`);
    }));
});

/** Shows the page in a shop's page; the frame and what is in it. */
async function openInFrame(page) {
  const { url } = await createPage({ presentation: { mode: "iframe", origin: frameShop.origin } });
  await page.goto(frameShop.page(["countersign-frame.v1.js"], `<countersign-frame src="${url}"></countersign-frame>`));
  const inside = page.frameLocator("countersign-frame iframe");
  await field(inside).waitFor();
  return inside;
}

const isFocused = (input) => input.evaluate((node) => document.hasFocus() && document.activeElement === node);

describe("a customer who signs up in a frame of the shop's page", { concurrency: 3 }, () => {
  it("gives her number, types the code, and the shop is told", () =>
    visitShop(browser, {}, async (page) => {
      const inside = await openInFrame(page);
      assert.ok(!(await isFocused(field(inside))), "the frame takes no focus from the shop's page");
      const number = nextNumber();
      await give(inside, `0113 496 0${number.slice(-3)}`);
      await codeField(inside).waitFor();
      await codeField(inside).pressSequentially(await codeOn(number));
      await inside.getByRole("button", { name: "Continue" }).click();
      const { id } = await hears(page, "approved");
      await inside.getByRole("heading", { name: "Done" }).waitFor();
      const { status, proof } = await api("GET", `/v1/verifications/${id}`);
      assert.ok(status === "approved" && proof);
      assert.equal(JSON.parse(Buffer.from(proof.split(".")[1], "base64url")).phone, number, "the proof names the number that she typed");
      assert.equal((await inbox(number)).length, 1);
    }));

  it("is told that a number is wrong, and types on in the field", () =>
    visitShop(browser, {}, async (page) => {
      const inside = await openInFrame(page);
      await field(inside).fill("0113 49o");
      await field(inside).press("Enter");
      await inside.getByRole("alert").filter({ hasText: "That is not a phone number" }).waitFor();
      assert.equal(await field(inside).inputValue(), "0113 49o", "what she typed is still there");
      // The script gives it back when the new page is there, in its own time.
      const frame = page.frames().find((one) => one.parentFrame());
      await frame.waitForFunction(() => document.hasFocus() && document.activeElement.id === "phone").catch(() => assert.fail("the focus is not in the field"));
      const number = nextNumber();
      await page.keyboard.press("Control+A");
      await page.keyboard.type(number);
      await page.keyboard.press("Enter");
      await codeField(inside).waitFor();
      assert.equal((await phone.linesOnceThere(baseURL, number)).length, 1);
    }));
});

const order = { purpose: "order", transaction: { amount: "49.90", currency: "EUR", payee: "Lantern Row GmbH" } };

describe("the page that asks for the number, in every state and theme", { concurrency: 3 }, () => {
  const shown = [
    ["number", {}, async () => {}],
    ["number-order", order, async () => {}],
    ["number-wrong", order, async (page) => {
      await give(page, "nonsense");
      await page.locator("#error").waitFor();
    }],
    ["number-code", {}, async (page) => void (await begin(page, nextNumber()))],
  ];
  for (const [name, body, act] of shown) {
    it(`is sound: ${name}`, () =>
      visit({ axe: true }, async (page) => {
        await page.goto((await createPage(body)).url);
        await act(page);
        await audit(page, name);
        await page.emulateMedia({ forcedColors: "active" });
        await audit(page, `${name}-forced`);
        await page.emulateMedia({ forcedColors: "none", reducedMotion: "reduce" });
        assert.deepEqual(await violationsOf(page), []);
      }));
  }

  for (const locale of ["ar", "de", "en", "es", "fr", "hi", "id", "it", "ja", "nl", "pl", "pt", "tr", "zh"]) {
    it(`fits a narrow phone in ${locale}, at twice the size of text too`, () =>
      visit({ axe: true, viewport: { width: 320, height: 640 } }, async (page) => {
        await page.goto((await createPage({ ...order, locale })).url);
        assert.equal(await page.locator("html").getAttribute("lang"), locale);
        assert.equal(await page.locator("#phone").evaluate((input) => getComputedStyle(input).direction), "ltr");
        await page.locator("#phone").fill("nonsense");
        await page.keyboard.press("Enter");
        await page.locator("#error").waitFor();
        for (const size of ["100%", "200%"]) {
          await page.evaluate((percent) => document.documentElement.style.setProperty("font-size", percent), size);
          const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          assert.equal(over, 0, `${locale} sticks out by ${over} pixels at ${size}`);
        }
        assert.deepEqual(await violationsOf(page), []);
        if (locale === "ar") await audit(page, "number-ar");
      }));
  }
});

describe("somebody who wants a page that is not his", { concurrency: 3 }, () => {
  it("cannot open the link again, nor the address behind it", () =>
    visit({}, async (page) => {
      const { url } = await createPage();
      await page.goto(url);
      await visit({ complains: true }, async (thief) => {
        assert.equal((await thief.goto(url)).status(), 404);
        assert.equal((await thief.goto(page.url())).status(), 404);
      });
    }));

  it("cannot post a number from a page of his own", () =>
    visit({ complains: true }, async (page, context) => {
      await page.goto((await createPage()).url);
      const address = page.url();
      const csrf = await page.locator("input[name=csrf]").inputValue();
      const number = nextNumber();
      const evil = await context.newPage();
      await evil.goto(`${shop.origin}/evil`);
      const answered = evil.waitForResponse((response) => response.url() === `${address}/number`);
      await evil.evaluate(
        ([target, token, to]) => {
          const form = Object.assign(document.createElement("form"), { method: "post", action: `${target}/number` });
          for (const [name, value] of [["csrf", token], ["phone", to]]) form.append(Object.assign(document.createElement("input"), { name, value }));
          document.body.append(form);
          form.submit();
        },
        [address, csrf, number],
      );
      assert.ok([403, 404].includes((await answered).status()), "a forged form starts nothing");
      assert.deepEqual(await inbox(number), []);
    }));
});
