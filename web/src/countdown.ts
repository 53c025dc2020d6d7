// Times that run down. Measured by the monotonic clock, so that a wrong wall clock changes nothing.

/** Tells the seconds that are left, each second and once at 0, until `signal` ends it. */
export function countDown(seconds: number, signal: AbortSignal, tell: (left: number) => void): void {
  const end = performance.now() + seconds * 1000;
  let timer: ReturnType<typeof setTimeout>;
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  const tick = () => {
    if (signal.aborted) return;
    const leftMs = end - performance.now();
    // A timer may come a little early: 20.01 s are 20 for whoever reads it.
    const left = Math.max(0, Math.ceil(leftMs / 1000 - 0.05));
    if (left > 0) timer = setTimeout(tick, Math.max(20, leftMs - (left - 1) * 1000));
    tell(left);
  };
  tick();
}

/** 65 as 1:05. */
export function clockTime(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
