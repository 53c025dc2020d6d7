"""Schemathesis over the served OpenAPI description: no 5xx and no undocumented answer.

    python3 e2e/api/run.py COUNTERSIGN_BINARY

Two runs against one `countersign dev`: with a key that may only read, and with one that may do everything.
The seed is fixed, so that a failure comes again. SEED=… tries another.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from dev_server import Client, DevServer, clean_up_when_terminated  # noqa: E402

SEED = os.environ.get("SEED", "20261123")
RUN_TIMEOUT_S = 180
LONGEST_LINE = 500
# The shortest wait that a policy may have.
RESEND_WAIT_S = 15
RESENDABLE = 80


class Run:
    """One run of Schemathesis over every operation; its figures are those of its JUnit report."""

    def __init__(self, server, scope, key, resendable=()):
        with tempfile.TemporaryDirectory(prefix="countersign-api-") as folder:
            junit = Path(folder) / "junit.xml"
            environment = os.environ | {
                "COUNTERSIGN_URL": server.base_url,
                "COUNTERSIGN_KEY": key,
                "COUNTERSIGN_EXPECTS": "success" if scope == "admin" else "refusals",
                "COUNTERSIGN_RESENDABLE": " ".join(one["id"] for one in resendable[::2]),
                "COUNTERSIGN_RESENDABLE_SECRETS": " ".join(one["client_secret"] for one in resendable[1::2]),
                "SCHEMATHESIS_HOOKS": "hooks",
                "PYTHONPATH": str(HERE),
            }
            command = [sys.executable, "-m", "schemathesis.cli", "--config-file", HERE / "schemathesis.toml", "run"]
            command += [f"{server.base_url}/openapi.json", "--seed", SEED, "--no-color"]
            command += ["--header", f"Authorization: Bearer {key}", "--report-junit-path", junit]
            ran = subprocess.run(
                command, cwd=folder, env=environment, timeout=RUN_TIMEOUT_S, capture_output=True, text=True
            )
            cases = list(ElementTree.parse(junit).iter("testcase")) if junit.exists() else []
        self.failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
        self.passed = len(cases) - self.failed
        if ran.returncode != 0 or not cases:
            self.failed = max(self.failed, 1)
            # A request of thousands of members would push out what was wrong with it.
            print("\n".join(line[:LONGEST_LINE] for line in ran.stdout.splitlines())[-20000:] + ran.stderr[-5000:])
        generated = re.search(r"[\d,]+ generated", ran.stdout)
        requests = generated.group().removesuffix(" generated") if generated else "no"
        print(f"key of scope {scope}: {len(cases)} operations and run checks, {requests} requests, seed {SEED}")


def start_resendable(shop):
    """Verifications that are old enough for a resend when the second run begins."""
    _, app = shop.api("GET", "/v1/app")
    status, changed = shop.api("PATCH", "/v1/app", {"policy": app["policy"] | {"resend_ladder_s": [RESEND_WAIT_S]}})
    assert status == 200, changed
    bodies = ({"to": f"+447700900{last}", "purpose": "login"} for last in range(1000 - RESENDABLE, 1000))
    return [shop.api("POST", "/v1/verifications", body)[1] for body in bodies]


def main(binary):
    clean_up_when_terminated()
    with DevServer(binary) as server:
        reader, admin = server.create_key("read-only"), server.create_key("admin")
        resendable = start_resendable(Client(server.base_url, admin))
        resendable_at = time.monotonic() + RESEND_WAIT_S
        runs = [Run(server, "read-only", reader)]
        time.sleep(max(0, resendable_at - time.monotonic()))
        runs.append(Run(server, "admin", admin, resendable))
    passed, failed = sum(run.passed for run in runs), sum(run.failed for run in runs)
    complaints = [line for line in server.output if "panic" in line or " ERROR " in line or "status=5" in line]
    if complaints:
        failed += 1
        print("the server logged:\n" + "".join(complaints[:20]))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
