// <countersign-otp>: a field of the shop's form, or a complete widget.

import { BrowserApi, type State } from "./api.js";
import { type CodeFormat, formatFrom } from "./code.js";
import { english, type Texts } from "./english.js";
import { Field, flaw } from "./field.js";
import css from "./style.css";
import { Language, TEXTS_EVENT } from "./texts.js";
import { buildEntry, buildView, type Entry, setLanguage, type View } from "./view.js";
import { type Ending, Widget } from "./widget.js";

/** What the element tells the page, by the names of its events. All of them bubble and cross shadow trees. */
export interface CountersignOtpEvents {
  /**
   * The code is complete. `at_once`: it came by paste, autofill or WebOTP and is submitted now, unless the page
   * prevents the default.
   */
  "countersign-complete": CustomEvent<{ readonly code: string; readonly at_once: boolean }>;
  /** The verification is approved. The shop's server fetches the proof by the id. */
  "countersign-approved": CustomEvent<{ readonly id: string }>;
  /** The verification has ended without an approval. */
  "countersign-ended": CustomEvent<{ readonly state: Ending }>;
  /** A request got no answer to use; the customer was told and can repeat it. `status` is 0 without an answer. */
  "countersign-error": CustomEvent<{ readonly code: string; readonly status: number }>;
}

/** Attributes whose change begins everything anew. */
const FOUNDATIONS = ["server", "client-secret"];

let style: CSSStyleSheet | undefined;

function sharedStyle(): CSSStyleSheet {
  if (!style) (style = new CSSStyleSheet()).replaceSync(css);
  return style;
}

/** Where there is no document (a server that renders pages), the module can still be imported. */
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

/** The element. See the README for its attributes, parts, slots and custom properties. */
export class CountersignOtp extends Base {
  static readonly formAssociated = true;
  /** The address of Countersign; without one the page's own origin is asked. */
  declare server: string;
  /** Authorises the widget for one verification. Without it the element is a field. */
  declare clientSecret: string;
  /** Under which the form sends the code; the widget: the verification's id once it is approved. */
  declare name: string;
  /** A BCP 47 tag. Without one: the page's language, then that of the verification, then the browser's. */
  declare locale: string;
  /** `numeric`, or `alphanumeric` for capitals and numbers. */
  declare alphabet: string;
  declare disabled: boolean;
  declare required: boolean;
  static readonly observedAttributes = [...FOUNDATIONS, "length", "alphabet", "name", "locale", "disabled", "required"];

  readonly #internals = this.attachInternals();
  readonly #shadow = this.attachShadow({ mode: "open" });
  #entry: Entry | undefined;
  #field: Field | undefined;
  #widget: Widget | undefined;
  #language: Language | undefined;
  #messages: Partial<Texts> = {};
  #connection: AbortController | undefined;
  #disabled = false;
  #stale = false;
  #error = "";
  /** The code of a form's restored state, until there is a field to put it in. */
  #restored: string | undefined;

  constructor() {
    super();
    this.#shadow.adoptedStyleSheets = [sharedStyle()];
  }

  // --- The life of an element ---

  connectedCallback(): void {
    // What a framework has set before the script came hides the accessors of the same name.
    for (const name of Object.keys(this).filter((key) => key in CountersignOtp.prototype)) {
      const value: unknown = Reflect.get(this, name);
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, value);
    }
    this.#connection = new AbortController();
    const { signal } = this.#connection;
    // The author's own input may still be on its way.
    if (document.readyState !== "loading") return this.#build(signal);
    document.addEventListener("DOMContentLoaded", () => this.#build(signal), { signal });
  }

