// Holds the hosted page's texts against their English original: node scripts/page-texts.mjs

import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { flawsOf, LANGUAGES, overlongOf, readTexts } from "./fluent.mjs";

const FOLDER = "crates/server/src/page/texts";
const folder = fileURLToPath(new URL(`../../${FOLDER}`, import.meta.url));

const isButton = (name) => /^(submit(-payment)?|resend(-.*)?|report|back|again)$/.test(name);

/** What is wrong with them, a line for each flaw, with file and line. */
export function pageFlaws(from = folder) {
  const flaws = readdirSync(from)
    .filter((name) => !LANGUAGES.some((locale) => name === `${locale}.ftl`))
    .map((name) => `${FOLDER}/${name}:1: no such file is meant to be here`);
  const original = readTexts(`${from}/en.ftl`).texts;
  for (const locale of LANGUAGES) {
    const path = `${from}/${locale}.ftl`;
    if (!existsSync(path)) {
      flaws.push(`${FOLDER}/${locale}.ftl:1: the file is missing`);
      continue;
    }
    const file = readTexts(path, `${FOLDER}/${locale}.ftl`);
    flaws.push(...flawsOf(file, original), ...overlongOf(file, isButton));
  }
  return flaws;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const flaws = pageFlaws();
  for (const flaw of flaws) console.error(flaw);
  process.exitCode = flaws.length === 0 ? 0 : 1;
  if (flaws.length === 0) console.log(`the page has its texts in ${LANGUAGES.length} languages`);
}
