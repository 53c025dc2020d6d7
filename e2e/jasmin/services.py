"""Jasmin and what it needs, each in a folder of its own, on ports of this machine only, ended by process id."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path

START_TIMEOUT_S = 90
STOP_TIMEOUT_S = 20
SYSTEM_ID, SMSC_PASSWORD = "shop", "secret08"


def free_ports(count):
    """Ports that were free a moment ago."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in held]
    for listener in held:
        listener.close()
    return ports


def wait_for(what, holds, timeout_s=START_TIMEOUT_S):
    """Waits until `holds()` gives something, and gives it."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = holds()
        if found:
            return found
        time.sleep(0.02)
    raise RuntimeError(f"{what}: not within {timeout_s} s")


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class Service:
    """A process with its log; in a session of its own, so that what it starts ends with it."""

    def __init__(self, folder, name):
        self.folder, self.name = Path(folder) / name, name
        self.folder.mkdir()
        self.log = self.folder / f"{name}.log"
        self.process = None

    def run(self, command, **environment):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                cwd=self.folder,
                env={**os.environ, **{name: str(value) for name, value in environment.items()}},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def until(self, what, holds, timeout_s=START_TIMEOUT_S):
        def alive():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended: {self.log.read_text(errors='replace')[-2000:]}")
            return holds()

        return wait_for(f"{self.name}: {what}", alive, timeout_s)

    def end(self, with_signal):
        if self.process and self.process.poll() is None:
            # Its session has the id of its first process.
            os.killpg(self.process.pid, with_signal)
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.process = None

    def kill(self):
        self.end(signal.SIGKILL)

    def stop(self):
        self.end(signal.SIGTERM)


class Redis(Service):
    def __init__(self, folder):
        super().__init__(folder, "redis")
        [self.port] = free_ports(1)

    def start(self):
        here = ["--bind", "127.0.0.1", "--port", self.port, "--dir", self.folder, "--save", "", "--daemonize", "no"]
        self.run(["redis-server", *here])
        self.until("listens", lambda: listens(self.port))


class RabbitMQ(Service):
    """The server's own script: Debian's wrapper wants root or its own user, and this needs neither."""

    def __init__(self, folder):
        super().__init__(folder, "rabbitmq")
        self.port, self.distribution_port, self.names_port = free_ports(3)
        self.names = Service(self.folder, "epmd")

    def start(self):
        # Else Erlang starts one for everybody on this machine, which outlives it.
        self.names.run(["epmd", "-address", "127.0.0.1", "-port", self.names_port])
        self.names.until("listens", lambda: listens(self.names_port))
        configuration = self.folder / "rabbitmq.conf"
        configuration.write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\n")
        (self.folder / "plugins").write_text("[].\n")
        self.run(
            [Path(os.environ["RABBITMQ_FOLDER"]) / "sbin" / "rabbitmq-server"],
            HOME=self.folder,
            ERL_EPMD_PORT=self.names_port,
            RABBITMQ_NODENAME="rabbit@localhost",
            RABBITMQ_DIST_PORT=self.distribution_port,
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}",
            RABBITMQ_CONFIG_FILE=configuration,
            RABBITMQ_CONF_ENV_FILE=self.folder / "none",
            RABBITMQ_ENABLED_PLUGINS_FILE=self.folder / "plugins",
            RABBITMQ_MNESIA_BASE=self.folder / "mnesia",
            RABBITMQ_LOG_BASE=self.folder / "logs",
            RABBITMQ_PID_FILE=self.folder / "pid",
        )
        self.until("listens", lambda: listens(self.port))

    def end(self, with_signal):
        super().end(with_signal)
        self.names.end(with_signal)


class ServiceCenter(Service):
    """Ours, as a process: `countersign_sim`'s `smsc`."""

    def __init__(self, folder, name, program):
        super().__init__(folder, name)
        self.program, self.journal = program, self.folder / "journal"
        [self.port] = free_ports(1)

    def start(self, *options):
        # It ends with its input.
        theirs, self.input = os.pipe()
        with self.log.open("ab") as log:
            command = [self.program, "--listen", f"127.0.0.1:{self.port}", "--journal", self.journal, *options]
            self.process = subprocess.Popen(
                [str(part) for part in command], stdin=theirs, stdout=log, stderr=log, start_new_session=True
            )
        os.close(theirs)
        self.until("listens", lambda: listens(self.port))

    def end(self, with_signal):
        was_started = self.process is not None
        super().end(with_signal)
        if was_started:
            os.close(self.input)


