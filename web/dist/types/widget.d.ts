import { type BrowserApi, type State } from "./api.js";
import { type Field } from "./field.js";
import type { Language } from "./texts.js";
import { type View } from "./view.js";
/** How a verification is over. `over`: the server no longer knows the client secret. */
export type Ending = Exclude<State, "pending"> | "over";
/** What the widget needs of its element. */
export interface WidgetOwner {
    /** The language to speak, once the verification's own is known. */
    language(ofVerification?: string): Language;
    approved(id: string): void;
    ended(state: Ending): void;
    failed(code: string, status: number): void;
    /** False if the page does not want a code that came at once to be submitted. */
    complete(code: string, atOnce: boolean): boolean;
}
export declare class Widget {
    #private;
    constructor(owner: WidgetOwner, field: Field, view: View, api: BrowserApi, signal: AbortSignal);
    /** Where the verification stands, as far as is known. */
    get state(): State | "over" | undefined;
    get id(): string | undefined;
    /** Says everything again, as it is now and in the language of now. */
    paint(): void;
}
