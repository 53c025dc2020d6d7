// Solves the challenge that may stand before the first message. Loaded only where there is one.

import { type Cost, scrypt } from "./scrypt.js";

/** A proof of work: a text whose scrypt hash begins with so many zero bits. */
export interface Challenge extends Cost {
  readonly type: string;
  readonly algorithm: string;
  readonly salt: string;
  readonly zero_bits: number;
}

const HASH_BYTES = 32;

function zeroBits(hash: Uint8Array): number {
  const first = hash.findIndex((byte) => byte !== 0);
  return first < 0 ? hash.length * 8 : first * 8 + Math.clz32(hash[first] as number) - 24;
}

/** Counts up until it fits. Some milliseconds a try, and the page lives between two. */
export async function solve(challenge: Challenge): Promise<string> {
  const { type, algorithm, salt, zero_bits: wanted } = challenge;
  if (type !== "proof_of_work" || algorithm !== "scrypt") throw new Error("unknown challenge");
  const text = new TextEncoder();
  const salted = text.encode(salt);
  for (let number = 0; ; number++) {
    const solution = String(number);
    if (zeroBits(await scrypt(text.encode(solution), salted, challenge, HASH_BYTES)) >= wanted) return solution;
  }
}
