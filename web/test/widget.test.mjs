// The widget: a verification from its first sight to its end, against the stub of the API.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { audit, autofill, deliverCode, launch, otpRequestsBecome, paste, SCRIPT, seen, servers, visit, webOtpStub, widgetPage } from "./browser.mjs";

let browser;
let here;
let api;
before(async () => {
  [browser, here] = await Promise.all([launch(), servers()]);
  ({ api } = here);
});
after(async () => {
  await browser?.close();
  here?.close();
});

/** What the console says about answers that a test wants. */
const REFUSED = /Failed to load resource/;

/** A test with a verification of its own, whose widget is open. */
function meet(wishes, act, { page: pageOptions, ...options } = {}) {
  api.requests = [];
  api.fate = () => undefined;
  api.loseAnswers = false;
  const verification = api.start(wishes);
  return visit(browser, async (page, context) => {
    await page.goto(widgetPage(here, verification, pageOptions));
    await act(page, verification, context);
  }, options);
}

const input = (page) => page.locator("countersign-otp input");
const button = (page, name) => page.getByRole("button", { name, exact: true });
/** Types a code over what is there. Playwright's own `fill` inserts it at once, which submits it. */
const enter = async (page, code) => {
  await input(page).fill("");
  await input(page).pressSequentially(code);
};
const confirm = (page) => button(page, "Confirm");
const status = (page, text) => page.locator("countersign-otp").getByRole("status").getByText(text).waitFor();
const alert = (page, text) => page.locator("countersign-otp").getByRole("alert").getByText(text).waitFor();
const property = (page, name) => page.locator("countersign-otp").evaluate((element, wanted) => element[wanted], name);
const PAYMENT = { purpose: "payment", attempts: 3, transaction: { amount: "49.90", currency: "EUR", payee: "Shop GmbH" } };

const CHALLENGE = { type: "proof_of_work", algorithm: "scrypt", n: 1024, r: 8, p: 1, salt: "salt", zero_bits: 4 };

describe("a challenge before the message", () => {
  it("is solved by the element itself, which says to wait", () =>
    meet({ state: "challenge_required", challenge: CHALLENGE }, async (page) => {
      await status(page, "We sent a message with a code to");
      assert.equal(api.counted("/challenge"), 1);
      await enter(page, "123456");
      await confirm(page).click();
      await status(page, "Confirmed. Thank you.");
    }));

  it("that this script does not know is said not to work, and nothing is asked again by itself", () =>
    meet({ state: "challenge_required", challenge: { ...CHALLENGE, type: "another" } }, async (page) => {
      await alert(page, "We cannot be reached at the moment.");
      assert.equal(api.counted("/challenge"), 0);
      await button(page, "Try again").waitFor();
    }));
});

