"""A cairnd under test: its configuration, its life, and what it may not leave behind."""
import contextlib
import copy
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import time

import dns.message
import dns.query
import dns.rdatatype
import yaml

START_SECONDS = 10
# Contracted are 2 s; sanitizers slow everything down, and the leak check runs at the end.
STOP_SECONDS = 10
SANITIZER_EXIT = 99
CACHE_FAULT_EXIT = 86
ENVIRONMENT = {
    # The quarantine is kept small, as some tests watch the memory.
    "ASAN_OPTIONS": f"exitcode={SANITIZER_EXIT}:detect_stack_use_after_return=1:quarantine_size_mb=8",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": f"exitcode={SANITIZER_EXIT}:second_deadlock_stack=1",
    "LSAN_OPTIONS": f"exitcode={SANITIZER_EXIT}",
}
REPORT = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|[Aa]ssertion .* failed")


class DaemonError(AssertionError):
    pass


def merge(base, changes):
    """A copy of `base` in which the nested mappings of `changes` are merged."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        else:
            result[key] = value
    return result


class Cairnd:
    """One daemon in a directory of its own. Restarting keeps the directory, so its cache and state live on."""

    def __init__(self, program, directory, configuration, address, port):
        self.program, self.directory = pathlib.Path(program).absolute(), pathlib.Path(directory)
        self.address, self.port = address, port
        self.process = None
        self.log_path = self.directory / "cairnd.log"
        self.config_path = self.directory / "cairn.yaml"
        self.socket_path = self.directory / "control.sock"
        self.configuration = merge({
            "server": {"listen": [f"{address}@{port}"], "user": "", "state": "state", "workers": 2},
            "cache": {"directory": "cache"},
            "control": {"socket": "control.sock"},
            "dnssec": {"validation": False},  # most networks under test have no signed root
        }, configuration)
        self.write_configuration()

    def write_configuration(self, changes=None):
        self.configuration = merge(self.configuration, changes or {})
        self.config_path.write_text(yaml.safe_dump(self.configuration, sort_keys=False))

    # ---- life

    def start(self, wait=True):
        assert self.process is None
        with open(self.log_path, "ab") as log:
            self.log_start = log.tell()
            self.process = subprocess.Popen([self.program, "--config", "cairn.yaml"], cwd=self.directory, stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, env={**os.environ, **ENVIRONMENT})
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=START_SECONDS):
        query = dns.message.make_query("localhost.", "A", use_edns=False)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise DaemonError(f"cairnd ended at once with {self.process.returncode}:\n{self.log()}")
            with contextlib.suppress(OSError, dns.exception.DNSException):
                return dns.query.udp(query, self.address, port=self.port, timeout=0.2)
            time.sleep(0.01)
        raise DaemonError(f"cairnd does not answer after {seconds} s:\n{self.log()}")

    def stop(self):
        """Stops it as a service manager would; a slow end, a bad exit code or a sanitizer's report is a failure."""
        if self.process is None:
            return
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise DaemonError(f"cairnd did not stop within {STOP_SECONDS} s of SIGTERM:\n{self.log()}") from None
        self.check_log()
        if code != 0:
            raise DaemonError(f"cairnd ended with {code}:\n{self.log()}")

    def kill(self):
        process, self.process = self.process, None
        process.kill()
        process.wait()
        self.check_log()

    def wait_end(self, seconds=STOP_SECONDS):
        """Its exit code, once it has ended by itself."""
        process, self.process = self.process, None
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise DaemonError(f"cairnd is alive, but should have ended:\n{self.log()}") from None
        self.check_log()
        return code

    def restart(self):
        self.stop()
        return self.start()

    def log(self):
        """What it said since its last start."""
        return self.log_path.read_bytes()[self.log_start:].decode(errors="replace")[-8000:]

    def check_log(self):
        found = REPORT.search(self.log_path.read_text(errors="replace"))
        if found:
            text = self.log_path.read_text(errors="replace")
            raise DaemonError(f"report in cairnd's log:\n{text[max(0, found.start() - 200):][:6000]}")

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def proc(self, name):
        """What the system says of the process."""
        return pathlib.Path(f"/proc/{self.process.pid}/{name}").read_text()

    def memory(self):
        """Resident octets."""
        return int(re.search(r"VmRSS:\s+(\d+)", self.proc("status"))[1]) * 1024

    def descriptors(self):
        """What each open file descriptor stands for, as far as it still does."""
        found = []
        for link in pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.append(str(link.readlink()))
        return found

    # ---- asking

    @staticmethod
    def query(name, rdtype="A", rd=True, **options):
        """A query as a message; options as for dns.message.make_query."""
        query = dns.message.make_query(name, rdtype, **options)
        if not rd:
            query.flags &= ~0x0100
        return query

    def ask(self, name, rdtype="A", tcp=False, timeout=5, source=None, **options):
        """Asks over UDP, again over TCP when truncated, or over TCP at once."""
        query = self.query(name, rdtype, **options)
        if tcp:
            return dns.query.tcp(query, self.address, port=self.port, timeout=timeout, source=source)
        return dns.query.udp_with_fallback(query, self.address, port=self.port, timeout=timeout, source=source)[0]

    def ask_udp(self, name, rdtype="A", timeout=5, source=None, **options):
        return dns.query.udp(self.query(name, rdtype, **options), self.address, port=self.port, timeout=timeout,
                             source=source)

    def exchange(self, wire, timeout=3):
        """Sends a datagram as it is; the reply as it came."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(timeout)
            sock.connect((self.address, self.port))
            sock.send(wire)
            return sock.recv(65535)

    def exchange_many(self, wires, timeout=10):
        """Sends datagrams at once, each from a socket of its own; their replies in the same order, None for silence."""
        replies, sockets, poll = [], {}, select.poll()
        for wire in wires:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.connect((self.address, self.port))
            sock.send(wire)
            sockets[sock.fileno()] = (sock, len(replies))
            poll.register(sock, select.POLLIN)
            replies.append(None)
        deadline = time.monotonic() + timeout
        while sockets and time.monotonic() < deadline:
            for number, _ in poll.poll(50):
                sock, at = sockets.pop(number)
                replies[at] = sock.recv(65535)
                poll.unregister(number)
                sock.close()
        for sock, _ in sockets.values():
            sock.close()
        return replies

    def connect(self, timeout=5):
        return socket.create_connection((self.address, self.port), timeout=timeout)

    # ---- control

    def ctl(self, *arguments, check=True):
        """Runs cairnctl against this daemon; returns the finished process."""
        program = self.program.with_name("cairnctl")
        done = subprocess.run([program, "--socket", str(self.socket_path), *arguments], capture_output=True, text=True,
                              timeout=20, env={**os.environ, **ENVIRONMENT, "NO_COLOR": "1"})
        if REPORT.search(done.stderr):
            raise DaemonError(f"report of cairnctl:\n{done.stderr}")
        if check and done.returncode != 0:
            raise DaemonError(f"cairnctl {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
        return done

    def ctl_json(self, *arguments):
        return json.loads(self.ctl("--json", *arguments).stdout)


def records(section):
    """The RRsets of a section for comparison: names in lower case, no TTLs, no order."""
    return {(rrset.name.to_text().lower(), dns.rdatatype.to_text(rrset.rdtype), rdata.to_text().lower())
            for rrset in section for rdata in rrset}
