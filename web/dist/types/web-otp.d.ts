/** Waits for a message until `signal` ends it. Nothing comes where the browser has no WebOTP or its user refuses. */
export declare function receiveCode(signal: AbortSignal): Promise<string | undefined>;
