// Runs every test; the last line is the sum.   node test/run.mjs [word in a file's name]

import { readdir } from "node:fs/promises";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("./", import.meta.url));
const wanted = process.argv[2] ?? "";
const names = (await readdir(folder)).filter((name) => name.endsWith(".test.mjs") && name.includes(wanted)).sort();
let passed = 0;
let failed = 0;
const isTest = ({ details }) => details?.type !== "suite";

const tests = run({ files: names.map((name) => folder + name), concurrency: 2, timeout: 300_000 });
tests.on("test:pass", (data) => (passed += isTest(data) ? 1 : 0));
tests.on("test:fail", (data) => (failed += isTest(data) ? 1 : 0));
tests.compose(new spec()).pipe(process.stdout, { end: false });
tests.on("end", () => {
  // The reporter is still writing.
  setTimeout(() => {
    process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
    console.log(`${passed} passed, ${failed} failed`);
  }, 100);
});
