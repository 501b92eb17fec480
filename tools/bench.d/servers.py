"""The servers that are compared: how each is configured and started. All get one thread, one core, IPv4, the same cache
size, no validation, no query name minimisation, no logging of queries; everything else is their default."""
import pathlib
import random
import re
import shutil
import socket
import struct
import subprocess
import time

import machine

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELEASE = ROOT / "build" / "release"
ADDRESS, PORT = "127.0.0.1", 5300
DEFAULTS = {"address": ADDRESS, "port": PORT, "cache_mib": 512, "workers": 1, "validation": "false",
            "anchors": "builtin", "kresd_anchor": "trust_anchors.remove('.')", "zones": "[]", "priming": "true"}

UNBOUND = """server:
  interface: {address}@{port}
  access-control: 127.0.0.0/8 allow
  do-ip6: no
  num-threads: 1
  module-config: "iterator"
  qname-minimisation: no
  root-hints: "{dir}/root.hints"
  msg-cache-size: {message_mib}m
  rrset-cache-size: {rrset_mib}m
  incoming-num-tcp: 128
  outgoing-range: 4096
  num-queries-per-thread: 2048
  so-rcvbuf: 4m
  so-sndbuf: 4m
  directory: "{dir}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: "{dir}/log"
  verbosity: 0
  do-daemonize: no
remote-control:
  control-enable: no
"""

KRESD = """net.listen('{address}', {port}, {{kind = 'dns'}})
net.ipv6 = false
{kresd_anchor}
option('NO_MINIMIZE', true)
modules = {{'hints > iterate'}}
hints.root({{['ns1.'] = '10.53.0.1', ['ns2.'] = '10.53.0.2'}})
cache.open({cache_mib} * MB, 'lmdb://{dir}/cache')
log_level('err')
"""

CAIRN = """server:
  listen: ["{address}@{port}"]
  workers: {workers}
  user: ""
  state: {dir}/state
  allow: [127.0.0.0/8]
recursion:
  root-hints: {{"ns1.": [10.53.0.1], "ns2.": [10.53.0.2]}}
  allow-upstream: [10.0.0.0/8]
  priming: {priming}
  ipv6: false
  qname-minimisation: false
cache:
  directory: {dir}/cache
  size: {cache_mib}MiB
dnssec:
  validation: {validation}
  trust-anchors: {anchors}
zones: {zones}
control:
  socket: {dir}/control.sock
log:
  level: warn
"""

NSD = """server:
  ip-address: {address}@{port}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: ""
  database: ""
  zonelistfile: ""
  xfrdfile: ""
  xfrdir: "{dir}"
  pidfile: ""
  logfile: "{dir}/log"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: {zone}
  zonefile: "{zone_file}"
"""

KNOT = """server:
  listen: {address}@{port}
  rundir: "{dir}"
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
  - target: stderr
    any: error
database:
  storage: "{dir}/state"
zone:
  - domain: {zone}
    file: "{zone_file}"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
"""

HINTS = ". NS ns1.\n. NS ns2.\nns1. A 10.53.0.1\nns2. A 10.53.0.2\n"


class Server:
    """One way to answer. `command` is what to run in a directory that holds `files`; a reflector only echoes."""

    def __init__(self, name, program, version, files, command, echo=False):
        self.name, self.program, self.files, self.command, self.echo = name, program, files, command, echo
        self.is_ours = isinstance(program, pathlib.Path)
        self._version = version

    def path(self):
        return shutil.which(str(self.program), path="/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin")

    def version(self):
        if self._version is None:
            return ""
        words = subprocess.run([self.path(), self._version], capture_output=True, text=True, check=False)
        found = re.search(r"\d+\.\d+(\.\d+)?\S*", words.stdout + words.stderr)
        return found.group().rstrip(",") if found else "unknown"

    def start(self, directory, core, keep=False, **settings):
        """Starts the server, on an empty cache unless `keep`, and returns the process once it answers. `settings` are
        those of DEFAULTS that differ."""
        process = self.launch(directory, core, keep, **settings)
        if not wait_ready(process):
            machine.stop(process)
            raise RuntimeError(f"{self.name} does not answer:\n{(directory / 'output').read_text()[-2000:]}")
        return process

    def launch(self, directory, core, keep=False, **settings):
        """As start, without waiting."""
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)
        for name in ("cache", "state"):
            (directory / name).mkdir(parents=True, exist_ok=True)
        values = {**DEFAULTS, "dir": directory, **settings}
        values.update(message_mib=values["cache_mib"] // 3, rrset_mib=values["cache_mib"] - values["cache_mib"] // 3)
        for name, text in self.files.items():
            (directory / name).write_text(text.format(**values))
        command = [self.path()] + [part.format(**values) for part in self.command]
        with open(directory / "output", "wb") as output:
            return machine.start(command, core, cwd=directory, stdin=subprocess.DEVNULL, stdout=output, stderr=output)


def wait_ready(process, seconds=10, port=PORT):
    """True once the server answers a question about the root, be it with an error."""
    return wait_answer(process, b"\0", 2, seconds, port) is not None


def wait_answer(process, name, qtype, seconds=10, port=PORT, additional=b"", good=lambda reply: True,
                pause=.0005):
    """Asks again and again, with one additional record if any, until a reply is `good`; the time.monotonic() of its
    arrival, or None."""
    question = name + struct.pack("!2H", qtype, 1) + additional
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            reply = ask_once(question, port)
            if good(reply):
                return time.monotonic()
        except OSError:  # none came, or nobody listens yet
            pass
        time.sleep(pause)
    return None


def ask_once(question, port):
    """One reply, from a port of its own so that none to an earlier question is taken for it. What follows name, type
    and class is one additional record."""
    head = struct.pack("!6H", random.randrange(65536), 0x0100, 1, 0, 0, len(question) > question.index(0) + 5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(.2)
        s.connect((ADDRESS, port))
        s.send(head + question)
        return s.recv(4096)


SERVERS = [
    Server("reflector", RELEASE / "tools/bench.d/bench_reflect", None, {}, ["{address}@{port}"], echo=True),
    Server("cairn", RELEASE / "cairnd", "--version", {"cairn.yaml": CAIRN}, ["--config", "{dir}/cairn.yaml"]),
    Server("unbound", "unbound", "-V", {"unbound.conf": UNBOUND, "root.hints": HINTS}, ["-c", "{dir}/unbound.conf"]),
    Server("knot-resolver", "kresd", "--version", {"kresd.conf": KRESD}, ["-n", "-c", "{dir}/kresd.conf", "{dir}"]),
]

# Beside cairn and the reflector, for zones of their own.
AUTHORITIES = [
    Server("nsd", "nsd", "-v", {"nsd.conf": NSD}, ["-d", "-c", "{dir}/nsd.conf"]),
    Server("knot", "knotd", "--version", {"knot.conf": KNOT}, ["-c", "{dir}/knot.conf"]),
]
