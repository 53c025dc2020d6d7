// What the texts are held against, and that they hold.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "node:test";
import { flawsOf, inOrder, LANGUAGES, overlongOf, parseTexts } from "../scripts/fluent.mjs";
import { pageFlaws } from "../scripts/page-texts.mjs";
import { readEnglish, textsFromFluent } from "../scripts/texts-from-fluent.mjs";

const ORIGINAL = `
hello = Hello from { $shop }
tries = { $left ->
    [0] None.
    [one] { $left } try at { $shop }.
   *[other] { $left } tries at { $shop }.
}
`;

const original = parseTexts(ORIGINAL, "en.ftl").texts;
const flaws = (source, locale = "de") => flawsOf(parseTexts(source, `${locale}.ftl`), original);

const HELLO = "hello = Von { $shop }\n";
const tries = (...forms) => `tries = { $left ->\n${forms.map((form) => `    ${form}\n`).join("")}}\n`;
const TRIES = tries("[0] Keiner.", "[one] { $left } Versuch bei { $shop }.", "*[other] { $left } Versuche bei { $shop }.");

describe("a translation", () => {
  it("has nothing to be said against it when it has every text, variable and form", () => {
    assert.deepEqual(flaws(HELLO + TRIES), []);
    assert.deepEqual(flaws(ORIGINAL, "en"), []);
  });

  it("may have its text before and after the choice", () => {
    const around = "tries = Bei { $shop }: { $left ->\n    [0] keiner\n    [one] { $left } Versuch\n   *[other] { $left } Versuche\n}.\n";
    const wanted = "de.ftl:2: tries [0] has the variable $shop, which the original has not";
    assert.deepEqual(flaws(HELLO + around), [wanted]);
    const { forms } = parseTexts(around, "de.ftl").texts.get("tries");
    assert.equal(forms.get("one"), "Bei {shop}: {left} Versuch.");
  });

  const wrong = {
    "a text that is missing": [TRIES, "de.ftl:1: hello is missing after this line"],
    "a text that is missing further on": [HELLO, "de.ftl:1: tries is missing after this line"],
    "a text that the original has not": [`${HELLO}more = Mehr\n${TRIES}`, "de.ftl:2: more is not a text of the original"],
    "a text that is there twice": [HELLO + TRIES + HELLO, "de.ftl:7: hello is there twice"],
    "a variable that is missing": [`hello = Von uns\n${TRIES}`, "de.ftl:1: hello lacks the variable $shop"],
    "a variable that the original has not": [
      `hello = { $shop } an { $phone }\n${TRIES}`,
      "de.ftl:1: hello has the variable $phone, which the original has not",
    ],
    "a variable missing from one form": [
      HELLO + TRIES.replace("Versuch bei { $shop }", "Versuch"),
      "de.ftl:2: tries [one] lacks the variable $shop",
    ],
    "a choice that is missing": [`${HELLO}tries = { $left } bei { $shop }\n`, "de.ftl:2: tries must select by $left"],
    "a choice by another variable": [HELLO + TRIES.replace("$left ->", "$shop ->"), "de.ftl:2: tries must select by $left"],
    "a choice where the original has none": [
      `hello = { $shop ->\n   *[other] Von { $shop }\n}\n${TRIES}`,
      "de.ftl:1: hello must not select: the original does not",
    ],
    "a plural form that the language has not": [
      HELLO + TRIES.replace("[one]", "[few] { $left } bei { $shop }.\n    [one]"),
      "de.ftl:2: tries has the form [few], which the language has not",
    ],
    "a plural form that is missing": [HELLO + TRIES.replace(/ +\[one\].*\n/, ""), "de.ftl:2: tries lacks the plural form [one]"],
    "a form for one number that is missing": [HELLO + TRIES.replace(/ +\[0\].*\n/, ""), "de.ftl:2: tries lacks the form [0]"],
    "a form for one number that the original has not": [
      HELLO + TRIES.replace("[one]", "[7] { $left } bei { $shop }.\n    [one]"),
      "de.ftl:2: tries has a form for 7, which the original has not",
    ],
    "a form that is there twice": [HELLO + TRIES.replace("[one]", "[0] Keiner.\n    [one]"), "de.ftl:4: tries has [0] twice"],
    "another form to fall back to": [
      HELLO + TRIES.replace("    [0]", "   *[0]").replace("*[other]", "[other]"),
      "de.ftl:3: tries falls back to [0], not to [other]",
    ],
    "options of a number": [
      `hello = { NUMBER($shop, minimumFractionDigits: 2) }\n${TRIES}`,
      "de.ftl:1: hello has something in braces that is neither a variable nor a choice",
    ],
    "a choice by a function": [
      HELLO + TRIES.replace("$left ->", "NUMBER($left) ->"),
      "de.ftl:2: tries selects by something other than a variable",
    ],
    markup: [`hello = <b>{ $shop }</b>\n${TRIES}`, "de.ftl:1: hello has a sign of markup"],
    "a line that is no Fluent": [`${HELLO}${TRIES}that = { $`, "de.ftl:7: Expected "],
  };
  for (const [what, [source, wanted]] of Object.entries(wrong)) {
    it(`is refused for ${what}`, () => {
      const found = flaws(source);
      assert.ok(found.some((flaw) => flaw.startsWith(wanted)), `${JSON.stringify(found)} lacks ${wanted}`);
    });
  }

  it("has all six forms in Arabic, where those of one number may say it in words", () => {
    const forms = ["[zero] - { $shop }", "[one] - { $shop }", "[two] - { $shop }", "[few] { $left } { $shop }", "[many] { $left } { $shop }"];
    const arabic = (own) => flaws(HELLO + tries("[0] -", ...own, "*[other] { $left } { $shop }"), "ar");
    assert.deepEqual(arabic(forms), []);
    for (const [place, form] of forms.entries()) {
      const category = form.slice(0, form.indexOf("]") + 1);
      assert.deepEqual(arabic(forms.toSpliced(place, 1)), [`ar.ftl:2: tries lacks the plural form ${category}`]);
    }
    const dumb = forms.with(3, "[few] { $shop }");
    assert.deepEqual(arabic(dumb), ["ar.ftl:2: tries [few] lacks the variable $left"]);
  });

  it("says the number in French even in the form for one, which is also that for none", () => {
    const source = tries("[0] -", "[one] un essai chez { $shop }", "*[other] { $left } essais chez { $shop }");
    assert.deepEqual(flaws(HELLO + source, "fr"), ["fr.ftl:2: tries [one] lacks the variable $left"]);
  });

  it("needs no form that only millions have, and may have one", () => {
    const forms = ["[0] -", "[one] { $left } { $shop }", "*[other] { $left } { $shop }"];
    assert.deepEqual(flaws(HELLO + tries(...forms), "fr"), []);
    if (!new Intl.PluralRules("fr").resolvedOptions().pluralCategories.includes("many")) return;
    assert.deepEqual(flaws(HELLO + tries("[many] { $left } { $shop }", ...forms), "fr"), []);
  });

  it("has no word and no button too long for a narrow phone", () => {
    const long = "Donaudampfschifffahrtsgesellschaft";
    const soft = "Donau\u00ADdampf\u00ADschiff\u00ADfahrts\u00ADgesellschaft";
    const file = parseTexts(`a = ${long}\nb = ${soft}\nc = 一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十\n`, "de.ftl");
    assert.deepEqual(overlongOf(file, () => false), [`de.ftl:1: a has the overlong word ${long}`]);
    const button = parseTexts("back = Jetzt zurück zu { $shop }\n", "de.ftl");
    assert.deepEqual(overlongOf(button, () => true), []);
    const wide = parseTexts("back = Jetzt gehe ich zurück zu { $shop }\n", "de.ftl");
    assert.deepEqual(overlongOf(wide, () => true), ["de.ftl:1: back has 37 characters, too many for a button"]);
  });

  it("has its forms in the order of CLDR", () => {
    const forms = new Map([["other", "o"], ["one", "1"], ["zero", "0"]]);
    assert.deepEqual(inOrder(forms), [["zero", "0"], ["one", "1"], ["other", "o"]]);
  });
});