describe("what the customer sees", () => {
  it("amount and payee come before the code, then where it went", () =>
    meet(PAYMENT, async (page, { id }) => {
      await status(page, "We sent a message with a code to \u2066+44•••••••123\u2069.");
      const text = (await page.locator("countersign-otp .root").innerText()).replace(/\s+/g, " ");
      assert.match(text, /^Amount €49\.90 Paid to Shop GmbH We sent/);
      await page.getByText("It usually arrives within 12 seconds.").waitFor();
      await page.getByRole("textbox", { name: "Code from the message", description: "The code has 6 numbers." }).waitFor();
      assert.deepEqual([await property(page, "state"), await property(page, "verificationId")], ["pending", id]);
      assert.deepEqual(api.steps, ["shown"]);
      await audit(page, "pending-payment");
    }));

  it("each digit of an amount is shown, and none more", () =>
    meet({ ...PAYMENT, transaction: { amount: "1200", currency: "JPY" } }, async (page) => {
      await page.getByText("¥1,200", { exact: true }).waitFor();
      assert.equal(await page.getByText("Paid to").isVisible(), false);
    }));

  it("without a transaction nothing is said about one", () =>
    meet({}, async (page) => {
      await status(page, "We sent a message");
      assert.equal(await page.getByText("Amount").isVisible(), false);
      await audit(page, "pending");
    }));

  it("one language in all of it: the page's, if there are texts, or the one asked for", () =>
    meet({ ...PAYMENT, locale: "de" }, async (page) => {
      await page.getByText("Bestätigen").waitFor();
      await page.getByText("49,90 €").waitFor();
      assert.equal(await page.locator("countersign-otp .root").getAttribute("lang"), "de");
      await page.locator("countersign-otp").evaluate((element) => (element.locale = "en"));
      await confirm(page).waitFor();
      await page.locator("countersign-otp").evaluate((element) => (element.messages = { confirm: "Pay now" }));
      await button(page, "Pay now").waitFor();
    }, { page: { lang: "x-none", head: `${SCRIPT}<script type="module" src="/dist/texts/de.js"></script>` } }));

  it("texts may come before the element's script or after it", () =>
    meet({}, async (page) => {
      await page.getByText("Bestätigen").waitFor();
    }, { page: { lang: "de-AT", head: `<script type="module" src="/dist/texts/de.js"></script>${SCRIPT}` } }));

  it("from right to left, but for the code and the number", () =>
    meet({ ...PAYMENT, usuallyWithinS: 2 }, async (page) => {
      await page.getByText("تصل عادةً خلال ثانيتين.").waitFor();
      const facts = await input(page).evaluate((node) => [
        getComputedStyle(node).direction,
        getComputedStyle(node.parentElement.shadowRoot.querySelector(".row")).direction,
        getComputedStyle(node.parentElement.shadowRoot.querySelector(".root")).direction,
      ]);
      assert.deepEqual(facts, ["ltr", "ltr", "rtl"]);
      await audit(page, "pending-rtl");
    }, { page: { lang: "ar", dir: "rtl", head: `${SCRIPT}<script type="module" src="/dist/texts/ar.js"></script>` } }));

  it("ten characters fit into 320 pixels, with room for text that is spaced out and twice as large", () =>
    meet({ length: 10, alphabet: "alphanumeric" }, async (page) => {
      await enter(page, "ACD34FGHJK");
      await audit(page, "pending-long");
      await page.setViewportSize({ width: 320, height: 640 });
      await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
      const sticksOut = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(sticksOut, 0);
    }));
});

