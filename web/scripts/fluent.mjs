// Fluent files, in the few forms that our texts have, and what can be wrong with a translation.

import { lineOffset, parse } from "@fluent/syntax";
import { readFileSync } from "node:fs";
import { basename } from "node:path";

/** The languages of the message templates: crates/core/src/message/texts. */
export const LANGUAGES = ["ar", "de", "en", "es", "fr", "hi", "id", "it", "ja", "nl", "pl", "pt", "tr", "zh"];

const CATEGORIES = ["zero", "one", "two", "few", "many", "other"];

/** As many as anything that is counted here can be: seconds. */
const MOST = 1000;

/** More letters than this on end, and a word may not fit on a phone of 320 CSS pixels at 200 % text size. */
const LONGEST_WORD = 24;

/** A button of more characters has two lines on such a phone. */
const LONGEST_BUTTON = 28;

/** Names as the texts of the messages are tried with. */
const SAMPLES = { shop: "Example Shop", amount: "EUR 49.90" };

/**
 * A text as `{ line, selector, forms }`: the variable that it selects by, or none; its forms by plural category or
 * number, with `{name}` where a variable stands. A text that selects nothing has the one form `other`.
 */
export function parseTexts(source, path) {
  const texts = new Map();
  const flaws = [];
  const lineOf = (node) => lineOffset(source, node.span.start) + 1;
  const complain = (node, what) => flaws.push(`${path}:${lineOf(node)}: ${what}`);
  for (const entry of parse(source, { withSpans: true }).body) {
    if (entry.type === "Junk") complain(entry, entry.annotations.map(({ message }) => message).join(" "));
    else if (entry.type === "Term") complain(entry, "terms are not understood here");
    else if (entry.type === "Message") {
      const { name } = entry.id;
      if (texts.has(name)) complain(entry, `${name} is there twice`);
      if (entry.attributes.length > 0) complain(entry, `${name} has attributes, which are not understood here`);
      const { selector, forms } = formsOf(entry, (node, what) => complain(node, `${name} ${what}`));
      texts.set(name, { line: lineOf(entry), selector, forms });
    }
  }
  return { path, texts, flaws };
}

/** The same of a file. */
export function readTexts(path, shownAs = path) {
  return parseTexts(readFileSync(path, "utf8"), shownAs);
}

/** The language that a file is called after. */
export const localeOf = (path) => basename(path, ".ftl");

function formsOf(message, complain) {
  let selector;
  let forms = new Map([["other", ""]]);
  const append = (text) => (forms = new Map([...forms].map(([key, before]) => [key, before + text])));
  for (const element of message.value?.elements ?? []) {
    const { expression } = element;
    if (expression?.type !== "SelectExpression") append(plain(element, complain));
    else if (selector !== undefined) complain(element, "selects more than once");
    else {
      selector = expression.selector.type === "VariableReference" ? expression.selector.id.name : "";
      if (selector === "") complain(element, "selects by something other than a variable");
      const before = forms.get("other");
      forms = new Map();
      for (const { key, value, default: isDefault } of expression.variants) {
        const called = key.type === "Identifier" ? key.name : key.value;
        if (forms.has(called)) complain(key, `has [${called}] twice`);
        if (isDefault && called !== "other") complain(key, `falls back to [${called}], not to [other]`);
        forms.set(called, before + value.elements.map((part) => plain(part, complain)).join(""));
      }
    }
  }
  return { selector, forms };
}

function plain(element, complain) {
  if (element.type === "TextElement") {
    if (/[<>&{}]/.test(element.value)) complain(element, "has a sign of markup");
    return element.value;
  }
  if (element.expression.type === "VariableReference") return `{${element.expression.id.name}}`;
  complain(element, "has something in braces that is neither a variable nor a choice");
  return "";
}

const variablesOf = (text) => new Set((text.match(/\{[\w-]+\}/g) ?? []).map((name) => name.slice(1, -1)));

