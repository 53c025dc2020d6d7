// What customers do, on the hosted page, in `<countersign-otp>` and in `<countersign-frame>`: one list for all three, in a
// real browser against a running `countersign dev`.
//
//     BASE_URL=http://localhost:8080 API_KEY=cs_test_… node --test each-presentation.mjs     (a key with the scope admin)

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { launch } from "./browser.mjs";
import { OwnServer } from "./own-server.mjs";
import { autofill, Countersign, faces, hears, paste, payment, Shop, tabTo, visit, webOtpStub, wrong } from "./presentations.mjs";

const countersign = new Countersign(process.env.BASE_URL, process.env.API_KEY, "each-presentation");
let browser;
let shop;

before(async () => {
  browser = await launch();
  shop = await new Shop().open(countersign);
  const { policy } = await countersign.api("GET", "/v1/app");
  // The shortest wait there is, and then one that no test outlasts.
  await countersign.api("PATCH", "/v1/app", {
    origins: [shop.origin],
    return_urls: [shop.back],
    policy: { ...policy, resend_ladder_s: [15, 300] },
  });
});

after(async () => {
  await browser?.close();
  shop?.close();
});

const start = (face, more) => countersign.start(face.presentation(shop), more);
const shifted = (code, zero) => [...code].map((digit) => String.fromCharCode(zero + Number(digit))).join("");

/** A test for each presentation, with a verification of its own that is on the screen. */
function each(name, act, { more, ...options } = {}, which = () => true) {
  for (const face of faces.filter(which)) {
    it(`${face.name}: ${name}`, { timeout: 240_000 }, () =>
      visit(browser, options, async (page, facts) => {
        const started = await start(face, more);
        const code = await countersign.code(started.number);
        await face.open(page, shop, started);
        await act(face, page, { ...facts, started, code });
      }));
  }
}

const isHosted = (face) => face.name !== "element";

async function assertApproved({ id }) {
  const { status, proof } = await countersign.verification(id);
  assert.ok(status === "approved" && proof, "the shop's server gets the proof");
}

async function assertSent(times, { id, number }) {
  const resent = await countersign.happened(id, "verification.resent");
  assert.equal(resent, times - 1, "what was asked for");
  assert.equal((await countersign.linesOnceThere(number, times)).length, times, "messages on the phone");
}

/** So many guesses were counted, the right one too. */
const assertGuesses = async (guesses, { id }) => assert.equal(5 - (await countersign.verification(id)).attempts_remaining, guesses);

// --- Where time must pass: these wait beside the others ---

function whatTakesTime() {
  each("too late: told, and nothing is approved", async (face, page, { started, code }) => {
    await face.type(page, code);
    await face.overtaken(face, page);
    if (isHosted(face)) await face.button(page).click();
    await face.ends(page, "expired");
    assert.equal((await countersign.verification(started.id)).status, "expired");
  }, { more: { expires_in: 60 } });

  // P3: what is over reads the same, whether the tries were used up before or not.
  for (const face of faces) {
    it(`${face.name}: p3 a payment that is over does not say whether its tries were used up`, () =>
      visit(browser, {}, async (page, { context }) => {
        const read = [];
        for (const tries of [0, 3]) {
          const tab = await context.newPage();
          const started = await start(face, { ...payment, expires_in: 60 });
          const guess = wrong(await countersign.code(started.number));
          await face.open(tab, shop, started);
          for (let n = 0; n < tries; n += 1) await guessWrong(face, tab, guess, n);
          read.push(
            (async () => {
              await face.overtaken(face, tab);
              if (isHosted(face)) await face.enter(tab, guess);
              await face.ends(tab, "expired");
              return face.inside(tab).locator(isHosted(face) ? "main" : ".root").innerText();
            })(),
          );
        }
        const [untouched, usedUp] = await Promise.all(read);
        const bare = (text) => text.replace(/•\d{3}/g, "•");
        assert.equal(bare(usedUp), bare(untouched));
      }));
  }

  for (const [how, options, press] of [
    ["tapped", { hasTouch: true }, (again) => again.tap({ force: true })],
    ["clicked twice", {}, (again) => again.dblclick({ force: true })],
    ["by keyboard", {}, async (again, page) => {
      await tabTo(page, await again.textContent());
      await page.keyboard.press("Enter");
    }],
  ]) {
    each(`another message, ${how}: one more with the same code, and then a wait that is shown`, async (face, page, { started, code, asked }) => {
      const again = face.resend(face.inside(page));
      await again.and(face.inside(page).locator("button:not([aria-disabled])")).waitFor({ timeout: 60_000 });
      await press(again, page);
      await face.status(page, face.words.resent).waitFor();
      assert.equal(asked.resend, 1);
      assert.equal(await countersign.code(started.number, 2), code);
      await face.wait(face.inside(page)).waitFor();
      assert.equal(await again.getAttribute("aria-disabled"), "true");
      await press(again, page);
      await face.wait(face.inside(page)).waitFor();
      assert.equal(asked.resend, 1, "nothing goes before its time");
      await page.reload();
      await face.code(page).waitFor();
      await face.enter(page, code);
      await face.arrives(page, shop, started);
      await assertSent(2, started);
    }, options);
  }
}

