// Somebody who wants what is not his, on a shop's page with `<countersign-otp>` or `<countersign-frame>`, under the strict policy
// that our documentation gives; and messages that are bound to the page that they are for. What the hosted page itself refuses
// is in `page.mjs`. Every other test in a browser fails on any violation of a policy.
//
//     BASE_URL=http://localhost:8080 API_KEY=cs_test_… node --test strangers.mjs     (a key with the scope admin)

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { launch } from "./browser.mjs";
import { Countersign, faces, Shop, visit, wrong } from "./presentations.mjs";

const countersign = new Countersign(process.env.BASE_URL, process.env.API_KEY, "strangers");
const [, element, frame] = faces;
let browser;
let shop;
/** On another site. */
let evil;

before(async () => {
  browser = await launch();
  shop = await new Shop().open(countersign);
  evil = await new Shop().open(countersign, "127.0.0.1");
  await countersign.api("PATCH", "/v1/app", { origins: [shop.origin], return_urls: [shop.back] });
});

after(async () => {
  await browser?.close();
  shop?.close();
  evil?.close();
});

const start = (face, more) => countersign.start(face.presentation(shop), more);
const BLOCKED = /Content Security Policy|violation: |Trusted|frame-ancestors|CORS policy|ERR_FAILED|ERR_BLOCKED|status of 404|recipient window's origin \('null'\)/;

