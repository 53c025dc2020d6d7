// What a typed or received text says as a code. Follows `Guess::parse` of crates/core/src/code.rs.

/** What a code is made of. */
export type Alphabet = "numeric" | "alphanumeric";

/** How long a code is, in characters, and what it is made of. */
export interface CodeFormat {
  readonly length: number;
  readonly alphabet: Alphabet;
}

/** Full-width, Arabic-Indic, extended Arabic-Indic (Persian, Urdu) and Devanagari digits. */
const FOREIGN_DIGITS = /[\uff10-\uff19\u0660-\u0669\u06f0-\u06f9\u0966-\u096f]/g;
const DEVANAGARI_ZERO = 0x966;

function foldDigits(text: string): string {
  return text.replace(FOREIGN_DIGITS, (digit) => {
    const point = digit.charCodeAt(0);
    // The other three blocks begin at a multiple of 16.
    return String((point & 0xfff0) === (DEVANAGARI_ZERO & 0xfff0) ? point - DEVANAGARI_ZERO : point & 15);
  });
}

/** The text as the characters of a code: other digits folded, letters as capitals, everything else left out. */
export function normalise(text: string, { alphabet }: CodeFormat): string {
  const folded = foldDigits(text.normalize("NFKC"));
  return alphabet === "numeric" ? folded.replace(/[^0-9]/g, "") : folded.replace(/[^0-9a-z]/gi, "").toUpperCase();
}

/**
 * The whole code that the text is or, for numbers, that stands in it as the only run of that length: people paste
 * the message they got.
 */
export function wholeCode(text: string, format: CodeFormat): string | undefined {
  const code = normalise(text, format);
  if (code.length === format.length) return code;
  if (format.alphabet !== "numeric") return undefined;
  const runs = foldDigits(text).match(/[0-9]+/g) ?? [];
  const [only, ...others] = new Set(runs.filter((run) => run.length === format.length));
  return others.length === 0 ? only : undefined;
}

/** A format from the texts of attributes; a length outside 4–10, which no code has, is taken as 6. */
export function formatFrom(length: string | null | undefined, alphabet: string | undefined): CodeFormat {
  return {
    length: /^([4-9]|10)$/.test(length ?? "") ? Number(length) : 6,
    alphabet: alphabet === "alphanumeric" ? alphabet : "numeric",
  };
}
