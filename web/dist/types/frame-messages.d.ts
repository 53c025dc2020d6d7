import type { State } from "./api.js";
/** Says that a message is one of ours, and of which version. */
declare const PROTOCOL = "countersign-frame-1";
/** The page greets the frame, once for each document that loads in it. */
export interface Greeting {
    readonly protocol: typeof PROTOCOL;
    readonly type: "hello";
    readonly nonce: string;
}
/** The frame says where the verification stands, and how high it wants to be. */
export type Report = {
    readonly protocol: typeof PROTOCOL;
    readonly nonce: string;
} & ({
    readonly type: "state";
    readonly state: State;
    readonly handle: string;
} | {
    readonly type: "height";
    readonly height: number;
});
export declare function greeting(nonce: string): Greeting;
export declare function stateReport(nonce: string, state: State, handle: string): Report;
export declare function heightReport(nonce: string, height: number): Report;
/** The message as a greeting, if it is exactly one. */
export declare function asGreeting(data: unknown): Greeting | undefined;
/** The message as a report under this nonce, if it is exactly one. */
export declare function asReport(data: unknown, nonce: string): Report | undefined;
export {};
