// Verifies a Countersign proof offline: node verify.mjs PROOF_FILE RECORD_FILE JWKS_FILE_OR_URL

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createLocalJWKSet, createRemoteJWKSet, jwtVerify } from "jose";

const sha256 = (data) => createHash("sha256").update(data).digest("base64url");

export function transactionDigest(app, purpose, { id, amount_minor, currency, payee, fields = {} } = {}) {
  const sorted = Object.entries(fields).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const parts = [app, purpose, id, amount_minor, currency, payee, String(sorted.length), ...sorted.flat()];
  const encode = (text) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text == null ? 0xffffffff : Buffer.byteLength(text));
    return Buffer.concat([length, Buffer.from(text ?? "")]);
  };
  return sha256(Buffer.concat([Buffer.from("countersign/txn/v1"), ...parts.map(encode)]));
}

/** The proof's claims, if it is genuine and says what the shop's own record says; else it throws. */
export async function verify(proof, record, keys) {
  const { payload } = await jwtVerify(proof, keys, {
    algorithms: ["EdDSA"],
    typ: "countersign-proof+jwt",
    audience: record.app,
    issuer: record.issuer,
    requiredClaims: ["jti", "exp"],
  });
  const expected = {
    mode: record.mode,
    phone: record.phone,
    purpose: record.purpose,
    sid: record.session ? sha256(record.session) : undefined,
    txn: transactionDigest(record.app, record.purpose, record.transaction),
  };
  for (const [name, value] of Object.entries(expected)) {
    if (payload[name] !== value) throw new Error(`the proof's ${name} is not that of the record`);
  }
  return payload;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const [proofFile, recordFile, jwksSource] = process.argv.slice(2);
    const read = (path) => readFile(path, "utf8");
    const isUrl = jwksSource.startsWith("https://") || jwksSource.startsWith("http://localhost:");
    const keys = isUrl ? createRemoteJWKSet(new URL(jwksSource)) : createLocalJWKSet(JSON.parse(await read(jwksSource)));
    const claims = await verify((await read(proofFile)).trim(), JSON.parse(await read(recordFile)), keys);
    console.log(`verified: ${claims.jti}`);
  } catch (reason) {
    console.error(`refused: ${reason.message}`);
    process.exit(1);
  }
}
