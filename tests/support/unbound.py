"""Unbound as an independent resolver over the same lab. It asks port 53 only, so the lab has to be there."""
import os
import shutil
import subprocess
import time

import dns.message
import dns.query

PROGRAM = shutil.which("unbound", path=os.environ.get("PATH", "") + ":/usr/sbin")

CONFIGURATION = """server:
  interface: {address}
  port: {port}
  username: ""
  chroot: ""
  directory: "{directory}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  do-ip6: no
  do-not-query-localhost: no
  access-control: 127.0.0.0/8 allow
  module-config: "iterator"
  root-hints: "{hints}"
  minimal-responses: no
  infra-cache-max-rtt: 1000
  outbound-msg-retry: 2
remote-control:
  control-enable: no
"""


class Unbound:
    def __init__(self, directory, hints, address="127.0.0.2", port=53):
        self.directory, self.hints, self.address, self.port = directory, hints, address, port

    def __enter__(self):
        config = self.directory / "unbound.conf"
        config.write_text(CONFIGURATION.format(**vars(self)))
        with open(self.directory / "unbound.log", "wb") as log:
            self.process = subprocess.Popen([PROGRAM, "-d", "-c", config], stdout=log, stderr=log)
        for _ in range(200):
            try:
                self.ask("localhost.", "A", tries=1, timeout=0.1)
                return self
            except (OSError, dns.exception.Timeout):
                time.sleep(0.05)
        self.process.kill()
        raise RuntimeError("unbound does not answer: " + (self.directory / "unbound.log").read_text())

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def ask(self, name, rdtype, tries=30, timeout=2, **options):
        """Asks until there is an answer: Unbound drops a reply that took it longer than a client is thought to wait."""
        query = dns.message.make_query(name, rdtype, **options)
        for left in reversed(range(tries)):
            try:
                return dns.query.udp_with_fallback(query, self.address, port=self.port, timeout=timeout)[0]
            except dns.exception.Timeout:
                if not left:
                    raise
