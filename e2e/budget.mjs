// How long the hosted page's script runs on a slow machine, beside a page of the same server without any: what both have
// in common is the browser's and the test driver's. A benchmark: `./test` judges what travels, which is the same everywhere.

import assert from "node:assert/strict";
import { launch } from "./browser.mjs";
import { numbersFor } from "./phone.mjs";

const ROUNDS = 15;
const SLOW_DOWN = 4;
const MOST_SCRIPT_MS = 100;
const { BASE_URL: baseURL, API_KEY: key } = process.env;
const nextNumber = numbersFor("budget");

async function startedPage() {
  const answer = await fetch(`${baseURL}/v1/verifications`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      to: nextNumber(),
      purpose: "login",
      session: crypto.randomUUID(),
      presentation: { mode: "page" },
    }),
  });
  assert.equal(answer.status, 201, await answer.clone().text());
  return (await answer.json()).url;
}

async function scriptMs(browser, url) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const client = await context.newCDPSession(page);
    await client.send("Performance.enable");
    await client.send("Emulation.setCPUThrottlingRate", { rate: SLOW_DOWN });
    await page.goto(url, { waitUntil: "load" });
    const { metrics } = await client.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "ScriptDuration").value * 1000;
  } finally {
    await context.close();
  }
}

const middle = (figures) => figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)];

const browser = await launch();
const [bare, hosted] = [[], []];
try {
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(await scriptMs(browser, `${baseURL}/livez`));
    hosted.push(await scriptMs(browser, await startedPage()));
  }
} finally {
  await browser.close();
}
const own = middle(hosted) - middle(bare);
console.log(`script on load at ${SLOW_DOWN}x slow-down, medians of ${ROUNDS}: page ${middle(hosted).toFixed(1)} ms, bare ${middle(bare).toFixed(1)} ms`);
console.log(`the page's own: ${own.toFixed(1)} ms, ${MOST_SCRIPT_MS} ms allowed`);
process.exitCode = own <= MOST_SCRIPT_MS ? 0 : 1;
