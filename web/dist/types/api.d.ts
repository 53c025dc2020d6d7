import type { Challenge } from "./countersign-challenge.js";
/** Where a verification stands. */
export type State = "pending" | "approved" | "expired" | "exhausted" | "canceled" | "denied";
/** What a check comes to. A payment answers `not_approved` to whatever is not the right code. */
export type Result = "approved" | "incorrect" | "superseded" | "expired" | "exhausted" | "canceled" | "denied" | "not_approved";
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
    readonly code: {
        readonly length: number;
        readonly alphabet: "numeric" | "alphanumeric";
    };
    readonly locale?: string;
    readonly transaction?: {
        readonly amount?: string;
        readonly currency?: string;
        readonly payee?: string;
    };
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
/** A request that got no answer to use. */
export declare class Refusal extends Error {
    /** The problem's code, or `unreachable` where none came. */
    readonly code: string;
    /** The status of the answer; 0 without one. */
    readonly status: number;
    readonly retryAfterS?: number | undefined;
    constructor(
    /** The problem's code, or `unreachable` where none came. */
    code: string, 
    /** The status of the answer; 0 without one. */
    status?: number, retryAfterS?: number | undefined);
}
/** One verification's requests. */
export declare class BrowserApi {
    #private;
    /** `server` is the address of Countersign, that of the page if empty; `signal` ends whatever is under way. */
    constructor(server: string, secret: string, signal: AbortSignal);
    /** The verification as it is now; what is to be solved before its first message is solved on the way. */
    read(): Promise<Verification>;
    /** One guess. `attempt` names it: repeated with the same name it gets its first answer. */
    check(code: string, attempt: string): Promise<Checked>;
    /** Another message, by another channel if one is named. Not asked for twice: the first may be on its way. */
    resend(channel?: string): Promise<Verification>;
    /** "This was not me." */
    report(): Promise<Verification>;
    /** Tells how far the customer came; nobody waits for it. */
    funnel(step: "shown" | "first_digit"): void;
}
