// Every state of every presentation, held against axe-core, in light and dark, in a right-to-left language, at 320 pixels, at
// 400 % and at twice the size of text; and what readers are told, from Chromium's accessibility tree.
//
//     BASE_URL=http://localhost:8080 API_KEY=cs_test_… node --test each-state.mjs     (a key with the scope admin)

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { auditEverywhere, launch } from "./browser.mjs";
import { writeSheets } from "./contact-sheets.mjs";
import { accessibilityTree, Countersign, faces, payment, Shop, visit, wrong } from "./presentations.mjs";

const countersign = new Countersign(process.env.BASE_URL, process.env.API_KEY, "each-state");
let browser;
let shop;

before(async () => {
  browser = await launch();
  shop = await new Shop().open(countersign);
  await countersign.api("PATCH", "/v1/app", { origins: [shop.origin], return_urls: [shop.back] });
});

after(async () => {
  await writeSheets(browser, { columns: Object.keys(states), rows: faces.map(({ name }) => name) });
  await browser?.close();
  shop?.close();
});

/** What is awaited in each language: the words of the others are in their own tests. */
const shown = (face, page, selector) => face.inside(page).locator(selector);
const isHosted = (face) => face.name !== "element";

/** How to come to each state, without the words of a language. */
const states = {
  code: { more: payment, act: async () => {} },
  wrong: {
    more: payment,
    async act(face, page, code) {
      await guess(face, page, wrong(code));
      await shown(face, page, "[aria-invalid=true]").waitFor();
    },
  },
  unreachable: {
    async act(face, page, code) {
      await page.context().route(/\/(livez|check)$/, (route) => route.abort());
      await guess(face, page, code);
      await shown(face, page, isHosted(face) ? "[data-countersign=unreachable]:not([hidden])" : ".problem:not(:empty)").waitFor();
    },
  },
  exhausted: {
    async act(face, page, code) {
      for (let n = 0; n < 5; n += 1) {
        const answered = page.waitForResponse((response) => response.url().endsWith("/check"));
        await guess(face, page, wrong(code).slice(0, 5) + ((Number(code[5]) + n) % 10));
        await answered;
        await shown(face, page, n < 4 ? "[aria-invalid=true]" : ENDED[face.name]).first().waitFor();
      }
    },
  },
  denied: {
    async act(face, page) {
      if (isHosted(face)) await shown(face, page, "form[action$=report] button").click();
      else {
        await shown(face, page, ".not-me").click();
        await shown(face, page, ".not-me-yes").click();
      }
      await shown(face, page, ENDED[face.name]).first().waitFor();
    },
  },
  approved: {
    async act(face, page, code) {
      await guess(face, page, code);
      await shown(face, page, ENDED[face.name]).first().waitFor();
    },
  },
  expired: { more: { expires_in: 60 }, act: (face, page) => expire(face, page) },
};

const ENDED = { page: "main > p[role=status]", frame: "main > p[role=status]", element: ".root.ended" };

async function expire(face, page) {
  if (isHosted(face)) {
    await face.frame(page).waitForFunction(() => {
      const expiry = document.querySelector("[data-countersign=expiry]");
      return expiry.textContent === expiry.dataset.over;
    }, undefined, { timeout: 90_000 });
    await guess(face, page, "123456");
  }
  await shown(face, page, ENDED[face.name]).first().waitFor({ timeout: 90_000 });
}

async function guess(face, page, code) {
  const field = shown(face, page, isHosted(face) ? "#code" : "input");
  await field.fill("");
  await field.pressSequentially(code);
  await field.press("Enter");
}

/** Opens one in a language, brings it to a state, and looks. */
async function look(face, name, locale, act) {
  const { more, act: reach } = states[name];
  await visit(browser, { axe: true, expected: /ERR_FAILED/ }, async (page) => {
    const presentation = face.presentation(shop);
    // Where it is done she would be back at the shop.
    delete presentation.return_url;
    delete presentation.state;
    const started = await countersign.start(presentation, { ...more, locale });
    const code = await countersign.code(started.number);
    await page.goto(face.address(shop, started, locale));
    await shown(face, page, isHosted(face) ? "#code" : ".sent:not(:empty)").waitFor();
    await reach(face, page, code);
    await act(page, started);
  });
}

function each(names) {
  for (const name of names) {
    for (const face of faces) {
      for (const locale of ["en", "ar"]) {
        it(`${face.name}, ${name}, ${locale}: axe, both themes, 320 pixels, 400 %, large text`, { timeout: 240_000 }, () =>
          look(face, name, locale, async (page) => {
            const direction = await shown(face, page, isHosted(face) ? "html" : ".root").first().evaluate((node) => getComputedStyle(node).direction);
            assert.equal(direction, locale === "ar" ? "rtl" : "ltr");
            if (locale === "en") await assertSaid(face, name, page);
            await auditEverywhere(page, `${face.name}-${name}-${locale}`);
          }));
      }
    }
  }
}

describe("each presentation", { concurrency: 2 }, () => {
  describe("when the time is over", { concurrency: 6 }, () => each(["expired"]));
  describe("in every other state", { concurrency: 3 }, () => each(Object.keys(states).filter((name) => name !== "expired")));
});

/** What a screen reader has to say, of the tree that Chromium gives it. */
async function assertSaid(face, name, page) {
  const nodes = await accessibilityTree(page, face.frame(page));
  const said = (role) => nodes.filter((node) => node.role === role).map(({ text }) => text).filter(Boolean).join("\n");
  const [field] = nodes.filter(({ role }) => role === "textbox");
  const { words } = face;
  if (["code", "wrong", "unreachable"].includes(name)) {
    assert.equal(field.name, words.name, "the field's name");
    assert.match(field.description, name === "wrong" ? words.wrongDescription : words.description, "the field's description");
    assert.equal(field.invalid, name === "wrong" ? "true" : "false");
  } else {
    assert.equal(field, undefined, "no field is left");
    assert.match(said("status"), words[name]);
  }
  if (name === "wrong") assert.match(said("alert"), new RegExp(`${words.notApproved.slice(0, 20)}.*2 tries left`));
  if (name === "unreachable") assert.match(said("alert"), words.unreachable);
  if (name === "code") assert.equal(said("alert"), "", "nothing is wrong yet");
}
