// A headless Chromium, a shop's server with a strict policy, and a verification server on another origin.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { chromium } from "playwright-core";
import { StubApi } from "./stub-api.mjs";

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const dist = fileURLToPath(new URL("../dist/", import.meta.url));

/** WCAG 2.2, levels A and AA, and what axe calls best practice. */
const ALL_RULES = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] };
const COLOUR_RULES = { type: "rule", values: ["color-contrast", "link-in-text-block"] };
const SMALLEST_TARGET_PX = 44;
const VISIT_TIMEOUT_MS = 60_000;

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

const TYPES = { js: "text/javascript", css: "text/css", json: "application/json" };

const SHOP_STYLE = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; padding: 1rem; background: Canvas; color: CanvasText; }
button, input { min-height: 44px; }
`;

/** What a shop's style sheet may do to every input. */
const HOSTILE_STYLE = `
main input { font: italic 11px/3 serif; letter-spacing: 4px; padding: 1rem 2rem; border: 5px solid red; width: 100%; max-width: 100%;
  text-align: center; margin: 20px; display: inline-block; background: yellow; box-shadow: 0 0 9px red; outline: none; }
countersign-otp::part(check) { text-decoration: overline; }
countersign-otp { --countersign-accent: rgb(0, 0, 200); --countersign-slot-width: 40px; }
`;

async function listen(handler) {
  const server = createServer((request, response) => {
    Promise.resolve(handler(request, response)).catch((error) => {
      console.error(error);
      response.destroy();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, origin: `http://localhost:${server.address().port}` };
}

/** Serves `dist/` and pages that tests make; each page with the policy of its side. */
async function site(policy, api) {
  const pages = new Map();
  const posts = [];
  const { server, origin } = await listen(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (api && pathname.startsWith("/v1/browser/verification")) {
      return api.handle(request, response, pathname.slice("/v1/browser/verification".length), request.headers.origin);
    }
    if (request.method === "POST") {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      posts.push({ pathname, form: Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString())) });
    }
    if (pages.has(pathname)) {
      const page = pages.get(pathname);
      if (page === "dead") return response.destroy();
      const headers = { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" };
      if (policy) headers["Content-Security-Policy"] = policy();
      response.writeHead(200, headers);
      return typeof page === "function" ? page(response) : response.end(page);
    }
    if (pathname === "/hostile.css") return response.writeHead(200, { "Content-Type": TYPES.css }).end(HOSTILE_STYLE);
    if (pathname === "/shop.css") return response.writeHead(200, { "Content-Type": TYPES.css }).end(SHOP_STYLE);
    const file = /^\/dist\/([\w./-]+\.(js|css|json))$/.exec(pathname);
    const found = file && (await readFile(dist + file[1]).catch(() => undefined));
    if (!found) return response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": TYPES[file[2]], "Access-Control-Allow-Origin": "*" }).end(found);
  });
  let made = 0;
  return {
    origin,
    posts,
    /** A page with this in its body; its address. */
    page(body, { lang = "en", dir = "ltr", head = "", attributes = "", path = `/page-${++made}` } = {}) {
      const html = `<!doctype html><html lang="${lang}" dir="${dir}"><head><meta charset="utf-8">
        <meta name="viewport" content="width=device-width"><title>Check out</title>
        <link rel="stylesheet" href="/shop.css">${head}</head><body${attributes}><main><h1>Check out</h1>${body}</main></body></html>`;
      pages.set(path, html);
      return origin + path;
    },
    set(path, page) {
      pages.set(path, page);
    },
    close: () => (server.closeAllConnections(), server.close()),
  };
}

/** Both servers. */
export async function servers() {
  const api = new StubApi();
  let shop;
  const strict = (more) => `default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'self'; ${more}
    require-trusted-types-for 'script'; trusted-types 'none'`.replace(/\s+/g, " ");
  const verify = await site(() => strict(`connect-src 'self'; frame-ancestors ${shop.origin};`), api);
  shop = await site(() => strict(`connect-src ${verify.origin}; frame-src ${verify.origin};`));
  return { api, shop, verify, close: () => (shop.close(), verify.close()) };
}

export const SCRIPT = '<script type="module" src="/dist/countersign-otp.v1.js"></script>';

/** A page of the shop with the widget for this verification. */
export function widgetPage({ shop, verify }, { secret }, { attributes = "", inside = "", ...options } = {}) {
  const element = `<countersign-otp server="${verify.origin}" client-secret="${secret}" ${attributes}>${inside}</countersign-otp>`;
  return shop.page(element, { head: SCRIPT, ...options });
}

/**
 * A context whose pages may not complain: a script error or a violation of the policy fails the test. Messages about
 * answers that a test wants (401, 409, 503, no answer at all) are let through by `expected`.
 */
