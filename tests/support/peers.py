"""Other resolvers over the same lab, for second opinions. They ask port 53 only, so the lab has to be there."""
import os
import shutil
import subprocess
import time

import dns.exception
import dns.message
import dns.query

SEARCH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
START_SECONDS = 15


class Peer:
    """A resolver of other make on port 53 of an address of its own. `anchor`: a file with DS records; None: it does not
    validate. `options`: more for the main section of its configuration."""

    PROGRAM = ADDRESS = None

    def __init__(self, directory, hints, anchor=None, address=None, options=""):
        self.directory, self.hints, self.anchor, self.options = directory, hints, anchor, options
        self.address, self.port, self.process = address or self.ADDRESS, 53, None

    @classmethod
    def program(cls):
        """Its path, or None where it is not installed."""
        return shutil.which(cls.PROGRAM, path=SEARCH)

    def __enter__(self):
        log_path = self.directory / "log"
        command = self.configure()
        with open(log_path, "wb") as log:
            self.process = subprocess.Popen([self.program(), *map(str, command)], cwd=self.directory, stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.ask("localhost.", "A", tries=1, timeout=0.1)
                return self
            except (OSError, dns.exception.DNSException):
                time.sleep(0.05)
        self.__exit__()
        raise RuntimeError(f"{self.PROGRAM} does not answer: {log_path.read_text(errors='replace')[-2000:]}")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ask(self, name, rdtype, tries=30, timeout=2, **options):
        """Asks until there is an answer: some drop a reply that took longer than a client is thought to wait."""
        query = dns.message.make_query(name, rdtype, **options)
        for left in reversed(range(tries)):
            try:
                return dns.query.udp_with_fallback(query, self.address, port=self.port, timeout=timeout)[0]
            except dns.exception.Timeout:
                if not left:
                    raise

    def root_servers(self):
        """Name and address of each, from the hints."""
        lines = [line.split() for line in self.hints.read_text().splitlines()]
        return [(fields[0], fields[3]) for fields in lines if fields[2] == "A"]


class Unbound(Peer):
    PROGRAM, ADDRESS = "unbound", "127.0.0.2"

    def configure(self):
        config = self.directory / "unbound.conf"
        modules = "validator iterator" if self.anchor else "iterator"
        anchor = f'trust-anchor-file: "{self.anchor}"' if self.anchor else ""
        config.write_text(f"""server:
  interface: {self.address}
  port: {self.port}
  username: ""
  chroot: ""
  directory: "{self.directory}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  do-ip6: no
  do-not-query-localhost: no
  access-control: 127.0.0.0/8 allow
  module-config: "{modules}"
  {anchor}
  root-hints: "{self.hints}"
  minimal-responses: no
  infra-cache-max-rtt: 1000
  outbound-msg-retry: 2
  outgoing-range: 4096
  val-bogus-ttl: 5
  num-queries-per-thread: 2048
  {self.options}
remote-control:
  control-enable: no
""")
        return ["-d", "-c", config]


class KnotResolver(Peer):
    PROGRAM, ADDRESS = "kresd", "127.0.0.3"

    def configure(self):
        hints = ", ".join(f"['{name}'] = '{address}'" for name, address in self.root_servers())
        anchor = f"trust_anchors.add_file('{self.anchor}', true)" if self.anchor else ""
        config = self.directory / "kresd.conf"
        config.write_text(f"""net.listen('{self.address}', {self.port}, {{kind = 'dns'}})
net.ipv6 = false
for _, module in ipairs({{'ta_update', 'ta_signal_query', 'priming', 'detect_time_skew', 'detect_time_jump'}}) do
  if modules.list()[module] ~= nil then modules.unload(module) end
end
trust_anchors.remove('.')
{anchor}
modules = {{'hints > iterate'}}
hints.root({{{hints}}})
cache.open(100 * MB, 'lmdb://{self.directory}/cache')
{self.options}
log_level('err')
""")
        return ["-n", "-c", config, self.directory]


class Bind(Peer):
    PROGRAM, ADDRESS = "named", "127.0.0.4"

    def configure(self):
        # It listens on addresses that an interface has, and not on all that lead there.
        subprocess.run(["ip", "address", "replace", f"{self.address}/8", "dev", "lo"], check=True,
                       env=dict(os.environ, PATH=SEARCH))
        config = self.directory / "named.conf"
        config.write_text(f"""options {{
  directory "{self.directory}";
  listen-on port {self.port} {{ {self.address}; }};
  listen-on-v6 {{ none; }};
  pid-file none;
  session-keyfile none;
  recursion yes;
  allow-recursion {{ any; }};
  allow-query-cache {{ any; }};
  dnssec-validation {"yes" if self.anchor else "no"};
  resolver-query-timeout 3000;
  recursive-clients 10000;
  {self.options}
}};
controls {{ }};
zone "." {{ type hint; file "{self.hints}"; }};
{self.anchors()}
""")
        return ["-f", "-4", "-n", "1", "-c", config, "-L", self.directory / "named.log"]

    def anchors(self):
        if not self.anchor:
            return ""
        lines = [line.split() for line in self.anchor.read_text().splitlines() if line.strip()]
        records = [fields[fields.index("DS") + 1:] for fields in lines]
        keys = [f'. static-ds {" ".join(record[:3])} "{"".join(record[3:])}";' for record in records]
        return f"trust-anchors {{ {' '.join(keys)} }};"


PEERS = (Unbound, KnotResolver, Bind)