describe("the right code", () => {
  it("typed, waits for the button and ends it", () =>
    meet(PAYMENT, async (page, { id }) => {
      await confirm(page).waitFor();
      await input(page).pressSequentially("123456");
      await page.waitForTimeout(150);
      assert.equal(api.counted("/check"), 0);
      await confirm(page).click();
      await status(page, "Confirmed. Thank you.");
      assert.deepEqual(await seen(page, "approved"), [{ id }]);
      assert.equal(await property(page, "state"), "approved");
      assert.equal(await confirm(page).isVisible(), false);
      assert.equal(await input(page).isVisible(), false);
      assert.deepEqual(api.steps, ["shown", "first_digit"]);
      await audit(page, "approved");
    }));

  for (const text of ["123456", "123 456", "123-456", "１２３４５６"]) {
    it(`pasted as ${JSON.stringify(text)}, needs no button`, () =>
      meet({}, async (page) => {
        await input(page).focus();
        await paste(page, text);
        await status(page, "Confirmed");
        assert.equal(api.counted("/check"), 1);
      }));
  }

  for (const typed of ["", "99"]) {
    it(`filled in by the browser over ${JSON.stringify(typed)}`, () =>
      meet({}, async (page) => {
        await input(page).pressSequentially(typed);
        await autofill(input(page), "123456");
        await status(page, "Confirmed");
        assert.equal(api.counted("/check"), 1);
      }));
  }

  it("by the keyboard alone, whose focus is seen and not lost", () =>
    meet({}, async (page) => {
      await confirm(page).waitFor();
      await page.keyboard.press("Tab");
      const ring = await input(page).evaluate((node) => getComputedStyle(node.parentElement.shadowRoot.querySelector(".row")).outlineStyle);
      assert.equal(ring, "solid");
      await page.keyboard.type("999999");
      await page.keyboard.press("Enter");
      await alert(page, "That code is not right.");
      // The wrong code is selected: what is typed replaces it.
      await page.keyboard.type("123456");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Space");
      await status(page, "Confirmed");
      const focused = await page.locator("countersign-otp").evaluate((element) => element.shadowRoot.activeElement?.textContent);
      assert.equal(focused, "Confirmed. Thank you.");
    }));

  it("every control is reached by Tab, in the order in which it is seen", () =>
    meet({ resendInS: 0 }, async (page) => {
      await button(page, "Send another message").waitFor();
      const names = [];
      for (let presses = 0; presses < 5; presses += 1) {
        await page.keyboard.press("Tab");
        names.push(await page.evaluate(() => {
          const { activeElement } = document;
          const inner = activeElement.shadowRoot?.activeElement ?? activeElement;
          const outlined = inner.localName === "input" || getComputedStyle(inner).outlineStyle === "solid";
          return outlined ? inner.textContent || inner.localName : `${inner.outerHTML} without a focus ring`;
        }));
      }
      assert.deepEqual(names, ["input", "Confirm", "Send another message", "No message?", "This was not me"]);
    }));

  it("does not touch the form around it, but gives it the verification's id", () => {
    const verification = api.start();
    return visit(browser, async (page) => {
      const element = `<countersign-otp name="verification" server="${here.verify.origin}" client-secret="${verification.secret}"></countersign-otp>`;
      await page.goto(here.shop.page(`<form action="/nowhere">${element}<button>Pay</button></form>`, { head: SCRIPT }));
      await confirm(page).waitFor();
      const data = () => page.evaluate(() => [...new FormData(document.forms[0])]);
      await input(page).pressSequentially("123");
      await page.keyboard.press("Enter");
      await alert(page, "You have not entered the whole code.");
      assert.deepEqual(await data(), []);
      assert.equal(await page.evaluate(() => document.forms[0].checkValidity()), true);
      await page.keyboard.type("123456");
      await page.keyboard.press("Enter");
      await status(page, "Confirmed");
      assert.deepEqual(await data(), [["verification", verification.id]]);
      assert.doesNotMatch(page.url(), /nowhere/);
    });
  });
});

describe("a page that is faster than the script", () => {
  it("may set the properties first", () => {
    api.requests = [];
    const verification = api.start();
    return visit(browser, async (page) => {
      await page.goto(here.shop.page("<countersign-otp></countersign-otp>"));
      await page.evaluate(async ([server, clientSecret]) => {
        const element = document.querySelector("countersign-otp");
        Object.assign(element, { server, clientSecret, messages: { confirm: "Pay now" } });
        await import("/dist/countersign-otp.v1.js");
      }, [here.verify.origin, verification.secret]);
      await button(page, "Pay now").waitFor();
      await status(page, "We sent a message");
    });
  });
});

