import type { CodeFormat } from "./code.js";
import type { Language } from "./texts.js";
import { type Entry } from "./view.js";
/** A sentence that is said again when the language changes. */
export type Sentence = (language: Language) => string;
/** What the owner of the field is told. */
export interface FieldListener {
    changed(): void;
    /** The code is complete; false if it must not be submitted by itself. */
    complete(code: string, atOnce: boolean): boolean;
    /** The whole code came at once, and nobody objects. */
    submit(): void;
}
/** What is wrong with a code before any server has seen it. */
export declare function flaw(code: string, { length, alphabet }: CodeFormat): Sentence | undefined;
/** The input and what belongs to it. */
export declare class Field {
    #private;
    readonly input: HTMLInputElement;
    /** Takes over the input in `host` or makes one. `labels` are those that the page has for the host. */
    constructor(host: HTMLElement, entry: Entry, labels: readonly HTMLElement[], format: CodeFormat);
    /** Begins to listen, until `signal` ends it. */
    watch(listener: FieldListener, signal: AbortSignal): void;
    /** Waits for the browser to hand over the code of a message. */
    waitForMessage(): Promise<void>;
    /** The code is on its way or no longer wanted. */
    stopWaiting(): void;
    get format(): CodeFormat;
    /** What the input says, in the form of a code. */
    get code(): string;
    set code(text: string);
    /** Takes another length or alphabet. */
    reformat(format: CodeFormat): void;
    /** Says what is wrong, or that nothing is. */
    set problem(problem: Sentence | undefined);
    get problem(): Sentence | undefined;
    /** Says label, description and error in this language. */
    speak(language: Language): void;
    /** Takes away what the element has put into the page. */
    remove(): void;
}
