// All that a shop says to Countersign, and how it believes a proof offline. The shop itself is shop.mjs.
import { createHash } from "node:crypto";
import { createRemoteJWKSet, jwtVerify } from "jose";

const { COUNTERSIGN_URL: issuer, COUNTERSIGN_KEY: apiKey } = process.env;
const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
const mode = apiKey.startsWith("cs_live_") ? "live" : "test"; // A test key's proofs are worth nothing to a live one.

/** A refusal whose text the customer is shown. */
export const refusal = (status, text) => Object.assign(new Error(text), { status, text });

async function api(method, path, body, idempotencyKey) {
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
  if (idempotencyKey) headers["idempotency-key"] = idempotencyKey;
  const more = { body: JSON.stringify(body), signal: AbortSignal.timeout(10_000) };
  const response = await fetch(issuer + path, { method, headers, ...more }).catch(() => null);
  if (!response) throw refusal(502, "Try again in a moment"); // Nothing is done twice: the key.
  const answer = await response.json();
  if (!response.ok) throw refusal(409, `Not possible: ${answer.code}`);
  return answer;
}

const { id: app } = await api("GET", "/v1/app"); // The shop's name there. Asked for once; a wrong key shows here.

const bytes = (parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
export const sha256 = (...parts) => createHash("sha256").update(bytes(parts)).digest("base64url");

/** The digest of a transaction that has all of these and no `fields`; the amount counts in the smallest unit. */
function digest(app, purpose, { id, amount, currency, payee }) {
  const texts = [app, purpose, id, String(Number(amount.replace(".", ""))), currency, payee, "0"];
  const length = (text) => Buffer.from(Buffer.byteLength(text).toString(16).padStart(8, "0"), "hex");
  return sha256("countersign/txn/v1", ...texts.flatMap((text) => [length(text), text]));
}

/** The claims of a proof that is genuine and says what the shop's own record says. Offline, but for new keys. */
async function verify(proof, { to, purpose, session, transaction }) {
  const expected = { algorithms: ["EdDSA"], typ: "countersign-proof+jwt", issuer, audience: app };
  const disbelieve = ({ message }) => { throw refusal(409, `This proof is not believed: ${message}`); };
  const { payload } = await jwtVerify(proof, keys, { ...expected, requiredClaims: ["jti", "exp"] }).catch(disbelieve);
  const own = { mode, phone: to, purpose, sid: sha256(session), txn: digest(app, purpose, transaction) };
  for (const [name, value] of Object.entries(own)) {
    if (payload[name] !== value) throw refusal(409, `This is not what you approved: ${name}`);
  }
  return payload;
}

/** Starts it, once for each key of `pending`: the address of the page to which the customer goes. */
export async function begin(pending, own, returnUrl) {
  const presentation = { mode: "page", return_url: returnUrl, state: pending.state };
  const { id, url } = await api("POST", "/v1/verifications", { ...own, presentation }, pending.key);
  pending.id = id;
  return url;
}

/** After the return: the claims of the proof, which says what the shop's `own` record says and is redeemed now. */
export async function settle(pending, own) {
  const { status, proof } = await api("GET", `/v1/verifications/${pending.id}`);
  pending.proof ??= proof; // Kept: where the answer of the redemption is lost, a reload asks for that same one again.
  if (!pending.proof) throw refusal(409, `Not approved: ${status === "approved" ? "used up" : status}`);
  const claims = await verify(pending.proof, own);
  await api("POST", "/v1/proofs/redeem", { proof: pending.proof, ...own }, `redeem-${pending.id}`);
  return claims;
}
