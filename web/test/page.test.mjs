// The script of the hosted page, on pages written as the server writes them.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { audit, autofill, deliverCode, launch, otpRequestsBecome, paste, servers, visit, webOtpStub } from "./browser.mjs";

let browser;
let here;
before(async () => ([browser, here] = await Promise.all([launch(), servers()])));
after(async () => {
  await browser?.close();
  here?.close();
});

const SCRIPT = '<script type="module" src="/dist/page.js"></script>';
let made = 0;

/** The page that asks for the code; where it stands, and where its forms go. */
function codePage({ resendIn = 0, expiresIn = 281, head = SCRIPT, inputAttributes = "" } = {}) {
  const path = `/verify/code-${++made}`;
  const body = `
    <form data-countersign="check" method="post" action="${path}/check">
      <label for="code">Code</label>
      <input id="code" name="code" type="text" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 \\-]*" required dir="ltr"
        data-length="6" data-alphabet="numeric" data-incomplete="The code has 6 numbers" ${inputAttributes}>
      <input type="hidden" name="csrf" value="token"><input type="hidden" name="request" value="r1">
      <button>Confirm</button>
    </form>
    <form data-countersign="resend" method="post" action="${path}/resend">
      <input type="hidden" name="csrf" value="token"><button>Send another message</button>
    </form>
    <p data-countersign="resend-wait" data-seconds="${resendIn}" data-text="You can ask again in {seconds} s">You can ask again in ${resendIn} s</p>
    <p data-countersign="expiry" data-seconds="${expiresIn}" data-text="The code ends in {time}" data-warning="The code ends in 30 seconds"
      data-over="The code has ended">The code ends in a while</p>
    <p role="status" data-countersign="announce" data-ready="You can ask for another message now" data-soon="10 seconds left" data-sending="One moment"></p>`;
  const attributes = ` data-countersign-funnel="${path}/funnel" data-csrf="token"`;
  for (const step of ["check", "resend", "funnel"]) here.verify.page("<p>Next page</p>", { path: `${path}/${step}` });
  here.verify.posts.length = 0;
  return { path, address: here.verify.page(body, { path, attributes, head }) };
}

const posts = (step) => here.verify.posts.filter(({ pathname }) => pathname.endsWith(`/${step}`)).map(({ form }) => form);
const announced = (page, text) => page.getByRole("status").getByText(text).waitFor();
const input = (page) => page.getByLabel("Code");

describe("the code", () => {
  it("is submitted with the form's tokens by its button, once however often that is pressed", () =>
    visit(browser, async (page) => {
      await page.goto(codePage().address);
      await input(page).pressSequentially("123456");
      const sent = await page.evaluate(() => {
        const prevented = [];
        document.addEventListener("submit", (event) => prevented.push(event.defaultPrevented));
        for (const place of [0, 0, 1]) document.forms[place].querySelector("button").click();
        return prevented;
      });
      assert.deepEqual(sent, [false, true, true]);
      await page.getByText("Next page").waitFor();
      assert.deepEqual(posts("check"), [{ code: "123456", csrf: "token", request: "r1" }]);
    }));

  it("submits itself when it comes at once", () =>
    visit(browser, async (page) => {
      for (const fill of [() => paste(page, "123-456"), () => paste(page, "１２３ ４５６"), () => autofill(input(page), "123456")]) {
        await page.goto(codePage().address);
        await input(page).focus();
        await page.keyboard.type("9");
        await fill();
        await page.getByText("Next page").waitFor();
        assert.deepEqual(posts("check").map(({ code }) => code), ["123456"]);
      }
    }));

  it("waits for the button when it is typed, in whatever digits, and is brought to its form", () =>
    visit(browser, async (page) => {
      await page.goto(codePage({ inputAttributes: 'maxlength="6"' }).address);
      await input(page).pressSequentially("12 ٣٤-५६");
      assert.equal(await input(page).inputValue(), "123456");
      await page.waitForTimeout(150);
      assert.deepEqual(posts("check"), []);
      await page.keyboard.press("Enter");
      await page.getByText("Next page").waitFor();
    }));

  it("is not sent while it is too short", () =>
    visit(browser, async (page) => {
      await page.goto(codePage().address);
      await input(page).pressSequentially("12345");
      await page.getByRole("button", { name: "Confirm" }).click();
      assert.equal(await input(page).evaluate((node) => node.validationMessage), "The code has 6 numbers");
      assert.deepEqual(posts("check"), []);
    }));

  it("comes by WebOTP (by a stub), which ends when the form goes", () =>
    visit(browser, async (page) => {
      await page.goto(codePage().address);
      await deliverCode(page, "123456");
      await page.getByText("Next page").waitFor();
      assert.deepEqual(posts("check").map(({ code }) => code), ["123456"]);
      await page.goto(codePage().address);
      await page.evaluate(() => document.forms[0].addEventListener("submit", (event) => event.preventDefault()));
      await input(page).pressSequentially("123456");
      await page.keyboard.press("Enter");
      await otpRequestsBecome(page, [true]);
    }, { init: webOtpStub }));

  it("works without the script", () =>
    visit(browser, async (page) => {
      await page.goto(codePage().address);
      await input(page).fill("123456");
      await page.getByRole("button", { name: "Confirm" }).click();
      await page.getByText("Next page").waitFor();
      assert.deepEqual(posts("check").length, 1);
      assert.deepEqual(posts("funnel"), []);
    }, { javaScriptEnabled: false }));

  it("is no longer wrong once it is changed", () =>
    visit(browser, async (page) => {
      await page.goto(codePage({ inputAttributes: 'aria-invalid="true"' }).address);
      await audit(page, "hosted");
      await input(page).press("1");
      assert.equal(await input(page).getAttribute("aria-invalid"), null);
    }));
});

