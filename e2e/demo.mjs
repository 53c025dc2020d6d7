// Drives the pages of a running `countersign dev` as a customer, an attacker and a developer would.
//
//     BASE_URL=http://localhost:8080 npm test

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { audit, launch, tabTo, visitor } from "./browser.mjs";

const baseURL = process.env.BASE_URL?.replace(/\/$/, "");
assert.ok(baseURL, "set BASE_URL to where `countersign dev` answers");

/** Visitors at once. */
const SIDE_BY_SIDE = 3;

const run = promisify(execFile);
let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

/** Does something as a visitor, then sees that the browser had nothing to complain about. */
async function visit(options, act) {
  const guest = await visitor(browser, baseURL, options);
  try {
    await act(guest.page, guest.context);
  } catch (error) {
    await guest.context.close();
    throw error;
  }
  await guest.close();
}

const inboxOf = (number) => `/phone/${number.slice(1)}`;

/** The number of the start page's commands, and those that a test has taken. */
const taken = new Set(["+447700900123"]);

/** A number that Ofcom keeps free for fiction and that has no messages: none meets another's limits. */
async function fresh(context) {
  for (let tries = 0; tries < 500; tries += 1) {
    const number = `+447700900${String(Math.floor(Math.random() * 1000)).padStart(3, "0")}`;
    const inbox = await context.request.get(inboxOf(number));
    if (taken.has(number) || !(await inbox.text()).includes("No messages yet.")) continue;
    taken.add(number);
    return number;
  }
  return assert.fail("every number has messages already: start with an empty server");
}

/** From the cart to the page that asks for the code. */
async function checkOut(page, number, language = "en") {
  await page.goto("/shop");
  await page.getByRole("link", { name: "Check out" }).click();
  await page.getByLabel("Mobile number").fill(number);
  await page.getByLabel("Language of the message").selectOption(language);
  await page.getByRole("button", { name: "Send the code" }).click();
  await page.getByRole("heading", { name: "Enter the code" }).waitFor();
}

