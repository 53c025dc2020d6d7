// What a text says as a code, as `Guess::parse` of the server reads it; and the texts, the package and the plurals.

import assert from "node:assert/strict";
import { build } from "esbuild";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../", import.meta.url));
const run = promisify(execFile);

async function load(name) {
  const { outputFiles } = await build({ entryPoints: [`${root}src/${name}.ts`], bundle: true, format: "esm", write: false });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}

const { normalise, wholeCode, formatFrom } = await load("code");
const { Language, fill } = await load("texts");
const { english, frameEnglish } = await load("english");
const NUMBERS = { length: 6, alphabet: "numeric" };
const LETTERS = { length: 6, alphabet: "alphanumeric" };

describe("a code", () => {
  it("is what the server would read in the same text", () => {
    // The examples of crates/core/src/code.rs.
    for (const text of ["123456", "123 456", "123-456", " 12 34 56 ", "１２３４５６", "١٢٣٤٥٦", "۱۲۳۴۵۶", "१२३४५६", "123\u200f456"]) {
      assert.equal(normalise(text, NUMBERS), "123456", text);
    }
    assert.equal(normalise("acd-34f", LETTERS), "ACD34F");
    assert.equal(normalise("ａｃｄ３４ｆ", LETTERS), "ACD34F");
    assert.equal(normalise("ß1ﬁ", LETTERS), "1FI");
  });

  it("folds each digit of each script to its value", () => {
    for (const zero of [0x30, 0xff10, 0x660, 0x6f0, 0x966]) {
      const digits = String.fromCodePoint(...Array.from({ length: 10 }, (_, value) => zero + value));
      assert.equal(normalise(digits, NUMBERS), "0123456789");
    }
  });

  it("is found in a message where nothing else looks like it", () => {
    assert.equal(wholeCode("Your code is 123456. Pay EUR 49.90", NUMBERS), "123456");
    assert.equal(wholeCode("123456 or 654321", NUMBERS), undefined);
    assert.equal(wholeCode("123456\n@shop.example #123456", NUMBERS), "123456");
    assert.equal(wholeCode("1234567", NUMBERS), undefined);
    assert.equal(wholeCode("please do", LETTERS), undefined);
  });

  it("has a form that attributes say, or six digits", () => {
    assert.deepEqual(formatFrom("8", "alphanumeric"), { length: 8, alphabet: "alphanumeric" });
    for (const odd of ["", "0", "3", "11", "6.5", "x", null, undefined, "1e1"]) {
      assert.deepEqual(formatFrom(odd, "roman"), NUMBERS, odd);
    }
  });
});

describe("texts", () => {
  it("take the plural form of their language", () => {
    globalThis[Symbol.for("countersign.texts")] = new Map([
      ["pl", { attempts_left: { one: "{count} próba", few: "{count} próby", many: "{count} prób", other: "{count} próby" } }],
    ]);
    const polish = new Language(english, ["pl-PL"]);
    assert.equal(polish.locale, "pl");
    assert.deepEqual([1, 2, 5].map((count) => polish.count("attempts_left", count)), ["1 próba", "2 próby", "5 prób"]);
    assert.equal(polish.say("confirm"), "Confirm", "what is missing is said in English");
    assert.equal(new Language(english, ["xx", null, "en-US"]).locale, "en-US".split("-")[0]);
    assert.equal(new Language(english, ["en"]).count("attempts_left", 1), "You have 1 try left.");
  });

  it("fill what they know and leave what they do not", () => {
    assert.equal(fill("{to} {shop} {to}", { to: "x" }), "x {shop} x");
    assert.equal(fill("{to}", { to: "{to}$&" }), "{to}$&");
  });

  it("show money to the last digit that was given", () => {
    const language = new Language(english, ["en"]);
    for (const [amount, currency, text] of [
      ["49.90", "EUR", "€49.90"], ["1200", "JPY", "¥1,200"], ["1.005", "KWD", "KWD\u00a01.005"], ["5", "EUR", "€5"],
      ["12345678901234567.89", "EUR", "12345678901234567.89 EUR"], ["10", "no currency", "10 no currency"], ["10", undefined, "10"],
    ]) assert.equal(language.money(amount, currency), text);
  });

});

describe("the package", () => {
  it("is what its sources give, and within its weight", async () => {
    const { stdout } = await run(process.execPath, [`${root}scripts/check.mjs`]);
    assert.match(stdout, /as they should be/);
  });

  it("has no script that a strict policy or Trusted Types would stop", async () => {
    for (const name of (await readdir(`${root}dist`, { recursive: true })).filter((name) => name.endsWith(".js"))) {
      const script = await readFile(join(root, "dist", name), "utf8");
      assert.doesNotMatch(script, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|srcdoc/, name);
    }
  });

  it("can be packed, typed and imported where there is no document", async () => {
    const folder = await mkdtemp(join(tmpdir(), "countersign-pack-"));
    try {
      const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: root });
      const packed = JSON.parse(stdout);
      const [{ filename, files }] = Array.isArray(packed) ? packed : Object.values(packed);
      const names = files.map(({ path }) => path);
      for (const name of ["LICENSE", "README.md", "dist/countersign-otp.v1.js", "dist/texts/de.js", "dist/types/countersign-otp.d.ts"]) {
        assert.ok(names.includes(name), name);
      }
      assert.equal(names.some((name) => /^(src|test|scripts)\//.test(name)), false);
      const modules = join(folder, "node_modules", "countersign-otp");
      await run("mkdir", ["-p", modules]);
      await run("tar", ["-xzf", join(folder, filename), "-C", modules, "--strip-components=1"]);
      await writeFile(join(folder, "server.mjs"), 'import "countersign-otp"; import "countersign-otp/frame"; import "countersign-otp/texts/de"; console.log("ok");');
      assert.equal((await run(process.execPath, [join(folder, "server.mjs")])).stdout, "ok\n");
      await writeFile(join(folder, "shop.ts"), `
        import "countersign-otp";
        import type { CountersignOtp, State } from "countersign-otp";
        const element: CountersignOtp = document.createElement("countersign-otp");
        element.clientSecret = "cvs_x";
        element.messages = { confirm: "Pay", numbers: { one: "1", other: "{count}" } };
        element.addEventListener("countersign-approved", ({ detail }) => { const id: string = detail.id; void id; });
        element.addEventListener("countersign-complete", (event) => { if (event.detail.at_once) event.preventDefault(); });
        const state: State | "over" | undefined = element.state;
        void state;
        // @ts-expect-error: there is no such text.
        element.messages = { confrim: "Pay" };
      `);
      const options = ["--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"];
      const tsc = join(root, "node_modules/typescript/bin/tsc");
      await run(process.execPath, [tsc, ...options, join(folder, "shop.ts")], { cwd: folder }).catch(({ stdout: errors }) => {
        assert.fail(errors);
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