describe("a code that is not right", () => {
  it("is said, with the tries that are left, and described to readers", () =>
    meet({}, async (page) => {
      await input(page).pressSequentially("000000");
      await confirm(page).click();
      await alert(page, "That code is not right. Check the latest message from Lantern Row. You have 4 tries left.");
      await page.getByRole("textbox", { description: /^That code is not right.*The code has 6 numbers\.$/ }).waitFor();
      assert.equal(await input(page).getAttribute("aria-invalid"), "true");
      assert.ok(await input(page).evaluate((node) => node === document.activeElement && node.selectionEnd === 6));
      await audit(page, "incorrect");
      await input(page).press("1");
      assert.equal(await input(page).getAttribute("aria-invalid"), null);
    }));

  it("is not sent when it cannot be one", () =>
    meet({}, async (page) => {
      await input(page).pressSequentially("12345");
      await confirm(page).click();
      await alert(page, "You have not entered the whole code. The code has 6 numbers.");
      await input(page).fill("");
      await confirm(page).click();
      await alert(page, "You have not entered the whole code.");
      assert.equal(api.counted("/check"), 0);
    }));

  it("of an older message is called that", () =>
    meet({ olderCode: "111111" }, async (page) => {
      await enter(page, "111111");
      await confirm(page).click();
      await alert(page, "That is an older code. Use the one in the latest message from Lantern Row. You have 4 tries left.");
    }));

  it("for the last time ends it", () =>
    meet({ attempts: 1 }, async (page) => {
      await input(page).pressSequentially("000000");
      await confirm(page).click();
      await status(page, "That was one wrong code too many.");
      assert.deepEqual(await seen(page, "ended"), [{ state: "exhausted" }]);
      assert.equal(await input(page).isVisible(), false);
      await audit(page, "exhausted");
    }, { page: { inside: '<a slot="ended" href="/cart">Back to the cart</a>' } }));

  it("for a payment tells neither why nor how often, but for the last two", () =>
    meet({ ...PAYMENT, attempts: 4 }, async (page, verification) => {
      const shown = [];
      for (const [nth, code] of ["000000", "000001", "000002", "000003", "123456"].entries()) {
        await enter(page, code);
        await confirm(page).click();
        while (api.counted("/check") <= nth) await page.waitForTimeout(20);
        await page.locator("countersign-otp [aria-invalid=true]").waitFor();
        shown.push(await page.locator("countersign-otp [slot=error]").textContent());
      }
      const plain = "That code was not accepted. Check the latest message from Lantern Row.";
      assert.deepEqual(shown, [plain, `${plain} You have 2 tries left.`, `${plain} You have 1 try left.`, plain, plain]);
      assert.equal(verification.exhausted, true);
      assert.deepEqual(await seen(page, "ended"), []);
    }));
});