export async function visit(browser, act, { expected = /^$/, init, clock, ...options } = {}) {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", ...options });
  context.setDefaultTimeout(8000);
  const complaints = [];
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !expected.test(message.text())) complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
  await context.exposeBinding("countersignTestViolation", (_, text) => complaints.push(`violation: ${text}`));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      globalThis.countersignTestViolation(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
    });
    globalThis.seen = [];
    for (const name of ["complete", "approved", "ended", "error"]) {
      addEventListener(`countersign-${name}`, ({ detail }) => globalThis.seen.push({ name, ...detail }));
    }
  });
  await context.addInitScript(axeSource);
  if (init) await context.addInitScript(init);
  if (clock) {
    // Time stands still until a test lets it run, or go on, as axe needs it.
    await context.clock.install({ time: 0 });
    await context.clock.pauseAt(1000);
  }
  const page = await context.newPage();
  let timer;
  const tooLong = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("this visit has taken too long")), VISIT_TIMEOUT_MS);
  });
  try {
    await Promise.race([act(page, context), tooLong]);
  } finally {
    clearTimeout(timer);
    await context.close();
  }
  assert.deepEqual(complaints, [], "the browser complained");
}

/** The element's events that the page has seen, by name. */
export const seen = (page, name) =>
  page.evaluate((wanted) => globalThis.seen.filter((event) => !wanted || event.name === wanted).map(({ name: _, ...detail }) => detail), name);

/** Pastes as a person does: from the clipboard, by the keyboard. */
export async function paste(page, text) {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate((copied) => navigator.clipboard.writeText(copied), text);
  await page.keyboard.press("Control+V");
}

/** Sets the whole value as browsers' autofill does, which replaces what was there. */
export function autofill(input, text, inputType = "insertReplacementText") {
  return input.evaluate((node, [value, type]) => {
    node.value = value;
    const event = type === "plain" ? new Event("input", { bubbles: true }) : new InputEvent("input", { bubbles: true, inputType: type });
    node.dispatchEvent(event);
    node.dispatchEvent(new Event("change", { bubbles: true }));
  }, [text, inputType]);
}

/** Of the page itself: what stands in a frame is another page, and axe's way of asking it breaks the exact origins. */
async function violations(page, rules) {
  const result = await page.evaluate((runOnly) => globalThis.axe.run(document, { runOnly, iframes: false }), rules);
  assert.ok(result.passes.length > 0, "axe looked at something");
  return result.violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map((node) => node.html).join(" | ")}`);
}

/** Controls of the page and of the element's shadow tree that are lower than 44 px. */
const smallTargets = (page) =>
  page.evaluate((smallest) => {
    const roots = [document, ...[...document.querySelectorAll("*")].map((node) => node.shadowRoot).filter(Boolean)];
    return roots
      .flatMap((root) => [...root.querySelectorAll("button, input, summary")])
      .filter((control) => control.checkVisibility() && control.getBoundingClientRect().height < smallest)
      .map((control) => control.outerHTML);
  }, SMALLEST_TARGET_PX);

const sticksOutBy = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Holds what is shown against axe in light, dark and forced colours, and against 320 px. */
export async function audit(page, name) {
  const shoot = (variant) =>
    process.env.SCREENSHOTS && page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}-${variant}.png`, fullPage: true });
  const viewport = page.viewportSize();
  await shoot("light");
  assert.deepEqual(await violations(page, ALL_RULES), [], `axe on ${name}`);
  assert.equal(await sticksOutBy(page), 0, `${name} scrolls sideways`);
  await page.emulateMedia({ colorScheme: "dark" });
  await shoot("dark");
  assert.deepEqual(await violations(page, COLOUR_RULES), [], `axe on ${name}, dark`);
  await page.emulateMedia({ colorScheme: "light", forcedColors: "active" });
  await shoot("forced");
  assert.deepEqual(await violations(page, COLOUR_RULES), [], `axe on ${name}, forced colours`);
  await page.emulateMedia({ colorScheme: "light", forcedColors: "none" });
  await page.setViewportSize({ width: 320, height: 640 });
  await shoot("narrow");
  assert.equal(await sticksOutBy(page), 0, `${name} scrolls sideways at 320 pixels`);
  assert.deepEqual(await smallTargets(page), [], `${name} has controls that are too small`);
  await page.setViewportSize(viewport);
}

const WAIT_MS = 30_000;

/** The requests for a code by WebOTP become these: whether each was aborted. The element asks when it is ready. */
export async function otpRequestsBecome(page, expected) {
  const until = Date.now() + WAIT_MS;
  for (;;) {
    const aborted = await page.evaluate(() => globalThis.otpRequests.map((request) => request.aborted));
    if (isDeepStrictEqual(aborted, expected) || Date.now() > until) return assert.deepEqual(aborted, expected);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A message comes to whoever asked for its code first and last. */
export async function deliverCode(page, code) {
  await otpRequestsBecome(page, [false]);
  await page.evaluate((received) => globalThis.otpRequests[0].deliver(received), code);
}

/** A faithful STUB of the part of `navigator.credentials.get` that is WebOTP: headless Chromium has no phone. */
export const webOtpStub = () => {
  globalThis.OTPCredential ??= class OTPCredential {};
  globalThis.otpRequests = [];
  Object.defineProperty(navigator, "credentials", {
    value: {
      get({ otp, signal }) {
        if (!otp?.transport?.includes("sms")) return Promise.reject(new TypeError("no such credential"));
        return new Promise((resolve, reject) => {
          const request = { aborted: false, deliver: (code) => resolve({ code, type: "otp" }) };
          globalThis.otpRequests.push(request);
          signal?.addEventListener("abort", () => {
            request.aborted = true;
            reject(new DOMException("aborted", "AbortError"));
          });
        });
      },
    },
  });
};
