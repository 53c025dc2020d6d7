// A headless Chromium, and what every page must stand: the axe rules, both colour schemes, 320 pixels.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const screenshots = fileURLToPath(new URL("./screenshots/", import.meta.url));
await mkdir(screenshots, { recursive: true });

/** WCAG 2.2, levels A and AA, and what axe calls best practice. */
const ALL_RULES = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] };

/** What another colour scheme can break. */
const COLOUR_RULES = { type: "rule", values: ["color-contrast", "link-in-text-block"] };

/** The smallest height of a control, in CSS pixels; WCAG 2.5.8 asks for 24. */
const SMALLEST_TARGET_PX = 44;

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * A browser context whose pages may not complain: a script error, a blocked resource or a request to
 * another site fails the test that closes it.
 */
export async function visitor(browser, baseURL, options = {}) {
  const context = await browser.newContext({ baseURL, locale: "en-GB", timezoneId: "UTC", ...options });
  await context.addInitScript(axeSource);
  context.setDefaultTimeout(10_000);
  const complaints = [];
  context.on("console", (message) => {
    // A page that a form was refused on answers 422, which the console calls an error.
    const isRefusedForm = message.text().includes("status of 422");
    if (["error", "warning"].includes(message.type()) && !isRefusedForm) complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
  context.on("request", (request) => {
    if (!request.url().startsWith(baseURL)) complaints.push(`a request left this server: ${request.url()}`);
  });
  return {
    context,
    page: await context.newPage(),
    async close() {
      await context.close();
      assert.deepEqual(complaints, [], "the browser complained");
    },
  };
}

/** Whether anything sticks out to the right, which would make people scroll sideways. */
async function sticksOutBy(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

async function violations(page, rules) {
  const result = await page.evaluate((runOnly) => globalThis.axe.run(document, { runOnly }), rules);
  assert.ok(result.passes.length > 0, "axe looked at something");
  return result.violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map((node) => node.html).join(" | ")}`);
}

async function smallTargets(page) {
  return page.evaluate((smallest) => {
    const controls = [...document.querySelectorAll("button, select, input:not([type=hidden]):not([type=radio]), label:has([type=radio]), summary")];
    return controls
      .filter((control) => control.getBoundingClientRect().height < smallest)
      .map((control) => control.outerHTML);
  }, SMALLEST_TARGET_PX);
}

/** Holds a page against everything above, and keeps three pictures of it. */
export async function audit(page, name) {
  const viewport = page.viewportSize();
  const picture = (variant) => page.screenshot({ path: `${screenshots}${name}-${variant}.png`, fullPage: true });
  await picture("light");
  assert.deepEqual(await violations(page, ALL_RULES), [], `axe on ${name}`);
  assert.equal(await sticksOutBy(page), 0, `${name} scrolls sideways`);

  await page.emulateMedia({ colorScheme: "dark" });
  await picture("dark");
  assert.deepEqual(await violations(page, COLOUR_RULES), [], `axe on ${name}, dark`);
  await page.emulateMedia({ colorScheme: "light" });

  await page.setViewportSize({ width: 320, height: 640 });
  await picture("narrow");
  assert.equal(await sticksOutBy(page), 0, `${name} scrolls sideways at 320 pixels`);
  assert.deepEqual(await smallTargets(page), [], `${name} has controls that are too small`);
  await page.setViewportSize(viewport);
}

/** Tabs to the control with this visible name and sees that its focus is visible. */
export async function tabTo(page, name) {
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      const label = element.labels?.[0]?.textContent ?? element.textContent ?? "";
      return { name: label.trim(), outline: getComputedStyle(element).outlineStyle };
    });
    if (focused.name.startsWith(name)) {
      assert.notEqual(focused.outline, "none", `the focus on ${name} is visible`);
      return;
    }
  }
  assert.fail(`the keyboard does not reach ${name}`);
}
