"""An internet of hostile zones on the loopback network, all in one process: every address of it answers as its script says,
addresses without a script are silent, and everything that is asked is noted."""
import collections
import contextlib
import socket
import struct
import threading

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

ROOT, TLD = "127.66.0.1", "127.66.0.2"
IP_PKTINFO = 8  # of Linux; Python does not name it
IN_PKTINFO = struct.Struct("=i4s4s")
TTL = 300

Asked = collections.namedtuple("Asked", "address name rdtype transport")


def records(owner, rdtype, *rdata, ttl=TTL):
    return dns.rrset.from_text_list(owner, ttl, "IN", rdtype, rdata)


class Query:
    """What a script gets: the question, and a reply to be filled."""

    def __init__(self, wire, address, transport):
        self.message = dns.message.from_wire(wire)
        question = self.message.question[0]
        self.wire, self.address, self.transport = wire, address, transport
        self.name, self.rdtype = question.name, dns.rdatatype.to_text(question.rdtype)
        self.text = self.name.to_text().lower()
        self.end = 12 + len(self.name.to_wire())  # of the question's name
        self.reply = dns.message.make_response(self.message)

    def answer(self, *sets):
        self.reply.flags |= dns.flags.AA
        self.reply.answer += sets
        return self.reply

    def refer(self, zone, servers, glue=()):
        """To `zone` with name servers `servers`; `glue` holds pairs of name and address."""
        self.reply.authority.append(records(zone, "NS", *servers))
        self.reply.additional += [records(name, "A", address) for name, address in glue]
        return self.reply

    def deny(self, zone, rcode=dns.rcode.NXDOMAIN):
        self.reply.flags |= dns.flags.AA
        self.reply.set_rcode(rcode)
        self.reply.authority.append(records(zone, "SOA", f"ns.{zone} host.{zone} 1 1800 900 604800 60"))
        return self.reply

    def nothing(self, zone):
        return self.deny(zone, dns.rcode.NOERROR)

    def same(self, octets):
        """A message made before, for another id and case of the same question."""
        return self.wire[:2] + octets[2:12] + self.wire[12:self.end] + octets[self.end:]

    def fail(self, rcode):
        self.reply.set_rcode(rcode)
        return self.reply

    def cut(self):
        """Truncated, without a record."""
        self.reply.flags |= dns.flags.TC
        return self.reply


class Hostile:
    """`zones` maps names below "mock." to what their delegation holds: a pair of name servers and glue, for example
    (["ns.evil.mock."], [("ns.evil.mock.", "127.66.1.1")]). `scripts` maps addresses to functions of a Query that
    return a message, octets, a list of these, None for silence, or, over TCP, CLOSE."""

    CLOSE = object()

    def __init__(self, zones, scripts):
        self.zones = zones
        self.scripts = {ROOT: self._root, TLD: self._tld, **scripts}
        self.asked = []
        self.connections = collections.Counter()
        self.lock = threading.Lock()

    def configuration(self):
        return {"recursion": {"root-hints": {"a.root.mock": [ROOT]}, "upstream-port": self.port,
                              "allow-upstream": ["127.66.0.0/16"], "priming": False},
                "cache": {"prefetch": False}}

    def __enter__(self):
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # another program may have one of the addresses
        self.udp.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        self.udp.bind(("0.0.0.0", 0))
        self.port = self.udp.getsockname()[1]
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.tcp.bind(("0.0.0.0", self.port))
        self.tcp.listen(128)
        self.running = True
        self.threads = [threading.Thread(target=t, daemon=True) for t in (self._serve_udp, self._serve_tcp)]
        for sock, thread in zip((self.udp, self.tcp), self.threads):
            sock.settimeout(0.1)
            thread.start()
        return self

    def __exit__(self, *_):
        self.running = False
        for sock, thread in zip((self.udp, self.tcp), self.threads):
            thread.join()
            sock.close()

    def after(self, seconds, script):
        """`script`, answering so much later over UDP; others are served meanwhile."""
        def later(q):
            reply = self._octets(script(q))
            timer = threading.Timer(seconds, self.send, (reply, socket.inet_aton(q.address), self.peer))
            timer.daemon = True
            timer.start()
        return later

    def about(self, word):
        """The queries whose name or address has `word` in it."""
        with self.lock:
            return [asked for asked in self.asked if word in asked.name or word in asked.address]

    def at(self, address):
        """The queries that came to `address`."""
        with self.lock:
            return [asked for asked in self.asked if asked.address == address]

    # ---- the zones above

    def _root(self, q):
        if q.name == dns.name.root:
            return q.nothing(".")
        return q.refer("mock.", ["ns.nic.mock."], [("ns.nic.mock.", TLD)])

    def _tld(self, q):
        for zone, (servers, glue) in self.zones.items():
            if q.name.is_subdomain(dns.name.from_text(zone)):
                return q.refer(zone, servers, glue)
        return q.nothing("mock.") if q.text == "mock." else q.deny("mock.")

    # ---- serving

    def _run(self, wire, address, transport):
        q = Query(wire, address, transport)
        with self.lock:
            self.asked.append(Asked(address, q.text, q.rdtype, transport))
        script = self.scripts.get(address)
        return script(q) if script else None

    @staticmethod
    def _octets(reply):
        return reply.to_wire(max_size=65535) if isinstance(reply, dns.message.Message) else reply

    def _serve_udp(self):
        while self.running:
            try:
                wire, control, _, peer = self.udp.recvmsg(65535, 64)
            except TimeoutError:
                continue
            _, local, _ = IN_PKTINFO.unpack(control[0][2])
            self.peer = peer
            reply = self._run(wire, socket.inet_ntoa(local), "udp")
            for part in reply if isinstance(reply, list) else [reply]:
                if part is not None and part is not self.CLOSE:
                    self.send(self._octets(part), local, peer)

    def send(self, octets, local, peer):
        """A datagram from the address `local` (4 octets); for scripts that answer later."""
        source = [(socket.IPPROTO_IP, IP_PKTINFO, IN_PKTINFO.pack(0, local, b"\0" * 4))]
        with contextlib.suppress(OSError):
            self.udp.sendmsg([octets], source, 0, peer)

    def _serve_tcp(self):
        while self.running:
            try:
                connection, _ = self.tcp.accept()
            except TimeoutError:
                continue
            address = connection.getsockname()[0]
            with self.lock:
                self.connections[address] += 1
            connection.settimeout(None)
            threading.Thread(target=self._serve_connection, args=(connection, address), daemon=True).start()

    def _serve_connection(self, connection, address):
        with connection, contextlib.suppress(OSError):
            while head := connection.recv(2, socket.MSG_WAITALL):
                wire = connection.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL)
                reply = self._run(wire, address, "tcp")
                if reply is self.CLOSE:
                    return
                if reply is not None:
                    octets = self._octets(reply)
                    connection.sendall(struct.pack("!H", len(octets)) + octets)
