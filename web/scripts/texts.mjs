// The texts of the other languages: what `texts/<locale>.ftl` says becomes a script that registers it.

import { readEnglish, textsFromFluent } from "./texts-from-fluent.mjs";

/** The scripts by file name. Throws with every flaw there is. */
export async function textScripts(root) {
  const { en: _builtIn, ...others } = textsFromFluent(await readEnglish(`${root}src/english.ts`), `${root}texts`);
  const scripts = Object.entries(others).map(([locale, texts]) => [
    `texts/${locale}.js`,
    [
      `(globalThis[Symbol.for("countersign.texts")] ??= new Map()).set(${JSON.stringify(locale)}, ${JSON.stringify(texts)});`,
      `globalThis.document?.dispatchEvent(new Event("countersign-texts"));`,
      "",
    ].join("\n"),
  ]);
  return Object.fromEntries(scripts);
}