describe("another message", () => {
  it("can be asked for when the honest time is over, which is told thrice and shown each second", () =>
    meet({ resendInS: 12 }, async (page, verification) => {
      const resend = button(page, "Send another message");
      await resend.waitFor();
      await page.evaluate(() => {
        const { shadowRoot } = document.querySelector("countersign-otp");
        globalThis.said = [shadowRoot.querySelector(".quiet").textContent];
        new MutationObserver(() => globalThis.said.push(shadowRoot.querySelector(".quiet").textContent)).observe(
          shadowRoot.querySelector(".quiet"), { childList: true, characterData: true, subtree: true });
      });
      assert.equal(await resend.getAttribute("aria-disabled"), "true");
      await resend.click({ force: true });
      assert.equal(api.counted("/resend"), 0);
      await page.clock.runFor(1000);
      await page.getByText("You can ask again in 11 seconds.").first().waitFor();
      await page.clock.runFor(11_500);
      await page.locator("countersign-otp .quiet").getByText("You can ask for another message now.").waitFor();
      const said = await page.evaluate(() => globalThis.said);
      assert.deepEqual(said, [
        "You can ask again in 12 seconds.", "You can ask again in 10 seconds.", "You can ask for another message now.",
      ]);
      verification.resendAt = 0;
      await resend.click();
      await status(page, "We sent another message.");
      assert.equal(verification.sent, 2);
      await page.locator("countersign-otp .wait").getByText("You can ask again in 45 seconds.").waitFor();
      assert.ok(await page.locator("countersign-otp").evaluate((e) => e.shadowRoot.activeElement?.classList.contains("resend")), "the focus stays");
      await page.clock.resume();
      await audit(page, "resent");
    }, { clock: true }));

  it("too early by the server's clock, the time is corrected", () =>
    meet({ resendInS: 0 }, async (page, verification) => {
      await button(page, "Send another message").waitFor();
      verification.resendAt = Date.now() + 20_000;
      await button(page, "Send another message").click();
      await page.locator("countersign-otp .wait").getByText(/You can ask again in (1[5-9]|20) seconds\./).waitFor();
      assert.equal(verification.sent, 1);
      assert.deepEqual(await seen(page, "error"), []);
    }, { expected: REFUSED }));

  it("is not offered where none can come", () =>
    meet({ resendInS: null }, async (page) => {
      await confirm(page).waitFor();
      await page.getByText("No message?").click();
      assert.equal(await button(page, "Send another message").isVisible(), false);
      assert.equal(await button(page, "Call me instead").isVisible(), false);
    }));

  it("may come by another channel", () =>
    meet({ resendInS: 0, channels: ["voice", "whatsapp", "carrier_pigeon"] }, async (page) => {
      await page.getByText("No message?").click();
      await page.getByText("Check that your phone is switched on").waitFor();
      assert.deepEqual(await page.locator("countersign-otp .channel").allTextContents(), ["Call me instead", "Send it by WhatsApp"]);
      await audit(page, "no-message");
      await button(page, "Call me instead").click();
      await status(page, "We are calling \u2066+44•••••••123\u2069 to read a code to you.");
      assert.deepEqual(api.requests.find(({ path }) => path === "/resend").body, { channel: "voice" });
    }));

  it("is asked for once, however often it is clicked, and never by a repetition of its own", () =>
    meet({ resendInS: 0 }, async (page, verification) => {
      api.fate = (path) => (path === "/resend" ? { delayMs: 200 } : undefined);
      await button(page, "Send another message").dblclick();
      await status(page, "We sent another message.");
      assert.equal(verification.sent, 2);
      verification.resendAt = 0;
      await page.reload();
      await button(page, "Send another message").waitFor();
      api.fate = (path) => (path === "/resend" ? "dead" : undefined);
      const before = api.counted("/resend");
      await button(page, "Send another message").click();
      await alert(page, "We cannot be reached at the moment.");
      assert.equal(api.counted("/resend"), before + 1);
    }, { expected: REFUSED }));
});

describe("the end", () => {
  it("of the code is told half a minute before, and then is the server's to say", () =>
    meet({ expiresInS: 40 }, async (page, verification) => {
      await page.getByText("The code ends in 0:40.").waitFor();
      await page.clock.runFor(10_500);
      await page.locator("countersign-otp .quiet").getByText("The code ends in 30 seconds.").waitFor();
      verification.expiresAt = 0;
      await page.clock.runFor(31_000);
      await status(page, "This code has expired.");
      assert.deepEqual(await seen(page, "ended"), [{ state: "expired" }]);
      await page.getByRole("link", { name: "Back to the cart" }).waitFor();
      await page.clock.resume();
      await audit(page, "expired");
    }, { clock: true, page: { inside: '<a slot="ended" href="/cart">Back to the cart</a>' } }));

  it('"this was not me" asks once more, and can be taken back', () =>
    meet({}, async (page, verification) => {
      await button(page, "This was not me").click();
      await page.getByText("Stop this? The code will no longer work.").waitFor();
      await audit(page, "not-me");
      await page.keyboard.press("Enter");
      await button(page, "This was not me").waitFor();
      assert.equal(verification.state, "pending");
      await page.keyboard.press("Enter");
      await button(page, "Yes, stop it").click();
      await status(page, "Thank you for telling us. Nothing was approved.");
      assert.equal(verification.state, "denied");
      assert.deepEqual(await seen(page, "ended"), [{ state: "denied" }]);
      await audit(page, "denied");
    }));

  for (const [state, text] of [["canceled", "This was canceled."], ["exhausted", "That was one wrong code too many."], ["approved", "Confirmed."]]) {
    it(`is seen at once where it is ${state} already`, () =>
      meet({ state }, async (page) => {
        await status(page, text);
        assert.equal(await property(page, "state"), state);
        assert.equal(await input(page).isVisible(), false);
      }));
  }

  it("of the secret is told", () =>
    meet({}, async (page, verification) => {
      await confirm(page).waitFor();
      api.forget(verification);
      await enter(page, "123456");
      await confirm(page).click();
      await status(page, "This has ended.");
      assert.deepEqual(await seen(page, "ended"), [{ state: "over" }]);
      assert.deepEqual(await seen(page, "error"), [{ code: "unauthorized", status: 401 }]);
      await audit(page, "over");
    }, { expected: REFUSED }));

  it("makes room for the next verification", () =>
    meet({ state: "expired" }, async (page) => {
      await status(page, "This code has expired.");
      const next = api.start();
      await page.locator("countersign-otp").evaluate((element, secret) => (element.clientSecret = secret), next.secret);
      await confirm(page).waitFor();
      await enter(page, "123456");
      await confirm(page).click();
      await status(page, "Confirmed");
      assert.equal(await page.locator("countersign-otp input").count(), 1);
    }));
});

