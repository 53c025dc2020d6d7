// The plain field: a control of the shop's own form.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { audit, autofill, deliverCode, launch, otpRequestsBecome, paste, SCRIPT, seen, servers, visit, webOtpStub, widgetPage } from "./browser.mjs";

let browser;
let here;
before(async () => ([browser, here] = await Promise.all([launch(), servers()])));
after(async () => {
  await browser?.close();
  here?.close();
});

/** A form with the field, and where it goes to. */
function form(element = '<countersign-otp name="otp" required></countersign-otp>', options = {}) {
  here.shop.page("<p>Thank you</p>", { path: "/done" });
  const body = `<form action="/done">${element}<button>Go on</button></form>`;
  return here.shop.page(body, { head: SCRIPT, ...options });
}

const open = async (page, address) => {
  await page.goto(address);
  const input = page.locator("countersign-otp input");
  await input.waitFor();
  return input;
};
const field = (page, text) => page.locator("countersign-otp").evaluate((element, name) => element[name], text);
const submitted = async (page) => {
  await page.waitForURL("**/done?**");
  return new URL(page.url()).searchParams.get("otp");
};
/** Sees that nothing is submitted for as long as an automatic submission would take. */
const stays = async (page) => {
  await page.waitForTimeout(200);
  assert.doesNotMatch(page.url(), /done/);
};

/** Sees that the input's characters stand where the boxes are. */
async function alignsWithBoxes(input) {
  const { advance, pitch, start, left } = await input.evaluate((node) => {
    const style = getComputedStyle(node);
    const [first, second] = node.parentElement.shadowRoot.querySelectorAll(".slot");
    const canvas = document.createElement("canvas").getContext("2d");
    canvas.font = style.font;
    const character = canvas.measureText("0").width;
    const box = first.getBoundingClientRect();
    return {
      advance: character + parseFloat(style.letterSpacing),
      pitch: second.getBoundingClientRect().left - box.left,
      start: node.getBoundingClientRect().left + parseFloat(style.borderLeftWidth) + parseFloat(style.paddingLeft),
      left: box.left + (box.width - character) / 2,
    };
  });
  assert.ok(Math.abs(advance - pitch) < 0.5, `${advance} ${pitch}`);
  assert.ok(Math.abs(start - left) < 1, `${start} ${left}`);
}

