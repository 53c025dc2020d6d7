"""Runs README.md's commands as they stand: the five minutes to a proof, and a server of one's own.

    python3 e2e/readme.py COUNTERSIGN_BINARY

Only what a reader has to put in is put in: the address, the id, the code, the proof, and where the program is.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from dev_server import DevServer, clean_up_when_terminated

ROOT = Path(__file__).resolve().parent.parent
PHONE = "+447700900123"


def section(title):
    """The fenced blocks under a heading of the README."""
    text = (ROOT / "README.md").read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"```(?:sh)?\n(.*?)```", text, re.DOTALL)


def shell(script, folder, **variables):
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, f"exit {ran.returncode}: {ran.stdout}{ran.stderr}"
    return ran.stdout


def five_minutes(binary):
    blocks = section("Five minutes to your first proof")
    assert len(blocks) == 3, "start, check and redeem"
    with DevServer(binary) as server, tempfile.TemporaryDirectory() as folder:
        # The server keeps its data elsewhere than README's, and listens on a free port.
        (Path(folder) / "countersign-data").symlink_to(server.data_dir)
        start = blocks[0].replace("http://localhost:8080", server.base_url)
        assert start != blocks[0], "README names the default address"
        settings = "\n".join(line for line in start.splitlines() if re.match(r"[A-Z]+=", line)) + "\n"
        started = json.loads(shell(start, folder))
        assert started["status"] == "pending", started
        code = server.shop.code_on_phone(PHONE)
        checked = json.loads(shell(settings + blocks[1], folder, ID=started["id"], CODE=code))
        assert checked["result"] == "approved", checked
        redeemed = json.loads(shell(settings + blocks[2], folder, PROOF=checked["proof"]))
        assert redeemed["result"] == "redeemed", redeemed
        again = json.loads(shell(settings + blocks[2], folder, PROOF=checked["proof"]))
        assert again["code"] == "already_redeemed", again


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(url, server):
    for _ in range(300):
        try:
            return urllib.request.urlopen(f"{url}/readyz", timeout=5).read()
        except (urllib.error.URLError, ConnectionError):
            assert server.poll() is None, f"serve ended: {server.communicate()[0]}"
            time.sleep(0.1)
    raise AssertionError("serve is not ready after 30 seconds")


def running_it(binary):
    (block,) = section("Running it")
    commands = [line.split("  #")[0].strip() for line in block.strip().splitlines()]
    words = [command.split()[1] for command in commands]
    assert words == ["check-config", "serve", "app", "key"], words
    with tempfile.TemporaryDirectory() as folder:
        url = f"http://127.0.0.1:{free_port()}"
        (Path(folder) / "countersign.toml").write_text((ROOT / "countersign.example.toml").read_text())
        (Path(folder) / "countersign").symlink_to(Path(binary).resolve())
        variables = {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "COUNTERSIGN__SERVER__DATA_DIR": f"{folder}/data",
            "COUNTERSIGN__SERVER__LISTEN": url.removeprefix("http://"),
        }
        check_config, serve, app_create, key_create = commands
        shell(check_config, folder, **variables)
        server = subprocess.Popen(
            serve.split(), cwd=folder, env=os.environ | variables, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        try:
            wait_until_ready(url, server)
            app = re.search(r"app_\w{26}", shell(app_create, folder, **variables)).group()
            key = re.search(r"cs_live_\w+", shell(key_create.replace("app_…", app), folder, **variables)).group()
            request = urllib.request.Request(f"{url}/v1/verifications", headers={"Authorization": f"Bearer {key}"})
            assert json.load(urllib.request.urlopen(request, timeout=10))["data"] == []
        finally:
            server.send_signal(signal.SIGTERM)
            output, _ = server.communicate(timeout=30)
        assert server.returncode == 0, f"serve ended with {server.returncode}: {output}"
        assert key not in output, "the key is in the log"


def main(binary):
    clean_up_when_terminated()
    passed = failed = 0
    for test in (five_minutes, running_it):
        try:
            test(binary)
            passed += 1
        except Exception as reason:
            failed += 1
            print(f"FAILED {test.__name__}: {reason!r}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
