// A `countersign dev` of a test's own, which may be killed and started again on the same port, with the same data.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Countersign } from "./presentations.mjs";

const run = promisify(execFile);

/** How long the program may take until it answers. */
const START_WITHIN_MS = 30_000;
const API = /API +(http:\/\/\S+)\/docs/;
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));

export class OwnServer {
  static async start() {
    const { COUNTERSIGN: binary } = process.env;
    assert.ok(binary, "set COUNTERSIGN to the program");
    const server = new OwnServer();
    server.binary = binary;
    server.folder = await mkdtemp(join(tmpdir(), "countersign-own-"));
    server.data = join(server.folder, "data");
    try {
      await server.launch("127.0.0.1:0");
      const baseURL = await server.says(API);
      server.port = new URL(baseURL).port;
      const app = await server.says(/\(app (app_\w+),/);
      const created = await run(binary, ["key", "create", "--app", app, "--mode", "test", "--scope", "admin"], {
        env: { ...process.env, COUNTERSIGN__SERVER__DATA_DIR: server.data },
      });
      server.countersign = new Countersign(baseURL, created.stdout.match(/cs_test_\w+/)[0], "own-server");
      return server;
    } catch (error) {
      await server.end();
      throw error;
    }
  }

  /** Starts the program. All that it says is read to its end: a full or closed pipe would stop it. */
  async launch(listen) {
    this.output = "";
    this.process = spawn(this.binary, ["dev", "--data-dir", this.data, "--listen", listen], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (this.output += text));
    }
    await once(this.process, "spawn");
  }

  get hasEnded() {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** Waits until this holds, which it never will where the program has ended. */
  async until(holds) {
    const deadline = performance.now() + START_WITHIN_MS;
    for (;;) {
      const { exitCode, signalCode } = this.process;
      if (this.hasEnded) assert.fail(`the program ended (${exitCode ?? signalCode}):\n${this.output}`);
      const found = await holds();
      if (found) return found;
      if (performance.now() > deadline) assert.fail(`the program did not start within ${START_WITHIN_MS / 1000} s:\n${this.output}`);
      await pause();
    }
  }

  /** What the program says there, once it has said it. */
  async says(words) {
    const [, found] = await this.until(() => words.exec(this.output));
    return found;
  }

  /** As a power cut does. */
  async kill() {
    if (this.hasEnded) return;
    const ended = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await ended;
  }

  async startAgain() {
    await this.launch(`127.0.0.1:${this.port}`);
    // First its own words: another program may have taken the port.
    await this.says(API);
    const isReady = ({ ok }) => ok;
    await this.until(() =>
      fetch(`${this.countersign.baseURL}/readyz`, { signal: AbortSignal.timeout(5_000) }).then(isReady, () => false));
  }

  async end() {
    try {
      // There is none to end where it could not be started.
      if (this.process?.pid) await this.kill();
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}
