// <countersign-frame> and the hosted page in it: who is listened to, and what is said.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { audit, launch, seen, servers, visit } from "./browser.mjs";

let browser;
let here;
before(async () => ([browser, here] = await Promise.all([launch(), servers()])));
after(async () => {
  await browser?.close();
  here?.close();
});

const SCRIPT = '<script type="module" src="/dist/countersign-frame.v1.js"></script>';
const PROTOCOL = "countersign-frame-1";

/** The hosted page, as the server writes it, in one of its states. */
function hosted(path, state, { embedder = here.shop.origin, body = "<p>Enter the code</p>" } = {}) {
  const attributes = ` data-countersign-id="ver_abc" data-countersign-state="${state}" data-countersign-embedder="${embedder}"`;
  return here.verify.page(`${body}<form method="post" action="${path}"><button>Confirm</button></form>`, {
    path, attributes, head: '<script type="module" src="/dist/page.js"></script>',
  });
}

function shopPage(src, options = {}) {
  const inside = '<a href="/elsewhere">Confirm on our own page</a>';
  return here.shop.page(`<countersign-frame src="${src}">${inside}</countersign-frame>`, { head: SCRIPT, ...options });
}

const frameOf = (page) => page.frameLocator("countersign-frame iframe");
const state = (page) => page.locator("countersign-frame").evaluate((element) => [element.state, element.verificationId]);
const until = async (page, wanted) => {
  await page.waitForFunction((text) => document.querySelector("countersign-frame").state === text, wanted);
};