describe("the one input", () => {
  it("stands in the light DOM, over boxes that readers do not meet", () =>
    visit(browser, async (page) => {
      const input = await open(page, form());
      assert.equal(await page.locator("input").count(), 1);
      const facts = await input.evaluate((node) => ({
        inLightDom: node.parentElement.localName,
        type: node.type,
        inputmode: node.inputMode,
        autocomplete: node.autocomplete,
        maxlength: node.getAttribute("maxlength"),
        dir: node.dir,
        visible: node.checkVisibility({ opacityProperty: true, visibilityProperty: true }),
        drawn: node.parentElement.shadowRoot.querySelector(".slots").getAttribute("aria-hidden"),
      }));
      assert.deepEqual(facts, {
        inLightDom: "countersign-otp", type: "text", inputmode: "numeric", autocomplete: "one-time-code", maxlength: null, dir: "ltr",
        visible: true, drawn: "true",
      });
      const slots = page.locator("countersign-otp .slots");
      const [over, under] = [await input.boundingBox(), await slots.boundingBox()];
      assert.ok(over.x <= under.x && over.y <= under.y && over.x + over.width >= under.x + under.width);
      assert.ok(Math.abs(over.height - under.height) < 1);
      const hit = await page.evaluate(({ x, y, width, height }) =>
        [0.1, 0.5, 0.9].map((part) => document.elementFromPoint(x + width * part, y + height / 2).localName), under);
      assert.deepEqual(hit, ["input", "input", "input"]);
    }));

  it("puts each character into its box", () =>
    visit(browser, async (page) => {
      const input = await open(page, form());
      await input.pressSequentially("123456");
      await alignsWithBoxes(input);
      assert.equal(await page.locator("countersign-otp .slot.filled").count(), 6);
      assert.equal(await input.evaluate((node) => node.scrollLeft), 0);
    }));

  it("does so whatever the page's style sheet says of inputs, and takes the page's properties and parts", () =>
    visit(browser, async (page) => {
      const verification = here.api.start();
      const hostile = `${SCRIPT}<link rel="stylesheet" href="/hostile.css">`;
      await page.goto(widgetPage(here, verification, { head: hostile }));
      const input = page.locator("countersign-otp input");
      await input.pressSequentially("12345");
      await alignsWithBoxes(input);
      const looks = await page.getByRole("button", { name: "Confirm" }).evaluate((node) => [
        getComputedStyle(node).backgroundColor, getComputedStyle(node).textDecorationLine,
      ]);
      assert.deepEqual(looks, ["rgb(0, 0, 200)", "overline"]);
      assert.equal(await page.locator("countersign-otp .slot").first().evaluate((node) => node.clientWidth), 38);
    }));

  it("is the author's own too where the script is faster than the page", () =>
    visit(browser, async (page) => {
      here.shop.set("/slow", async (response) => {
        response.write(`<!doctype html><html lang="en"><title>Slow</title><script type="module" async src="/dist/countersign-otp.v1.js"></script>
          <main><h1>Slow</h1><form><countersign-otp>${" ".repeat(2000)}`);
        await new Promise((resolve) => setTimeout(resolve, 600));
        response.end('<label for="c">Your code</label><input id="c" name="otp"></countersign-otp></form></main>');
      });
      await page.goto(`${here.shop.origin}/slow`);
      await page.locator("countersign-otp .slot").first().waitFor();
      assert.equal(await page.locator("input").count(), 1);
      await page.getByLabel("Your code").pressSequentially("12-34");
      assert.equal(await field(page, "value"), "1234");
    }));

  it("moves nothing for those who want it still", () =>
    visit(browser, async (page) => {
      await open(page, form());
      const duration = () => page.locator("countersign-otp .slot").first().evaluate((node) => getComputedStyle(node).transitionDuration);
      assert.equal(await duration(), "0.12s");
      await page.emulateMedia({ reducedMotion: "reduce" });
      assert.equal(await duration(), "0s");
    }));

  it("loads under the sum that the manifest gives, and not under another", () =>
    visit(browser, async (page) => {
      const { files } = await (await fetch(`${here.shop.origin}/dist/manifest.json`)).json();
      const { integrity } = files["countersign-otp.v1.js"];
      const head = (sum) => `<script type="module" src="/dist/countersign-otp.v1.js" integrity="${sum}"></script>`;
      await open(page, form(undefined, { head: head(integrity) }));
      await page.goto(form(undefined, { head: head(integrity.replace(/.{8}$/, "AAAAAAAA")) }));
      assert.equal(await page.evaluate(() => customElements.get("countersign-otp")), undefined);
    }, { expected: /Failed to find a valid digest/ }));

  it("may be the author's own, which works without the script", () =>
    visit(browser, async (page) => {
      const own = '<countersign-otp><label for="c">Your code</label><input id="c" name="otp" maxlength="6" required></countersign-otp>';
      const input = await open(page, form(own));
      assert.equal(await page.locator("input").count(), 1);
      assert.equal(await page.getByLabel("Your code").count(), 1);
      assert.equal(await input.getAttribute("maxlength"), null);
      await input.focus();
      await paste(page, "123-456");
      assert.equal(await submitted(page), "123456");
      assert.equal(new URL(page.url()).searchParams.getAll("otp").length, 1);
    }));

  it("is named by its own label, by the page's label for the element, and described", () =>
    visit(browser, async (page) => {
      await open(page, form());
      await page.getByRole("textbox", { name: "Code from the message", description: "The code has 6 numbers." }).waitFor();
      await open(page, form('<label for="e">SMS code</label><countersign-otp id="e" name="otp"></countersign-otp>'));
      const input = page.getByRole("textbox", { name: "SMS code" });
      assert.equal(await page.locator("label").count(), 1);
      await page.locator("label").click();
      assert.ok(await input.evaluate((node) => node === document.activeElement));
    }));

  it("leaves nothing behind when the element goes, and comes back with it", () =>
    visit(browser, async (page) => {
      await open(page, form());
      const children = await page.evaluate(() => {
        const element = document.querySelector("countersign-otp");
        const { parentElement } = element;
        element.remove();
        const left = element.childElementCount;
        parentElement.prepend(element);
        return [left, element.querySelectorAll("input").length];
      });
      assert.deepEqual(children, [0, 1]);
      await page.locator("countersign-otp input").fill("123456");
    }));
});

