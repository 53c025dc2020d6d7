// One verification from the first sight to its end: what the element does with a client secret.

import { type BrowserApi, type Checked, Refusal, type State, type Verification } from "./api.js";
import { clockTime, countDown } from "./countdown.js";
import { type Field, flaw, type Sentence } from "./field.js";
import type { Language } from "./texts.js";
import { randomHex } from "./random.js";
import { button, enable, say, setLanguage, type View } from "./view.js";

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

/** When the end of the code is announced: WCAG 2.2.1 asks for 20 s at least. */
const WARN_BEFORE_END_S = 30;
/** When the end of the wait is announced. */
const SOON_S = 10;
/** A verification seen longer ago is read again when its tab comes to the front. */
const FRESH_MS = 3000;

/** Other tabs of this shop that show the same verification. */
const TABS = "countersign";

export class Widget {
  readonly #owner: WidgetOwner;
  readonly #field: Field;
  readonly #view: View;
  readonly #api: BrowserApi;
  readonly #signal: AbortSignal;
  readonly #tabs = typeof BroadcastChannel === "function" ? new BroadcastChannel(TABS) : undefined;
  #verification: Verification | undefined;
  #ending: Ending | undefined;
  /** What is being waited for. */
  #busy: "loading" | "checking" | undefined;
  /** A code came meanwhile. */
  #checkNext = false;
  #attempt: { readonly code: string; readonly name: string } | undefined;
  #status: Sentence | undefined;
  #problem: Sentence | undefined;
  #clocks = new AbortController();
  #expiresIn = 0;
  #resendIn = 0;
  #readAt = 0;
  #digitSeen = false;
  #asking = false;

