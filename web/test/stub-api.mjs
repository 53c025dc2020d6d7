// A STUB of Countersign's browser face, for these tests only: it keeps a few verifications in memory, answers as the
// real server does, and can be told to be slow, busy or dead. The real server meets the element in e2e/.

import { randomBytes, scryptSync } from "node:crypto";

const DEFAULTS = {
  code: "123456",
  state: "pending",
  purpose: "login",
  shop: "Lantern Row",
  to: "+44•••••••123",
  channel: "sms",
  length: 6,
  alphabet: "numeric",
  locale: "en",
  attempts: 5,
  expiresInS: 600,
  resendInS: 30,
  usuallyWithinS: 12,
  channels: ["voice"],
};

class Problem extends Error {
  constructor(status, code, more = {}) {
    super(code);
    this.status = status;
    this.body = { type: `https://example.test/${code}`, title: code, status, code, ...more };
  }
}

export class StubApi {
  #bySecret = new Map();
  /** `(path, nth) => "dead" | "busy" | { delayMs }`: what befalls a request. */
  fate = () => undefined;
  /** Answers are lost on the way: the work is done, the connection breaks. */
  loseAnswers = false;
  /** Each request: method, path, body, headers. */
  requests = [];

  /** Starts a verification; the tests hold its record and may change it. */
  start(wishes = {}) {
    const verification = { ...DEFAULTS, ...wishes };
    const now = Date.now();
    verification.secret = `cvs_${randomBytes(12).toString("base64url")}`;
    verification.id = `ver_${randomBytes(8).toString("hex")}`;
    verification.expiresAt = now + verification.expiresInS * 1000;
    verification.resendAt = verification.resendInS === null ? null : now + verification.resendInS * 1000;
    verification.sent = 1;
    verification.checks = 0;
    verification.answers = new Map();
    this.#bySecret.set(verification.secret, verification);
    return verification;
  }

  forget(verification) {
    this.#bySecret.delete(verification.secret);
  }

  counted(path, method = "POST") {
    return this.requests.filter((request) => request.path === path && request.method === method).length;
  }

  /** The funnel's steps, in their order. */
  get steps() {
    return this.requests.filter(({ path }) => path === "/funnel").map(({ body }) => body.step);
  }

  async handle(request, response, path, origin) {
    const cors = {
      // On a connection that was used before, Chromium itself repeats a request that got no answer.
      Connection: "close",
      "Access-Control-Allow-Origin": origin,
      "Access-Control-Allow-Headers": "authorization, content-type, idempotency-key",
      Vary: "Origin",
    };
    if (request.method === "OPTIONS") return response.writeHead(204, cors).end();
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const body = text ? JSON.parse(text) : undefined;
    this.requests.push({ method: request.method, path, body, headers: request.headers });
    const fate = this.fate(path, this.counted(path, request.method)) ?? {};
    if (fate === "dead") return response.destroy();
    if (fate.delayMs) await new Promise((resolve) => setTimeout(resolve, fate.delayMs));
    let status = 200;
    let answer;
    try {
      if (fate === "busy") throw new Problem(503, "busy");
      answer = this.#answer(request, path, body);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      ({ status, body: answer } = error);
    }
    if (this.loseAnswers) return response.destroy();
    if (answer === undefined) return response.writeHead(204, cors).end();
    const type = status < 400 ? "application/json" : "application/problem+json";
    response.writeHead(status, { ...cors, "Content-Type": type }).end(JSON.stringify(answer));
  }

  #answer(request, path, body) {
    const [, secret] = /^Bearer (.+)$/.exec(request.headers.authorization ?? "") ?? [];
    const verification = this.#bySecret.get(secret);
    if (!verification) throw new Problem(401, "unauthorized");
    if (Date.now() >= verification.expiresAt && verification.state === "pending") verification.state = "expired";
    switch (`${request.method} ${path}`) {
      case "GET ":
        return this.#see(verification);
      case "POST /challenge":
        return this.#solve(verification, body);
      case "POST /check":
        return this.#check(verification, body, request.headers["idempotency-key"]);
      case "POST /resend":
        return this.#resend(verification, body);
      case "POST /report":
        if (verification.state === "pending") verification.state = "denied";
        return this.#see(verification);
      case "POST /funnel":
        return undefined;
      default:
        throw new Problem(404, "not_found");
    }
  }

  #see(verification) {
    if (!verification.seen) {
      // The times begin when the page first asks, however slowly it was loaded.
      verification.seen = true;
      verification.expiresAt = Date.now() + verification.expiresInS * 1000;
      if (verification.resendAt !== null) verification.resendAt = Date.now() + verification.resendInS * 1000;
    }
    const leftS = (time) => Math.max(0, Math.ceil((time - Date.now()) / 1000));
    const { id, state, purpose, shop, to, channel, locale, transaction, channels, length, alphabet } = verification;
    return {
      id, state, purpose, shop, to, channel, locale, transaction, channels, challenge: verification.challenge,
      code: { length, alphabet },
      expires_in_s: leftS(verification.expiresAt),
      resend_in_s: verification.resendAt === null ? null : leftS(verification.resendAt),
      usually_within_s: verification.usuallyWithinS,
    };
  }

  #solve(verification, { solution } = {}) {
    const { n, r, p, salt, zero_bits: wanted } = verification.challenge;
    const hash = scryptSync(solution, salt, 32, { N: n, r, p });
    if (Math.clz32(hash.readUInt32BE(0)) < wanted) throw new Problem(422, "challenge_failed");
    verification.challenge = undefined;
    verification.state = "pending";
    return this.#see(verification);
  }

  #check(verification, { code } = {}, attempt) {
    if (attempt && verification.answers.has(attempt)) return verification.answers.get(attempt);
    if (typeof code !== "string" || code === "") throw new Problem(422, "invalid_request", { pointer: "/code" });
    const payment = verification.purpose === "payment";
    let result = verification.state;
    if (verification.state === "pending") {
      verification.checks += 1;
      if (!verification.exhausted && code === verification.code) result = verification.state = "approved";
      else result = code === verification.olderCode ? "superseded" : "incorrect";
      if (result !== "approved" && verification.checks >= verification.attempts) {
        verification.exhausted = true;
        if (!payment) result = verification.state = "exhausted";
      }
    }
    const left = verification.attempts - verification.checks;
    const told = payment ? left === 2 || left === 1 : left > 0;
    const answer = {
      state: verification.state,
      result: payment && result !== "approved" ? "not_approved" : result,
      ...(told && result !== "approved" && { attempts_left: left }),
    };
    if (attempt) verification.answers.set(attempt, answer);
    return answer;
  }

  #resend(verification, { channel } = {}) {
    const wait = verification.resendAt === null ? undefined : Math.ceil((verification.resendAt - Date.now()) / 1000);
    if (verification.resendAt === null || wait > 0) throw new Problem(409, "not_now", wait && { retry_after_s: wait });
    verification.sent += 1;
    verification.channel = channel ?? verification.channel;
    verification.resendAt = Date.now() + 45_000;
    return this.#see(verification);
  }
}