describe("what is typed", () => {
  it("waits for the button", () =>
    visit(browser, async (page) => {
      const input = await open(page, form());
      await input.focus();
      await page.keyboard.type("123456", { delay: 5 });
      await stays(page);
      assert.deepEqual(await seen(page, "complete"), [{ code: "123456", at_once: false }]);
      await page.getByRole("button", { name: "Go on" }).click();
      assert.equal(await submitted(page), "123456");
    }));

  it("is submitted by Enter, as in any form", () =>
    visit(browser, async (page) => {
      await open(page, form());
      await page.keyboard.press("Tab");
      await page.keyboard.type("123456");
      await page.keyboard.press("Enter");
      assert.equal(await submitted(page), "123456");
    }));

  it("may hold blanks, dashes and other digits; letters are left out", () =>
    visit(browser, async (page) => {
      const input = await open(page, form());
      await input.pressSequentially("1 2-a٣۴५６");
      assert.equal(await field(page, "value"), "123456");
      assert.equal(await input.inputValue(), "123456");
      await stays(page);
    }));

  it("takes no more keys than there are places, and keeps the caret where it was", () =>
    visit(browser, async (page) => {
      const input = await open(page, form());
      await input.pressSequentially("1234567");
      assert.equal(await input.inputValue(), "123456");
      await page.keyboard.press("Home");
      await page.keyboard.press("Delete");
      await page.keyboard.type("-9");
      assert.equal(await input.inputValue(), "923456");
      assert.equal(await input.evaluate((node) => node.selectionStart), 1);
      await page.keyboard.type("8");
      assert.equal(await input.inputValue(), "923456");
      await stays(page);
    }));

  it("may be composed by an input method", () =>
    visit(browser, async (page, context) => {
      const input = await open(page, form());
      await input.focus();
      const devtools = await context.newCDPSession(page);
      for (const text of ["１", "１２", "１２３", "１２３４", "１２３４５", "１２３４５６"]) {
        await devtools.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
      }
      assert.equal(await field(page, "value"), "123456");
      await devtools.send("Input.insertText", { text: "１２３４５６" });
      await stays(page);
      assert.equal(await input.inputValue(), "123456");
    }));

  it("may be a code of letters and numbers", () =>
    visit(browser, async (page) => {
      const input = await open(page, form('<countersign-otp name="otp" length="8" alphabet="alphanumeric"></countersign-otp>'));
      assert.equal(await input.getAttribute("inputmode"), "text");
      assert.equal(await page.locator("countersign-otp .slot").count(), 8);
      await input.pressSequentially("acd3-4fgh");
      assert.equal(await field(page, "value"), "ACD34FGH");
      await page.getByText("The code has 8 letters and numbers.").waitFor();
    }));
});