/** How many whole numbers have each plural category, two standing for any more. */
function numbersByCategory(locale) {
  if (Intl.PluralRules.supportedLocalesOf(locale).length === 0) throw new Error(`this Node has no plural rules for ${locale}`);
  const rules = new Intl.PluralRules(locale);
  const counts = new Map(rules.resolvedOptions().pluralCategories.map((category) => [category, 0]));
  for (let number = 0; number <= MOST; number += 1) {
    const category = rules.select(number);
    counts.set(category, Math.min(2, counts.get(category) + 1));
  }
  return counts;
}

/**
 * What is wrong with the texts of a file in the light of the original's, as "file:line: what" for each. The plural
 * forms must be those of the language's whole numbers; one that only millions or fractions have may be left out.
 */
export function flawsOf({ path, texts, flaws }, original) {
  const found = [...flaws];
  const locale = localeOf(path);
  const numbers = numbersByCategory(locale);
  let line = 1;
  for (const [name, expected] of original) {
    const text = texts.get(name);
    if (!text) {
      found.push(`${path}:${line}: ${name} is missing after this line`);
      continue;
    }
    line = text.line;
    found.push(...selectorFlaws(text, expected, numbers).map((flaw) => `${path}:${line}: ${name} ${flaw}`));
    for (const [key, form] of text.forms) {
      const where = text.selector ? `${name} [${key}]` : name;
      found.push(...variableFlaws(key, form, text, expected, numbers).map((flaw) => `${path}:${line}: ${where} ${flaw}`));
    }
  }
  for (const [name, { line: at }] of texts) {
    if (!original.has(name)) found.push(`${path}:${at}: ${name} is not a text of the original`);
  }
  return found;
}

function selectorFlaws({ selector, forms }, expected, numbers) {
  if (selector !== expected.selector) {
    return [expected.selector ? `must select by $${expected.selector}` : "must not select: the original does not"];
  }
  if (!selector) return [];
  const flaws = [];
  const isNumber = (key) => /^\d+$/.test(key);
  for (const key of forms.keys()) {
    if (isNumber(key) && !expected.forms.has(key)) flaws.push(`has a form for ${key}, which the original has not`);
    if (!isNumber(key) && !numbers.has(key)) flaws.push(`has the form [${key}], which the language has not`);
  }
  for (const key of expected.forms.keys()) if (isNumber(key) && !forms.has(key)) flaws.push(`lacks the form [${key}]`);
  for (const [category, count] of numbers) {
    if ((count > 0 || category === "other") && !forms.has(category)) flaws.push(`lacks the plural form [${category}]`);
  }
  return flaws;
}

/** A form for one number only may say it in words; any other has to name it. */
function variableFlaws(key, form, { selector }, expected, numbers) {
  if (form.trim() === "") return ["is empty"];
  const exact = /^\d+$/.test(key);
  const wanted = variablesOf(expected.forms.get(exact ? key : "other") ?? expected.forms.get("other"));
  const there = variablesOf(form);
  const flaws = [];
  for (const name of wanted) {
    const inWords = name === selector && key !== "other" && numbers.get(key) === 1;
    if (!there.has(name) && !inWords) flaws.push(`lacks the variable $${name}`);
  }
  for (const name of there) if (!wanted.has(name)) flaws.push(`has the variable $${name}, which the original has not`);
  return flaws;
}

/** What is too long for the narrowest phone. `buttons` tells a button's name. */
export function overlongOf({ path, texts }, buttons) {
  const found = [];
  for (const [name, { line, forms }] of texts) {
    for (const form of forms.values()) {
      const shown = form.replace(/\{([\w-]+)\}/g, (_, variable) => SAMPLES[variable] ?? "");
      for (const word of shown.match(/[\p{L}\p{M}]+/gu) ?? []) {
        // These break between any two characters.
        if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(word)) continue;
        if (word.match(/\p{L}/gu).length > LONGEST_WORD) found.push(`${path}:${line}: ${name} has the overlong word ${word}`);
      }
      if (buttons(name) && [...shown].length > LONGEST_BUTTON) {
        found.push(`${path}:${line}: ${name} has ${[...shown].length} characters, too many for a button`);
      }
    }
  }
  return found;
}

/** The categories in CLDR's order. */
export const inOrder = (forms) => CATEGORIES.filter((category) => forms.has(category)).map((category) => [category, forms.get(category)]);
