// The numbers that the tests take, and what lies on the simulated phones.

import assert from "node:assert/strict";

/**
 * A thousand numbers for each file, so that none reads another's messages or meets its limits. Ofcom keeps them free for
 * fiction: https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama
 */
export const RANGES = {
  /** Mobiles. The start page and README's commands take one of them too. */
  demo: "+447700900",
  /** Cardiff. */
  page: "+442920180",
  /** Leeds, of which `number.mjs` knows how they are written at home. */
  number: "+441134960",
  /** No area. */
  "each-presentation": "+441632960",
  /** Sheffield. */
  "each-state": "+441144960",
  /** Glasgow. */
  strangers: "+441414960",
  /** London. */
  budget: "+442079460",
  /** Birmingham: for a server that a test starts for itself. */
  "own-server": "+441214960",
};
assert.equal(new Set(Object.values(RANGES)).size, Object.keys(RANGES).length, "no two files have the same range");

/** Gives the numbers of a file's range, each once. */
export function numbersFor(file) {
  const range = RANGES[file] ?? assert.fail(`give ${file} a range`);
  let taken = 0;
  return () => {
    assert.ok(taken < 1000, `${file} has taken its whole range`);
    return range + String(taken++).padStart(3, "0");
  };
}

/** How long a message may take, on a machine that has other things to do. */
const ARRIVES_WITHIN_MS = 30_000;
const LOOK_AGAIN_MS = 100;

/** The last lines of the messages on a simulated phone, the newest first. */
export async function linesOn(baseURL, number) {
  const inbox = await (await fetch(`${baseURL}/phone/${number.slice(1)}`)).text();
  return [...inbox.matchAll(/class="machine"[^>]*>([^<]+)</g)].map(([, line]) => line);
}

/** The same, once there are as many as a test expects: an older one may carry another code. */
export async function linesOnceThere(baseURL, number, count = 1) {
  const deadline = performance.now() + ARRIVES_WITHIN_MS;
  for (;;) {
    const lines = await linesOn(baseURL, number);
    if (lines.length >= count) return lines;
    if (performance.now() > deadline) assert.fail(`${lines.length} messages on ${number}, not ${count}, after ${ARRIVES_WITHIN_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** The code in the newest, once there are so many. */
export async function codeOn(baseURL, number, count = 1) {
  const [line] = await linesOnceThere(baseURL, number, count);
  return (line.match(/^@localhost #(\w+)/) ?? assert.fail(`"${line}" has no code for here`))[1];
}