  constructor(owner: WidgetOwner, field: Field, view: View, api: BrowserApi, signal: AbortSignal) {
    [this.#owner, this.#field, this.#view, this.#api, this.#signal] = [owner, field, view, api, signal];
    const complete = (code: string, atOnce: boolean) => owner.complete(code, atOnce);
    field.watch({ changed: () => this.#changed(), complete, submit: () => void this.#check() }, signal);
    const on = (node: HTMLElement, act: () => unknown) => node.addEventListener("click", () => void act(), { signal });
    on(view.$check, () => this.#check());
    on(view.$retry, () => this.#load());
    on(view.$resend, () => this.#resend());
    on(view.$notMe, () => this.#ask(true));
    on(view.$no, () => this.#ask(false));
    on(view.$yes, () => this.#report());
    const enter = (event: KeyboardEvent) => {
      if (event.key !== "Enter" || event.isComposing) return;
      // No form around the element is meant.
      event.preventDefault();
      void this.#check();
    };
    field.input.addEventListener("keydown", enter, { signal });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && performance.now() - this.#readAt > FRESH_MS) void this.#refresh();
    }, { signal });
    this.#tabs?.addEventListener("message", ({ data }) => {
      if (data === this.#verification?.id) void this.#refresh();
    });
    signal.addEventListener("abort", () => {
      this.#clocks.abort();
      this.#tabs?.close();
    });
    void this.#load();
  }

  /** Where the verification stands, as far as is known. */
  get state(): State | "over" | undefined {
    return this.#ending ?? this.#verification?.state;
  }

  get id(): string | undefined {
    return this.#verification?.id;
  }

  // --- What happens ---

  /** One request at a time; a second click finds the first still running. */
  async #run(what: "loading" | "checking", request: () => Promise<void>): Promise<void> {
    if (this.#busy || this.#ending) return;
    this.#busy = what;
    this.#problem = undefined;
    this.#status = (language) => language.say(what);
    this.paint();
    const before = this.#status;
    try {
      await request();
    } catch (error) {
      this.#fail(error);
    }
    if (this.#signal.aborted) return;
    this.#busy = undefined;
    if (this.#status === before) this.#status = undefined;
    this.paint();
    if (this.#verification) this.#tabs?.postMessage(this.#verification.id);
    if (this.#checkNext) void this.#check();
    else this.#wait();
  }

  #load(): Promise<void> {
    return this.#run("loading", async () => {
      this.#take(await this.#api.read());
      this.#api.funnel("shown");
    });
  }

  /** Looks what has become of it; says nothing if it cannot. */
  async #refresh(): Promise<void> {
    if (this.#busy || this.#ending || this.#signal.aborted) return;
    this.#readAt = performance.now();
    try {
      const now = await this.#api.read();
      if (!this.#busy && !this.#ending) this.#take(now);
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) this.#end("over");
    }
    this.paint();
  }

  #changed(): void {
    if (this.#field.code && !this.#digitSeen) {
      this.#digitSeen = true;
      this.#api.funnel("first_digit");
    }
    this.#problem = undefined;
    this.paint();
  }

  async #check(): Promise<void> {
    const { code, format, input } = this.#field;
    this.#checkNext = this.#busy === "loading";
    if (this.#busy || this.#ending || input.disabled) return;
    let wrong = flaw(code, format);
    if (!wrong) {
      this.#field.stopWaiting();
      input.readOnly = true;
      await this.#run("checking", async () => {
        // The same code again, after an answer that never came, is the same attempt.
        if (this.#attempt?.code !== code) this.#attempt = { code, name: randomHex() };
        const answer = await this.#api.check(code, this.#attempt.name);
        this.#attempt = undefined;
        if (answer.state === "pending") wrong = verdict(answer, this.#verification?.shop ?? "");
        else this.#end(answer.state);
      });
      input.readOnly = false;
    }
    if (!wrong) return;
    this.#field.problem = wrong;
    this.paint();
    input.focus();
    input.select();
  }

  #resend(channel?: string): Promise<void> | void {
    if (this.#resendIn > 0) return this.#announce((language) => language.count("resend_wait", this.#resendIn));
    return this.#run("loading", async () => {
      this.#take(await this.#api.resend(channel));
      this.#status = (language) => language.say("resent");
    });
  }

  #report(): Promise<void> {
    return this.#run("loading", async () => this.#take(await this.#api.report()));
  }

  /** Waits for the next message to be handed over. */
  #wait(): void {
    if (!this.#ending) void this.#field.waitForMessage();
  }

  #ask(asking: boolean): void {
    this.#asking = asking;
    this.paint();
    (asking ? this.#view.$no : this.#view.$notMe).focus();
  }

  // --- What is remembered of it ---

  #fail(error: unknown): void {
    if (this.#signal.aborted) return;
    const refusal = error instanceof Refusal ? error : new Refusal("unreachable");
    if (refusal.code === "not_now") return this.#waitForResend(refusal.retryAfterS);
    if (refusal.status === 422) this.#attempt = undefined;
    if (refusal.status === 401) this.#end("over");
    else this.#problem = (language) => language.say("unreachable");
    this.#owner.failed(refusal.code, refusal.status);
  }

  #take(verification: Verification): void {
    if (this.#signal.aborted) return;
    this.#verification = verification;
    this.#readAt = performance.now();
    const { length, alphabet } = verification.code;
    const { format } = this.#field;
    if (length !== format.length || alphabet !== format.alphabet) this.#field.reformat({ length, alphabet });
    if (verification.state !== "pending") return this.#end(verification.state);
    this.#clocks.abort();
    this.#clocks = new AbortController();
    countDown(verification.expires_in_s, this.#clocks.signal, (left) => {
      this.#expiresIn = left;
      if (left === Math.min(WARN_BEFORE_END_S, verification.expires_in_s)) this.#announce((language) => language.count("ends_soon", left));
      if (left > 0) return this.paint();
      // The server's clock decides; it may be a little behind.
      const again = setTimeout(() => void this.#refresh(), verification.expires_in_s > 0 ? 200 : 2000);
      this.#clocks.signal.addEventListener("abort", () => clearTimeout(again));
    });
    if (verification.resend_in_s === null) this.#resendIn = 0;
    else this.#countToResend(verification.resend_in_s, this.#clocks.signal);
  }

  #waitForResend(seconds: number | undefined): void {
    const verification = this.#verification;
    if (!verification) return;
    // Without a time there is no other message.
    this.#take({ ...verification, expires_in_s: this.#expiresIn, resend_in_s: seconds ?? null });
  }

  #countToResend(seconds: number, signal: AbortSignal): void {
    const waited = seconds > 0;
    // A wait that was only read again is no news.
    const isNew = this.#resendIn === 0;
    countDown(seconds, signal, (left) => {
      this.#resendIn = left;
      if (left > 0 && ((isNew && left === seconds) || left === SOON_S)) this.#announce((language) => language.count("resend_wait", left));
      if (left === 0 && waited) this.#announce((language) => language.say("resend_ready"));
      this.paint();
    });
  }

  #end(ending: Ending): void {
    if (this.#ending || this.#signal.aborted) return;
    this.#ending = ending;
    this.#field.problem = undefined;
    this.#clocks.abort();
    this.#field.stopWaiting();
    const { host } = this.#view.$root.getRootNode() as ShadowRoot;
    const hadFocus = host.matches(":focus-within");
    this.paint();
    // Whoever used the keyboard here is not thrown back to the top of the page.
    if (hadFocus) this.#view.$status.focus();
    if (ending === "approved" && this.#verification) this.#owner.approved(this.#verification.id);
    else this.#owner.ended(ending);
  }

  #announce(sentence: Sentence): void {
    say(this.#view.$quiet, sentence(this.#language));
  }

  get #language(): Language {
    return this.#owner.language(this.#verification?.locale);
  }

  // --- What it looks like ---

  /** Says everything again, as it is now and in the language of now. */
  paint(): void {
    const view = this.#view;
    const language = this.#language;
    const verification = this.#verification;
    const open = !this.#ending;
    const shown = open && verification !== undefined;
    setLanguage(view.$root, language);
    view.$root.classList.toggle("ended", !open);
    this.#field.speak(language);
    for (const [node, key] of view.$fixed) say(node, language.say(key));
    say(view.$problem, this.#problem?.(language) ?? "");
    say(view.$status, this.#ending ? language.say(this.#ending) : (this.#status?.(language) ?? ""));
    if (verification) this.#paintVerification(verification, language);
    say(view.$expiry, language.say("ends_in", { time: clockTime(this.#expiresIn) }));
    say(view.$wait, this.#resendIn > 0 ? language.count("resend_wait", this.#resendIn) : "");
    for (const control of [view.$check, view.$yes, view.$retry]) enable(control, !this.#busy);
    for (const control of [view.$resend, ...(view.$channels.children as Iterable<HTMLButtonElement>)]) {
      enable(control, !this.#busy && this.#resendIn === 0);
    }
    view.$entry.hidden = view.$check.hidden = !open;
    view.$retry.hidden = !open || !!verification || this.#busy !== undefined;
    view.$sent.hidden = !open;
    view.$transaction.hidden = !(verification?.transaction?.amount || verification?.transaction?.payee);
    view.$usually.hidden = view.$expiry.hidden = view.$help.hidden = !shown;
    view.$again.hidden = view.$channels.hidden = !shown || verification.resend_in_s === null;
    view.$notMe.hidden = !shown || this.#asking;
    view.$sure.hidden = !shown || !this.#asking;
    view.$ended.hidden = open;
  }

  #paintVerification(verification: Verification, language: Language): void {
    const view = this.#view;
    const { to, channel, transaction, usually_within_s: usually } = verification;
    // A masked number reads from left to right in every language.
    const masked = { to: `\u2066${to}\u2069` };
    const { amount, currency, payee } = transaction ?? {};
    say(view.$amount, amount ? language.money(amount, currency) : "");
    say(view.$payee, payee ?? "");
    view.$amountRow.hidden = !amount;
    view.$payeeRow.hidden = !payee;
    say(view.$sent, language.say(`sent_${channel}`, masked) || language.say("sent", masked));
    say(view.$usually, usually === null ? "" : language.count("usually", usually));
    say(view.$helpText, language.say("no_message_help", masked));
    const channels = verification.channels.filter((name) => language.say(`by_${name}`));
    if (view.$channels.childElementCount !== channels.length) {
      view.$channels.replaceChildren(...channels.map(() => button("channel")));
    }
    channels.forEach((name, place) => {
      const control = view.$channels.children[place] as HTMLButtonElement;
      control.onclick = () => void this.#resend(name);
      say(control, language.say(`by_${name}`));
    });
  }
}

function verdict({ result, attempts_left: left }: Checked, shop: string): Sentence {
  return (language) => {
    const why = language.say(result, { shop }) || language.say("incorrect", { shop });
    return left === undefined ? why : `${why} ${language.count("attempts_left", left)}`;
  };
}
