// <countersign-frame>: the hosted page in a frame. A script of its own, because a shop that chose the frame for its
// payment page wants little of ours on it. What stands inside the element is shown without JavaScript and when the
// frame does not load: a link to the hosted page is a good choice.

import type { State } from "./api.js";
import { frameEnglish } from "./english.js";
import { frameAddress, makeFrame } from "./frame-host.js";
import css from "./frame.css";
import { Language } from "./texts.js";
import { button, make, say, setLanguage } from "./view.js";

const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

/** The element; its events are those of <countersign-otp>: approved, ended, error. */
export class CountersignFrame extends Base {
  static readonly observedAttributes = ["src", "locale"];

  readonly #shadow = this.attachShadow({ mode: "open" });
  #connection: AbortController | undefined;
  #state: State | undefined;
  #handle: string | undefined;

  constructor() {
    super();
    const style = new CSSStyleSheet();
    style.replaceSync(css);
    this.#shadow.adoptedStyleSheets = [style];
  }

  /** The hosted page's address, on another origin than the page's own. */
  get src(): string {
    return this.getAttribute("src") ?? "";
  }

  set src(address: string) {
    this.setAttribute("src", address);
  }

  /** Where the verification stands, as the frame said last. */
  get state(): State | undefined {
    return this.#state;
  }

  /** The verification's id, once the frame has said it. */
  get verificationId(): string | undefined {
    return this.#handle;
  }

  connectedCallback(): void {
    this.#load();
  }

  disconnectedCallback(): void {
    this.#connection?.abort();
    this.#connection = undefined;
  }

  attributeChangedCallback(_name: string, before: string | null, now: string | null): void {
    if (before !== now && this.#connection) this.#load();
  }

  #load(): void {
    this.#connection?.abort();
    this.#connection = new AbortController();
    this.#state = this.#handle = undefined;
    const page = this.closest("[lang]")?.getAttribute("lang");
    const language = new Language(frameEnglish, [this.getAttribute("locale"), page, navigator.language]);
    const problem = make("p", "problem");
    problem.setAttribute("role", "alert");
    const retry = button("retry");
    retry.onclick = () => this.#load();
    say(retry, language.say("try_again"));
    const instead = make("div", "instead", retry, make("slot"));
    const root = make("div", "root", problem, instead);
    setLanguage(root, language);
    this.#shadow.replaceChildren(root);
    const fail = (code: string) => {
      say(problem, language.say("frame_failed"));
      instead.hidden = false;
      this.#tell("countersign-error", { code, status: 0 });
    };
    instead.hidden = true;
    const address = frameAddress(this.src);
    if (!address) {
      retry.hidden = true;
      return fail("frame_address");
    }
    const answered = () => {
      say(problem, "");
      instead.hidden = true;
    };
    const state = (now: State, handle: string) => this.#hear(now, handle);
    const listener = { answered, state, silent: () => fail("frame_silent") };
    root.prepend(makeFrame(address, language.say("frame"), listener, this.#connection.signal));
  }

  #hear(state: State, handle: string): void {
    const isNews = state !== this.#state;
    this.#state = state;
    this.#handle = handle;
    if (!isNews || state === "pending") return;
    if (state === "approved") this.#tell("countersign-approved", { id: handle });
    else this.#tell("countersign-ended", { state });
  }

  #tell(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "countersign-frame": CountersignFrame;
  }
}

if (globalThis.customElements && !customElements.get("countersign-frame")) {
  customElements.define("countersign-frame", CountersignFrame);
}