describe("a server that is not well", () => {
  it("dead from the start: said, and tried again on a click", () => {
    api.fate = () => "dead";
    api.requests = [];
    const verification = api.start();
    return visit(browser, async (page) => {
      await page.goto(widgetPage(here, verification));
      await status(page, "One moment…");
      await alert(page, "We cannot be reached at the moment. What you typed is still here. Please try again.");
      assert.equal(api.counted("", "GET"), 3);
      await audit(page, "unreachable");
      api.fate = () => undefined;
      await button(page, "Try again").click();
      await status(page, "We sent a message");
      assert.deepEqual(await seen(page, "error"), [{ code: "unreachable", status: 0 }]);
    }, { expected: REFUSED });
  });

  it("dead during a check: the code stays, and the same attempt is repeated, not a second one", () =>
    meet({}, async (page, verification) => {
      await confirm(page).waitFor();
      api.loseAnswers = true;
      await input(page).pressSequentially("123456");
      await confirm(page).click();
      await status(page, "Checking the code…");
      await alert(page, "We cannot be reached at the moment.");
      assert.equal(await input(page).inputValue(), "123456");
      assert.equal(await input(page).evaluate((node) => node.readOnly), false);
      api.loseAnswers = false;
      await confirm(page).click();
      await status(page, "Confirmed");
      assert.equal(verification.checks, 1);
      const attempts = api.requests.filter(({ path }) => path === "/check").map(({ headers }) => headers["idempotency-key"]);
      assert.equal(attempts.length, 4);
      assert.equal(new Set(attempts).size, 1);
      assert.match(attempts[0], /^[0-9a-f]{32}$/);
    }, { expected: REFUSED }));

  it("another code, or the same one after an answer, is another attempt", () =>
    meet({}, async (page) => {
      for (const code of ["000000", "000000", "111111"]) {
        const before = api.counted("/check");
        await enter(page, code);
        await confirm(page).click();
        while (api.counted("/check") === before) await page.waitForTimeout(20);
        await page.locator("countersign-otp [aria-invalid=true]").waitFor();
      }
      const attempts = api.requests.filter(({ path }) => path === "/check").map(({ headers }) => headers["idempotency-key"]);
      assert.equal(new Set(attempts).size, 3);
    }));

  it("busy: the check is repeated by itself", () =>
    meet({}, async (page, verification) => {
      api.fate = (path, nth) => (path === "/check" && nth === 1 ? "busy" : undefined);
      await enter(page, "123456");
      await confirm(page).click();
      await status(page, "Confirmed");
      assert.equal(verification.checks, 1);
    }, { expected: REFUSED }));

  it("slow to load: a code that comes meanwhile is checked afterwards", () => {
    api.requests = [];
    api.fate = (path) => (path === "" ? { delayMs: 2000 } : undefined);
    const verification = api.start();
    return visit(browser, async (page) => {
      await page.goto(widgetPage(here, verification));
      await autofill(input(page), "123456");
      await status(page, "One moment…");
      await status(page, "Confirmed");
      assert.equal(verification.checks, 1);
    });
  });

  it("slow: a double click is one check, and says what it does", () =>
    meet({}, async (page, verification) => {
      api.fate = (path) => (path === "/check" ? { delayMs: 4000 } : undefined);
      await enter(page, "000000");
      await confirm(page).dblclick();
      await status(page, "Checking the code…");
      assert.equal(await confirm(page).getAttribute("aria-disabled"), "true");
      await audit(page, "checking");
      await alert(page, "That code is not right.");
      assert.equal(verification.checks, 1);
    }));

  it("gone while it is asked: nothing is left behind", () =>
    meet({}, async (page) => {
      await confirm(page).waitFor();
      api.fate = () => ({ delayMs: 200 });
      await enter(page, "123456");
      await confirm(page).click();
      await page.evaluate(() => document.querySelector("countersign-otp").remove());
      await page.waitForTimeout(400);
      assert.deepEqual(await seen(page, "approved"), []);
      assert.deepEqual(await seen(page, "error"), []);
    }));
});

