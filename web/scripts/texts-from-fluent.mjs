// The element's texts: `texts/<locale>.ftl` in the shape of src/english.ts, `{name}` where a variable stands.
//
//   node scripts/texts-from-fluent.mjs            checks them
//   node scripts/texts-from-fluent.mjs FOLDER     and writes FOLDER/<locale>.json

import { transform } from "esbuild";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { flawsOf, inOrder, LANGUAGES, overlongOf, readTexts } from "./fluent.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));

const fluentName = (key) => key.replaceAll("_", "-");

/** The texts that are built in, from their source. */
export async function readEnglish(path = `${root}src/english.ts`) {
  const { code } = await transform(await readFile(path, "utf8"), { loader: "ts", format: "esm" });
  const { english, frameEnglish } = await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
  return { ...english, ...frameEnglish };
}

/** The built-in texts as `parseTexts` gives a file's. */
function asTexts(english) {
  const entries = Object.entries(english).map(([key, text]) => {
    const [selector, forms] = typeof text === "string" ? [undefined, { other: text }] : ["count", text];
    return [fluentName(key), { selector, forms: new Map(Object.entries(forms)) }];
  });
  return new Map(entries);
}

/** One file's texts by key, in the order of the built-in ones. */
function asJson({ texts }, english) {
  const entries = Object.keys(english).map((key) => {
    const { selector, forms } = texts.get(fluentName(key));
    return [key, selector ? Object.fromEntries(inOrder(forms)) : forms.get("other")];
  });
  return Object.fromEntries(entries);
}

function englishFlaws(file, english) {
  const own = asTexts(english);
  return [...file.texts].flatMap(([name, { line, forms }]) => {
    const differs = [...(own.get(name)?.forms ?? [])].some(([key, form]) => forms.get(key) !== form);
    return differs ? [`${file.path}:${line}: ${name} differs from src/english.ts`] : [];
  });
}

const isButton = (name) => /^(confirm|resend|try-again|not-me(-yes|-no)?|by-.*)$/.test(name);

/**
 * The texts of every language, by locale: English too, which the script has already. Throws with every flaw there is,
 * a line for each, with file and line.
 */
export function textsFromFluent(english, folder = `${root}texts`) {
  const original = asTexts(english);
  const flaws = readdirSync(folder)
    .filter((name) => name.endsWith(".ftl") && !LANGUAGES.includes(name.slice(0, -4)))
    .map((name) => `texts/${name}:1: no such language is meant to be here`);
  const files = new Map();
  for (const locale of LANGUAGES) {
    const [path, shownAs] = [`${folder}/${locale}.ftl`, `texts/${locale}.ftl`];
    if (!existsSync(path)) {
      flaws.push(`${shownAs}:1: the file is missing`);
      continue;
    }
    const file = readTexts(path, shownAs);
    flaws.push(...flawsOf(file, original), ...overlongOf(file, isButton));
    if (locale === "en") flaws.push(...englishFlaws(file, english));
    files.set(locale, file);
  }
  if (flaws.length > 0) throw new Error(flaws.join("\n"));
  return Object.fromEntries([...files].map(([locale, file]) => [locale, asJson(file, english)]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const texts = textsFromFluent(await readEnglish());
    const folder = process.argv[2];
    if (folder) {
      await mkdir(folder, { recursive: true });
      for (const [locale, own] of Object.entries(texts)) await writeFile(`${folder}/${locale}.json`, `${JSON.stringify(own, null, 2)}\n`);
    }
    console.log(`the element has its texts in ${Object.keys(texts).length} languages`);
  } catch ({ message }) {
    console.error(message);
    process.exitCode = 1;
  }
}
