// The challenge before a first message, on the hosted page of a server of its own whose app challenges everybody.
//
//     COUNTERSIGN=target/debug/countersign node --test challenge.mjs

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { audit, axeSource, launch, WAIT_MS } from "./browser.mjs";
import { OwnServer } from "./own-server.mjs";

let browser;
let own;
let policy;

const challenge = (zero_bits) => own.countersign.api("PATCH", "/v1/app", { policy: { ...policy, challenge: { when: "always", zero_bits } } });

before(async () => {
  [browser, own] = await Promise.all([launch(), OwnServer.start()]);
  ({ policy } = await own.countersign.api("GET", "/v1/app"));
});
after(async () => {
  await browser?.close();
  await own?.end();
});

/** A browser of its own that may not complain: no script error, no violation of the page's policy. */
async function visit(options, act) {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  if (options.javaScriptEnabled !== false) await context.addInitScript(axeSource);
  context.setDefaultTimeout(WAIT_MS);
  const complaints = [];
  context.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  context.on("weberror", (error) => complaints.push(String(error.error())));
  const page = await context.newPage();
  try {
    await act(page);
    assert.deepEqual(complaints, [], "the browser complained");
  } finally {
    await context.close();
  }
}

describe("a challenge on the hosted page", () => {
  it("is solved by the page, which then asks for the code", async () => {
    await challenge(5);
    const { url, id, number, status } = await own.countersign.start({ mode: "page" });
    assert.equal(status, "challenge_required");
    await visit({}, async (page) => {
      await page.goto(url);
      await page.getByLabel("6-digit code").waitFor();
      assert.equal(await own.countersign.happened(id, "verification.challenge_solved"), 1);
      await page.getByLabel("6-digit code").pressSequentially(await own.countersign.code(number));
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByRole("heading", { name: "Done" }).waitFor();
    });
  });

  it("says that it takes a few seconds, to screen readers as well", async () => {
    await challenge(12);
    const { url } = await own.countersign.start({ mode: "page" });
    await visit({}, async (page) => {
      // By luck the work is done at once: the page then waits for the answer, and shows what it showed before.
      await page.route("**/*", (route) => (route.request().method() === "POST" ? undefined : route.continue()));
      await page.goto(url);
      await page.getByRole("status").filter({ hasText: "Checking your browser. This takes a few seconds." }).waitFor();
      await page.getByRole("heading", { name: "One moment" }).waitFor();
      assert.equal(await page.getByRole("alert").count(), 0);
      await audit(page, "challenge");
    });
  });

  it("says what to do without script", async () => {
    await challenge(12);
    const { url } = await own.countersign.start({ mode: "page" });
    await visit({ javaScriptEnabled: false }, async (page) => {
      await page.goto(url);
      await page.getByText("This step needs JavaScript in an up-to-date browser.").waitFor();
      assert.equal(await page.getByText("Checking your browser").count(), 0);
    });
  });
});