describe("the frame", () => {
  it("has a name, a sandbox, and only the permissions that it needs", () =>
    visit(browser, async (page) => {
      const src = hosted("/verify/1", "pending");
      await page.goto(shopPage(src));
      await until(page, "pending");
      const frame = await page.locator("countersign-frame iframe").evaluate((node) => ({
        title: node.title, sandbox: node.getAttribute("sandbox"), allow: node.allow, src: node.src,
      }));
      assert.deepEqual(frame, {
        title: "Confirm with a code",
        sandbox: "allow-scripts allow-forms allow-same-origin",
        allow: "otp-credentials; publickey-credentials-get",
        src,
      });
      assert.deepEqual(await state(page), ["pending", "ver_abc"]);
      assert.deepEqual(await seen(page), []);
      assert.equal(await page.getByText("Confirm on our own page").isVisible(), false);
      await audit(page, "frame");
    }));

  it("is as high as its page", () =>
    visit(browser, async (page) => {
      await page.goto(shopPage(hosted("/verify/2", "pending", { body: "<p>Line</p>".repeat(20) })));
      await until(page, "pending");
      await page.waitForFunction(() => document.querySelector("countersign-frame").shadowRoot.querySelector("iframe").style.height);
      const [frame, inside] = [
        await page.locator("countersign-frame iframe").evaluate((node) => node.clientHeight),
        await frameOf(page).locator("body").evaluate((body) => body.ownerDocument.documentElement.scrollHeight),
      ];
      assert.ok(inside > 600 && Math.abs(frame - inside) <= 20, `${frame} ${inside}`);
      await frameOf(page).locator("body").evaluate((body) => body.querySelectorAll("p").forEach((line) => line.remove()));
      await page.waitForFunction(() => document.querySelector("countersign-frame").shadowRoot.querySelector("iframe").clientHeight < 400);
    }));

  for (const [ending, name, detail] of [
    ["approved", "approved", { id: "ver_abc" }],
    ["expired", "ended", { state: "expired" }],
    ["denied", "ended", { state: "denied" }],
  ]) {
    it(`tells the page when the next page in it says ${ending}, once`, () =>
      visit(browser, async (page) => {
        const path = `/verify/to-${ending}`;
        await page.goto(shopPage(hosted(path, "pending")));
        await until(page, "pending");
        hosted(path, ending);
        await frameOf(page).getByRole("button").click();
        await until(page, ending);
        assert.deepEqual(await seen(page, name), [detail]);
        await frameOf(page).getByRole("button").click();
        await page.waitForTimeout(200);
        assert.equal((await seen(page)).length, 1);
      }));
  }

  it("that does not answer is replaced by what stands in the element, and can be tried again", () =>
    visit(browser, async (page) => {
      here.verify.set("/verify/dead", "dead");
      await page.goto(shopPage(`${here.verify.origin}/verify/dead`));
      await page.waitForTimeout(300);
      await page.clock.runFor(5100);
      await page.getByRole("alert").getByText("This part of the page did not load.").waitFor();
      await page.getByText("Confirm on our own page").waitFor();
      assert.deepEqual(await seen(page, "error"), [{ code: "frame_silent", status: 0 }]);
      hosted("/verify/dead", "pending");
      await page.getByRole("button", { name: "Try again" }).click();
      await until(page, "pending");
      assert.equal(await page.getByText("Confirm on our own page").isVisible(), false);
    }, { clock: true, expected: /Failed to load resource|does not match the recipient window's origin \('null'\)/ }));

  it("is not made for an address of the page's own origin, or one that is none", () =>
    visit(browser, async (page) => {
      for (const src of ["/verify/1", "javascript:alert(1)", "data:text/html,hello", "https://", ""]) {
        await page.goto(shopPage(src));
        await page.getByRole("alert").getByText("This part of the page did not load.").waitFor();
        assert.equal(await page.locator("iframe").count(), 0, src);
        assert.deepEqual(await seen(page, "error"), [{ code: "frame_address", status: 0 }]);
      }
    }));

  it("shows a way on without its script", () =>
    visit(browser, async (page) => {
      await page.goto(shopPage(hosted("/verify/3", "pending"), { head: "" }));
      await page.getByText("Confirm on our own page").waitFor();
    }));
});

describe("the page around the frame believes", () => {
  /** Opens a frame and gives a way to speak to its page as anybody, with the true nonce or another. */
  const withNonce = (act) =>
    visit(browser, async (page) => {
      // The frame's page hands the greeting's nonce to the test.
      await page.goto(shopPage(hosted("/verify/4", "pending")));
      await until(page, "pending");
      const frame = page.frames().find((candidate) => candidate.url().includes("/verify/4"));
      await frame.evaluate(() => addEventListener("message", ({ data }) => (globalThis.nonce = data.nonce)));
      await page.locator("countersign-frame").evaluate((element) => element.shadowRoot.querySelector("iframe").dispatchEvent(new Event("load")));
      await frame.waitForFunction(() => globalThis.nonce);
      const nonce = await frame.evaluate(() => globalThis.nonce);
      assert.match(nonce, /^[0-9a-f]{32}$/);
      const message = { protocol: PROTOCOL, type: "state", nonce, state: "approved", handle: "ver_abc" };
      await act(page, frame, message);
    });
  const fromFrame = (frame, message) => frame.evaluate((data) => parent.postMessage(data, "*"), message);
  const ignored = async (page, what) => {
    await page.waitForTimeout(60);
    assert.deepEqual(await seen(page), [], what);
    assert.deepEqual(await state(page), ["pending", "ver_abc"], what);
  };

  it("the frame's own message under the nonce of this load (the counter-test)", () =>
    withNonce(async (page, frame, message) => {
      await fromFrame(frame, message);
      await until(page, "approved");
    }));

  it("no other nonce, and not that of the load before", () =>
    withNonce(async (page, frame, message) => {
      await fromFrame(frame, { ...message, nonce: "0".repeat(32) });
      await ignored(page, "another nonce");
      await page.locator("countersign-frame").evaluate((element) => element.shadowRoot.querySelector("iframe").dispatchEvent(new Event("load")));
      await frame.waitForFunction((old) => globalThis.nonce !== old, message.nonce);
      await fromFrame(frame, message);
      await ignored(page, "the nonce of the last load");
    }));

  it("no other origin and no other window, even with the right nonce", () =>
    withNonce(async (page, frame, message) => {
      await page.evaluate((data) => postMessage(data, "*"), message);
      await ignored(page, "the page itself");
      await page.evaluate((data) => {
        const forged = { data, origin: document.querySelector("countersign-frame").src.replace(/\/verify.*/, ""), source: window };
        dispatchEvent(new MessageEvent("message", forged));
      }, message);
      await ignored(page, "the right origin, another window");
      await page.evaluate((data) => {
        const source = document.querySelector("countersign-frame").shadowRoot.querySelector("iframe").contentWindow;
        dispatchEvent(new MessageEvent("message", { data, origin: "https://evil.example", source }));
      }, message);
      await ignored(page, "the right window, another origin");
    }));

  it("nothing that is not exactly of the protocol", () =>
    withNonce(async (page, frame, message) => {
      const { handle: _, ...withoutHandle } = message;
      for (const odd of [
        { ...message, state: "paid" },
        { ...message, handle: "<b>" },
        { ...message, handle: 7 },
        { ...message, proof: "eyJ" },
        { ...message, protocol: "countersign-frame-2" },
        { ...message, type: "hello" },
        withoutHandle,
        { protocol: PROTOCOL, type: "height", nonce: message.nonce, height: 1e9 },
        { protocol: PROTOCOL, type: "height", nonce: message.nonce, height: "10px" },
        null,
        "approved",
        [message],
      ]) {
        await fromFrame(frame, odd);
        await ignored(page, JSON.stringify(odd));
      }
      const height = await page.locator("countersign-frame iframe").evaluate((node) => node.clientHeight);
      assert.ok(height < 4000);
    }));
});

describe("the page in the frame answers", () => {
  /** A page of the shop with a bare frame, whose messages the test reads. */
  const bare = (src) => here.shop.page(`<iframe title="bare" src="${src}"></iframe>`);
  const greet = async (page, greeting) => {
    await page.evaluate((data) => {
      globalThis.heard ??= [];
      if (!globalThis.listening) addEventListener("message", ({ data: report }) => globalThis.heard.push(report));
      globalThis.listening = true;
      document.querySelector("iframe").contentWindow.postMessage(data, "*");
    }, greeting);
    await page.waitForTimeout(150);
    return page.evaluate(() => globalThis.heard);
  };
  const hello = { protocol: PROTOCOL, type: "hello", nonce: "a".repeat(32) };

  it("a greeting of an origin that may embed it, with its state, its handle and its height, and nothing else", () =>
    visit(browser, async (page) => {
      await page.goto(bare(hosted("/verify/5", "pending")));
      const heard = await greet(page, hello);
      const { height, ...rest } = heard[1];
      assert.deepEqual(heard[0], { protocol: PROTOCOL, type: "state", nonce: hello.nonce, state: "pending", handle: "ver_abc" });
      assert.deepEqual(rest, { protocol: PROTOCOL, type: "height", nonce: hello.nonce });
      assert.ok(Number.isInteger(height) && height > 0);
    }));

  it("no other origin, and no greeting of another form", () =>
    visit(browser, async (page) => {
      await page.goto(bare(hosted("/verify/6", "pending", { embedder: "https://another-shop.example" })));
      assert.deepEqual(await greet(page, hello), []);
      await page.goto(bare(hosted("/verify/6", "pending")));
      for (const odd of [{ ...hello, nonce: "short" }, { ...hello, more: 1 }, { ...hello, type: "state" }, "hello", null]) {
        assert.deepEqual(await greet(page, odd), [], JSON.stringify(odd));
      }
      assert.notDeepEqual(await greet(page, hello), []);
    }));

  it("no window but the one around it", () =>
    visit(browser, async (page) => {
      await page.goto(bare(hosted("/verify/7", "pending")));
      const frame = page.frames().find((candidate) => candidate.url().includes("/verify/7"));
      await page.evaluate(() => {
        globalThis.heard = [];
        addEventListener("message", ({ data }) => globalThis.heard.push(data));
      });
      const forge = (source) => frame.evaluate(([data, origin, which]) => {
        dispatchEvent(new MessageEvent("message", { data, origin, source: which === "parent" ? parent : window }));
      }, [hello, here.shop.origin, source]);
      await forge("itself");
      await page.waitForTimeout(150);
      const heard = await page.evaluate(() => globalThis.heard);
      assert.deepEqual(heard, []);
      // The counter-test: the same message of the right window is answered.
      await forge("parent");
      await page.waitForFunction(() => globalThis.heard.length > 0);
    }));
});