  #build(signal: AbortSignal): void {
    document.addEventListener(TEXTS_EVENT, () => this.#speak(), { signal });
    this.#entry = buildEntry();
    this.#shadow.replaceChildren(this.#entry.$root);
    const labels = [...this.#internals.labels] as HTMLElement[];
    this.#field = new Field(this, this.#entry, labels, this.#format);
    // A label of the page that names this element clicks on it, not on the input.
    this.addEventListener("click", (event) => {
      if (event.composedPath()[0] === this && labels.length > 0) this.focus();
    }, { signal });
    if (this.clientSecret) this.#startWidget(this.#field, buildView(this.#entry), signal);
    else this.#startField(this.#field, signal);
    this.#applyDisabled();
    if (this.#restored !== undefined) this.value = this.#restored;
    this.#restored = undefined;
    if (this.autofocus) this.focus();
  }

  disconnectedCallback(): void {
    this.#connection?.abort();
    this.#field?.remove();
    this.#field = this.#widget = this.#entry = this.#language = undefined;
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now || !this.#connection || this.#connection.signal.aborted) return;
    if (FOUNDATIONS.includes(name)) return this.#beginAnew();
    if (name === "locale") return this.#speak();
    if (name === "disabled") return this.#applyDisabled();
    if (name === "length" || name === "alphabet") {
      if (!this.#widget) this.#field?.reformat(this.#format);
      this.#speak();
    }
    if (!this.#widget) this.#changed();
  }

  /** Several attributes change together; one new beginning is enough. */
  #beginAnew(): void {
    if (this.#stale) return;
    this.#stale = true;
    queueMicrotask(() => {
      this.#stale = false;
      if (!this.isConnected) return;
      this.disconnectedCallback();
      this.#internals.setFormValue(null);
      this.connectedCallback();
    });
  }

  // --- The field of the shop's form ---

  #startField(field: Field, signal: AbortSignal): void {
    const complete = (code: string, atOnce: boolean) => this.#tell("countersign-complete", { code, at_once: atOnce });
    this.#speak();
    field.watch({ changed: () => this.#changed(), complete, submit: () => this.#submit() }, signal);
    this.#changed();
    this.form?.addEventListener("submit", () => field.stopWaiting(), { signal });
    void field.waitForMessage();
  }

  #changed(): void {
    const field = this.#field;
    if (!field) return;
    this.#error = "";
    // An input with a name of its own is submitted by itself.
    const submits = !field.input.hasAttribute("name");
    this.#internals.setFormValue(submits ? field.code : null, field.code);
    const wrong = field.code === "" && !this.required ? undefined : flaw(field.code, field.format);
    // On the input and not on the element: browsers point at what has the focus.
    field.input.setCustomValidity(wrong && this.#language ? wrong(this.#language) : "");
  }

  #submit(): void {
    const { form } = this;
    if (!form || this.#field?.input.disabled) return;
    const submitters = [...form.elements].filter((control): control is HTMLButtonElement | HTMLInputElement =>
      control.matches("button:not([type=button], [type=reset]), [type=submit], [type=image]"),
    );
    // As the Enter key does, which presses the form's first button, or nothing if that is disabled.
    if (!submitters[0]?.disabled) form.requestSubmit(submitters[0]);
  }

  // --- The widget ---

  #startWidget(field: Field, view: View, signal: AbortSignal): void {
    // The code goes to Countersign and is none of the form's business. No form has this id.
    field.input.setAttribute("form", "");
    const api = new BrowserApi(this.server, this.clientSecret, signal);
    const owner = {
      language: (ofVerification?: string) => (this.#language = this.#choose(ofVerification)),
      approved: (id: string) => {
        this.#internals.setFormValue(id);
        this.#tell("countersign-approved", { id });
      },
      ended: (state: Ending) => this.#tell("countersign-ended", { state }),
      failed: (code: string, status: number) => this.#tell("countersign-error", { code, status }),
      complete: (code: string, atOnce: boolean) => this.#tell("countersign-complete", { code, at_once: atOnce }),
    };
    this.#widget = new Widget(owner, field, view, api, signal);
  }

  // --- Languages and events ---

  #choose(ofVerification?: string): Language {
    const page = this.closest("[lang]")?.getAttribute("lang");
    return new Language(english, [this.getAttribute("locale"), page, ofVerification, navigator.language], this.#messages);
  }

  #speak(): void {
    if (this.#widget) return this.#widget.paint();
    if (!this.#entry || !this.#field) return;
    this.#language = this.#choose();
    setLanguage(this.#entry.$root, this.#language);
    this.#field.speak(this.#language);
  }

  #tell<K extends keyof CountersignOtpEvents>(name: K, detail: CountersignOtpEvents[K]["detail"]): boolean {
    const cancelable = name === "countersign-complete";
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable }));
  }

  // --- As a control of a form ---

  #applyDisabled(): void {
    if (this.#field) this.#field.input.disabled = this.disabled || this.#disabled;
  }

  formDisabledCallback(disabled: boolean): void {
    this.#disabled = disabled;
    this.#applyDisabled();
  }

  formResetCallback(): void {
    if (this.#field && !this.#widget) this.value = "";
  }

  formStateRestoreCallback(state: string | File | FormData | null): void {
    if (typeof state !== "string") return;
    if (!this.#field) this.#restored = state;
    else if (!this.#widget) this.value = state;
  }

  get form(): HTMLFormElement | null {
    return this.#internals.form;
  }

  get labels(): NodeList {
    return this.#internals.labels;
  }

  get type(): string {
    return "countersign-otp";
  }

  /** The code that was entered: its characters only. */
  get value(): string {
    return this.#field?.code ?? "";
  }

  set value(code: string) {
    if (this.#field) this.#field.code = code;
    else this.#restored = code;
  }

  /** The one real input; absent before the element is in a document. */
  get input(): HTMLInputElement | undefined {
    return this.#field?.input;
  }

  /** Whether the code has as many characters as it must have. */
  get complete(): boolean {
    return this.#field !== undefined && !flaw(this.#field.code, this.#field.format);
  }

  /** Shown and announced as what is wrong with the code, until it is changed. For the shop's own form. */
  get error(): string {
    return this.#error;
  }

  set error(text: string) {
    if (!this.#field) return;
    this.#error = text;
    this.#field.problem = text ? () => text : undefined;
    this.#speak();
  }

  get validity(): ValidityState {
    return this.#field?.input.validity ?? this.#internals.validity;
  }

  get validationMessage(): string {
    return this.#field?.input.validationMessage ?? "";
  }

  get willValidate(): boolean {
    return !this.#widget && (this.#field?.input.willValidate ?? false);
  }

  checkValidity(): boolean {
    return this.#field?.input.checkValidity() ?? true;
  }

  reportValidity(): boolean {
    return this.#field?.input.reportValidity() ?? true;
  }

  override focus(options?: FocusOptions): void {
    this.#field?.input.focus(options);
  }

  // --- The verification ---

  /** Where the verification stands, as far as is known. */
  get state(): State | "over" | undefined {
    return this.#widget?.state;
  }

  /** The verification's id, once it is known. */
  get verificationId(): string | undefined {
    return this.#widget?.id;
  }

  // --- Attributes ---

  /** The characters of a code: 4 to 10, else 6. A widget asks the server and does not look at this. */
  get length(): number {
    return this.#format.length;
  }

  set length(length: number) {
    this.setAttribute("length", String(length));
  }

  get #format(): CodeFormat {
    return formatFrom(this.getAttribute("length"), this.alphabet);
  }

  /** Texts of the shop's own, over those of the language. */
  get messages(): Partial<Texts> {
    return this.#messages;
  }

  set messages(texts: Partial<Texts>) {
    this.#messages = texts;
    this.#speak();
  }
}

// The properties above that only mirror their attributes.
for (const name of ["server", "clientSecret", "alphabet", "name", "locale"] as const) {
  const attribute = name.replace(/[A-Z]/, "-$&").toLowerCase();
  Object.defineProperty(CountersignOtp.prototype, name, {
    get(this: CountersignOtp) {
      return this.getAttribute(attribute) ?? "";
    },
    set(this: CountersignOtp, text: string) {
      this.setAttribute(attribute, text);
    },
  });
}
for (const name of ["disabled", "required"] as const) {
  Object.defineProperty(CountersignOtp.prototype, name, {
    get(this: CountersignOtp) {
      return this.hasAttribute(name);
    },
    set(this: CountersignOtp, on: boolean) {
      this.toggleAttribute(name, on);
    },
  });
}
