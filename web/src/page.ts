// The script of the hosted page. Everything works without it; this saves waiting, typing and doubts.
// What it finds in the page is described in the README, "The hosted page".

import type { State } from "./api.js";
import { formatFrom } from "./code.js";
import { prepareInput, watchCode } from "./code-input.js";
import { clockTime, countDown } from "./countdown.js";
import { answerEmbedder } from "./frame-guest.js";
import { fill } from "./texts.js";
import { receiveCode } from "./web-otp.js";

/** When the end of a wait, and of the code, is announced. */
const SOON_S = 10;
const WARN_BEFORE_END_S = 30;
/** A form that no answer came to can be sent again. */
const UNANSWERED_MS = 20_000;
/** A server that says nothing for so long is not there. */
const REACHED_WITHIN_MS = 8_000;

const page = new AbortController();

function part(name: string): HTMLElement | undefined {
  return document.querySelector<HTMLElement>(`[data-countersign="${name}"]`) ?? undefined;
}

function forms(): HTMLFormElement[] {
  return [...document.querySelectorAll<HTMLFormElement>("form[data-countersign]")];
}

function buttonOf(form: HTMLFormElement): HTMLButtonElement | undefined {
  return form.querySelector<HTMLButtonElement>("button:not([type=button], [type=reset])") ?? undefined;
}

/** Says a sentence to readers. */
function announce(text: string | undefined): void {
  const place = part("announce");
  if (place && text) place.textContent = text;
}

/** Whether a button can be used. `disabled` would throw the focus away, and the button's value out of the form. */
function enable(button: HTMLButtonElement | undefined, can: boolean): void {
  if (can) button?.removeAttribute("aria-disabled");
  else button?.setAttribute("aria-disabled", "true");
}

/** A form goes once; its button says so. Nothing else may go meanwhile, or an answer would be lost. */
function sendOnce(): void {
  let sending = false;
  const settle = () => {
    sending = false;
    for (const form of forms()) if (form.dataset["waiting"] === undefined) enable(buttonOf(form), true);
  };
  let reached: HTMLFormElement | undefined;
  for (const form of forms()) {
    form.addEventListener("submit", (event) => {
      if (reached === form) return void (reached = undefined);
      if (sending || form.dataset["waiting"] !== undefined) return event.preventDefault();
      sending = true;
      for (const other of forms()) enable(buttonOf(other), false);
      announce(part("announce")?.dataset["sending"]);
      setTimeout(settle, UNANSWERED_MS);
      const { countersignAlive: alive } = document.body.dataset;
      if (!alive) return;
      // A form that nobody answers takes the page away, and what was typed with it: first see that somebody is there.
      event.preventDefault();
      const { submitter } = event;
      fetch(alive, { cache: "no-store", signal: AbortSignal.timeout(REACHED_WITHIN_MS) }).then(
        () => {
          reached = form;
          form.requestSubmit(submitter as HTMLElement | null);
        },
        () => {
          settle();
          part("unreachable")?.removeAttribute("hidden");
        },
      );
      part("unreachable")?.setAttribute("hidden", "");
    });
  }
  // The back button may show this very page again, as it was left.
  addEventListener("pageshow", ({ persisted }) => persisted && settle());
}

function enhanceCode(form: HTMLFormElement, tell: (step: string) => void): void {
  const input = form.querySelector<HTMLInputElement>("input[name=code]");
  if (!input) return;
  const format = formatFrom(input.dataset["length"], input.dataset["alphabet"]);
  prepareInput(input, format);
  const waiting = new AbortController();
  form.addEventListener("submit", () => waiting.abort());
  let begun = false;
  let changing = false;
  const incomplete = input.dataset["incomplete"];
  const changed = (code: string) => {
    if (code && !begun) tell("first_digit");
    begun ||= code !== "";
    input.setCustomValidity(incomplete && code && code.length !== format.length ? incomplete : "");
    // What the server said about the code that stands there holds until she changes it.
    if (changing && input.getAttribute("aria-invalid") === "true" && code) input.removeAttribute("aria-invalid");
  };
  const arrived = () => form.requestSubmit(buttonOf(form));
  const watched = watchCode(input, () => format, { changed, arrived }, page.signal);
  changing = true;
  void receiveCode(waiting.signal).then((code) => {
    if (!code) return;
    watched.set(code);
    if (input.value.length === format.length) arrived();
  });
}

function enhanceResend(): void {
  const wait = part("resend-wait");
  const form = part("resend") as HTMLFormElement | undefined;
  const seconds = Number(wait?.dataset["seconds"]);
  if (!wait || !form || !(seconds > 0)) return;
  const { text = "" } = wait.dataset;
  const button = buttonOf(form);
  form.dataset["waiting"] = "";
  enable(button, false);
  countDown(seconds, page.signal, (left) => {
    wait.textContent = left > 0 ? fill(text, { seconds: String(left) }) : "";
    if (left === seconds) announce(wait.textContent);
    else if (left === SOON_S) announce(part("announce")?.dataset["soon"]);
    if (left > 0) return;
    delete form.dataset["waiting"];
    enable(button, true);
    announce(part("announce")?.dataset["ready"]);
  });
}

function enhanceExpiry(): void {
  const expiry = part("expiry");
  const seconds = Number(expiry?.dataset["seconds"]);
  if (!expiry || !(seconds > 0)) return;
  const { text = "", warning, over } = expiry.dataset;
  countDown(seconds, page.signal, (left) => {
    expiry.textContent = left === 0 && over ? over : fill(text, { time: clockTime(left) });
    if (left === WARN_BEFORE_END_S) announce(warning);
    if (left === 0) announce(over);
  });
}

/** Tells the server how far the customer came, without waiting. */
function funnel(): (step: string) => void {
  const { countersignFunnel: address, csrf = "" } = document.body.dataset;
  return (step) => {
    if (!address) return;
    const body = new URLSearchParams({ csrf, step });
    fetch(address, { method: "POST", body, keepalive: true }).catch(() => undefined);
  };
}

function begin(): void {
  const tell = funnel();
  const check = part("check") as HTMLFormElement | undefined;
  sendOnce();
  if (check) {
    tell("shown");
    enhanceCode(check, tell);
  }
  enhanceResend();
  enhanceExpiry();
  // A page in a frame takes no focus from its shop, but keeps what it had before the form went.
  if (parent !== window && document.hasFocus()) document.querySelector<HTMLInputElement>("#code, #phone")?.focus();
  const { countersignEmbedder: embedders, countersignState: state, countersignId: handle } = document.body.dataset;
  if (embedders && state && handle) answerEmbedder(embedders.split(" "), { state: state as State, handle });
}

if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
else begin();
