/** Tells the seconds that are left, each second and once at 0, until `signal` ends it. */
export declare function countDown(seconds: number, signal: AbortSignal, tell: (left: number) => void): void;
/** 65 as 1:05. */
export declare function clockTime(seconds: number): string;