describe("a code that comes at once submits itself", () => {
  const texts = ["123456", "123 456", "123-456", " 123–456 ", "１２３４５６", "١٢٣٤٥٦", "۱۲۳۴۵۶", "१२३४५६", "123456 is your code to pay EUR 49.90"];
  for (const text of texts) {
    it(`pasted as ${JSON.stringify(text)}`, () =>
      visit(browser, async (page) => {
        const input = await open(page, form());
        await input.focus();
        await paste(page, text);
        assert.equal(await submitted(page), "123456");
      }));
  }

  it("pasted into a part-filled field, wherever the caret is", () =>
    visit(browser, async (page) => {
      const input = await open(page, form());
      await input.pressSequentially("99");
      await page.keyboard.press("Home");
      await paste(page, "123 456");
      assert.equal(await submitted(page), "123456");
    }));

  for (const typed of ["", "12", "12345", "99999"]) {
    for (const kind of ["insertReplacementText", "plain", "insertText"]) {
      it(`filled in by the browser over ${JSON.stringify(typed)}, told as ${kind}`, () =>
        visit(browser, async (page) => {
          const input = await open(page, form());
          await input.pressSequentially(typed);
          if (kind === "insertText") {
            // What Chromium itself does for a keyboard's suggestion: one insertion of the whole text.
            await page.keyboard.insertText("123456");
          } else {
            await autofill(input, "123456", kind);
          }
          assert.equal(await submitted(page), "123456");
        }));
    }
  }

  it("once, although autofill sends several events", () =>
    visit(browser, async (page) => {
      const input = await open(page, form());
      await page.evaluate(() => {
        globalThis.submits = 0;
        document.forms[0].addEventListener("submit", (event) => (event.preventDefault(), (globalThis.submits += 1)));
      });
      await autofill(input, "123456");
      await autofill(input, "123456");
      await stays(page);
      assert.equal(await page.evaluate(() => globalThis.submits), 1);
    }));

  it("but not a part of it, nor too much, nor one that was put back", () =>
    visit(browser, async (page) => {
      const input = await open(page, form());
      await input.pressSequentially("123");
      await paste(page, "456");
      assert.equal(await input.inputValue(), "123456");
      await stays(page);
      await input.fill("");
      await input.focus();
      await paste(page, "12345678");
      assert.equal(await input.inputValue(), "12345678");
      await stays(page);
      await input.fill("");
      await input.pressSequentially("123456");
      await page.keyboard.press("Backspace");
      await page.keyboard.press("Control+Z");
      await stays(page);
    }));

  it("and not where the page objects", () =>
    visit(browser, async (page) => {
      const input = await open(page, form());
      await page.evaluate(() => addEventListener("countersign-complete", (event) => event.preventDefault()));
      await autofill(input, "123456");
      await stays(page);
      assert.deepEqual(await seen(page, "complete"), [{ code: "123456", at_once: true }]);
    }));

  it("and presses the form's button, whose value is sent", () =>
    visit(browser, async (page) => {
      here.shop.page("<p>Thank you</p>", { path: "/done" });
      const body = `<form action="/done"><countersign-otp name="otp"></countersign-otp>
        <button type="button">Help</button><button name="step" value="2">Go on</button></form>`;
      const input = await open(page, here.shop.page(body, { head: SCRIPT }));
      await autofill(input, "123456");
      await submitted(page);
      assert.equal(new URL(page.url()).searchParams.get("step"), "2");
    }));
});

describe("WebOTP (by a stub of navigator.credentials.get)", () => {
  it("fills the field and submits", () =>
    visit(browser, async (page) => {
      await open(page, form());
      await otpRequestsBecome(page, [false]);
      await deliverCode(page, "123456");
      assert.equal(await submitted(page), "123456");
    }, { init: webOtpStub }));

  it("believes no code of another form", () =>
    visit(browser, async (page) => {
      await open(page, form());
      await deliverCode(page, "12345678");
      await stays(page);
      assert.equal(await field(page, "value"), "");
    }, { init: webOtpStub }));

  it("ends when the form is submitted and when the element goes", () =>
    visit(browser, async (page) => {
      const input = await open(page, form());
      await page.evaluate(() => document.forms[0].addEventListener("submit", (event) => event.preventDefault()));
      await input.pressSequentially("123456");
      await page.keyboard.press("Enter");
      await otpRequestsBecome(page, [true]);
      await open(page, form());
      await page.evaluate(() => document.querySelector("countersign-otp").remove());
      await otpRequestsBecome(page, [true]);
    }, { init: webOtpStub }));
});

