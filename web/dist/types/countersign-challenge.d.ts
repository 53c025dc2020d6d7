import { type Cost } from "./scrypt.js";
/** A proof of work: a text whose scrypt hash begins with so many zero bits. */
export interface Challenge extends Cost {
    readonly type: string;
    readonly algorithm: string;
    readonly salt: string;
    readonly zero_bits: number;
}
/** Counts up until it fits. Some milliseconds a try, and the page lives between two. */
export declare function solve(challenge: Challenge): Promise<string>;
