"""Jasmin between Countersign and a service centre:  python e2e/jasmin/run.py COUNTERSIGN SMSC

The Python is one that has Jasmin; Redis and Erlang are on the PATH, and RABBITMQ_FOLDER is where RabbitMQ is unpacked.

By its HTTP API (our definition `jasmin`, with receipts) and by its SMPP server (our client). Then both, and a Countersign
without Jasmin, lose the service centre and get it back; and the client loses Jasmin and gets it back. Three to seven
minutes, most of them waiting for Jasmin. `./test jasmin` installs what it needs and runs it.
"""

import contextlib
import datetime
import json
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
from services import SMSC_PASSWORD, SYSTEM_ID, Console, Jasmin, RabbitMQ, Redis, Service, ServiceCenter, free_ports, wait_for

LOCALES = ["en", "fr", "ar", "hi", "zh"]
MESSAGES = 40
# Messages a second by each way while something is killed.
PACE = 5
# The bar: messages flow again so soon after a peer's return.
RETURN_S = 5
PATIENCE_S = 30
# Jasmin waits 120 s for an answer that was lost with its connection, and for as long before it tries again.
JASMIN_PATIENCE_S = 300
TOKEN = "Zk3x&9v=2mP+7sWd"

results = {"passed": 0, "failed": 0}


def check(name, right, why=""):
    results["passed" if right else "failed"] += 1
    print("ok     " if right else "FAILED ", name, "" if right else why, flush=True)


def seen(what):
    print("seen   ", what, flush=True)


