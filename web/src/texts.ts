// Which language's texts are used, and how they become sentences.

import type { Plural, Texts } from "./english.js";

/** Where `texts/<locale>.js` puts its texts, whether it runs before or after the element's script. */
const REGISTER = Symbol.for("countersign.texts");

/** What `texts/<locale>.js` tells `document` when it has registered. */
export const TEXTS_EVENT = "countersign-texts";

const registered = (): ReadonlyMap<string, Partial<Texts>> | undefined =>
  (globalThis as { [REGISTER]?: Map<string, Partial<Texts>> })[REGISTER];

const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);

/** The keys whose texts have plural forms. */
type PluralKey = { [key in keyof Texts]: Texts[key] extends string ? never : key }[keyof Texts];

/** The keys whose texts have none. */
export type SimpleKey = Exclude<keyof Texts, PluralKey>;

/** The texts of one language, the shop's own over them. */
export class Language {
  /** A BCP 47 tag whose texts exist. */
  readonly locale: string;
  readonly #texts: Partial<Texts>;
  readonly #rules: Intl.PluralRules;

  /** The first of `wanted` that has texts, by its language alone if need be. English where none has, or has not all. */
  constructor(english: Partial<Texts>, wanted: readonly (string | null | undefined)[], own: Partial<Texts> = {}) {
    const known = registered();
    const tags = wanted.flatMap((tag) => (tag ? [tag, tag.split("-")[0] as string] : []));
    this.locale = tags.find((tag) => tag === "en" || known?.has(tag)) ?? "en";
    this.#texts = { ...english, ...known?.get(this.locale), ...own };
    this.#rules = new Intl.PluralRules(this.locale);
  }

  get direction(): "ltr" | "rtl" {
    return RIGHT_TO_LEFT.has(this.locale.split("-")[0] as string) ? "rtl" : "ltr";
  }

  /** A text with its placeholders filled; empty where a server newer than this script names something unknown. */
  say(key: SimpleKey | `sent_${string}` | `by_${string}`, values: Readonly<Record<string, string>> = {}): string {
    return fill(this.#texts[key as SimpleKey] ?? "", values);
  }

  /** The text for this many. */
  count(key: PluralKey, count: number): string {
    const forms: Plural | undefined = this.#texts[key];
    const digits = new Intl.NumberFormat(this.locale).format(count);
    return fill(forms?.[this.#rules.select(count)] ?? forms?.other ?? "", { count: digits });
  }

  /** An amount of money, with the digits that it was given with. */
  money(amount: string, currency: string | undefined): string {
    if (!currency) return amount;
    const digits = amount.split(".")[1]?.length ?? 0;
    try {
      const style = { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits } as const;
      // Seventeen digits do not go through a float unharmed.
      if (amount.length < 16) return new Intl.NumberFormat(this.locale, style).format(Number(amount));
    } catch {
      // A currency that no browser knows.
    }
    return `${amount} ${currency}`;
  }
}

/** Replaces each `{name}`; used with texts of the page as well. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