describe("the texts of the hosted page", () => {
  it("are whole in every language", () => assert.deepEqual(pageFlaws(), []));

  it("are missed when a language is", () => {
    const folder = mkdtempSync(join(tmpdir(), "countersign-texts-"));
    try {
      cpSync(fileURLToPath(new URL("../../crates/server/src/page/texts", import.meta.url)), folder, { recursive: true });
      rmSync(join(folder, "pl.ftl"));
      assert.deepEqual(pageFlaws(folder), ["crates/server/src/page/texts/pl.ftl:1: the file is missing"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("the texts of the element", () => {
  let english;
  let folder;
  before(async () => {
    english = await readEnglish();
    folder = mkdtempSync(join(tmpdir(), "countersign-texts-"));
    cpSync(fileURLToPath(new URL("../texts", import.meta.url)), folder, { recursive: true, filter: (name) => !name.endsWith(".json") });
  });
  after(() => rmSync(folder, { recursive: true }));

  /** What is said of the texts with one file changed. */
  function complaint(name, change) {
    const path = join(folder, name);
    const text = readFileSync(path, "utf8");
    try {
      writeFileSync(path, change(text));
      textsFromFluent(english, folder);
      return "";
    } catch ({ message }) {
      return message;
    } finally {
      writeFileSync(path, text);
    }
  }

  it("are whole in every language, and in English those of the source", () => {
    const texts = textsFromFluent(english, folder);
    assert.deepEqual(Object.keys(texts), LANGUAGES);
    assert.deepEqual(texts.en, english);
    for (const own of Object.values(texts)) assert.deepEqual(Object.keys(own), Object.keys(english));
  });

  it("have plural forms as the element asks for them", () => {
    const { pl, ja, de } = textsFromFluent(english, folder);
    assert.deepEqual(Object.keys(pl.attempts_left), ["one", "few", "many", "other"]);
    assert.deepEqual(Object.keys(ja.attempts_left), ["other"]);
    assert.equal(de.attempts_left.one, "Sie haben noch {count} Versuch.");
    assert.match(de.incorrect, /\{shop\}/);
  });

  it("may not differ from the source in English", () => {
    const changed = complaint("en.ftl", (text) => text.replace("Confirm\n", "Approve\n"));
    assert.match(changed, /^texts\/en\.ftl:\d+: confirm differs from src\/english\.ts$/);
  });

  it("are refused with file and line of every flaw", () => {
    const two = complaint("de.ftl", (text) => text.replace("amount = Betrag\n", "").replace("an { $to } gesendet", "gesendet"));
    assert.match(two, /^texts\/de\.ftl:\d+: amount is missing after this line\ntexts\/de\.ftl:\d+: sent lacks the variable \$to$/);
    assert.match(complaint("tr.ftl", (text) => `${text}\nnew = Yeni\n`), /^texts\/tr\.ftl:\d+: new is not a text of the original$/);
  });
});