class Countersign(Service):
    """One server with one provider, one app and one key."""

    def __init__(self, folder, name, binary, kind, provider):
        super().__init__(folder, name)
        self.binary = binary
        [port] = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self.config = self.folder / "countersign.toml"
        self.private(self.folder / "provider.toml", provider)
        self.private(
            self.config,
            f'[server]\nlisten = "127.0.0.1:{port}"\npublic_url = "{self.url}"\ndata_dir = "{self.folder}/data"\n\n'
            f'[keys]\nfile = "{self.folder}/keys.json"\n\n[log]\nlevel = "info"\nformat = "json"\n\n'
            f'[[providers]]\nname = "carrier"\nkind = "{kind}"\nfile = "provider.toml"\n',
        )
        self.private(self.folder / "policy.json", json.dumps({"countries": ["GB"], "daily_messages": 100_000}))
        self.app = self.cli("app", "create", "--name", "Drill", "--brand", "Drill", "--policy", self.folder / "policy.json")
        self.key = self.cli("key", "create", "--app", self.app, "--mode", "live", "--scope", "server")

    @staticmethod
    def private(path, text):
        path.touch(mode=0o600)
        path.write_text(text)

    def cli(self, *arguments):
        command = [self.binary, "--config", self.config, *arguments]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise RuntimeError(f"countersign {arguments[0]}: {done.stderr}")
        return done.stdout.strip()

    def start(self):
        self.run([self.binary, "--config", self.config, "serve"])
        self.until("serves", lambda: "countersign serves" in self.log.read_text())

    def call(self, path, body=None):
        request = urllib.request.Request(
            self.url + path,
            method="GET" if body is None else "POST",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def send(self, phone, locale="en"):
        body = {"to": phone, "purpose": "login", "session": "session", "locale": locale}
        return self.call("/v1/verifications", body)["id"]

    def events(self, verification, kind):
        timeline = self.call(f"/v1/verifications/{verification}/timeline")["data"]
        return [event for event in timeline if event["type"] == kind]


class Phones:
    """British mobile numbers, each once."""

    next = 447_100_000_000

    @classmethod
    def take(cls):
        cls.next += 1
        return f"+{cls.next}"


def journal(center):
    """What the service centre got: phone, text, and when, in seconds."""
    lines = center.journal.read_text().splitlines()
    entries = (json.loads(line) for line in lines)
    return [(entry["to"], entry["text"], entry["begun_ms"] / 1000) for entry in entries]


def final_receipt(server, verification):
    """What the carrier said in the end, or nothing yet."""
    said = (receipt["data"]["status"] for receipt in server.events(verification, "delivery.receipt"))
    return next((status for status in said if status != "buffered"), None)


def without_code(text):
    return re.sub(r"\d{6}", "######", text)


def carries(name, server, center, direct_texts):
    """Codes arrive, as they were written; receipts find their messages; each comes once."""
    sent = [(Phones.take(), locale) for locale in LOCALES * (MESSAGES // len(LOCALES))]
    ids = {phone: server.send(phone, locale) for phone, locale in sent}
    with contextlib.suppress(RuntimeError):
        wait_for("receipts", lambda: all(final_receipt(server, verification) for verification in ids.values()), PATIENCE_S)
    receipts = [final_receipt(server, verification) for verification in ids.values()]
    accepted = sum(bool(server.events(verification, "delivery.accepted")) for verification in ids.values())
    delivered = receipts.count("delivered")
    texts = {}
    for phone, text, _ in journal(center):
        if phone in ids:
            texts.setdefault(phone, []).append(text)
    approved = 0
    for phone, verification in ids.items():
        code = re.search(r"(?<!\d)\d{6}(?!\d)", "".join(texts.get(phone, [])))
        if code:
            approved += server.call(f"/v1/verifications/{verification}/check", {"code": code[0]})["result"] == "approved"
    submissions = sum(len(copies) for copies in texts.values())
    seen(f"{name}: {accepted} accepted, {submissions} at the service centre, {delivered} receipts matched, {approved} approved of {len(ids)}")
    check(f"{name}: every message is accepted", accepted == len(ids), accepted)
    check(f"{name}: every message arrives once", submissions == len(ids) == len(texts), submissions)
    check(f"{name}: every receipt finds its message", delivered == len(ids), receipts)
    check(f"{name}: every code is the right one", approved == len(ids), approved)
    for phone, locale in sent[: len(LOCALES)]:
        text = without_code("".join(texts.get(phone, [])))
        expected = direct_texts.setdefault(locale, text)
        check(f"{name}: {locale} arrives as written", text == expected and text, (text, expected))


def verdicts(name, servers, jasmin, center, options, expected):
    """What comes back when the service centre refuses, or says later that it failed."""
    center.stop()
    center.start(*options)
    bound_again(jasmin)
    for way, server in servers.items():
        verification = server.send(Phones.take())
        with contextlib.suppress(RuntimeError):
            wait_for("receipt", lambda: final_receipt(server, verification), 15)
        status = final_receipt(server, verification)
        seen(f"{way}: {name}: the receipt says {status}")
        if expected[way]:
            check(f"{way}: {name}", status == expected[way], server.events(verification, "delivery.receipt"))


def bound_again(jasmin):
    console = Console(jasmin.console_port)
    jasmin.until("is bound again", lambda: "BOUND_TRX" in console.say("smppccm --list"))
    console.close()


class Traffic:
    """Starts verifications by several servers at a steady pace until it is told to stop."""

    def __init__(self, servers):
        self.sent = {name: {} for name in servers}
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.send, args=[name, server]) for name, server in servers.items()]
        for thread in self.threads:
            thread.start()

    def send(self, name, server):
        while not self.over.wait(1 / PACE):
            phone = Phones.take()
            self.sent[name][phone] = server.send(phone)

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def center_returns(servers, center):
    """The service centre is killed under traffic and comes back three seconds later."""
    traffic = Traffic(servers)
    time.sleep(3)
    center.kill()
    time.sleep(3)
    center.start()
    returned = time.time()
    time.sleep(RETURN_S + 1)
    traffic.stop()
    for name, server in servers.items():
        phones = traffic.sent[name]

        def arrived():
            return [(phone, at) for phone, _, at in journal(center) if phone in phones]

        def again():
            return [at - returned for _, at in arrived() if at >= returned]

        patience_s = RETURN_S if name == "direct" else JASMIN_PATIENCE_S
        with contextlib.suppress(RuntimeError):
            wait_for("flows again", again, patience_s)
        first = min(again(), default=None)
        with contextlib.suppress(RuntimeError):
            wait_for("all arrive", lambda: {phone for phone, _ in arrived()} == set(phones), PATIENCE_S)
        all_of_them = arrived()
        twice = len(all_of_them) - len({phone for phone, _ in all_of_them})
        last = max((at for _, at in all_of_them), default=returned) - returned
        unknown = sum(bool(server.events(verification, "delivery.unknown")) for verification in phones.values())
        said = "never" if first is None else f"after {first:.1f} s, the last one after {last:.1f} s"
        seen(
            f"{name}: the service centre was killed and returned: messages flow again {said}; "
            f"{len(phones)} started, {len({phone for phone, _ in all_of_them})} arrived, {twice} twice, {unknown} unknown"
        )
        if name == "direct":
            check("direct: messages flow again within 5 s of the return", first is not None and first <= RETURN_S, first)
            check("direct: each arrives, and twice only when unknown", len(all_of_them) >= len(phones) - unknown and twice <= unknown)


def jasmin_returns(server, jasmin):
    """Jasmin is killed under traffic and comes back."""
    traffic = Traffic({"smpp": server})
    time.sleep(2)
    jasmin.kill()
    time.sleep(2)
    jasmin.start()
    returned = time.time()
    time.sleep(RETURN_S + 1)
    traffic.stop()
    accepted = []
    for verification in traffic.sent["smpp"].values():
        for event in server.events(verification, "delivery.accepted"):
            accepted.append(instant(event["at"]) - returned)
    first = min((after for after in accepted if after > 0), default=None)
    seen(f"smpp: Jasmin was killed and returned: it accepts messages again {first if first is None else round(first, 1)} s after it listens")
    check("smpp: messages flow to Jasmin within 5 s of its return", first is not None and first <= RETURN_S, accepted)


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def declared(jasmin, password=Jasmin.PASSWORD):
    return (
        f'definition = "jasmin"\nsender = "Shop"\n\n[setting]\nbase = "http://127.0.0.1:{jasmin.http_port}"\nuser = "{Jasmin.USER}"\n\n'
        f'[secret]\npassword = "{password}"\ncallback_token = "{TOKEN}"\n'
    )


def account(port, system_id, password):
    return f'host = "127.0.0.1"\nport = {port}\nsystem_id = "{system_id}"\npassword = "{password}"\nsender = "Shop"\n'


def refusals(folder, binary, jasmin):
    """What Jasmin refuses, and what the operator is told."""
    by_http = Countersign(folder, "http-stranger", binary, "declared", declared(jasmin, "wrong"))
    by_smpp = Countersign(folder, "smpp-stranger", binary, "smpp", account(jasmin.smpp_port, Jasmin.USER, "wrong"))
    with contextlib.ExitStack() as stack:
        for server in (by_http, by_smpp):
            stack.callback(server.stop)
            server.start()
        by_http.send(Phones.take())
        told = "a provider refuses whatever is sent"
        with contextlib.suppress(RuntimeError):
            wait_for(told, lambda: told in by_http.log.read_text(), 10)
        check("http: a wrong password calls the operator", told in by_http.log.read_text(), by_http.log.read_text()[-500:])
        told = "refused for its credentials"
        with contextlib.suppress(RuntimeError):
            wait_for(told, lambda: told in by_smpp.log.read_text(), 10)
        check("smpp: a wrong password stops the bind", told in by_smpp.log.read_text(), by_smpp.log.read_text()[-500:])


def without_route(servers, jasmin):
    jasmin.no_route()
    for name, server in servers.items():
        verification = server.send(Phones.take())
        with contextlib.suppress(RuntimeError):
            wait_for("refused", lambda: server.events(verification, "delivery.failed") or server.events(verification, "delivery.retrying"), 10)
        events = server.events(verification, "delivery.failed") + server.events(verification, "delivery.retrying")
        seen(f"{name}: no route: {[(event['type'], event['data'].get('reason')) for event in events]}")
        check(f"{name}: a number that Jasmin has no route for is refused", bool(events))


def drill(folder, binary, program, stack):
    def started(service, *options):
        stack.callback(service.stop)
        service.start(*options)
        return service

    redis, rabbitmq = started(Redis(folder)), started(RabbitMQ(folder))
    center = started(ServiceCenter(folder, "center", program))
    jasmin = started(Jasmin(folder, redis, rabbitmq, center))
    jasmin.set_up()
    direct = started(Countersign(folder, "direct", binary, "smpp", account(center.port, SYSTEM_ID, SMSC_PASSWORD)))
    by_http = started(Countersign(folder, "http", binary, "declared", declared(jasmin)))
    by_smpp = started(Countersign(folder, "smpp", binary, "smpp", account(jasmin.smpp_port, Jasmin.USER, Jasmin.PASSWORD)))

    texts = {}
    for name, server in [("direct", direct), ("http", by_http), ("smpp", by_smpp)]:
        carries(name, server, center, texts)
    ways = {"http": by_http, "smpp": by_smpp}
    verdicts("undeliverable", ways, jasmin, center, ["--state", "5"], {"http": "failed", "smpp": "failed"})
    verdicts("refused by the service centre", ways, jasmin, center, ["--refuse", "11"], {"http": "failed", "smpp": None})
    refusals(folder, binary, jasmin)
    center.stop()
    center.start()
    bound_again(jasmin)
    jasmin_returns(by_smpp, jasmin)
    bound_again(jasmin)
    center_returns({"direct": direct, "http": by_http, "smpp": by_smpp}, center)
    without_route(ways, jasmin)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    binary, program = (Path(argument).absolute() for argument in sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="countersign-jasmin-") as folder, contextlib.ExitStack() as stack:
        drill(folder, binary, program, stack)
    print(f"{results['passed']} passed, {results['failed']} failed")
    sys.exit(results["failed"] != 0)


if __name__ == "__main__":
    main()
