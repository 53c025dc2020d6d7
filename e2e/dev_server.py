"""A `countersign dev` of its own, on a free port and in a folder that goes away with it.

As a program it runs a command beside such a server, whose address it puts into BASE_URL, and the admin key of an app
of the command's own into API_KEY:

    python3 e2e/dev_server.py COUNTERSIGN_BINARY COMMAND [ARGUMENT…]
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 20


def clean_up_when_terminated():
    """Makes SIGTERM an exit like any other: servers are stopped, folders removed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


class Client:
    """A shop's server, and the customer's eyes on the simulated phone."""

    def __init__(self, base_url, key):
        self.base_url, self.key = base_url, key

    def api(self, method, path, body=None):
        """One request to the API; the status and the JSON of the answer."""
        request = urllib.request.Request(
            f"{self.base_url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    def code_on_phone(self, number, origin_host=None):
        """The code of the newest message on a simulated phone.

        With an origin it is read from the last line, as a browser's autofill does; else from the text, as people do.
        """
        if origin_host:
            pattern = re.compile(rf'class="machine"[^>]*>@{re.escape(origin_host)} #(\w+)<')
        else:
            pattern = re.compile(r'class="bubble".*?\b(\d{6})\b', re.DOTALL)
        inbox = f"{self.base_url}/phone/{number.lstrip('+')}"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            page = urllib.request.urlopen(inbox, timeout=10).read().decode()
            found = pattern.search(page)  # The newest message stands first.
            if found:
                return found.group(1)
            time.sleep(0.05)
        raise RuntimeError("no code arrived on the simulated phone")


class DevServer:
    """Starts the server on entry and stops it on exit; a server that does not end well is a fault."""

    def __init__(self, binary):
        self.binary = binary
        self.output = []

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="countersign-test-")
        self.data_dir = Path(self.folder.name) / "data"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERSIGN__")}
        self.process = subprocess.Popen(
            [self.binary, "dev", "--data-dir", self.data_dir, "--listen", "127.0.0.1:0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self.base_url = self._greeting(r"API +(http://\S+)/docs")
            self.app = self._greeting(r"\(app (app_\w+),")
            self._wait_until_ready()
            self.shop = Client(self.base_url, (self.data_dir / "dev-api-key").read_text().strip())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *failure):
        alive = self.process.poll() is None
        status = self._end()
        if not any(failure) and not (alive and status == 0):
            raise RuntimeError(f"the server ended with status {status}:\n{''.join(self.output)}")

    def create_key(self, scope, app=None):
        """A test key made at the command line, which speaks to the running server."""
        made = self._command("key", "create", "--app", app or self.app, "--mode", "test", "--scope", scope)
        return re.search(r"cs_test_\w+", made).group()

    def create_app(self):
        """An app that sets what it likes, such as origins, without taking them from the demo shop; else like the shop's."""
        shown = json.loads(self._command("app", "show", self.app))
        policy = Path(self.folder.name) / "policy.json"
        policy.write_text(json.dumps(shown["policy"]))
        made = self._command("app", "create", "--name", "Tests", "--brand", shown["brand"], "--policy", policy)
        return re.search(r"app_\w+", made).group()

    def _command(self, *arguments):
        environment = os.environ | {"COUNTERSIGN__SERVER__DATA_DIR": str(self.data_dir)}
        command = [self.binary, *arguments]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=30)
        return ran.stdout

    def _end(self):
        try:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGINT)
            return self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self.folder.cleanup()

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line)

    def _greeting(self, pattern):
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            found = re.search(pattern, "".join(self.output))
            if found:
                return found.group(1)
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"the server did not start:\n{''.join(self.output)}")

    def _wait_until_ready(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                return urllib.request.urlopen(f"{self.base_url}/readyz", timeout=5).read()
            except urllib.error.URLError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def main():
    clean_up_when_terminated()
    binary, *command = sys.argv[1:]
    with DevServer(binary) as server:
        own = {
            "BASE_URL": server.base_url,
            "API_KEY": server.create_key("admin", server.create_app()),
            "COUNTERSIGN": str(Path(binary).resolve()),
        }
        return subprocess.call(command, env=os.environ | own)


if __name__ == "__main__":
    sys.exit(main())
