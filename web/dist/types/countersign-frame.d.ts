import type { State } from "./api.js";
declare const Base: {
    new (): HTMLElement;
    prototype: HTMLElement;
};
/** The element; its events are those of <countersign-otp>: approved, ended, error. */
export declare class CountersignFrame extends Base {
    #private;
    static readonly observedAttributes: string[];
    constructor();
    /** The hosted page's address, on another origin than the page's own. */
    get src(): string;
    set src(address: string);
    /** Where the verification stands, as the frame said last. */
    get state(): State | undefined;
    /** The verification's id, once the frame has said it. */
    get verificationId(): string | undefined;
    connectedCallback(): void;
    disconnectedCallback(): void;
    attributeChangedCallback(_name: string, before: string | null, now: string | null): void;
}
declare global {
    interface HTMLElementTagNameMap {
        "countersign-frame": CountersignFrame;
    }
}
export {};