async function guessWrong(face, page, guess, nth) {
  const answered = page.waitForResponse((response) => response.url().endsWith("/check"));
  // Each another one.
  await face.enter(page, guess.slice(0, 5) + ((Number(guess[5]) + nth) % 10));
  await answered;
  await face.inside(page).locator("[aria-invalid=true]").waitFor();
}

// --- Everything else ---

function theCode() {
  each("mouse: types the code, confirms, and the shop is told", async (face, page, { started, code, asked }) => {
    await face.enter(page, code);
    await face.arrives(page, shop, started);
    assert.equal(asked.check, 1);
    await assertApproved(started);
  });

  each("touch: the same", async (face, page, { started, code }) => {
    await face.code(page).tap();
    await page.keyboard.type(code);
    await face.button(page).tap();
    await face.arrives(page, shop, started);
    await assertApproved(started);
  }, { hasTouch: true, isMobile: true, viewport: { width: 390, height: 780 } });

  each("keyboard: the same", async (face, page, { started, code }) => {
    await tabTo(page, face.words.name);
    await page.keyboard.type(code);
    await tabTo(page, face.submitName);
    await page.keyboard.press("Enter");
    await face.arrives(page, shop, started);
    await assertApproved(started);
  });

  each("mouse: a wrong code is told, with the tries that are left", async (face, page, { started, code }) => {
    await face.enter(page, wrong(code));
    await face.alert(page, face.words.wrong).waitFor();
    assert.equal(await face.code(page).getAttribute("aria-invalid"), "true");
    assert.equal(await face.code(page).inputValue(), face.afterWrong(wrong(code)));
    assert.ok(await face.isFocused(page), "she can type at once");
    await assertGuesses(1, started);
    await face.enter(page, code);
    await face.arrives(page, shop, started);
  });

  each("keyboard: a wrong code, and the right one after it", async (face, page, { started, code }) => {
    await tabTo(page, face.words.name);
    await page.keyboard.type(wrong(code));
    await page.keyboard.press("Enter");
    await face.alert(page, face.words.wrong).waitFor();
    // What is typed now goes into the field, in place of the wrong one.
    await page.keyboard.type(code);
    await page.keyboard.press("Enter");
    await face.arrives(page, shop, started);
    await assertGuesses(2, started);
  });

  each("what can be no code costs no try and stays", async (face, page, { started, code }) => {
    await face.enter(page, code.slice(0, 5));
    await face.alert(page, face.words.incomplete).waitFor();
    assert.equal(await face.code(page).inputValue(), code.slice(0, 5));
    await assertGuesses(0, started);
  });

  each("runs out of tries", async (face, page, { started, code }) => {
    for (let n = 0; n < 4; n += 1) await guessWrong(face, page, wrong(code), n);
    await face.alert(page, /1 try left/).waitFor();
    await face.enter(page, wrong(code));
    await face.ends(page, "exhausted");
    assert.equal((await countersign.verification(started.id)).status, "exhausted");
  });

  each("p3 p4 a payment tells only that it was not approved, but for the last two tries", async (face, page, { started, code }) => {
    const said = [];
    for (let n = 0; n < 5; n += 1) {
      if (n < 4) {
        await guessWrong(face, page, wrong(code), n);
      } else {
        const answered = page.waitForResponse((response) => response.url().endsWith("/check"));
        await face.enter(page, code);
        await answered;
        await face.inside(page).locator("[aria-invalid=true]").waitFor();
      }
      const alerts = await face.inside(page).getByRole("alert").allTextContents();
      said.push(alerts.filter((text) => text.includes("approved") || text.includes("accepted")).join());
    }
    const { notApproved } = face.words;
    assert.match(said[0], /2 tries left/);
    assert.match(said[1], /1 try left/);
    // The third was the last; the right code comes too late, and nothing tells that.
    assert.deepEqual(said.slice(2), [notApproved, notApproved, notApproved]);
    assert.deepEqual(await page.evaluate(() => globalThis.told.filter(([name]) => name === "ended")), []);
    assert.equal((await countersign.verification(started.id)).status, "exhausted", "the shop's server knows");
  }, { more: payment });

  each("this was not me", async (face, page, { started }) => {
    await face.notMe(face.inside(page));
    await face.ends(page, "denied");
    assert.equal((await countersign.verification(started.id)).status, "denied");
  });
}