describe("two tabs, and a page that is loaded again", () => {
  it("an approval in one is seen in the other", () =>
    meet({}, async (page, verification, context) => {
      const other = await context.newPage();
      await other.goto(widgetPage(here, verification));
      await confirm(other).waitFor();
      await enter(page, "123456");
      await confirm(page).click();
      await status(page, "Confirmed");
      await status(other, "Confirmed");
      assert.equal(verification.checks, 1);
      assert.equal((await seen(other, "approved")).length, 1);
    }));

  it("a code that both send is one approval in both", () =>
    meet({}, async (page, verification, context) => {
      const other = await context.newPage();
      await other.goto(widgetPage(here, verification));
      await confirm(other).waitFor();
      api.fate = (path) => (path === "/check" ? { delayMs: 600 } : undefined);
      for (const tab of [page, other]) await enter(tab, "123456");
      await Promise.all([page, other].map((tab) => confirm(tab).evaluate((node) => node.click())));
      await status(page, "Confirmed");
      await status(other, "Confirmed");
      assert.equal(api.counted("/check"), 2);
      assert.equal(verification.checks, 1);
    }));

  it("a reload goes on where it was, and sends nothing", () =>
    meet({}, async (page, verification) => {
      await enter(page, "000000");
      await confirm(page).click();
      await alert(page, "4 tries left");
      await page.reload();
      await confirm(page).waitFor();
      await enter(page, "000001");
      await confirm(page).click();
      await alert(page, "3 tries left");
      assert.equal(verification.sent, 1);
    }));
});

describe("WebOTP (by a stub of navigator.credentials.get)", () => {
  it("checks the code that comes", () =>
    meet({}, async (page) => {
      await confirm(page).waitFor();
      await deliverCode(page, "123456");
      await status(page, "Confirmed");
    }, { init: webOtpStub }));

  it("ends when a code is sent, and waits again after a wrong one and after another message", () =>
    meet({ resendInS: 0 }, async (page) => {
      await confirm(page).waitFor();
      await otpRequestsBecome(page, [false]);
      api.fate = (path) => (path === "/check" ? { delayMs: 4000 } : undefined);
      await enter(page, "000000");
      await confirm(page).click();
      await otpRequestsBecome(page, [true]);
      await alert(page, "That code is not right.");
      await otpRequestsBecome(page, [true, false]);
      await button(page, "Send another message").click();
      await status(page, "We sent another message.");
      await otpRequestsBecome(page, [true, true, false]);
      await page.evaluate(() => document.querySelector("countersign-otp").remove());
      await otpRequestsBecome(page, [true, true, true]);
    }, { init: webOtpStub }));
});
