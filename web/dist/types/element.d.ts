import { type State } from "./api.js";
import { type Texts } from "./english.js";
import { type Ending } from "./widget.js";
/** What the element tells the page, by the names of its events. All of them bubble and cross shadow trees. */
export interface CountersignOtpEvents {
    /**
     * The code is complete. `at_once`: it came by paste, autofill or WebOTP and is submitted now, unless the page
     * prevents the default.
     */
    "countersign-complete": CustomEvent<{
        readonly code: string;
        readonly at_once: boolean;
    }>;
    /** The verification is approved. The shop's server fetches the proof by the id. */
    "countersign-approved": CustomEvent<{
        readonly id: string;
    }>;
    /** The verification has ended without an approval. */
    "countersign-ended": CustomEvent<{
        readonly state: Ending;
    }>;
    /** A request got no answer to use; the customer was told and can repeat it. `status` is 0 without an answer. */
    "countersign-error": CustomEvent<{
        readonly code: string;
        readonly status: number;
    }>;
}
/** Where there is no document (a server that renders pages), the module can still be imported. */
declare const Base: {
    new (): HTMLElement;
    prototype: HTMLElement;
};
/** The element. See the README for its attributes, parts, slots and custom properties. */
export declare class CountersignOtp extends Base {
    #private;
    static readonly formAssociated = true;
    /** The address of Countersign; without one the page's own origin is asked. */
    server: string;
    /** Authorises the widget for one verification. Without it the element is a field. */
    clientSecret: string;
    /** Under which the form sends the code; the widget: the verification's id once it is approved. */
    name: string;
    /** A BCP 47 tag. Without one: the page's language, then that of the verification, then the browser's. */
    locale: string;
    /** `numeric`, or `alphanumeric` for capitals and numbers. */
    alphabet: string;
    disabled: boolean;
    required: boolean;
    static readonly observedAttributes: string[];
    constructor();
    connectedCallback(): void;
    disconnectedCallback(): void;
    attributeChangedCallback(name: string, before: string | null, now: string | null): void;
    formDisabledCallback(disabled: boolean): void;
    formResetCallback(): void;
    formStateRestoreCallback(state: string | File | FormData | null): void;
    get form(): HTMLFormElement | null;
    get labels(): NodeList;
    get type(): string;
    /** The code that was entered: its characters only. */
    get value(): string;
    set value(code: string);
    /** The one real input; absent before the element is in a document. */
    get input(): HTMLInputElement | undefined;
    /** Whether the code has as many characters as it must have. */
    get complete(): boolean;
    /** Shown and announced as what is wrong with the code, until it is changed. For the shop's own form. */
    get error(): string;
    set error(text: string);
    get validity(): ValidityState;
    get validationMessage(): string;
    get willValidate(): boolean;
    checkValidity(): boolean;
    reportValidity(): boolean;
    focus(options?: FocusOptions): void;
    /** Where the verification stands, as far as is known. */
    get state(): State | "over" | undefined;
    /** The verification's id, once it is known. */
    get verificationId(): string | undefined;
    /** The characters of a code: 4 to 10, else 6. A widget asks the server and does not look at this. */
    get length(): number;
    set length(length: number);
    /** Texts of the shop's own, over those of the language. */
    get messages(): Partial<Texts>;
    set messages(texts: Partial<Texts>);
}
export {};