function allAtOnce() {
  for (const [name, written] of [
    ["123 456", (code) => `${code.slice(0, 3)} ${code.slice(3)}`],
    ["123-456", (code) => `${code.slice(0, 3)}-${code.slice(3)}`],
    ["full-width digits", (code) => shifted(code, 0xff10)],
    ["Arabic-Indic digits", (code) => shifted(code, 0x660)],
    ["the whole message", (code) => `${code} is your code to sign in to Birch & Bolt.\n\n@localhost #${code}`],
  ]) {
    each(`pasted as ${name}, is sent by itself, once`, async (face, page, { started, code, asked }) => {
      await face.code(page).focus();
      await paste(page, written(code));
      await face.arrives(page, shop, started);
      assert.equal(asked.check, 1);
    });
  }

  for (const [name, typed] of [["an empty", ""], ["a part-filled", "12"]]) {
    each(`filled into ${name} field by the browser, is sent by itself, once`, async (face, page, { started, code, asked }) => {
      await face.code(page).pressSequentially(typed);
      await autofill(face.code(page), code);
      await face.arrives(page, shop, started);
      assert.equal(asked.check, 1);
    });
  }

  each("from WebOTP, here a stub of navigator.credentials.get, is sent by itself, once", async (face, page, { started, code, asked }) => {
    const frame = face.frame(page);
    await frame.waitForFunction(() => globalThis.awaitsCode());
    await frame.evaluate((received) => globalThis.deliverCode(received), code);
    await face.arrives(page, shop, started);
    assert.equal(asked.check, 1);
  }, { init: webOtpStub });
}

function comingAndGoing() {
  each("back button: away and back again, no second message, and the code still works", async (face, page, { started, code }) => {
    await page.goto(`${shop.origin}/elsewhere`);
    await page.goBack();
    await face.code(page).waitFor();
    await face.enter(page, code);
    await face.arrives(page, shop, started);
    await assertSent(1, started);
    await assertGuesses(1, started);
  });

  each("back button: after a wrong code, it is no second guess", async (face, page, { started, code }) => {
    await face.enter(page, wrong(code));
    await face.alert(page, face.words.wrong).waitFor();
    // Of the frame's history, where it is in one.
    await page.evaluate(() => history.back());
    await face.alert(page, face.words.wrong).waitFor({ state: "hidden" });
    await face.enter(page, code);
    await face.arrives(page, shop, started);
    await assertGuesses(2, started);
  }, {}, isHosted);

  each("reload in mid-flow: no second message and no second guess", async (face, page, { started, code }) => {
    await page.reload();
    await face.code(page).waitFor();
    await face.enter(page, wrong(code));
    await face.alert(page, face.words.wrong).waitFor();
    await page.reload();
    await face.code(page).waitFor();
    await face.enter(page, code);
    await face.arrives(page, shop, started);
    await assertGuesses(2, started);
    await assertSent(1, started);
  });

  each("double click: one guess", async (face, page, { started, code, asked }) => {
    await face.type(page, wrong(code));
    await face.button(page).dblclick();
    await face.alert(page, face.words.wrong).waitFor();
    assert.equal(asked.check, 1);
    await assertGuesses(1, started);
  });

  each("two tabs: what one has finished, the other says", async (face, page, { context, started, code }) => {
    const address = page.url();
    const second = await context.newPage();
    if (face.name === "page") await second.goto(started.url);
    else await second.goto(address);
    await face.code(second).waitFor();
    if (face.name === "page") assert.equal(second.url(), address, "her own browser may open the link again");
    await face.enter(page, code);
    await face.arrives(page, shop, started);
    await face.learns(face, second, code);
    await assertSent(1, started);
    await assertGuesses(1, started);
  });
}

