// scrypt (RFC 7914): PBKDF2 by the browser, Salsa20/8 and the mixing here.

export interface Cost {
  /** CPU and memory, a power of two. */
  readonly n: number;
  /** Block size. */
  readonly r: number;
  /** Parallelisation. */
  readonly p: number;
}

async function pbkdf2(password: BufferSource, salt: BufferSource, bytes: number): Promise<ArrayBuffer> {
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  return crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: 1 }, key, bytes * 8);
}

/** `bytes` of scrypt(password, salt). Every browser keeps numbers with the low byte first, as scrypt counts them. */
export async function scrypt(password: BufferSource, salt: BufferSource, { n, r, p }: Cost, bytes: number): Promise<Uint8Array> {
  const blocks = new Uint32Array(await pbkdf2(password, salt, p * 128 * r));
  const memory = new Uint32Array(n * 32 * r);
  for (let block = 0; block < p; block++) mix(blocks.subarray(block * 32 * r, (block + 1) * 32 * r), memory, n, r);
  return new Uint8Array(await pbkdf2(password, blocks, bytes));
}

/** scryptROMix (§5). */
function mix(block: Uint32Array, memory: Uint32Array, n: number, r: number): void {
  const words = 32 * r;
  const scratch = new Uint32Array(words);
  const state = new Uint32Array(16);
  for (let i = 0; i < n; i++) {
    memory.set(block, i * words);
    mixBlock(block, scratch, state, r);
  }
  for (let i = 0; i < n; i++) {
    const from = ((block[words - 16] as number) & (n - 1)) * words;
    for (let k = 0; k < words; k++) block[k]! ^= memory[from + k]!;
    mixBlock(block, scratch, state, r);
  }
}

/** scryptBlockMix (§4). */
function mixBlock(block: Uint32Array, scratch: Uint32Array, state: Uint32Array, r: number): void {
  const pieces = 2 * r;
  state.set(block.subarray((pieces - 1) * 16));
  for (let piece = 0; piece < pieces; piece++) {
    for (let k = 0; k < 16; k++) state[k]! ^= block[piece * 16 + k]!;
    salsa(state);
    scratch.set(state, ((piece >> 1) + (piece & 1) * r) * 16);
  }
  block.set(scratch);
}

/** Salsa20/8 (§3), each round in local variables: what an engine keeps in registers. */
function salsa(words: Uint32Array): void {
  let [a, b, c, d, e, f, g, h] = words as unknown as number[] as [number, number, number, number, number, number, number, number];
  let i = words[8]!, j = words[9]!, k = words[10]!, l = words[11]!, m = words[12]!, n = words[13]!, o = words[14]!, q = words[15]!;
  let t: number;
  for (let round = 0; round < 4; round++) {
    t = (a + m) | 0; e ^= (t << 7) | (t >>> 25);
    t = (e + a) | 0; i ^= (t << 9) | (t >>> 23);
    t = (i + e) | 0; m ^= (t << 13) | (t >>> 19);
    t = (m + i) | 0; a ^= (t << 18) | (t >>> 14);
    t = (f + b) | 0; j ^= (t << 7) | (t >>> 25);
    t = (j + f) | 0; n ^= (t << 9) | (t >>> 23);
    t = (n + j) | 0; b ^= (t << 13) | (t >>> 19);
    t = (b + n) | 0; f ^= (t << 18) | (t >>> 14);
    t = (k + g) | 0; o ^= (t << 7) | (t >>> 25);
    t = (o + k) | 0; c ^= (t << 9) | (t >>> 23);
    t = (c + o) | 0; g ^= (t << 13) | (t >>> 19);
    t = (g + c) | 0; k ^= (t << 18) | (t >>> 14);
    t = (q + l) | 0; d ^= (t << 7) | (t >>> 25);
    t = (d + q) | 0; h ^= (t << 9) | (t >>> 23);
    t = (h + d) | 0; l ^= (t << 13) | (t >>> 19);
    t = (l + h) | 0; q ^= (t << 18) | (t >>> 14);
    t = (a + d) | 0; b ^= (t << 7) | (t >>> 25);
    t = (b + a) | 0; c ^= (t << 9) | (t >>> 23);
    t = (c + b) | 0; d ^= (t << 13) | (t >>> 19);
    t = (d + c) | 0; a ^= (t << 18) | (t >>> 14);
    t = (f + e) | 0; g ^= (t << 7) | (t >>> 25);
    t = (g + f) | 0; h ^= (t << 9) | (t >>> 23);
    t = (h + g) | 0; e ^= (t << 13) | (t >>> 19);
    t = (e + h) | 0; f ^= (t << 18) | (t >>> 14);
    t = (k + j) | 0; l ^= (t << 7) | (t >>> 25);
    t = (l + k) | 0; i ^= (t << 9) | (t >>> 23);
    t = (i + l) | 0; j ^= (t << 13) | (t >>> 19);
    t = (j + i) | 0; k ^= (t << 18) | (t >>> 14);
    t = (q + o) | 0; m ^= (t << 7) | (t >>> 25);
    t = (m + q) | 0; n ^= (t << 9) | (t >>> 23);
    t = (n + m) | 0; o ^= (t << 13) | (t >>> 19);
    t = (o + n) | 0; q ^= (t << 18) | (t >>> 14);
  }
  words[0]! += a; words[1]! += b; words[2]! += c; words[3]! += d; words[4]! += e; words[5]! += f; words[6]! += g; words[7]! += h;
  words[8]! += i; words[9]! += j; words[10]! += k; words[11]! += l; words[12]! += m; words[13]! += n; words[14]! += o; words[15]! += q;
}