# Jasmin has one lock for the whole machine, in /tmp, and keeps it when it is killed.
DAEMON = """
import runpy, sys, lockfile
own, whole = sys.argv.pop(1), lockfile.FileLock
lockfile.FileLock = lambda path: whole(own)
runpy.run_module("jasmin.bin.jasmind", run_name="__main__")
"""


class Jasmin(Service):
    """Its daemon, with one user and one connector to a service centre."""

    USER, PASSWORD = "shop", "pw&=+ %d"

    def __init__(self, folder, redis, rabbitmq, center):
        super().__init__(folder, "jasmin")
        self.center = center
        self.http_port, self.smpp_port, self.console_port, *others = free_ports(6)
        (self.folder / "etc/jasmin/store").mkdir(parents=True)
        (self.folder / "var/log/jasmin").mkdir(parents=True)
        specification = resources.files("txamqp") / "specs/standard/amqp0-9-1.stripped.xml"
        sections = {
            "jcli": {"bind": "127.0.0.1", "port": self.console_port},
            "http-api": {"bind": "127.0.0.1", "port": self.http_port},
            "smpp-server": {"bind": "127.0.0.1", "port": self.smpp_port},
            "router": {"bind": "127.0.0.1", "port": others[0]},
            "client-management": {"bind": "127.0.0.1", "port": others[1]},
            "smpp-server-pb": {"bind": "127.0.0.1", "port": others[2]},
            "amqp-broker": {"host": "127.0.0.1", "port": rabbitmq.port, "spec": specification},
            "redis-client": {"host": "127.0.0.1", "port": redis.port},
        }
        lines = (f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()) for name, keys in sections.items())
        (self.folder / "jasmin.cfg").write_text("\n".join(lines))

    def start(self):
        lock = self.folder / "lock"
        for left in self.folder.glob("lock*"):
            left.unlink()
        options = ["-c", self.folder / "jasmin.cfg", "-u", "jcliadmin", "-p", "jclipwd"]
        self.run(
            [sys.executable, "-c", DAEMON, lock, *options, "--enable-dlr-lookup", "--enable-dlr-thrower"],
            ROOT_PATH=self.folder,
        )
        for port in [self.console_port, self.http_port, self.smpp_port]:
            self.until("listens", lambda: listens(port))

    def set_up(self):
        """What its manual has in "Sending SMS in 5 minutes"; the throughput, 1/s where nobody says anything, has no limit."""
        console = Console(self.console_port)
        console.form("group -a", "gid shops")
        console.form("user -a", f"username {self.USER}", f"password {self.PASSWORD}", "uid shop", "gid shops")
        connector = {"cid": "center", "host": "127.0.0.1", "port": self.center.port, "username": SYSTEM_ID, "password": SMSC_PASSWORD}
        console.form("smppccm -a", *(f"{key} {value}" for key, value in connector.items()), "submit_throughput 0")
        console.form("mtrouter -a", "type defaultroute", "connector smppc(center)", "rate 0")
        console.say("smppccm -1 center")
        self.until("is bound", lambda: "BOUND_TRX" in console.say("smppccm --list"))
        console.say("persist")
        console.close()

    def no_route(self):
        console = Console(self.console_port)
        console.say("mtrouter -f")
        console.close()


class Console:
    """jCli, by telnet without the telnet."""

    PROMPT = re.compile(rb"(jcli : |> |required\.\s+|Password: )$")

    def __init__(self, port):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.heard()
        self.say("jcliadmin")
        self.say("jclipwd")

    def heard(self):
        octets = b""
        while not self.PROMPT.search(octets):
            more = self.connection.recv(65536)
            if not more:
                raise RuntimeError(f"jCli hung up: {octets!r}")
            # Telnet's own words: three octets each. Escapes colour the prompt.
            octets = re.sub(rb"\xff[\xfb-\xfe].|\x1b\[[0-9;?]*[A-Za-z]|\x1b.", b"", octets + more, flags=re.DOTALL)
        return octets.decode(errors="replace")

    def say(self, line):
        self.connection.sendall(line.encode() + b"\r\n")
        return self.heard()

    def form(self, *lines):
        for line in lines:
            self.say(line)
        answer = self.say("ok")
        if "uccessfully" not in answer:
            raise RuntimeError(f"jCli: {lines[0]}: {answer}")

    def close(self):
        self.connection.close()
