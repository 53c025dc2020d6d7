export interface Cost {
    /** CPU and memory, a power of two. */
    readonly n: number;
    /** Block size. */
    readonly r: number;
    /** Parallelisation. */
    readonly p: number;
}
/** `bytes` of scrypt(password, salt). Every browser keeps numbers with the low byte first, as scrypt counts them. */
export declare function scrypt(password: BufferSource, salt: BufferSource, { n, r, p }: Cost, bytes: number): Promise<Uint8Array>;
