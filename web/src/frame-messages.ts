// What a shop's page and the hosted page in its frame say to each other. State names and the opaque handle of the
// verification, the height, and nothing else; each message carries the nonce of the load that it belongs to.

import type { State } from "./api.js";

/** Says that a message is one of ours, and of which version. */
const PROTOCOL = "countersign-frame-1";

const STATES: readonly State[] = ["pending", "approved", "expired", "exhausted", "canceled", "denied"];
const NONCE = /^[0-9a-f]{32}$/;
const HANDLE = /^[A-Za-z0-9_-]{1,128}$/;
/** In CSS pixels; a frame that asks for more is not obeyed. */
const TALLEST_PX = 4000;

/** The page greets the frame, once for each document that loads in it. */
export interface Greeting {
  readonly protocol: typeof PROTOCOL;
  readonly type: "hello";
  readonly nonce: string;
}

/** The frame says where the verification stands, and how high it wants to be. */
export type Report = { readonly protocol: typeof PROTOCOL; readonly nonce: string } & (
  | { readonly type: "state"; readonly state: State; readonly handle: string }
  | { readonly type: "height"; readonly height: number }
);

export function greeting(nonce: string): Greeting {
  return { protocol: PROTOCOL, type: "hello", nonce };
}

export function stateReport(nonce: string, state: State, handle: string): Report {
  return { protocol: PROTOCOL, type: "state", nonce, state, handle };
}

export function heightReport(nonce: string, height: number): Report {
  return { protocol: PROTOCOL, type: "height", nonce, height };
}

/** The message as a greeting, if it is exactly one. */
export function asGreeting(data: unknown): Greeting | undefined {
  return has(data, ["nonce", "protocol", "type"]) && data["type"] === "hello" ? (data as unknown as Greeting) : undefined;
}

/** The message as a report under this nonce, if it is exactly one. */
export function asReport(data: unknown, nonce: string): Report | undefined {
  if (has(data, ["handle", "nonce", "protocol", "state", "type"])) {
    const { type, state, handle } = data;
    const fits = type === "state" && STATES.includes(state as State) && typeof handle === "string" && HANDLE.test(handle);
    return fits && data["nonce"] === nonce ? (data as unknown as Report) : undefined;
  }
  if (has(data, ["height", "nonce", "protocol", "type"])) {
    const { type, height } = data;
    const fits = type === "height" && Number.isInteger(height) && (height as number) > 0 && (height as number) <= TALLEST_PX;
    return fits && data["nonce"] === nonce ? (data as unknown as Report) : undefined;
  }
  return undefined;
}

/** Whether it is an object of our protocol with exactly these keys, which are sorted. */
function has(data: unknown, keys: readonly string[]): data is Record<string, unknown> {
  if (typeof data !== "object" || data === null || Object.keys(data).sort().join() !== keys.join()) return false;
  const { protocol, nonce } = data as Record<string, unknown>;
  return protocol === PROTOCOL && typeof nonce === "string" && NONCE.test(nonce);
}
