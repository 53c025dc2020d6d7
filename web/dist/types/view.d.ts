import type { Language, SimpleKey } from "./texts.js";
type Nodes<Names extends string, Node> = Readonly<Record<Names, Node>>;
/** The nodes of the field. The build shortens names that begin with `$`. */
export type Entry = Nodes<"$root" | "$entry" | "$row" | "$slots", HTMLElement>;
type Shown = "$amountRow" | "$amount" | "$payeeRow" | "$payee" | "$transaction" | "$sent" | "$usually" | "$expiry" | "$wait";
type Around = "$again" | "$help" | "$helpText" | "$channels" | "$sure" | "$ended";
type Live = "$problem" | "$status" | "$quiet";
type Buttons = "$check" | "$retry" | "$resend" | "$notMe" | "$yes" | "$no";
/** The nodes of the widget. */
export type View = Entry & Nodes<Shown | Around | Live, HTMLElement> & Nodes<Buttons, HTMLButtonElement> & {
    /** Those that always say the same. */
    readonly $fixed: readonly (readonly [HTMLElement, SimpleKey])[];
};
/** An element with its classes, of which the first is also a part. */
export declare function make<K extends keyof HTMLElementTagNameMap>(tag: K, classes?: string, ...inside: Node[]): HTMLElementTagNameMap[K];
/** A button that belongs to no form around the element. */
export declare function button(classes: string): HTMLButtonElement;
/** What the field needs: the boxes, and the place of the input over them. */
export declare function buildEntry(): Entry;
/** Everything that a verification needs around the field. */
export declare function buildView(entry: Entry): View;
/** Tells readers and the layout which language a part is in. */
export declare function setLanguage(node: HTMLElement, { locale, direction }: Language): void;
/** Changes a text only if it says something else: readers announce what is set. */
export declare function say(node: HTMLElement, text: string): void;
/** Whether a button can be used now. It keeps the focus: `disabled` would throw it away. */
export declare function enable(node: HTMLButtonElement, can: boolean): void;
export {};
