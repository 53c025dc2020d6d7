// Builds `dist/`: the scripts, their types, and what they weigh. Anybody's build gives the same bytes.

import { build, transform } from "esbuild";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { textScripts } from "./texts.mjs";

export const root = fileURLToPath(new URL("../", import.meta.url));

const LICENCE = "/*! countersign-otp, Apache-2.0 */";

/** Style sheets are imported as minified text. */
const styleSheets = {
  name: "style sheets",
  setup(esbuild) {
    esbuild.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

async function bundle(entry, format) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [`src/${entry}.ts`],
    bundle: true,
    minify: true,
    format,
    target: "es2022",
    charset: "utf8",
    // Names of nodes that never leave a file.
    mangleProps: /^\$/,
    // Fetched where it is needed, from beside the script that needs it.
    external: ["./countersign-challenge.v1.js"],
    banner: { js: LICENCE },
    plugins: [styleSheets],
    write: false,
    logLevel: "warning",
  });
  return outputFiles[0].text;
}

/** The sum that a page's `integrity` attribute takes. */
function integrity(text) {
  return `sha384-${createHash("sha384").update(text).digest("base64")}`;
}

/** Writes everything into `folder`, which is emptied first. */
export async function buildInto(folder) {
  const scripts = {
    "countersign-otp.v1.js": await bundle("countersign-otp", "esm"),
    "countersign-frame.v1.js": await bundle("countersign-frame", "esm"),
    "countersign-challenge.v1.js": await bundle("countersign-challenge", "esm"),
    "page.js": await bundle("page", "iife"),
    "page-challenge.js": await bundle("page-challenge", "iife"),
    ...(await textScripts(root)),
  };
  await rm(folder, { recursive: true, force: true });
  await mkdir(`${folder}/texts`, { recursive: true });
  const files = {};
  for (const [name, text] of Object.entries(scripts)) {
    await writeFile(`${folder}/${name}`, text);
    files[name] = {
      integrity: integrity(text),
      bytes: Buffer.byteLength(text),
      gzip_bytes: gzipSync(text, { level: 9 }).length,
    };
  }
  const tsc = `${root}node_modules/typescript/bin/tsc`;
  await promisify(execFile)(process.execPath, [tsc, "-p", `${root}tsconfig.types.json`, "--outDir", `${folder}/types`]).catch(
    ({ stdout, stderr }) => {
      throw new Error(`${stdout}${stderr}`);
    },
  );
  await writeFile(`${folder}/types/any-language.d.ts`, "export {};\n");
  await writeFile(`${folder}/manifest.json`, `${JSON.stringify({ files }, null, 2)}\n`);
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, { bytes, gzip_bytes: gzipped }] of Object.entries(await buildInto(`${root}dist`))) {
    console.log(`${name.padEnd(28)} ${String(bytes).padStart(6)} bytes ${String(gzipped).padStart(6)} gzipped`);
  }
}
