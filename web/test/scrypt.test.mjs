// The proof of work: scrypt by the standard's own vectors, and solutions that the server's rule takes.

import assert from "node:assert/strict";
import { build } from "esbuild";
import { scryptSync } from "node:crypto";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

async function load(name) {
  const { outputFiles } = await build({ entryPoints: [`${root}src/${name}.ts`], bundle: true, format: "esm", write: false });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}

const { scrypt } = await load("scrypt");
const { solve } = await load("countersign-challenge");
const bytes = (text) => new TextEncoder().encode(text);

/** RFC 7914 §12, but for the last one, which takes a gigabyte. */
const VECTORS = [
  ["", "", { n: 16, r: 1, p: 1 }, "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"],
  ["password", "NaCl", { n: 1024, r: 8, p: 16 }, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"],
  ["pleaseletmein", "SodiumChloride", { n: 16384, r: 8, p: 1 }, "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"],
];

describe("scrypt", () => {
  for (const [password, salt, cost, expected] of VECTORS) {
    it(`n = ${cost.n}, r = ${cost.r}, p = ${cost.p}`, async () => {
      const hash = await scrypt(bytes(password), bytes(salt), cost, 64);
      assert.equal(Buffer.from(hash).toString("hex"), expected);
    });
  }
});

describe("a proof of work", () => {
  const challenge = { type: "proof_of_work", algorithm: "scrypt", n: 1024, r: 8, p: 1, salt: "salt", zero_bits: 6 };

  it("is the first number whose hash has enough zero bits", async () => {
    const hash = (text) => scryptSync(text, challenge.salt, 32, { N: challenge.n, r: challenge.r, p: challenge.p });
    const solution = Number(await solve(challenge));
    assert.equal(hash(String(solution))[0] >> 2, 0);
    for (let earlier = 0; earlier < solution; earlier++) assert.notEqual(hash(String(earlier))[0] >> 2, 0);
  });

  it("of a kind that this script does not know is none", async () => {
    await assert.rejects(solve({ ...challenge, type: "another" }));
    await assert.rejects(solve({ ...challenge, algorithm: "another" }));
  });
});