function badLines() {
  each("slow line: all of it, at 40 kB and 300 ms", async (face, page, { context, started, code, asked }) => {
    const client = await context.newCDPSession(page);
    await client.send("Network.emulateNetworkConditions", { offline: false, latency: 300, downloadThroughput: 40_000, uploadThroughput: 20_000 });
    await page.reload();
    await face.code(page).waitFor();
    await face.enter(page, wrong(code));
    await face.alert(page, face.words.wrong).waitFor();
    await face.enter(page, code);
    await face.arrives(page, shop, started);
    assert.equal(asked.check, 2);
  });

  each("slow line: the wait is told, and impatience costs nothing", async (face, page, { started, code, asked }) => {
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await page.route("**/check", async (route) => {
      await held;
      await route.continue();
    });
    const sent = page.waitForRequest("**/check");
    await face.type(page, wrong(code));
    // By coordinates and keys: while a form is on its way, the driver would wait for its page.
    const { x, y, width, height } = await face.button(page).boundingBox();
    const pending = await face.watchForPending(face, page);
    await page.mouse.click(x + width / 2, y + height / 2);
    await Promise.all([sent, pending()]);
    await page.mouse.click(x + width / 2, y + height / 2);
    await page.keyboard.press("Enter");
    release();
    await face.alert(page, face.words.wrong).waitFor();
    assert.equal(asked.check, 1);
    await assertGuesses(1, started);
  });

  it("a server that dies in mid-flow: told, the code is kept, and it works when it is back", { timeout: 180_000 }, async () => {
    const own = await OwnServer.start();
    let ownShop;
    try {
      ownShop = await new Shop().open(own.countersign);
      await own.countersign.api("PATCH", "/v1/app", { origins: [ownShop.origin], return_urls: [ownShop.back] });
      // The shop's page is there all the time, as shops are.
      await visit(browser, { expected: /ERR_(CONNECTION_|EMPTY_RESPONSE|SOCKET)/ }, async (_, { context, asked }) => {
        const open = [];
        for (const face of faces) {
          const started = await own.countersign.start(face.presentation(ownShop));
          const page = await context.newPage();
          const code = await own.countersign.code(started.number);
          await face.open(page, ownShop, started);
          open.push({ face, page, started, code });
        }
        await own.kill();
        await Promise.all(open.map(async ({ face, page, code }) => {
          await face.enter(page, code);
          await face.alert(page, face.words.unreachable).waitFor();
          assert.equal(await face.code(page).inputValue(), code, `${face.name} keeps what was typed`);
        }));
        await own.startAgain();
        for (const { face, page, started } of open) {
          await page.bringToFront();
          await face.button(page).click();
          await face.arrives(page, ownShop, started);
          const { status, attempts_remaining: left } = await own.countersign.verification(started.id);
          assert.deepEqual([status, left], ["approved", 4], `${face.name}: one guess`);
        }
        assert.ok(asked.check >= faces.length);
      });
    } finally {
      ownShop?.close();
      await own.end();
    }
  });
}

