// The browser face of the API, authorised by one verification's client secret.

import type { Challenge } from "./countersign-challenge.js";

/** Where a verification stands. */
export type State = "pending" | "approved" | "expired" | "exhausted" | "canceled" | "denied";

/** What a check comes to. A payment answers `not_approved` to whatever is not the right code. */
export type Result =
  | "approved"
  | "incorrect"
  | "superseded"
  | "expired"
  | "exhausted"
  | "canceled"
  | "denied"
  | "not_approved";

/** The file beside this script that solves challenges. */
const SOLVER = "./countersign-challenge.v1.js";

/** What the customer may know of a verification. */
export interface Verification {
  readonly id: string;
  readonly state: State;
  /** To be solved before anything is sent. */
  readonly challenge?: Challenge;
  readonly purpose: string;
  readonly shop: string;
  /** Masked. */
  readonly to: string;
  readonly channel: string;
  readonly code: { readonly length: number; readonly alphabet: "numeric" | "alphanumeric" };
  readonly locale?: string;
  readonly transaction?: { readonly amount?: string; readonly currency?: string; readonly payee?: string };
  readonly expires_in_s: number;
  /** Null: no other message can be asked for. */
  readonly resend_in_s: number | null;
  readonly usually_within_s: number | null;
  /** The other channels that a resend may ask for. */
  readonly channels: readonly string[];
}

/** The answer to a check. */
export interface Checked {
  readonly state: State;
  readonly result: Result;
  /** Absent where it must not be told. */
  readonly attempts_left?: number;
}

/** How long one request may take. */
const TIMEOUT_MS = 15_000;
/** The code of a refusal that has none. */
const UNREACHABLE = "unreachable";
/** The waits before a request is repeated that may be repeated. */
const REPEAT_AFTER_MS = [500, 1500];

/** A request that got no answer to use. */
export class Refusal extends Error {
  constructor(
    /** The problem's code, or `unreachable` where none came. */
    readonly code: string,
    /** The status of the answer; 0 without one. */
    readonly status = 0,
    readonly retryAfterS?: number,
  ) {
    super(code);
  }
}

/** One verification's requests. */
export class BrowserApi {
  readonly #base: string;
  readonly #secret: string;
  readonly #signal: AbortSignal;

  /** `server` is the address of Countersign, that of the page if empty; `signal` ends whatever is under way. */
  constructor(server: string, secret: string, signal: AbortSignal) {
    this.#base = `${server.replace(/\/+$/, "")}/v1/browser/verification`;
    this.#secret = secret;
    this.#signal = signal;
  }

  /** The verification as it is now; what is to be solved before its first message is solved on the way. */
  async read(): Promise<Verification> {
    const now = await this.#ask<Verification>("");
    if (!now.challenge) return now;
    const { solve } = (await import(SOLVER)) as typeof import("./countersign-challenge.js");
    return this.#request("/challenge", { solution: await solve(now.challenge) });
  }

  /** One guess. `attempt` names it: repeated with the same name it gets its first answer. */
  check(code: string, attempt: string): Promise<Checked> {
    return this.#ask("/check", { code }, { "Idempotency-Key": attempt });
  }

  /** Another message, by another channel if one is named. Not asked for twice: the first may be on its way. */
  resend(channel?: string): Promise<Verification> {
    return this.#request("/resend", channel ? { channel } : {});
  }

  /** "This was not me." */
  report(): Promise<Verification> {
    return this.#ask("/report", {});
  }

  /** Tells how far the customer came; nobody waits for it. */
  funnel(step: "shown" | "first_digit"): void {
    this.#request("/funnel", { step }).catch(() => undefined);
  }

  /** A request that does no harm when it is repeated, and is, if there was no answer or the server is not well. */
  async #ask<T>(path: string, body?: object, headers?: Record<string, string>): Promise<T> {
    for (const wait of REPEAT_AFTER_MS) {
      try {
        return await this.#request(path, body, headers);
      } catch (error) {
        const { status } = error as Refusal;
        if (status > 0 && status < 500) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
    return this.#request(path, body, headers);
  }

  async #request<T>(path: string, body?: object, headers?: Record<string, string>): Promise<T> {
    const ender = new AbortController();
    const end = () => ender.abort();
    const timer = setTimeout(end, TIMEOUT_MS);
    this.#signal.addEventListener("abort", end);
    if (this.#signal.aborted) end();
    try {
      const answer = await fetch(this.#base + path, {
        method: body ? "POST" : "GET",
        headers: { Authorization: `Bearer ${this.#secret}`, ...(body && { "Content-Type": "application/json" }), ...headers },
        body: body ? JSON.stringify(body) : null,
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
        signal: ender.signal,
      });
      const json: unknown = answer.status === 204 ? {} : await answer.json().catch(() => undefined);
      const { state, code, retry_after_s: after } = (json ?? {}) as Record<string, unknown>;
      if (answer.ok && (typeof state === "string" || answer.status === 204)) return json as T;
      const name = typeof code === "string" ? code : UNREACHABLE;
      throw new Refusal(name, answer.ok ? 502 : answer.status, typeof after === "number" ? after : undefined);
    } catch (error) {
      throw error instanceof Refusal ? error : new Refusal(UNREACHABLE);
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener("abort", end);
    }
  }
}