describe("the waits", () => {
  it("another message: shown each second, told thrice, and the button waits with them", () =>
    visit(browser, async (page) => {
      const { address } = codePage({ resendIn: 12 });
      await page.goto(address);
      const resend = page.getByRole("button", { name: "Send another message" });
      await announced(page, "You can ask again in 12 s");
      assert.equal(await resend.getAttribute("aria-disabled"), "true");
      await resend.click({ force: true });
      await page.clock.runFor(1000);
      await page.locator("[data-countersign=resend-wait]").getByText("You can ask again in 11 s").waitFor();
      assert.equal(await page.getByRole("status").textContent(), "You can ask again in 12 s");
      await page.clock.runFor(1000);
      await announced(page, "10 seconds left");
      assert.deepEqual(posts("resend"), []);
      await page.clock.runFor(10_500);
      await announced(page, "You can ask for another message now");
      assert.equal(await resend.getAttribute("aria-disabled"), null);
      assert.equal(await page.locator("[data-countersign=resend-wait]").textContent(), "");
      await resend.click();
      await page.getByText("Next page").waitFor();
      assert.equal(posts("resend").length, 1);
    }, { clock: true }));

  it("the end of the code: shown each second, told half a minute before and when it has come", () =>
    visit(browser, async (page) => {
      await page.goto(codePage({ expiresIn: 65 }).address);
      await page.getByText("The code ends in 1:05").waitFor();
      await page.clock.runFor(35_500);
      await announced(page, "The code ends in 30 seconds");
      await page.clock.runFor(31_000);
      await announced(page, "The code has ended");
    }, { clock: true }));

  it("a form that no answer came to can be sent again, and so can one that the back button brings back", () =>
    visit(browser, async (page) => {
      const { path, address } = codePage();
      await page.goto(address);
      here.verify.set(`${path}/check`, "dead");
      await page.evaluate(() => document.forms[0].addEventListener("submit", (event) => event.preventDefault()));
      await input(page).pressSequentially("123456");
      const confirm = page.getByRole("button", { name: "Confirm" });
      await confirm.click();
      assert.equal(await confirm.getAttribute("aria-disabled"), "true");
      assert.equal(await page.getByRole("status").first().textContent(), "One moment");
      await page.clock.runFor(20_500);
      assert.equal(await confirm.getAttribute("aria-disabled"), null);
      await confirm.click();
      assert.equal(await confirm.getAttribute("aria-disabled"), "true");
      await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
      assert.equal(await confirm.getAttribute("aria-disabled"), null);
    }, { clock: true }));
});

describe("the funnel", () => {
  it("is told that the page was shown, and of the first digit, once each, and nothing else", () =>
    visit(browser, async (page) => {
      await page.goto(codePage().address);
      await input(page).pressSequentially("1234");
      await page.keyboard.press("Backspace");
      await page.waitForTimeout(150);
      assert.deepEqual(posts("funnel"), [{ csrf: "token", step: "shown" }, { csrf: "token", step: "first_digit" }]);
    }));

  it("is not told of pages without a code", () =>
    visit(browser, async (page) => {
      const attributes = ' data-countersign-funnel="/verify/none/funnel" data-csrf="token"';
      here.verify.posts.length = 0;
      await page.goto(here.verify.page("<p>Confirmed</p>", { attributes, head: SCRIPT }));
      await page.waitForTimeout(150);
      assert.deepEqual(posts("funnel"), []);
    }));
});