describe("the message", { concurrency: 3 }, () => {
  for (const face of faces) {
    it(`${face.name}: its last line is bound to where the code is typed`, async () => {
      const { number } = await start(face);
      assert.match((await countersign.linesOnceThere(number))[0], face.line);
    });
  }

  for (const [name, presentation] of [
    ["an element on an origin that is not the app's", { mode: "element", origin: "https://evil.example" }],
    ["an element on another port of the app's host", { mode: "element", origin: "http://localhost:1" }],
    ["an element that says not where", { mode: "element" }],
    ["a frame in a page that is not the app's", { mode: "iframe", origin: "https://evil.example" }],
    ["a frame of somebody else", { mode: "iframe", origin: "SHOP", frame_origin: "https://evil.example" }],
    ["a page that leads elsewhere", { mode: "page", return_url: "https://evil.example/" }],
    ["an app without its hash", { mode: "app" }],
  ]) {
    it(`for ${name} is refused, and none is sent`, async () => {
      const to = countersign.nextNumber();
      const wanted = presentation.origin === "SHOP" ? { ...presentation, origin: shop.origin } : presentation;
      const body = { to, purpose: "login", session: "s", presentation: wanted };
      const { status, answer } = await countersign.ask("POST", "/v1/verifications", body);
      assert.equal(status, 422, JSON.stringify(answer));
      assert.match(answer.pointer, /^\/presentation\//);
      // The next one is the first that arrives.
      await countersign.api("POST", "/v1/verifications", { ...body, presentation: element.presentation(shop) });
      assert.equal((await countersign.linesOnceThere(to)).length, 1);
    });
  }
});

describe("a shop's page", { concurrency: 3 }, () => {
  for (const face of [element, frame]) {
    it(`${face.name}: a script in the page's markup does not run, and the code can still be typed`, () =>
      visit(browser, { expected: BLOCKED }, async (page, { complaints }) => {
        const started = await start(face);
        const address = face.address(shop, started);
        const { pathname } = new URL(address);
        const injected = '<script>globalThis.stolen = 1</script><img src="data:,x" onerror="globalThis.stolen = 1"></main>';
        shop.pages.set(pathname, shop.pages.get(pathname).replace("</main>", injected));
        const refused = page.waitForEvent("console", (message) => /inline (script|event handler)/i.test(message.text()));
        await page.goto(address);
        await refused;
        await face.enter(page, await countersign.code(started.number));
        await face.arrives(page, shop, started);
        assert.equal(await page.evaluate(() => globalThis.stolen), undefined);
        assert.deepEqual(complaints, []);
      }));

    it(`${face.name}: a script that gets into the document of the code does not run either`, () =>
      visit(browser, { expected: BLOCKED }, async (page) => {
        const started = await start(face);
        await face.open(page, shop, started);
        const ran = await face.frame(page).evaluate(async () => {
          const violated = new Promise((resolve) => document.addEventListener("securitypolicyviolation", resolve));
          const script = document.createElement("script");
          let refused = false;
          try {
            script.textContent = "globalThis.stolen = true";
          } catch {
            refused = true;
          }
          // A text node is no sink of Trusted Types: what it says is checked where it would run.
          script.append("globalThis.stolen = true");
          document.body.append(script);
          const place = document.createElement("div");
          try {
            place.innerHTML = "<img src=x onerror='globalThis.stolen = true'>";
          } catch {
            refused = refused && true;
          }
          await violated;
          return [refused, place.childElementCount, globalThis.stolen];
        });
        assert.deepEqual(ran, [true, 0, undefined]);
      }));
  }

  it("element: markup in its attributes and texts is text", () =>
    visit(browser, {}, async (page) => {
      const started = await start(element);
      await element.open(page, shop, started);
      await page.locator("countersign-otp").evaluate((node) => (node.messages = { confirm: "<b id=got>Pay</b>" }));
      await page.getByRole("button", { name: "<b id=got>Pay</b>" }).waitFor();
      assert.equal(await page.locator("#got").count(), 0);
    }));

  it("frame: a foreign page cannot show it", () => framedBy((url) => evil.page([], `<iframe src="${url}" title="Code"></iframe>`)));

  it("frame: nor around the shop's own page", () =>
    framedBy((url) => {
      const inner = shop.page([], `<iframe src="${url}" title="Code"></iframe>`);
      return evil.page([], `<iframe src="${inner}" title="Shop"></iframe>`);
    }));

  async function framedBy(address) {
    await visit(browser, { expected: BLOCKED }, async (page) => {
      const { url, number } = await start(frame);
      await countersign.code(number);
      const refused = page.waitForEvent("console", (message) => /frame-ancestors/.test(message.text()));
      await page.goto(address(url));
      await refused;
      for (const inside of page.frames()) assert.equal(await inside.locator("#code").count(), 0);
    });
  }

  for (const face of [element, frame]) {
    it(`${face.name}: a foreign page that has the client secret reads nothing and spends no try`, () =>
      visit(browser, { expected: BLOCKED }, async (page) => {
        const { client_secret: secret, id, number } = await start(face);
        const code = await countersign.code(number);
        await page.goto(evil.page([], "Evil"));
        const asked = await page.evaluate(async ([address, token, guess]) => {
          const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
          const outcome = (request) => request.then(() => "answered", () => "refused");
          return Promise.all([
            outcome(fetch(address, { headers })),
            outcome(fetch(`${address}/check`, { method: "POST", headers, body: JSON.stringify({ code: guess }) })),
            outcome(fetch(`${address}/resend`, { method: "POST", headers, body: "{}" })),
            outcome(fetch(`${address}/report`, { method: "POST", headers, body: "{}" })),
          ]);
        }, [`${countersign.baseURL}/v1/browser/verification`, secret, wrong(code)]);
        assert.deepEqual(asked, Array(4).fill("refused"));
        const { status, attempts_remaining: left } = await countersign.verification(id);
        assert.deepEqual([status, left], ["pending", 5]);
      }));
  }

  it("element: on a foreign page it says that nothing can be reached", () =>
    visit(browser, { expected: BLOCKED }, async (page) => {
      const started = await start(element);
      await page.goto(element.address(evil, started));
      await page.getByRole("alert").filter({ hasText: "We cannot be reached" }).waitFor();
      assert.equal((await countersign.verification(started.id)).attempts_remaining, 5);
    }));

  it("frame: a form from a foreign page approves nothing", () =>
    visit(browser, { expected: BLOCKED }, async (page, { context }) => {
      const started = await start(frame);
      const code = await countersign.code(started.number);
      await frame.open(page, shop, started);
      const inside = frame.frame(page);
      const csrf = await inside.locator("input[name=csrf]").first().inputValue();
      const forger = await context.newPage();
      await forger.route(`${evil.origin}/forge`, (route) =>
        // Of the evil page's own origin, and with no policy that would stop its form.
        route.fulfill({
          contentType: "text/html",
          body: `<form method="post" action="${inside.url()}/check"><input name="csrf" value="${csrf}"><input name="code" value="${code}"><button>Go</button></form>`,
        }));
      await forger.goto(`${evil.origin}/forge`);
      const answered = forger.waitForResponse((response) => response.url().endsWith("/check"));
      await forger.getByRole("button").click();
      assert.ok([403, 404].includes((await answered).status()));
      assert.equal((await countersign.verification(started.id)).status, "pending");
    }));

  it("frame: a form's token is worth nothing in another verification, and a used one is no second guess", () =>
    visit(browser, {}, async (page, { context }) => {
      const [own, other] = [await start(frame), await start(frame)];
      await frame.open(page, shop, own);
      const token = await frame.inside(page).locator("input[name=csrf]").first().inputValue();
      const second = await context.newPage();
      await frame.open(second, shop, other);
      const form = await frame.frame(second).evaluate(() => Object.fromEntries(new FormData(document.querySelector("form[data-countersign=check]"))));
      const post = (fields) => frame.frame(second).evaluate(
        ([body]) => fetch(`${location.pathname}/check`, { method: "POST", body: new URLSearchParams(body) }).then(({ status }) => status),
        [fields],
      );
      const guess = wrong(await countersign.code(other.number));
      assert.equal(await post({ ...form, csrf: token, code: guess }), 403);
      assert.equal(await post({ ...form, code: guess }), 422);
      assert.equal(await post({ ...form, code: guess }), 422);
      assert.equal((await countersign.verification(other.id)).attempts_remaining, 4, "the same form again is the same guess");
    }));
});

// It changes what the app's origins are.
describe("an app whose origin was taken away", () => {
  it("frame: is shown in it no more", () =>
    visit(browser, { expected: BLOCKED }, async (page) => {
      const started = await start(frame);
      const address = frame.address(shop, started);
      await countersign.api("PATCH", "/v1/app", { origins: ["https://shop.example"] });
      try {
        const refused = page.waitForEvent("console", (message) => /frame-ancestors/.test(message.text()));
        await page.goto(address);
        await refused;
        for (const inside of page.frames()) assert.equal(await inside.locator("#code").count(), 0);
      } finally {
        await countersign.api("PATCH", "/v1/app", { origins: [shop.origin] });
      }
    }));
});
