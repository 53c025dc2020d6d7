import { type CodeFormat } from "./code.js";
/** What the owner of the input is told. */
export interface CodeListener {
    /** The input says something else now. */
    changed(code: string): void;
    /** The whole code came at once: by paste, autofill, a keyboard's suggestion. Comes after `changed`. */
    arrived(code: string): void;
}
/** What `set` and the listeners share. */
export interface CodeInput {
    /** Puts a code in, as WebOTP does; the listener is told `changed` only. */
    set(text: string): void;
    /** Reads the input again, after its format changed. */
    reread(): void;
}
/** Gives the input the attributes that phones and readers look for, where its author has not. */
export declare function prepareInput(input: HTMLInputElement, format: CodeFormat): void;
/** Watches the input until `signal` ends it. */
export declare function watchCode(input: HTMLInputElement, format: () => CodeFormat, listener: CodeListener, signal: AbortSignal): CodeInput;
