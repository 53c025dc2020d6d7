// The shop's page: makes the frame and listens to it, and to nobody else.

import type { State } from "./api.js";
import { asReport, greeting } from "./frame-messages.js";
import { randomHex } from "./random.js";

/** What the frame's owner is told. */
export interface FrameListener {
  /** The first message came from the document that has loaded. */
  answered(): void;
  state(state: State, handle: string): void;
  /** Nothing that speaks our protocol has loaded. */
  silent(): void;
}

/** How long a loaded document has to answer. */
const ANSWER_WITHIN_MS = 5000;

/**
 * The address of a hosted page that may be framed. Its origin must be another one: a frame of the page's own origin
 * that runs scripts could take off its own sandbox.
 */
export function frameAddress(src: string): URL | undefined {
  try {
    const address = new URL(src, document.baseURI);
    return /^https?:$/.test(address.protocol) && address.origin !== location.origin ? address : undefined;
  } catch {
    return undefined;
  }
}

/** A frame for the hosted page at `address`, until `signal` ends it. */
export function makeFrame(address: URL, title: string, listener: FrameListener, signal: AbortSignal): HTMLIFrameElement {
  const frame = document.createElement("iframe");
  frame.title = title;
  frame.setAttribute("part", "frame");
  frame.setAttribute("sandbox", "allow-scripts allow-forms allow-same-origin");
  frame.setAttribute("allow", "otp-credentials; publickey-credentials-get");
  let nonce: string | undefined;
  let timer: ReturnType<typeof setTimeout>;
  frame.addEventListener("load", () => {
    // Each document gets a nonce of its own, so that the last one's late messages mean nothing.
    nonce = randomHex();
    frame.contentWindow?.postMessage(greeting(nonce), address.origin);
    clearTimeout(timer);
    timer = setTimeout(() => listener.silent(), ANSWER_WITHIN_MS);
  }, { signal });
  addEventListener("message", (event) => {
    if (event.origin !== address.origin || event.source !== frame.contentWindow || !nonce) return;
    const report = asReport(event.data, nonce);
    if (!report) return;
    clearTimeout(timer);
    listener.answered();
    if (report.type === "height") frame.style.height = `${report.height}px`;
    else listener.state(report.state, report.handle);
  }, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  frame.src = address.href;
  return frame;
}
