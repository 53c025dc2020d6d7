// The hosted page inside a frame: answers the page around it, if that is one of those that may embed it.

import type { State } from "./api.js";
import { asGreeting, heightReport, stateReport } from "./frame-messages.js";

/** What a framed page tells. */
export interface Standing {
  readonly state: State;
  /** The verification's id. */
  readonly handle: string;
}

/** Waits for the greeting of the page around this one, whose origin must be one of `embedders`. */
export function answerEmbedder(embedders: readonly string[], { state, handle }: Standing): void {
  if (parent === window) return;
  // As high as what it says: a page that fills its window would never get lower than its frame.
  document.body.style.minHeight = "0";
  let observer: ResizeObserver | undefined;
  addEventListener("message", (event) => {
    if (event.source !== parent || !embedders.includes(event.origin)) return;
    const hello = asGreeting(event.data);
    if (!hello) return;
    const { nonce } = hello;
    const { origin } = event;
    parent.postMessage(stateReport(nonce, state, handle), origin);
    let told = 0;
    const tellHeight = () => {
      const height = Math.ceil(document.body.getBoundingClientRect().bottom + window.scrollY);
      if (height > 0 && height !== told) parent.postMessage(heightReport(nonce, height), origin);
      told = height;
    };
    observer?.disconnect();
    observer = new ResizeObserver(tellHeight);
    observer.observe(document.body);
    tellHeight();
  });
}
