// A headless Chromium, and what every page must stand: the axe rules, both colour schemes, 320 pixels.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const screenshots = fileURLToPath(new URL("./screenshots/", import.meta.url));
await mkdir(screenshots, { recursive: true });

/** How long a page may take for anything, on a machine that has other things to do. */
export const WAIT_MS = 30_000;

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
 * anywhere but `origins`, of which the first one is where it starts, fails the test that closes it.
 */
export async function visitor(browser, origins, options = {}) {
  const [baseURL] = origins;
  const context = await browser.newContext({ baseURL, locale: "en-GB", timezoneId: "UTC", ...options });
  await context.addInitScript(axeSource);
  context.setDefaultTimeout(WAIT_MS);
  const complaints = [];
  context.on("console", (message) => {
    // What is refused answers 422 or 404, which the console calls an error.
    const isRefused = /status of (422|404)/.test(message.text());
    if (["error", "warning"].includes(message.type()) && !isRefused) complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
  context.on("request", (request) => {
    const isOwn = origins.includes(new URL(request.url()).origin) || request.url().startsWith("data:");
    if (!isOwn) complaints.push(`a request left this server: ${request.url()}`);
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

/** Frames by themselves: axe does not look into those of another origin. */
async function violations(page, rules) {
  const found = [];
  for (const frame of page.frames()) {
    const result = await frame.evaluate((runOnly) => globalThis.axe.run(document, { runOnly, iframes: false }), rules);
    assert.ok(result.passes.length > 0, "axe looked at something");
    found.push(...result.violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map((node) => node.html).join(" | ")}`));
  }
  return found;
}

/** What axe finds wrong with a page as it is now. */
export const violationsOf = (page) => violations(page, ALL_RULES);

async function smallTargets(page) {
  return page.evaluate((smallest) => {
    const controls = [...document.querySelectorAll("button, select, input:not([type=hidden]):not([type=radio]), label:has([type=radio]), summary")];
    return controls
      .filter((control) => control.checkVisibility() && control.getBoundingClientRect().height < smallest)
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

/** Where pictures of every state go; none are taken without it. */
export const pictures = process.env.SCREENSHOTS;

/** What axe finds in the page and in its frames, each by itself: axe's way of asking frames breaks their exact origins. */
async function violationsEverywhere(page, rules) {
  const found = [];
  let passes = 0;
  for (const frame of page.frames()) {
    const result = await frame.evaluate((runOnly) => globalThis.axe.run(document, { runOnly, iframes: false }), rules);
    passes += result.passes.length;
    found.push(...result.violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map((node) => node.html).join(" | ")}`));
  }
  assert.ok(passes > 0, "axe looked at something");
  return found;
}

/** What sticks out to the side, in the page and its frames, and controls that are too small, in shadow trees too. */
async function misfits(page) {
  const found = await Promise.all(page.frames().map((frame) => frame.evaluate((smallest) => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const roots = [document, ...[...document.querySelectorAll("*")].map((node) => node.shadowRoot).filter(Boolean)];
    const small = roots
      .flatMap((root) => [...root.querySelectorAll("button, select, input:not([type=hidden]), summary, a")])
      .filter((control) => control.checkVisibility() && control.getBoundingClientRect().height < smallest)
      .map((control) => `too small: ${control.outerHTML}`);
    return [...small, ...(scrollWidth > clientWidth ? [`${scrollWidth - clientWidth} pixels stick out`] : [])];
  }, SMALLEST_TARGET_PX)));
  return found.flat();
}

/** Holds a page with its frames and shadow trees against axe, both colour schemes, 320 pixels, 400 % and large text. */
export async function auditEverywhere(page, name) {
  const picture = (variant) => pictures && page.screenshot({ path: `${screenshots}${name}-${variant}.png`, fullPage: true });
  await page.setViewportSize({ width: 560, height: 560 });
  await picture("light");
  assert.deepEqual(await violationsEverywhere(page, ALL_RULES), [], `axe on ${name}`);
  await page.emulateMedia({ colorScheme: "dark" });
  await picture("dark");
  assert.deepEqual(await violationsEverywhere(page, COLOUR_RULES), [], `axe on ${name}, dark`);
  await page.emulateMedia({ colorScheme: "light", forcedColors: "active" });
  assert.deepEqual(await violationsEverywhere(page, COLOUR_RULES), [], `axe on ${name}, forced colours`);
  await page.emulateMedia({ forcedColors: "none" });
  // 256: what a window of 1280 to 1024 has at 400 %.
  for (const [height, size] of [[640, "100%"], [256, "100%"], [640, "200%"]]) {
    await page.setViewportSize({ width: 320, height });
    for (const frame of page.frames()) await frame.evaluate((percent) => (document.documentElement.style.fontSize = percent), size);
    if (height === 640 && size === "100%") await picture("narrow");
    assert.deepEqual(await misfits(page), [], `${name} at 320 to ${height} pixels, text ${size}`);
  }
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
