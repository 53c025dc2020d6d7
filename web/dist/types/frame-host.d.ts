import type { State } from "./api.js";
/** What the frame's owner is told. */
export interface FrameListener {
    /** The first message came from the document that has loaded. */
    answered(): void;
    state(state: State, handle: string): void;
    /** Nothing that speaks our protocol has loaded. */
    silent(): void;
}
/**
 * The address of a hosted page that may be framed. Its origin must be another one: a frame of the page's own origin
 * that runs scripts could take off its own sandbox.
 */
export declare function frameAddress(src: string): URL | undefined;
/** A frame for the hosted page at `address`, until `signal` ends it. */
export declare function makeFrame(address: URL, title: string, listener: FrameListener, signal: AbortSignal): HTMLIFrameElement;
