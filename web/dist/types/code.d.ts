/** What a code is made of. */
export type Alphabet = "numeric" | "alphanumeric";
/** How long a code is, in characters, and what it is made of. */
export interface CodeFormat {
    readonly length: number;
    readonly alphabet: Alphabet;
}
/** The text as the characters of a code: other digits folded, letters as capitals, everything else left out. */
export declare function normalise(text: string, { alphabet }: CodeFormat): string;
/**
 * The whole code that the text is or, for numbers, that stands in it as the only run of that length: people paste
 * the message they got.
 */
export declare function wholeCode(text: string, format: CodeFormat): string | undefined;
/** A format from the texts of attributes; a length outside 4–10, which no code has, is taken as 6. */
export declare function formatFrom(length: string | null | undefined, alphabet: string | undefined): CodeFormat;
