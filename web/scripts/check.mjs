// Holds what is committed against its sources: types, `dist/`, and how much the scripts may weigh.

import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildInto, root } from "./build.mjs";

/** Gzipped bytes. The hosted page's budget of 30 kB is mostly for its text and style. */
const BUDGETS = { "countersign-otp.v1.js": 10_000, "countersign-frame.v1.js": 4_000, "page.js": 4_000, "page-challenge.js": 3_000 };

const complaints = [];

try {
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-p", root], { encoding: "utf8" });
} catch ({ stdout }) {
  complaints.push(stdout);
}

/** A folder's files, without what depends on the version of zlib. */
async function contents(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const texts = names.sort().map(async (name) => {
    const text = await readFile(name, "utf8");
    return [name.slice(folder.length + 1), text.replace(/"gzip_bytes": \d+/g, "")];
  });
  return new Map(await Promise.all(texts));
}

const fresh = await mkdtemp(join(tmpdir(), "countersign-otp-"));
try {
  const files = await buildInto(fresh);
  for (const [name, most] of Object.entries(BUDGETS)) {
    const weight = files[name].gzip_bytes;
    if (weight > most) complaints.push(`${name} has ${weight} bytes gzipped; ${most} are the most`);
  }
  const [built, committed] = [await contents(fresh), await contents(join(root, "dist"))];
  for (const name of new Set([...built.keys(), ...committed.keys()])) {
    if (built.get(name) !== committed.get(name)) complaints.push(`dist/${name} is not what its sources give: npm run build`);
  }
} finally {
  await rm(fresh, { recursive: true });
}

for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length === 0 ? 0 : 1;
if (complaints.length === 0) console.log("types, dist and budgets are as they should be");
