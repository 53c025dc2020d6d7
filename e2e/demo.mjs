// Drives the pages of a running `countersign dev` as a customer, an attacker and a developer would: the demo shop in its
// three presentations, the simulated phone, the start page.
//
//     BASE_URL=http://localhost:8080 npm test

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { audit, launch, tabTo, visitor } from "./browser.mjs";
import * as phones from "./phone.mjs";

const baseURL = process.env.BASE_URL?.replace(/\/$/, "");
assert.ok(baseURL, "set BASE_URL to where `countersign dev` answers");

/** Visitors at once. */
const SIDE_BY_SIDE = 3;

const run = promisify(execFile);
let browser;
/** The shop has an origin of its own. */
let shopURL;

before(async () => {
  const { headers } = await fetch(`${baseURL}/shop`, { redirect: "manual" });
  shopURL = new URL(headers.get("location")).origin;
  assert.notEqual(shopURL, new URL(baseURL).origin);
  browser = await launch();
});

after(() => browser?.close());

/** Does something as a visitor, then sees that the browser had nothing to complain about. */
async function visit(options, act) {
  const bare = shopURL.replace("localhost", "127.0.0.1");
  const guest = await visitor(browser, [new URL(baseURL).origin, shopURL, bare], options);
  try {
    await act(guest.page, guest.context);
  } catch (error) {
    await guest.context.close();
    throw error;
  }
  await guest.close();
}

const inboxOf = (number) => `/phone/${number.slice(1)}`;
const readInbox = async (number) => (await fetch(baseURL + inboxOf(number))).text();

/** The number of the start page's commands, and those that a test has taken. */
const taken = new Set(["+447700900123"]);

/** A number that Ofcom keeps free for fiction and that has no messages: none meets another's limits. */
async function fresh() {
  for (let tries = 0; tries < 500; tries += 1) {
    const number = `${phones.RANGES.demo}${String(Math.floor(Math.random() * 1000)).padStart(3, "0")}`;
    if (taken.has(number)) continue;
    taken.add(number);
    if ((await readInbox(number)).includes("No messages yet.")) return number;
  }
  return assert.fail("every number has messages already: start with an empty server");
}

const linesOn = (number) => phones.linesOn(baseURL, number);