describe("as a control of a form", () => {
  it("holds the form back, with words, until the code is whole", () =>
    visit(browser, async (page) => {
      const input = await open(page, form());
      await page.getByRole("button", { name: "Go on" }).click();
      assert.equal(await field(page, "validationMessage"), "You have not entered the whole code. The code has 6 numbers.");
      assert.ok(await input.evaluate((node) => node === document.activeElement), "the browser points at the input");
      await input.pressSequentially("12345");
      assert.equal(await page.locator("countersign-otp").evaluate((element) => element.checkValidity()), false);
      await page.keyboard.type("6");
      assert.equal(await page.locator("countersign-otp").evaluate((element) => element.validity.valid), true);
      await stays(page);
    }));

  it("may stay empty where it is not required", () =>
    visit(browser, async (page) => {
      const input = await open(page, form('<countersign-otp name="otp"></countersign-otp>'));
      assert.equal(await page.evaluate(() => document.forms[0].checkValidity()), true);
      await input.pressSequentially("1");
      assert.equal(await page.evaluate(() => document.forms[0].checkValidity()), false);
    }));

  it("is reset, disabled and enabled with it", () =>
    visit(browser, async (page) => {
      const input = await open(page, form('<fieldset><legend>Code</legend><countersign-otp name="otp"></countersign-otp></fieldset>'));
      await input.pressSequentially("123456");
      const values = await page.evaluate(() => {
        const [form] = document.forms;
        const data = () => new FormData(form).get("otp");
        const fieldset = document.querySelector("fieldset");
        const before = data();
        fieldset.disabled = true;
        const disabled = [data(), document.querySelector("countersign-otp input").matches(":disabled")];
        fieldset.disabled = false;
        form.reset();
        return [before, ...disabled, data(), document.querySelector("countersign-otp").value];
      });
      assert.deepEqual(values, ["123456", null, true, "", ""]);
      assert.equal(await page.locator("countersign-otp .slot.filled").count(), 0);
    }));

  it("comes back with the back button", () =>
    visit(browser, async (page) => {
      const address = form();
      const input = await open(page, address);
      await input.pressSequentially("123456");
      await page.getByRole("button", { name: "Go on" }).click();
      await submitted(page);
      await page.goBack();
      await page.locator("countersign-otp input").waitFor();
      assert.equal(await field(page, "value"), "123456");
      await stays(page);
    }));

  it("shows what the shop says is wrong, until it is changed", () =>
    visit(browser, async (page) => {
      const input = await open(page, form());
      await page.evaluate(() => (document.querySelector("countersign-otp").error = "That code is not right."));
      await page.getByRole("alert").getByText("That code is not right.").waitFor();
      assert.equal(await input.getAttribute("aria-invalid"), "true");
      await page.getByRole("textbox", { description: "That code is not right. The code has 6 numbers." }).waitFor();
      await audit(page, "field-wrong");
      await input.pressSequentially("1");
      assert.equal(await input.getAttribute("aria-invalid"), null);
      assert.equal(await page.getByRole("alert").textContent(), "");
    }));

  it("passes axe empty, and stays in reach on a right-to-left page", () =>
    visit(browser, async (page) => {
      const head = `${SCRIPT}<script type="module" src="/dist/texts/ar.js"></script>`;
      const input = await open(page, form(undefined, { lang: "ar", dir: "rtl", head }));
      await page.getByText("الرمز الوارد في الرسالة").waitFor();
      await audit(page, "field-rtl");
      await input.pressSequentially("١٢٣");
      assert.equal(await field(page, "value"), "123");
      assert.equal(await input.evaluate((node) => getComputedStyle(node).direction), "ltr");
    }));
});
