import type { Texts } from "./english.js";
/** What `texts/<locale>.js` tells `document` when it has registered. */
export declare const TEXTS_EVENT = "countersign-texts";
/** The keys whose texts have plural forms. */
type PluralKey = {
    [key in keyof Texts]: Texts[key] extends string ? never : key;
}[keyof Texts];
/** The keys whose texts have none. */
export type SimpleKey = Exclude<keyof Texts, PluralKey>;
/** The texts of one language, the shop's own over them. */
export declare class Language {
    #private;
    /** A BCP 47 tag whose texts exist. */
    readonly locale: string;
    /** The first of `wanted` that has texts, by its language alone if need be. English where none has, or has not all. */
    constructor(english: Partial<Texts>, wanted: readonly (string | null | undefined)[], own?: Partial<Texts>);
    get direction(): "ltr" | "rtl";
    /** A text with its placeholders filled; empty where a server newer than this script names something unknown. */
    say(key: SimpleKey | `sent_${string}` | `by_${string}`, values?: Readonly<Record<string, string>>): string;
    /** The text for this many. */
    count(key: PluralKey, count: number): string;
    /** An amount of money, with the digits that it was given with. */
    money(amount: string, currency: string | undefined): string;
}
/** Replaces each `{name}`; used with texts of the page as well. */
export declare function fill(text: string, values: Readonly<Record<string, string>>): string;
export {};
