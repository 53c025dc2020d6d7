// The three places where a code is typed, behind one interface, so that one list of tests runs for all of them; a shop
// with a strict policy for two of them to stand in; and what the tests need of the API and the simulated phone.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { axeSource, WAIT_MS } from "./browser.mjs";
import { codeOn, linesOnceThere, numbersFor } from "./phone.mjs";

/** A countersign that answers, and a key of it with the scope admin. */
export class Countersign {
  /** `file`: whose numbers it takes. */
  constructor(baseURL, apiKey, file) {
    assert.ok(baseURL && apiKey, "set BASE_URL and API_KEY");
    [this.baseURL, this.apiKey, this.nextNumber] = [baseURL.replace(/\/$/, ""), apiKey, numbersFor(file)];
    this.elements = `${this.baseURL}/elements/1.0.0`;
  }

  async ask(method, path, body) {
    const response = await fetch(this.baseURL + path, {
      method,
      headers: { authorization: `Bearer ${this.apiKey}`, "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    return { ok: response.ok, status: response.status, answer: await response.json() };
  }

  async api(method, path, body) {
    const { ok, answer } = await this.ask(method, path, body);
    assert.ok(ok, `${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Starts one as a shop's server does, for this presentation. */
  async start(presentation, more = {}) {
    const to = this.nextNumber();
    const body = { to, purpose: "login", session: `s-${to}`, presentation, ...more };
    const started = await this.api("POST", "/v1/verifications", body);
    return { ...started, number: to };
  }

  async verification(id) {
    return this.api("GET", `/v1/verifications/${id}`);
  }

  /** How often this happened to a verification. What was answered is committed, so that nothing has to be waited for. */
  async happened(id, type) {
    const { data } = await this.api("GET", `/v1/verifications/${id}/timeline`);
    return data.filter((event) => event.type === type).length;
  }

  /** The last lines of the messages on a simulated phone, once there are this many. */
  linesOnceThere(number, count) {
    return linesOnceThere(this.baseURL, number, count);
  }

  code(number, count) {
    return codeOn(this.baseURL, number, count);
  }
}

export const wrong = (code) => (code.startsWith("1") ? "2" : "1") + code.slice(1);
export const payment = { purpose: "payment", transaction: { id: "order_1042", amount: "49.90", currency: "EUR", payee: "Lantern Row GmbH" } };

const SHOP_STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, "DejaVu Sans", sans-serif; }
body { margin: 0; background: Canvas; color: CanvasText; }
main { max-width: 40rem; margin-inline: auto; padding: 1rem; }
h1 { font-size: 1.5rem; }
a { display: inline-block; min-height: 44px; }
main > button, main form > button { min-height: 44px; }
`;

/** A shop on an origin of its own: takes customers back, has pages under the policy of our documentation, and frames. */
export class Shop {
  visits = [];
  posts = [];
  pages = new Map();

  /** `hostname` 127.0.0.1 makes it a site that is foreign to everything on localhost. */
  async open(countersign, hostname = "localhost") {
    this.countersign = countersign;
    this.manifest = await (await fetch(`${countersign.elements}/manifest.json`)).json();
    this.server = createServer((request, response) => void this.answer(request, response).catch(() => response.destroy()));
    this.server.listen(0, hostname);
    await once(this.server, "listening");
    this.origin = `http://${hostname}:${this.server.address().port}`;
    this.back = `${this.origin}/verified`;
    return this;
  }

  async answer(request, response) {
    this.visits.push(request.url);
    const { pathname } = new URL(request.url, "http://shop");
    if (pathname === "/shop.css") return response.writeHead(200, { "content-type": "text/css" }).end(SHOP_STYLE);
    if (request.method === "POST") {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      this.posts.push(Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString())));
    }
    const { baseURL } = this.countersign;
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.setHeader(
      "content-security-policy",
      `default-src 'none'; script-src ${baseURL}; connect-src ${baseURL}; frame-src ${baseURL} http://localhost:*; style-src 'self'; ` +
        "img-src data:; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'",
    );
    return response.end(this.pages.get(pathname) ?? this.html("", "<h1>Back at the shop</h1>"));
  }

  html(head, body, lang = "en") {
    return `<!doctype html><html lang="${lang}" dir="${lang === "ar" ? "rtl" : "ltr"}"><head><meta charset="utf-8"><title>Shop</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/shop.css">
<meta name="viewport" content="width=device-width, initial-scale=1">${head}</head><body><main>${body}</main></body></html>`;
  }

  script(name) {
    const { integrity } = this.manifest.files[name];
    return `<script type="module" src="${this.countersign.elements}/${name}" integrity="${integrity}" crossorigin="anonymous"></script>`;
  }

  /** A page with these scripts; its address. */
  page(scripts, body, lang = "en") {
    const path = `/p${this.pages.size}`;
    if (lang !== "en") scripts = [...scripts, `texts/${lang}.js`];
    const title = lang === "ar" ? "الدفع" : "Checkout";
    this.pages.set(path, this.html(scripts.map((name) => this.script(name)).join("\n"), `<h1>${title}</h1>${body}`, lang));
    return this.origin + path;
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/**
 * A browser of its own that may not complain: no script error, nothing blocked, no violation of a policy, in the page or
 * in its frames. `expected`: what a test means to happen.
 */
export async function visit(browser, options, act) {
  const { expected = /^$/, axe = false, init, ...rest } = options;
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", ...rest });
  context.setDefaultTimeout(WAIT_MS);
  const complaints = [];
  const complain = (text) => expected.test(text) || complaints.push(text);
  context.on("console", (message) => {
    // A form or request that was refused is answered 4xx, which the console calls an error.
    const isAnswer = /status of (403|409|422|429)/.test(message.text());
    if (["error", "warning"].includes(message.type()) && !isAnswer) complain(message.text());
  });
  context.on("weberror", (error) => complain(String(error.error())));
  await context.exposeBinding("countersignTestViolation", (_, text) => complain(`violation: ${text}`));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      globalThis.countersignTestViolation(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
    });
    globalThis.told = [];
    for (const name of ["approved", "ended", "error"]) {
      addEventListener(`countersign-${name}`, (event) => globalThis.told.push([name, event.detail]));
    }
  });
  if (axe) await context.addInitScript(axeSource);
  if (init) await context.addInitScript(init);
  /** The requests that cost a guess or a message. */
  const asked = { check: 0, resend: 0 };
  context.on("request", (request) => {
    const kind = request.method() === "POST" && request.url().match(/\/(check|resend)$/)?.[1];
    if (kind) asked[kind] += 1;
  });
  try {
    await act(await context.newPage(), { context, asked, complaints });
    assert.deepEqual(complaints, [], "the browser complained");
  } finally {
    await context.close();
  }
}

/** Waits for the shop's page to be told this; its detail. */
export async function hears(page, name) {
  await page.waitForFunction((wanted) => globalThis.told.some(([told]) => told === wanted), name);
  return page.evaluate((wanted) => globalThis.told.find(([told]) => told === wanted)[1], name);
}

/** What the customer reads on the hosted page, wherever that is. */
const hosted = {
  field: (inside) => inside.getByLabel("6-digit code"),
  submit: (inside) => inside.getByRole("button", { name: /^(Continue|Approve)/ }),
  submitName: "Continue",
  resend: (inside) => inside.getByRole("button", { name: "Send it again" }),
  wait: (inside) => inside.locator("[data-countersign=resend-wait]").filter({ hasText: /in \d+ s/ }),
  notMe: (inside) => inside.getByRole("button", { name: "This was not me" }).click(),
  words: {
    name: "6-digit code",
    description: /We sent the code in a text message to \W*\+44•••••••\d{3}\W*\./,
    wrongDescription: /^The payment was not approved with this code\. .*2 tries left.*We sent the code/s,
    wrong: /That code is not right\. Check the latest message from Birch & Bolt\. You have 4 tries left\./,
    notApproved: "The payment was not approved with this code. Check the latest message from Birch & Bolt, or go back and start again.",
    incomplete: /You have not entered the whole code/,
    unreachable: /Nothing is lost/,
    resent: /We sent another message/,
    expired: /The code was not entered in time/,
    exhausted: /this code is no longer accepted/,
    denied: /knows that it was not you/,
    approved: /You have confirmed that it is you/,
  },
  /** It is known when she asks: the page sees that the time is over, and the server says so. */
  async overtaken(face, page) {
    await face.inside(page).locator("[data-countersign=expiry]").filter({ hasText: "This code has expired" }).waitFor({ timeout: 90_000 });
  },
  /** Emptied: a code that was wrong is of no more use. */
  afterWrong: () => "",
  isReady: (inside) => inside.locator("form[data-countersign=check]"),
  /** The button cannot be pressed now, and readers hear why. Told by the page itself: nothing can be asked of it on its way. */
  async watchForPending(face, page) {
    const told = page.waitForEvent("console", (message) => message.text() === "pending: true, One moment…");
    await face.button(page).evaluate((button) => {
      const status = document.querySelector("[data-countersign=announce]");
      const tell = () => console.debug(`pending: ${button.getAttribute("aria-disabled")}, ${status.textContent}`);
      new MutationObserver(tell).observe(button, { attributes: true });
      new MutationObserver(tell).observe(status, { childList: true });
    });
    return () => told;
  },
  /** Another tab has finished it: she is told when she goes on. */
  async learns(face, page, code) {
    await face.enter(page, code);
    await face.inside(page).getByRole("heading", { name: "Done" }).waitFor();
  },
};

/** Where a code is typed. */
export const faces = [
  {
    ...hosted,
    name: "page",
    presentation: (shop) => ({ mode: "page", return_url: shop.back, state: "st" }),
    line: /^@localhost #\d{6}$/,
    address: (shop, { url }) => url,
    inside: (page) => page,
    frame: (page) => page.mainFrame(),
    /** She is back at the shop, which asks its server. */
    arrives: (page, shop, { id }) => page.waitForURL(`${shop.back}?verification=${id}&state=st`),
    ends: (page, state) => page.getByRole("status").filter({ hasText: hosted.words[state] }).waitFor(),
  },
  {
    name: "element",
    presentation: (shop) => ({ mode: "element", origin: shop.origin }),
    line: /^@localhost #\d{6}$/,
    address: (shop, { client_secret: secret }, lang) =>
      shop.page(["countersign-otp.v1.js"], `<countersign-otp server="${shop.countersign.baseURL}" client-secret="${secret}"></countersign-otp>`, lang),
    inside: (page) => page.locator("countersign-otp"),
    frame: (page) => page.mainFrame(),
    field: (inside) => inside.getByRole("textbox"),
    submit: (inside) => inside.getByRole("button", { name: "Confirm" }),
    submitName: "Confirm",
    resend: (inside) => inside.getByRole("button", { name: "Send another message" }),
      wait: (inside) => inside.locator(".wait").filter({ hasText: /in \d+ seconds?/ }),
      async notMe(inside) {
      await inside.getByRole("button", { name: "This was not me" }).click();
      await inside.getByRole("button", { name: "Yes, stop it" }).click();
    },
    words: {
      name: "Code from the message",
      description: /^The code has 6 numbers\.$/,
      wrongDescription: /^That code was not accepted\. .*2 tries left\. The code has 6 numbers\.$/,
      wrong: /That code is not right\. Check the latest message from Birch & Bolt\. You have 4 tries left\./,
      notApproved: "That code was not accepted. Check the latest message from Birch & Bolt.",
      incomplete: /You have not entered the whole code/,
      unreachable: /What you typed is still here/,
      resent: /We sent another message/,
      expired: /This code has expired/,
      exhausted: /one wrong code too many/,
      denied: /Nothing was approved/,
      approved: /Confirmed\. Thank you\./,
    },
    async arrives(page, shop, { id }) {
      assert.deepEqual(await hears(page, "approved"), { id });
      await page.getByRole("status").filter({ hasText: this.words.approved }).waitFor();
    },
    async ends(page, state) {
      await page.locator("countersign-otp").getByRole("status").filter({ hasText: this.words[state] }).waitFor({ timeout: 90_000 });
      assert.deepEqual(await hears(page, state === "approved" ? "approved" : "ended"), { state });
    },
    /** It looks for itself. */
    overtaken: async () => {},
    /** Kept and selected: the next key replaces it, and a slip can be put right. */
    afterWrong: (code) => code,
    isReady: (inside) => inside.getByRole("status").filter({ hasText: "We sent a message with a code" }),
    watchForPending: (face, page) => () => face.status(page, "Checking the code…").waitFor(),
    /** Another tab has finished it: she is told at once. */
    learns: (face, page) => hears(page, "approved"),
  },
  {
    ...hosted,
    name: "frame",
    presentation: (shop) => ({ mode: "iframe", origin: shop.origin }),
    line: /^@localhost #\d{6} @localhost$/,
    address: (shop, { url }, lang) =>
      shop.page(["countersign-frame.v1.js"], `<countersign-frame src="${url}"><a href="${url}">Confirm with a code</a></countersign-frame>`, lang),
    inside: (page) => page.frameLocator("countersign-frame iframe"),
    frame: (page) => page.frames().find((frame) => frame.parentFrame()),
    async arrives(page, shop, { id }) {
      assert.deepEqual(await hears(page, "approved"), { id });
      await this.inside(page).getByRole("heading", { name: "Done" }).waitFor();
    },
    async ends(page, state) {
      await this.inside(page).getByRole("status").filter({ hasText: this.words[state] }).waitFor();
      assert.deepEqual(await hears(page, "ended"), { state });
    },
  },
].map((face) => ({
  ...face,
  code: (page) => face.field(face.inside(page)),
  button: (page) => face.submit(face.inside(page)),
  async open(page, shop, started, lang) {
    await page.goto(face.address(shop, started, lang));
    await face.field(face.inside(page)).waitFor();
    // A widget asks the server what it is about.
    await face.isReady(face.inside(page)).waitFor();
  },
  /** Types it, key by key: what comes whole is sent by itself. */
  async type(page, code) {
    await face.field(face.inside(page)).fill("");
    await face.field(face.inside(page)).pressSequentially(code);
  },
  async enter(page, code) {
    await this.type(page, code);
    await this.button(page).click();
  },
  alert: (page, words) => face.inside(page).getByRole("alert").filter({ hasText: words }),
  status: (page, words) => face.inside(page).getByRole("status").filter({ hasText: words }),
  isFocused: (page) => face.field(face.inside(page)).evaluate((input) => document.hasFocus() && input === document.activeElement),
}));

/** The clipboard belongs to the whole browser. */
let clipboard = Promise.resolve();

/** Pastes as a person does: from the clipboard, by the keyboard. */
export function paste(page, text) {
  const turn = clipboard.then(async () => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.evaluate((copied) => navigator.clipboard.writeText(copied), text);
    await page.keyboard.press("Control+V");
  });
  clipboard = turn.catch(() => undefined);
  return turn;
}

/** Sets the whole value as browsers' autofill does, which replaces what was there. */
export function autofill(input, text) {
  return input.evaluate((node, code) => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(node, code);
    node.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertReplacementText" }));
    node.dispatchEvent(new Event("change", { bubbles: true }));
  }, text);
}

/** What has the focus, in whatever frame or shadow tree it is: its words, and whether one sees that it has it. */
async function focused(page) {
  for (const frame of page.frames().toReversed()) {
    const found = await frame.evaluate(() => {
      let node = document.activeElement;
      if (!document.hasFocus() || !node || node.localName === "iframe") return undefined;
      while (node.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
      if (node.localName === "iframe" || node === document.body) return undefined;
      // The element draws the ring of its input around the boxes.
      const ring = node.assignedSlot?.closest(".row") ?? node;
      return { words: (node.labels?.[0] ?? node).textContent.trim(), tag: node.localName, outline: getComputedStyle(ring).outlineStyle };
    });
    if (found) return found;
  }
  return undefined;
}

/** Tabs to the control with these words, and sees that it shows the focus. */
export async function tabTo(page, words, key = "Tab") {
  for (let presses = 0; presses < 30; presses += 1) {
    const now = await focused(page);
    if (now?.words.startsWith(words)) {
      assert.notEqual(now.outline, "none", `the focus on ${words} is visible`);
      return;
    }
    await page.keyboard.press(key);
  }
  assert.fail(`the keyboard does not reach ${words}`);
}

/** What Chromium tells assistive technology of a frame: its nodes by role. */
export async function accessibilityTree(page, frame) {
  const client = await page.context().newCDPSession(page);
  try {
    const { frameTree } = await client.send("Page.getFrameTree");
    const frames = [frameTree];
    for (const tree of frames) frames.push(...(tree.childFrames ?? []));
    const { id } = frames.map((tree) => tree.frame).findLast(({ url }) => url === frame.url());
    const { nodes } = await client.send("Accessibility.getFullAXTree", { frameId: id });
    const byId = new Map(nodes.map((node) => [node.nodeId, node]));
    const text = (node) =>
      node.role?.value === "StaticText" ? node.name?.value : (node.childIds ?? []).map((child) => text(byId.get(child))).join("");
    return nodes.filter((node) => !node.ignored).map((node) => ({
      role: node.role?.value,
      name: node.name?.value ?? "",
      description: node.description?.value ?? "",
      text: text(node),
      ...Object.fromEntries((node.properties ?? []).map(({ name, value }) => [name, value.value])),
    }));
  } finally {
    await client.detach();
  }
}

/** A faithful STUB of the part of `navigator.credentials.get` that is WebOTP: headless Chromium has no phone, and the
 * request of the real one stays open for ever. Hands over what `deliverCode` is called with. */
export const webOtpStub = () => {
  const waiting = [];
  globalThis.OTPCredential ??= class OTPCredential {};
  globalThis.deliverCode = (code) => waiting.splice(0).forEach((resolve) => resolve({ code, type: "otp" }));
  globalThis.awaitsCode = () => waiting.length > 0;
  Object.defineProperty(navigator, "credentials", {
    value: {
      get({ otp, signal }) {
        if (!otp?.transport?.includes("sms")) return Promise.reject(new TypeError("no such credential"));
        return new Promise((resolve, reject) => {
          waiting.push(resolve);
          signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
        });
      },
    },
  });
};