/** Reads the latest code off the simulated phone, as the machine's line has it. */
async function readCode(context, number, atLeast = 1) {
  const phone = await context.newPage();
  await phone.goto(inboxOf(number));
  const messages = phone.locator(".message");
  for (let tries = 0; (await messages.count()) < atLeast; tries += 1) {
    assert.ok(tries < 50, "the message arrives within five seconds");
    await phone.waitForTimeout(100);
    await phone.reload();
  }
  const line = await messages.first().locator(".machine").textContent();
  await phone.close();
  const [, code] = line.match(/^@localhost #(\d{6})$/) ?? assert.fail(`"${line}" is no autofill line`);
  return code;
}

async function enter(page, code) {
  await page.getByLabel("6-digit code").fill(code);
  await page.getByRole("button", { name: /^Pay/ }).click();
}

const wrong = (code) => (code === "000000" ? "111111" : "000000");

describe("a customer", { concurrency: SIDE_BY_SIDE }, () => {
  it("pays with the code from her phone, and the shop shows what it checked", () =>
    visit({}, async (page, context) => {
      const number = await fresh(context);
      await page.goto("/shop");
      await audit(page, "shop-1-cart");
      await page.getByRole("link", { name: "Check out" }).click();
      await audit(page, "shop-2-phone");
      await checkOut(page, number);
      await audit(page, "shop-3-code");
      assert.match(await page.locator(".paying").textContent(), /€179\.90.*Birch & Bolt/s);
      assert.doesNotMatch(await page.locator("main").textContent(), new RegExp(number.slice(3, 9)));

      const field = page.getByLabel("6-digit code");
      assert.equal(await field.getAttribute("autocomplete"), "one-time-code");
      assert.equal(await field.getAttribute("inputmode"), "numeric");
      assert.equal(await field.getAttribute("maxlength"), null);

      const code = await readCode(context, number);
      await enter(page, ` ${code.slice(0, 3)}-${code.slice(3)} `);
      await page.getByRole("heading", { name: "Paid. Thank you." }).waitFor();
      await audit(page, "shop-4-paid");
      const claims = JSON.parse(await page.getByLabel("Claims of the proof").textContent());
      assert.equal(claims.purpose, "payment");
      assert.equal(claims.phone, number);
      assert.deepEqual(claims.amr, ["sms", "otp"]);
      assert.equal(claims.mode, "test");
      assert.equal(claims.exp - claims.iat, 300);
    }));

  it("is told what is wrong with a code, and can still pay", () =>
    visit({}, async (page, context) => {
      const number = await fresh(context);
      await checkOut(page, number);
      const code = await readCode(context, number);
      await enter(page, "12");
      const alert = page.getByRole("alert");
      assert.match(await alert.textContent(), /You have not entered enough numbers, the code must be 6 numbers/);
      await enter(page, wrong(code));
      await page.getByText("That code is not right.").waitFor();
      assert.match(await alert.textContent(), /Check the latest message from Birch & Bolt\. 2 tries left\./);
      assert.equal(await page.getByLabel("6-digit code").getAttribute("aria-invalid"), "true");
      assert.match(await page.title(), /^Error: /);
      await audit(page, "shop-3-code-wrong");
      await enter(page, code);
      await page.getByRole("heading", { name: "Paid. Thank you." }).waitFor();
    }));

  it("has three tries for a payment", () =>
    visit({}, async (page, context) => {
      const number = await fresh(context);
      await checkOut(page, number);
      const guess = wrong(await readCode(context, number));
      for (const words of ["2 tries left.", "This is your last try.", "one wrong code too many"]) {
        await enter(page, guess);
        await page.getByText(words).waitFor();
      }
      await audit(page, "shop-5-exhausted");
      await page.getByRole("button", { name: "Back to the cart" }).click();
      await page.getByRole("heading", { name: "Your cart" }).waitFor();
    }));

  it("waits for another message, gives up, or says that it was not her", () =>
    visit({}, async (page, context) => {
      const number = await fresh(context);
      await checkOut(page, number);
      await page.getByRole("button", { name: "Send it again" }).click();
      await page.getByText(/A message is on its way\. You can ask for another one in \d+ seconds\./).waitFor();
      const code = await readCode(context, number);

      const other = await context.newPage();
      await other.goto("/shop/code");
      await other.getByRole("button", { name: "This was not me" }).click();
      await other.getByRole("heading", { name: "Thank you for telling us" }).waitFor();
      await audit(other, "shop-5-reported");
      await enter(page, code);
      await page.getByRole("heading", { name: "Thank you for telling us" }).waitFor();

      await checkOut(page, number);
      await page.getByRole("button", { name: "Cancel the payment" }).click();
      await page.getByRole("heading", { name: "Payment cancelled" }).waitFor();
    }));

  it("is told when a number cannot receive codes", () =>
    visit({}, async (page) => {
      await page.goto("/shop/checkout");
      await page.getByLabel("Mobile number").fill("12");
      await page.getByRole("button", { name: "Send the code" }).click();
      assert.match(await page.getByRole("alert").textContent(), /This number cannot receive our codes/);
      await audit(page, "shop-2-phone-wrong");
    }));

  it("needs nothing but a keyboard", () =>
    visit({}, async (page, context) => {
      const number = await fresh(context);
      await page.goto("/shop");
      await tabTo(page, "Skip to the content");
      await tabTo(page, "Check out");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Confirm it is you" }).waitFor();
      await tabTo(page, "Mobile number");
      await page.keyboard.press("Control+A");
      await page.keyboard.type(number);
      await tabTo(page, "Send the code");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Enter the code" }).waitFor();
      const code = await readCode(context, number);
      await page.bringToFront();
      assert.equal(await page.evaluate(() => document.activeElement.id), "code", "the field has the focus");
      await page.keyboard.type(code);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Paid. Thank you." }).waitFor();
    }));

  it("needs no JavaScript", () =>
    visit({ javaScriptEnabled: false }, async (page, context) => {
      const number = await fresh(context);
      await checkOut(page, number, "de");
      const phone = await context.newPage();
      await phone.goto(inboxOf(number));
      await phone.getByRole("link", { name: "Look for new messages" }).click();
      await phone.close();
      await enter(page, await readCode(context, number));
      await page.getByRole("heading", { name: "Paid. Thank you." }).waitFor();
    }));
});

describe("an attacker inside the shop", { concurrency: SIDE_BY_SIDE }, () => {
  it("p7_cannot_raise_the_amount_after_the_message_was_sent", () =>
    visit({}, async (page, context) => {
      const number = await fresh(context);
      await checkOut(page, number);
      await page.getByRole("button", { name: "Raise it to €4999.00 now" }).click();
      await page.getByText("Tampered.").waitFor();
      await audit(page, "tamper-1-raised");
      const code = await readCode(context, number);
      await enter(page, code);
      await page.getByRole("heading", { name: "Countersign refused this payment" }).waitFor();
      const page_says = await page.locator("main").textContent();
      for (const words of ["€179.90", "€4999.00", "transaction_mismatch", "denied"]) {
        assert.ok(page_says.includes(words), words);
      }
      await audit(page, "tamper-2-refused-at-check");
      await page.goto("/shop/code");
      await page.getByRole("heading", { name: "Countersign refused this payment" }).waitFor();
    }));

  it("p7_cannot_lower_the_amount_between_check_and_payment", () =>
    visit({}, async (page, context) => {
      const number = await fresh(context);
      await checkOut(page, number);
      await page.getByRole("button", { name: "Lower it to €0.01 just before payment" }).click();
      await page.getByText("The trap is set.").waitFor();
      await enter(page, await readCode(context, number));
      await page.getByRole("heading", { name: "Countersign refused this payment" }).waitFor();
      const page_says = await page.locator("main").textContent();
      for (const words of ["€179.90", "€0.01", "binding_mismatch /transaction", "denied"]) {
        assert.ok(page_says.includes(words), words);
      }
      await audit(page, "tamper-3-refused-at-redeem");
    }));
});

describe("the simulated phone", { concurrency: SIDE_BY_SIDE }, () => {
  it("shows messages as they arrive, with their price in segments", () =>
    visit({}, async (page, context) => {
      const number = await fresh(context);
      const phone = await context.newPage();
      await phone.goto(inboxOf(number));
      await phone.getByText("No messages yet.").waitFor();
      await audit(phone, "phone-2-empty");
      await checkOut(page, number);
      await phone.locator(".message").waitFor();
      assert.equal(await phone.getByText("No messages yet.").count(), 0);
      assert.match(await phone.locator(".chips").textContent(), /GSM 7-bit, \d+ septets\s+1 segment\b/);
      assert.match(await phone.locator(".offer").textContent(), /A phone offers \d{6} on localhost, and nowhere else\./);

      await page.getByRole("button", { name: "Cancel the payment" }).click();
      await checkOut(page, number, "ar");
      await phone.locator(".message").nth(1).waitFor();
      const newest = phone.locator(".message").first();
      assert.match(await newest.locator(".chips").textContent(), /UCS-2/);
      await audit(phone, "phone-3-inbox");
      await page.goto("/phone");
      await audit(page, "phone-1-numbers");
    }));

  it("delays and duplicates when told so", () =>
    visit({}, async (page, context) => {
      const number = await fresh(context);
      const phone = await context.newPage();
      await phone.goto(inboxOf(number));
      await phone.getByLabel("Delay, in seconds").fill("3");
      await phone.getByLabel("Copies").fill("2");
      await phone.getByRole("button", { name: "Save" }).click();
      await phone.getByText("Saved. Messages arrive 2 times after 3 s.").waitFor();
      await checkOut(page, number);
      assert.equal(await phone.locator(".message").count(), 0);
      await phone.getByText("Copy 2 of the same message").waitFor();
      assert.equal(await phone.locator(".message").count(), 2);
      const lines = await phone.locator(".machine").allTextContents();
      assert.equal(lines[0], lines[1]);
    }));

  it("loses and fails messages when told so, until it is reset", () =>
    visit({}, async (page, context) => {
      const number = await fresh(context);
      const phone = await context.newPage();
      await phone.goto(inboxOf(number));
      for (const [choice, words] of [["Lose", "Messages are lost, without a receipt."], ["Fail", "Messages fail at once."]]) {
        await phone.getByLabel(choice).check();
        await phone.getByRole("button", { name: "Save" }).click();
        await phone.getByText(`Saved. ${words}`).waitFor();
        await checkOut(page, number);
        await phone.waitForTimeout(1000);
        assert.equal(await phone.locator(".message").count(), 0, choice);
        await page.getByRole("button", { name: "Cancel the payment" }).click();
      }
      await audit(phone, "phone-4-misbehaving");
      await phone.getByRole("button", { name: "Reset" }).click();
      await phone.getByText("Saved. Messages arrive at once.").waitFor();
      await checkOut(page, number);
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
