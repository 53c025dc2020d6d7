// The light DOM: the one real input, with its label, description and error beside it, because a name or a description
// cannot reach from a shadow tree to an input outside it. And the boxes that are drawn behind it.

import type { CodeFormat } from "./code.js";
import { type CodeInput, prepareInput, watchCode } from "./code-input.js";
import type { Language } from "./texts.js";
import { type Entry, make, say, setLanguage } from "./view.js";
import { receiveCode } from "./web-otp.js";

let made = 0;

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
export function flaw(code: string, { length, alphabet }: CodeFormat): Sentence | undefined {
  if (code.length === length) return undefined;
  const problem = code.length < length ? "too_few" : "too_many";
  return (language) => `${language.say(problem)} ${describe(language, { length, alphabet })}`;
}

function describe(language: Language, { length, alphabet }: CodeFormat): string {
  return language.count(alphabet === "numeric" ? "numbers" : "characters", length);
}

/** The input and what belongs to it. */
export class Field {
  readonly input: HTMLInputElement;
  readonly #row: HTMLElement;
  readonly #slots: HTMLElement;
  readonly #label: HTMLLabelElement | undefined;
  readonly #hint: HTMLElement;
  readonly #error: HTMLElement;
  readonly #describedBy: string;
  readonly #added: Element[] = [];
  #format: CodeFormat;
  #code = "";
  #problem: Sentence | undefined;
  #watched: CodeInput | undefined;
  #listener: FieldListener | undefined;
  /** The complete code that the listener has been told. */
  #told: string | undefined;
  #waiting = new AbortController();

  /** Takes over the input in `host` or makes one. `labels` are those that the page has for the host. */
  constructor(host: HTMLElement, entry: Entry, labels: readonly HTMLElement[], format: CodeFormat) {
    this.#format = format;
    this.#row = entry.$row;
    this.#slots = entry.$slots;
    this.input = host.querySelector("input") ?? this.#add(host, "input");
    this.input.id ||= `countersign-otp-${++made}`;
    this.#describedBy = this.input.getAttribute("aria-describedby") ?? "";
    const named = (this.input.labels?.length ?? 0) > 0 || this.input.matches("[aria-label], [aria-labelledby]");
    if (!named && labels.length > 0) {
      for (const label of labels) label.id ||= `countersign-otp-${++made}`;
      this.input.setAttribute("aria-labelledby", labels.map(({ id }) => id).join(" "));
    } else if (!named) {
      this.#label = this.#add(host, "label", "label");
      this.#label.htmlFor = this.input.id;
    }
    this.#hint = this.#add(host, "span", "hint");
    this.#error = this.#add(host, "span", "error");
    this.#error.setAttribute("role", "alert");
    this.reformat(format);
  }

  /** Begins to listen, until `signal` ends it. */
  watch(listener: FieldListener, signal: AbortSignal): void {
    this.#listener = listener;
    const changed = (code: string) => {
      this.#code = code;
      this.#told = undefined;
      this.#problem = undefined;
      this.#draw();
      listener.changed();
      // Not now: that it came at once is known after this.
      if (!flaw(code, this.#format)) queueMicrotask(() => this.#tell(code, false));
    };
    const arrived = (code: string) => this.#arrived(code);
    this.#watched = watchCode(this.input, () => this.#format, { changed, arrived }, signal);
    signal.addEventListener("abort", () => this.#waiting.abort());
  }

  /** Waits for the browser to hand over the code of a message. */
  async waitForMessage(): Promise<void> {
    this.stopWaiting();
    this.#waiting = new AbortController();
    const code = await receiveCode(this.#waiting.signal);
    // A message is as untrusted as what is typed.
    if (!code || flaw(code, this.#format) || this.input.readOnly || this.input.disabled) return;
    this.code = code;
    if (this.#code === code) this.#arrived(code);
  }

  /** The code is on its way or no longer wanted. */
  stopWaiting(): void {
    this.#waiting.abort();
  }

  #arrived(code: string): void {
    if (this.#tell(code, true)) this.#listener?.submit();
  }

  #tell(code: string, atOnce: boolean): boolean {
    if (this.#code !== code || (!atOnce && this.#told === code)) return false;
    this.#told = code;
    return this.#listener?.complete(code, atOnce) ?? false;
  }

  get format(): CodeFormat {
    return this.#format;
  }

  /** What the input says, in the form of a code. */
  get code(): string {
    return this.#code;
  }

  set code(text: string) {
    if (this.#watched) this.#watched.set(text);
    else this.input.value = text;
  }

  /** Takes another length or alphabet. */
  reformat(format: CodeFormat): void {
    this.#format = format;
    prepareInput(this.input, format);
    this.#row.style.setProperty("--n", String(format.length));
    this.#slots.replaceChildren(
      ...Array.from({ length: format.length }, () => make("span", "slot")),
    );
    this.#watched?.reread();
    this.#draw();
  }

  /** Says what is wrong, or that nothing is. */
  set problem(problem: Sentence | undefined) {
    this.#problem = problem;
    this.#draw();
  }

  get problem(): Sentence | undefined {
    return this.#problem;
  }

  /** Says label, description and error in this language. */
  speak(language: Language): void {
    for (const part of [this.#label, this.#hint, this.#error]) {
      if (part) setLanguage(part, language);
    }
    if (this.#label) this.#label.textContent = language.say("label");
    this.#hint.textContent = describe(language, this.#format);
    say(this.#error, this.#problem?.(language) ?? "");
  }

  /** Takes away what the element has put into the page. */
  remove(): void {
    for (const part of this.#added) part.remove();
  }

  #draw(): void {
    const wrong = this.#problem !== undefined;
    this.#row.classList.toggle("wrong", wrong);
    [...this.#slots.children].forEach((slot, place) => {
      slot.className = place < this.#code.length ? "slot filled" : place === this.#code.length ? "slot next" : "slot";
    });
    if (!wrong) this.#error.textContent = "";
    if (wrong) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
    const ids = [this.#describedBy, wrong && this.#error.id, this.#hint.id].filter(Boolean);
    this.input.setAttribute("aria-describedby", ids.join(" "));
  }

  #add<K extends "input" | "label" | "span">(host: HTMLElement, tag: K, slot?: string): HTMLElementTagNameMap[K] {
    const part = document.createElement(tag);
    part.id = `countersign-otp-${++made}`;
    if (slot) part.slot = slot;
    host.append(part);
    this.#added.push(part);
    return part;
  }
}