/** What the machine's line of a message looks like: where the code may be filled in. */
const LINES = { page: /^@localhost #(\d{6})$/, element: /^@localhost #(\d{6})$/, frame: /^@localhost #(\d{6}) @localhost$/ };

/** Reads the latest code off the simulated phone, once so many have come, from the line that its presentation must have. */
async function readCode(number, presentation, count = 1) {
  const [line] = await phones.linesOnceThere(baseURL, number, count);
  return (line.match(LINES[presentation]) ?? assert.fail(`"${line}" is no line for ${presentation}`))[1];
}

const PRESENTATIONS = { page: "Hosted page", element: "Element", frame: "Frame" };

const TASKS = {
  login: { name: "Log in", button: "Log in with a code", done: "You are logged in", not: "You are not logged in" },
  pay: { name: "Pay", button: "Pay with a code", done: "Paid. Thank you.", not: "Not paid" },
  address: { name: "Change your address", button: "Change it with a code", done: "Your address was changed", not: "Your address was not changed" },
  order: { name: "Pay on delivery", button: "Order with a code", done: "Your order is accepted", not: "Nothing was ordered" },
};

const heading = (page, name) => page.getByRole("heading", { name, exact: true });
const option = (page, presentation) => page.getByRole("radio", { name: new RegExp(`^${PRESENTATIONS[presentation]}`) });

/** From the shop's front page to its form, filled in. */
async function fillIn(page, task, presentation, number, { language = "en", tampering } = {}) {
  await page.goto(`${shopURL}/shop`);
  await page.getByRole("link", { name: TASKS[task].name, exact: true }).click();
  await option(page, presentation).check();
  await page.getByLabel("Mobile number").fill(number);
  await page.getByLabel("Language of the message").selectOption(language);
  if (tampering) {
    await page.getByText("Tamper with the shop’s records").click();
    await page.getByRole("radio", { name: tampering }).check();
  }
}

/** Where the code is typed: what has the field, and the words there. */
function desk(page, presentation) {
  const isElement = presentation === "element";
  const at = presentation === "frame" ? page.frameLocator("countersign-frame iframe") : page;
  return {
    at,
    field: isElement ? page.locator("countersign-otp input") : at.getByLabel("6-digit code"),
    submit: at.getByRole("button", { name: isElement ? "Confirm" : /^(Continue|Approve)/ }),
    resend: at.getByRole("button", { name: isElement ? "Send another message" : "Send it again" }),
    alert: at.getByRole("alert"),
    async type(code) {
      await this.field.fill("");
      await this.field.pressSequentially(code);
    },
    async enter(code) {
      await this.type(code);
      await this.submit.click();
    },
  };
}

/** From the shop's front page to where the code is typed. */
async function begin(page, task, presentation, number, more) {
  await fillIn(page, task, presentation, number, more);
  await page.getByRole("button", { name: TASKS[task].button }).click();
  const typing = desk(page, presentation);
  await typing.field.waitFor();
  return typing;
}

/** Another code than the right one, a different one each time. */
const wrong = (code, nth = 0) => String((Number(code) + 1 + nth) % 1_000_000).padStart(6, "0");

/** What the shop says that it compared: by the claim's name, what it expected and found. */
async function comparisons(page) {
  const rows = await page.locator(".check").evaluateAll((lines) =>
    lines.map((line) => ({
      claim: line.querySelector("code")?.textContent ?? "redeemed",
      verdict: line.className.match(/check-(good|bad|noted)/)[1],
      values: [...line.querySelectorAll("dd")].map((value) => value.textContent),
    })),
  );
  return Object.fromEntries(rows.map(({ claim, ...row }) => [claim, row]));
}

const refusedBy = (checked) => Object.keys(checked).filter((claim) => checked[claim].verdict === "bad");

for (const presentation of Object.keys(PRESENTATIONS)) {
  describe(`a customer, by ${PRESENTATIONS[presentation].toLowerCase()}`, { concurrency: SIDE_BY_SIDE }, () => {
    it("pays with the code from her phone, and the shop shows what it checked", () =>
      visit({}, async (page) => {
        const number = await fresh();
        await fillIn(page, "pay", presentation, number);
        await audit(page, `shop-2-ask-${presentation}`);
        await page.getByRole("button", { name: "Pay with a code" }).click();
        const typing = desk(page, presentation);
        const { at, field } = typing;
        await field.waitFor();
        assert.equal(new URL(page.url()).origin, presentation === "page" ? new URL(baseURL).origin : shopURL);
        await at.getByText(/179[.,]90/).first().waitFor();
        await at.getByText("Birch & Bolt").first().waitFor();
        await audit(page, `shop-3-type-${presentation}`);
        assert.equal(await field.getAttribute("autocomplete"), "one-time-code");

        await typing.enter(await readCode(number, presentation));
        await heading(page, "Paid. Thank you.").waitFor();
        await audit(page, `shop-4-done-${presentation}`);
        const checked = await comparisons(page);
        const same = ["typ", "iss", "aud", "mode", "jti", "phone", "purpose", "sid", "txn"];
        for (const claim of same) assert.equal(checked[claim].values[0], checked[claim].values[1], claim);
        assert.deepEqual(refusedBy(checked), []);
        assert.equal(checked.phone.values[1], number);
        assert.equal(checked.purpose.values[1], "payment");
        assert.match(checked["alg, kid"].values[1], /^EdDSA, key \S+$/);
        assert.match(checked.amr.values[1], /^sms, otp; possession$/);
        assert.match(checked.redeemed.values[1], /^redeemed, for the first time$/);
        assert.equal(checked.epoch.verdict, "noted");

        await page.getByText("The claims of the proof").click();
        const claims = JSON.parse(await page.getByLabel("Claims of the proof").textContent());
        assert.equal(claims.exp - claims.iat, 300);
        const { keys } = await (await fetch(`${baseURL}/.well-known/jwks.json`)).json();
        assert.ok(keys.some(({ kid }) => checked["alg, kid"].values[1].endsWith(kid)));
        assert.doesNotMatch(await page.content(), /eyJ/, "no proof reaches a browser");

        await page.reload();
        await heading(page, "Paid. Thank you.").waitFor();
        await page.getByRole("link", { name: "Back to the shop" }).click();
        assert.equal(await page.getByText("€179.90, paid").count(), 1);
        assert.equal((await linesOn(number)).length, 1);
      }));

    it("needs nothing but a keyboard", () =>
      visit({}, async (page) => {
        const number = await fresh();
        await page.goto(`${shopURL}/shop`);
        await tabTo(page, "Skip to the content");
        await tabTo(page, "Log in");
        await page.keyboard.press("Enter");
        await heading(page, "Log in").waitFor();
        await tabTo(page, "Hosted page");
        for (const word of Object.keys(PRESENTATIONS)) {
          if (await option(page, presentation).isChecked()) break;
          await page.keyboard.press("ArrowRight");
          assert.ok(word, "the arrows reach it");
        }
        assert.ok(await option(page, presentation).isChecked());
        await tabTo(page, "Mobile number");
        await page.keyboard.press("Control+A");
        await page.keyboard.type(number);
        await tabTo(page, "Log in with a code");
        await page.keyboard.press("Enter");
        const { field } = desk(page, presentation);
        await field.waitFor();
        const code = await readCode(number, presentation);
        const hasFocus = () => field.evaluate((input) => input.ownerDocument.activeElement === input && input.ownerDocument.hasFocus());
        for (let presses = 0; !(await hasFocus()); presses += 1) {
          assert.ok(presses < 30, "the keyboard reaches the field");
          await page.keyboard.press("Tab");
        }
        await page.keyboard.type(code);
        await page.keyboard.press("Enter");
        await heading(page, "You are logged in").waitFor();
        await tabTo(page, "Back to the shop");
        await page.keyboard.press("Enter");
        await page.getByText("Logged in as Robin Hale").waitFor();
      }));

    it("is told what is wrong with a code, and can still log in", () =>
      visit({}, async (page) => {
        const number = await fresh();
        const typing = await begin(page, "login", presentation, number);
        const code = await readCode(number, presentation);
        await typing.enter("12");
        await typing.alert.filter({ hasText: /not entered the whole code/ }).waitFor();
        await typing.enter(wrong(code));
        await typing.alert.filter({ hasText: /That code is not right.*4 tries left/s }).waitFor();
        await typing.enter(code);
        await heading(page, "You are logged in").waitFor();
      }));

    it("is led back to the shop when a code was wrong too often, and nothing has happened", () =>
      visit({}, async (page) => {
        const number = await fresh();
        const typing = await begin(page, "order", presentation, number);
        const code = await readCode(number, presentation);
        for (let nth = 0; nth < 5; nth += 1) {
          const answered = page.waitForResponse((response) => response.url().endsWith("/check"));
          await typing.enter(wrong(code, nth));
          await answered;
          if (nth < 4) await typing.alert.filter({ hasText: new RegExp(`${4 - nth} tr(y|ies) left`) }).waitFor();
        }
        if (presentation === "page") await page.getByRole("link", { name: "Back to Birch & Bolt" }).click();
        await heading(page, "Nothing was ordered").waitFor();
        await page.getByText("one wrong code too many").waitFor();
        await audit(page, `shop-5-exhausted-${presentation}`);
        await page.getByRole("link", { name: "Try again" }).click();
        await heading(page, "Order, and pay on delivery").waitFor();
        assert.ok(await option(page, presentation).isChecked(), "the choice is kept");
        assert.equal(await page.getByLabel("Mobile number").inputValue(), number);
      }));

    it("says that it was not her, and the shop does nothing", () =>
      visit({}, async (page) => {
        const number = await fresh();
        const { at } = await begin(page, "address", presentation, number);
        await at.getByRole("button", { name: "This was not me" }).click();
        if (presentation === "element") await at.getByRole("button", { name: "Yes, stop it" }).click();
        if (presentation === "page") await page.getByRole("link", { name: "Back to Birch & Bolt" }).click();
        await heading(page, "Your address was not changed").waitFor();
        await page.getByText("Thank you for telling us that it was not you.").waitFor();
        await page.getByRole("link", { name: "Back to the shop" }).click();
        await page.getByText("12 Birch Lane").waitFor();
      }));

    it("asks for another message when the first one does not come", () =>
      visit({}, async (page) => {
        const number = await fresh();
        const typing = await begin(page, "login", presentation, number);
        const code = await readCode(number, presentation);
        await page.waitForTimeout(31_000);
        await typing.resend.click();
        await typing.at.getByText("We sent another message.").first().waitFor();
        assert.equal(await readCode(number, presentation, 2), code, "the code stays the same");
        await typing.enter(code);
        await heading(page, "You are logged in").waitFor();
      }));

    it("clicks twice, reloads, goes back and opens a second tab: one message, one payment", () =>
      visit({}, async (page, context) => {
        const number = await fresh();
        await fillIn(page, "pay", presentation, number);
        const form = page.url();
        await page.getByRole("button", { name: "Pay with a code" }).dblclick();
        await desk(page, presentation).field.waitFor();
        await page.reload();
        await desk(page, presentation).field.waitFor();
        await page.goBack();
        assert.equal(page.url(), form);
        await heading(page, "Pay for your order").waitFor();
        const typing = await begin(page, "pay", presentation, number);

        const other = await context.newPage();
        await begin(other, "pay", presentation, number);
        const code = await readCode(number, presentation);
        await typing.enter(code);
        await heading(page, "Paid. Thank you.").waitFor();
        await desk(other, presentation).enter(code).catch(() => {});
        if (presentation === "page") await other.getByRole("link", { name: "Back to Birch & Bolt" }).click().catch(() => {});
        await heading(other, "Paid. Thank you.").waitFor();
        await other.goto(`${shopURL}/shop`);
        assert.equal(await other.getByText("€179.90, paid").count(), 1);
        assert.equal((await linesOn(number)).length, 1);
      }));
  });
}

describe("a customer of the shop", { concurrency: SIDE_BY_SIDE }, () => {
  it("finds four things to approve, and each does its own and nothing else", () =>
    visit({}, async (page) => {
      const number = await fresh();
      await page.goto(`${shopURL}/shop`);
      await audit(page, "shop-1-front");
      await page.getByText("Not logged in").waitFor();
      const shown = { login: "Logged in as Robin Hale", pay: "€179.90, paid", address: "7 Elm Row, Todmorden", order: "€179.90, to be paid on delivery" };
      const purposes = { login: "login", pay: "payment", address: "account_change", order: "order" };
      const presentations = Object.keys(PRESENTATIONS);
      for (const [nth, task] of Object.keys(TASKS).entries()) {
        await page.goto(`${shopURL}/shop`);
        assert.equal(await page.getByText(shown[task]).count(), 0, task);
        const presentation = presentations[nth % presentations.length];
        const typing = await begin(page, task, presentation, number);
        const before = (await linesOn(number)).length;
        assert.ok(before <= nth + 1);
        await typing.enter(await readCode(number, presentation, nth + 1));
        await heading(page, TASKS[task].done).waitFor();
        const checked = await comparisons(page);
        assert.equal(checked.purpose.values[1], purposes[task]);
        assert.deepEqual(refusedBy(checked), []);
        if (task !== "pay") await audit(page, `shop-4-done-${task}`);
        await page.getByRole("link", { name: "Back to the shop" }).click();
        await page.getByText(shown[task]).waitFor();
      }
      await audit(page, "shop-6-front-after");
      await page.getByRole("button", { name: "Log out and start over" }).click();
      await page.getByText("Not logged in").waitFor();
    }));

  it("sees the forms of all four in their own words", () =>
    visit({}, async (page) => {
      for (const task of Object.keys(TASKS)) {
        await page.goto(`${shopURL}/shop/${task}`);
        await audit(page, `shop-2-ask-${task}`);
      }
    }));

  it("needs no JavaScript on the hosted page, and is told what needs it", () =>
    visit({ javaScriptEnabled: false }, async (page) => {
      const number = await fresh();
      await page.goto(`${shopURL}/shop/login`);
      // Playwright's search for text passes over <noscript>.
      assert.equal(await page.locator(".option-off").filter({ visible: true }).count(), 2);
      const typing = await begin(page, "login", "page", number, { language: "en" });
      await typing.enter(wrong(await readCode(number, "page")));
      await typing.alert.filter({ hasText: "That code is not right" }).waitFor();
      await typing.enter(await readCode(number, "page"));
      await heading(page, "You are logged in").waitFor();

      for (const presentation of ["element", "frame"]) {
        const other = await fresh();
        await fillIn(page, "order", presentation, other);
        await page.getByRole("button", { name: "Order with a code" }).click();
        await page.locator("noscript .notice", { hasText: `The ${presentation} needs JavaScript` }).waitFor();
        await page.getByRole("button", { name: "Use the hosted page" }).click();
        const instead = desk(page, "page");
        await instead.field.waitFor();
        await instead.enter(await readCode(other, "page", 2));
        await heading(page, "Your order is accepted").waitFor();
      }
    }));

  it("is told no more about a payment than that it was not approved", () =>
    visit({}, async (page) => {
      const number = await fresh();
      const typing = await begin(page, "pay", "page", number);
      const code = await readCode(number, "page");
      for (let nth = 0; nth < 3; nth += 1) {
        const answered = page.waitForResponse((response) => response.url().endsWith("/check"));
        await typing.enter(wrong(code, nth));
        await answered;
      }
      await page.getByRole("link", { name: "Back to Birch & Bolt" }).click();
      await heading(page, "Not paid").waitFor();
      await page.getByText("The payment was not approved. Nothing was charged and your cart is as it was.").waitFor();
      await audit(page, "shop-5-not-approved");
    }));

  it("goes back before she has typed it, goes on, and cancels", () =>
    visit({}, async (page) => {
      const number = await fresh();
      await begin(page, "pay", "page", number);
      await page.getByRole("link", { name: "Back to Birch & Bolt" }).click();
      await heading(page, "Your confirmation waits on Countersign’s page").waitFor();
      await audit(page, "shop-3-waiting");
      await page.getByRole("link", { name: "Go on to Countersign’s page" }).click();
      await desk(page, "page").field.waitFor();
      await page.getByRole("link", { name: "Back to Birch & Bolt" }).click();
      await page.getByRole("button", { name: "Cancel" }).click();
      await heading(page, "Not paid").waitFor();
      await page.getByText("You canceled it").waitFor();
      assert.equal((await linesOn(number)).length, 1);
    }));

  it("is told which number was refused, why, and loses nothing", () =>
    visit({}, async (page) => {
      await fillIn(page, "pay", "frame", "12");
      await page.getByRole("button", { name: "Pay with a code" }).click();
      const alert = page.getByRole("alert");
      assert.match(await alert.textContent(), /We cannot send a message to 12: that is not a whole number/);
      assert.equal(await page.getByLabel("Mobile number").getAttribute("aria-invalid"), "true");
      assert.match(await page.title(), /^Error: /);
      assert.ok(await option(page, "frame").isChecked());
      await audit(page, "shop-2-ask-refused");
      await page.getByLabel("Mobile number").fill(await fresh());
      await page.getByRole("button", { name: "Pay with a code" }).click();
      await desk(page, "frame").field.waitFor();
    }));

  it("has the hosted page at a bare address, and is told why no other", () =>
    visit({}, async (page) => {
      const number = await fresh();
      await page.goto(`${shopURL.replace("localhost", "127.0.0.1")}/shop/login`);
      await page.getByText("You opened the shop at a bare address.").waitFor();
      assert.ok(await option(page, "element").isDisabled());
      assert.ok(await option(page, "frame").isDisabled());
      await audit(page, "shop-2-ask-bare");
      await page.getByLabel("Mobile number").fill(number);
      await page.getByRole("button", { name: "Log in with a code" }).click();
      await desk(page, "page").enter(await readCode(number, "page"));
      await heading(page, "You are logged in").waitFor();
      assert.match(page.url(), /^http:\/\/127\.0\.0\.1:/);
    }));

  it("reads the element and the frame in the language that she chose", () =>
    visit({}, async (page) => {
      for (const presentation of ["element", "frame"]) {
        const number = await fresh();
        await fillIn(page, "login", presentation, number, { language: "ar" });
        await page.getByRole("button", { name: "Log in with a code" }).click();
        const at = presentation === "frame" ? page.frameLocator("countersign-frame iframe") : page.locator("countersign-otp");
        await at.locator("[dir=rtl]").first().waitFor();
        await audit(page, `shop-3-type-${presentation}-ar`);
      }
    }));

  it("is not fooled by somebody else's return", () =>
    visit({}, async (page, context) => {
      await page.goto(`${shopURL}/shop`);
      for (const query of ["", "?verification=ver_1&state=guessed"]) {
        await page.goto(`${shopURL}/shop/verified${query}`);
        await heading(page, "This is not yours, or it was forgotten").waitFor();
      }
      await audit(page, "shop-5-not-yours");
      const number = await fresh();
      await begin(page, "login", "element", number);
      const address = page.url();
      await context.clearCookies();
      await page.goto(address);
      await heading(page, "This is not yours, or it was forgotten").waitFor();
    }));
});

describe("an attacker inside the shop", { concurrency: SIDE_BY_SIDE }, () => {
  for (const presentation of Object.keys(PRESENTATIONS)) {
    it(`p7_cannot_raise_the_amount_after_the_message_was_sent (${presentation})`, () =>
      visit({}, async (page) => {
        const number = await fresh();
        const typing = await begin(page, "pay", presentation, number, { tampering: /Raise it/ });
        if (presentation !== "page") {
          await heading(page, "Demo only Tampered").waitFor();
          await audit(page, `tamper-1-raised-${presentation}`);
        }
        await typing.enter(await readCode(number, presentation));
        await heading(page, "Not paid").waitFor();
        const says = await page.locator("main").textContent();
        for (const words of ["The shop did not believe the proof", "€179.90", "€4999.00", "denied"]) {
          assert.ok(says.includes(words), words);
        }
        const checked = await comparisons(page);
        assert.deepEqual(refusedBy(checked), ["txn", "redeemed"]);
        assert.notEqual(checked.txn.values[0], checked.txn.values[1]);
        assert.equal(checked.redeemed.values[1], "binding_mismatch /transaction");
        if (presentation === "page") await audit(page, "tamper-2-refused-by-the-shop");
        await page.reload();
        await heading(page, "Not paid").waitFor();
        await page.goto(`${shopURL}/shop`);
        assert.equal(await page.getByText(", paid").count(), 0);
      }));

    it(`p7_cannot_lower_the_amount_between_check_and_payment (${presentation})`, () =>
      visit({}, async (page) => {
        const number = await fresh();
        const typing = await begin(page, "pay", presentation, number, { tampering: /Lower it/ });
        await typing.enter(await readCode(number, presentation));
        await heading(page, "Not paid").waitFor();
        const says = await page.locator("main").textContent();
        for (const words of ["Countersign refused the proof", "€179.90", "€0.01", "denied"]) {
          assert.ok(says.includes(words), words);
        }
        const checked = await comparisons(page);
        assert.deepEqual(refusedBy(checked), ["redeemed"]);
        assert.equal(checked.redeemed.values[1], "binding_mismatch /transaction");
        if (presentation === "page") await audit(page, "tamper-3-refused-at-redeem");
      }));
  }

  it("p7_cannot_send_the_parcels_elsewhere", () =>
    visit({}, async (page) => {
      const number = await fresh();
      const typing = await begin(page, "address", "element", number, { tampering: /when the message is on its way/ });
      await typing.enter(await readCode(number, "element"));
      await heading(page, "Your address was not changed").waitFor();
      assert.deepEqual(refusedBy(await comparisons(page)), ["txn", "redeemed"]);
      await page.goto(`${shopURL}/shop`);
      await page.getByText("12 Birch Lane").waitFor();
      assert.equal(await page.getByText("PO Box").count(), 0);
    }));
});

describe("the simulated phone", { concurrency: SIDE_BY_SIDE }, () => {
  it("shows messages as they arrive, with their price in segments", () =>
    visit({}, async (page, context) => {
      const number = await fresh();
      const phone = await context.newPage();
      await phone.goto(inboxOf(number));
      await phone.getByText("No messages yet.").waitFor();
      await audit(phone, "phone-2-empty");
      await begin(page, "pay", "element", number);
      await phone.locator(".message").waitFor();
      assert.equal(await phone.getByText("No messages yet.").count(), 0);
      assert.match(await phone.locator(".chips").textContent(), /GSM 7-bit, \d+ septets\s+1 segment\b/);
      assert.match(await phone.locator(".offer").textContent(), /A phone offers \d{6} on localhost, and nowhere else\./);

      await page.getByRole("button", { name: "Cancel", exact: true }).click();
      await heading(page, "Not paid").waitFor();
      await begin(page, "pay", "element", number, { language: "ar" });
      await phone.locator(".message").nth(1).waitFor();
      const newest = phone.locator(".message").first();
      assert.match(await newest.locator(".chips").textContent(), /UCS-2/);
      await audit(phone, "phone-3-inbox");
      await page.goto("/phone");
      await audit(page, "phone-1-numbers");
    }));

  it("delays and duplicates when told so", () =>
    visit({}, async (page, context) => {
      const number = await fresh();
      const phone = await context.newPage();
      await phone.goto(inboxOf(number));
      await phone.getByLabel("Delay, in seconds").fill("20");
      await phone.getByLabel("Copies").fill("2");
      await phone.getByRole("button", { name: "Save" }).click();
      await phone.getByText("Saved. Messages arrive 2 times after 20 s.").waitFor();
      await begin(page, "pay", "element", number);
      assert.equal(await phone.locator(".message").count(), 0);
      await phone.getByText("Copy 2 of the same message").waitFor({ timeout: 60_000 });
      assert.equal(await phone.locator(".message").count(), 2);
      const lines = await phone.locator(".machine").allTextContents();
      assert.equal(lines[0], lines[1]);
    }));

  it("loses and fails messages when told so, until it is reset", () =>
    visit({}, async (page, context) => {
      const number = await fresh();
      const phone = await context.newPage();
      await phone.goto(inboxOf(number));
      for (const [choice, words] of [["Lose", "Messages are lost, without a receipt."], ["Fail", "Messages fail at once."]]) {
        await phone.getByLabel(choice).check();
        await phone.getByRole("button", { name: "Save" }).click();
        await phone.getByText(`Saved. ${words}`).waitFor();
        await begin(page, "pay", "element", number);
        await phone.waitForTimeout(1000);
        assert.equal(await phone.locator(".message").count(), 0, choice);
        await page.getByRole("button", { name: "Cancel", exact: true }).click();
      await heading(page, "Not paid").waitFor();
      }
      await audit(phone, "phone-4-misbehaving");
      await phone.getByRole("button", { name: "Reset" }).click();
      await phone.getByText("Saved. Messages arrive at once.").waitFor();
      await begin(page, "pay", "element", number);
      await phone.locator(".message").waitFor();
    }));

  it("opens the inbox of any number, and of nothing else", () =>
    visit({}, async (page) => {
      await page.goto("/phone");
      await page.getByLabel("Another number").fill("nobody");
      await page.getByRole("button", { name: "Open its inbox" }).click();
      assert.match(await page.getByRole("alert").textContent(), /Enter a number with its country code/);
      await audit(page, "phone-5-wrong-number");
      await page.getByLabel("Another number").fill("+44 7700 900999");
      await page.getByRole("button", { name: "Open its inbox" }).click();
      await page.getByRole("heading", { name: "+447700900999" }).waitFor();
    }));
});

describe("a developer", { concurrency: SIDE_BY_SIDE }, () => {
  it("finds three links and commands that work as they stand", () =>
    visit({}, async (page, context) => {
      await page.goto("/");
      await audit(page, "start");
      for (const path of ["/shop", "/phone", "/docs"]) {
        const answer = await context.request.get(path);
        assert.equal(answer.status(), 200, path);
      }
      const inbox = await context.request.get("/phone/447700900123").then((answer) => answer.text());
      const before = inbox.split('class="message"').length;

      const start = await page.getByLabel("Command that sends a code").textContent();
      const { stdout } = await run("sh", ["-c", start]);
      const verification = JSON.parse(stdout);
      assert.equal(verification.status, "pending");

      await page.goto("/phone/447700900123");
      await page.locator(".message").nth(before - 1).waitFor();
      const [code] = (await page.locator(".bubble").first().textContent()).match(/\d{6}/);
      await page.goto("/");
      const check = await page.getByLabel("Command that checks a code").textContent();
      const filled = check.replace("/ID/", `/${verification.id}/`).replace('"CODE"', `"${code}"`);
      const answer = JSON.parse((await run("sh", ["-c", filled])).stdout);
      assert.equal(answer.result, "approved");
      assert.equal(answer.proof.split(".").length, 3);
    }));
});