function withoutScript() {
  const [page, element, frame] = faces;
  const off = { javaScriptEnabled: false };

  for (const [face, where] of [[page, (started) => started.url], [frame, ({ url }) => shop.page([], `<iframe src="${url}" title="Code"></iframe>`)]]) {
    it(`${face.name}: without script, by plain forms`, () =>
      visit(browser, off, async (tab) => {
        const started = await start(face);
        const code = await countersign.code(started.number);
        const inside = face.name === "page" ? tab : tab.frameLocator("iframe");
        await tab.goto(where(started));
        await hostedForm(inside, wrong(code));
        await inside.getByRole("alert").filter({ hasText: face.words.wrong }).waitFor();
        await hostedForm(inside, `${code.slice(0, 3)} ${code.slice(3)}`);
        if (face.name === "page") await face.arrives(tab, shop, started);
        else await inside.getByRole("heading", { name: "Done" }).waitFor();
        await assertApproved(started);
        await assertGuesses(2, started);
      }));
  }

  it("frame: is as high as what it shows, and gets lower with it", () =>
    visit(browser, {}, async (tab) => {
      const started = await start(frame);
      await frame.open(tab, shop, started);
      const height = () => tab.locator("countersign-frame iframe").evaluate((node) => node.getBoundingClientRect().height);
      await tab.waitForFunction(() => document.querySelector("countersign-frame").shadowRoot.querySelector("iframe").style.height);
      const before = await height();
      await frame.enter(tab, await countersign.code(started.number));
      await frame.arrives(tab, shop, started);
      await tab.waitForFunction(
        (higher) => document.querySelector("countersign-frame").shadowRoot.querySelector("iframe").getBoundingClientRect().height < higher,
        before,
      );
      // And nothing is cut off.
      await frame.frame(tab).waitForFunction(() => document.documentElement.scrollHeight <= innerHeight);
    }));

  it("frame: without script the shop's page shows what stands inside the element: the link to the hosted page", () =>
    visit(browser, off, async (tab) => {
      const started = await start(frame);
      await tab.goto(frame.address(shop, started));
      await tab.getByRole("link", { name: "Confirm with a code" }).click();
      await hostedForm(tab, await countersign.code(started.number));
      await tab.getByRole("heading", { name: "Done" }).waitFor();
      await assertApproved(started);
    }));

  it("element: without script the shop's own form and input are there, and its server checks the code", () =>
    visit(browser, off, async (tab) => {
      const started = await start(element);
      const code = await countersign.code(started.number);
      const body = `<form method="post"><countersign-otp server="${countersign.baseURL}" client-secret="${started.client_secret}">
        <label for="code">Code from the message</label> <input id="code" name="code" required></countersign-otp>
        <noscript><button>Confirm</button></noscript></form>`;
      await tab.goto(shop.page(["countersign-otp.v1.js"], body));
      await tab.getByLabel("Code from the message").fill(code);
      const before = shop.posts.length;
      await tab.getByRole("button", { name: "Confirm" }).click();
      await tab.waitForLoadState();
      const { code: posted } = shop.posts[before];
      const checked = await countersign.api("POST", `/v1/verifications/${started.id}/check`, { code: posted });
      assert.equal(checked.status, "approved");
    }));

  it("element: the same page with script is a widget, whose form sends no code", () =>
    visit(browser, {}, async (tab) => {
      const started = await start(element);
      const code = await countersign.code(started.number);
      const body = `<form method="post"><countersign-otp server="${countersign.baseURL}" client-secret="${started.client_secret}">
        <label for="code">Code from the message</label> <input id="code" name="code" required></countersign-otp>
        <noscript><button>Confirm</button></noscript></form>`;
      await tab.goto(shop.page(["countersign-otp.v1.js"], body));
      await element.resend(element.inside(tab)).waitFor();
      await element.enter(tab, code);
      assert.deepEqual(await hears(tab, "approved"), { id: started.id });
      assert.deepEqual(await tab.evaluate(() => [...new FormData(document.forms[0])]), []);
    }));
}

async function hostedForm(inside, code) {
  await inside.getByLabel("6-digit code").fill(code);
  await inside.getByRole("button", { name: "Continue" }).click();
}

describe("a customer, wherever the code is typed", { concurrency: 2 }, () => {
  describe("where time must pass", { concurrency: 15 }, whatTakesTime);
  describe("where it need not", { concurrency: 4 }, () => {
    theCode();
    allAtOnce();
    comingAndGoing();
    badLines();
    withoutScript();
  });
});
