"""A scripted name server that is a whole internet by itself: its root zone holds every name. It counts what it is asked
and can be told to be slow, silent or wrong."""
import collections
import contextlib
import socket
import struct
import threading
import time

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

POLL_SECONDS = 0.1
SOA = "a.root.mock. hostmaster.mock. 1 1800 900 604800 5"

Asked = collections.namedtuple("Asked", "name rdtype transport has_edns")


class MockServer:
    """`zone` maps (name, type) to (ttl, [rdata...]). `change(query, reply, transport)` may return another reply,
    octets, several of these, or None for silence; `delay` holds every reply back by so many seconds."""

    def __init__(self, address, port, zone, change=None, delay=0):
        self.address, self.port, self.delay = address, port, delay
        zone = {(".", "NS"): (600, ["a.root.mock."]), ("a.root.mock.", "A"): (600, [address]), **zone}
        self.zone = {(dns.name.from_text(n), dns.rdatatype.from_text(t)): data for (n, t), data in zone.items()}
        self.change = change or (lambda query, reply, transport: reply)
        self.asked = []
        self.connections = 0
        self.running = False

    def configuration(self):
        return {"recursion": {"root-hints": {"a.root.mock": [self.address]}, "upstream-port": self.port,
                              "allow-upstream": ["127.0.0.0/8"], "priming": False},
                "cache": {"prefetch": False}}

    def __enter__(self):
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((self.address, self.port))
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind((self.address, self.port))
        self.tcp.listen(64)
        self.running = True
        self.threads = [threading.Thread(target=t, daemon=True) for t in (self._serve_udp, self._serve_tcp)]
        for sock, thread in zip((self.udp, self.tcp), self.threads):
            sock.settimeout(POLL_SECONDS)
            thread.start()
        return self

    def __exit__(self, *_):
        self.running = False
        for sock, thread in zip((self.udp, self.tcp), self.threads):
            thread.join()
            sock.close()

    def count(self, name, rdtype=None):
        """How often a name (of a type) was asked for."""
        return sum(asked.name == name and rdtype in (None, asked.rdtype) for asked in self.asked)

    def _serve_udp(self):
        while self.running:
            try:
                wire, peer = self.udp.recvfrom(65535)
            except TimeoutError:
                continue
            self._later(wire, "udp", lambda octets, to=peer: self.udp.sendto(octets, to))

    def _serve_tcp(self):
        while self.running:
            try:
                connection, _ = self.tcp.accept()
            except TimeoutError:
                continue
            self.connections += 1
            connection.settimeout(None)
            threading.Thread(target=self._serve_connection, args=(connection,), daemon=True).start()

    def _serve_connection(self, connection):
        with connection, contextlib.suppress(OSError):
            while head := connection.recv(2, socket.MSG_WAITALL):
                wire = connection.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL)
                octets = self._reply(wire, "tcp")
                time.sleep(self.delay)
                for part in octets if isinstance(octets, list) else [octets]:
                    if part is not None:
                        connection.sendall(struct.pack("!H", len(part)) + part)

    def _later(self, wire, transport, send):
        octets = self._reply(wire, transport)
        for part in octets if isinstance(octets, list) else [octets]:
            if part is None:
                continue
            if self.delay:
                timer = threading.Timer(self.delay, self._send, (send, part))
                timer.daemon = True
                timer.start()
            else:
                self._send(send, part)

    @staticmethod
    def _send(send, octets):
        with contextlib.suppress(OSError):
            send(octets)

    def _reply(self, wire, transport):
        query = dns.message.from_wire(wire)
        question = query.question[0]
        self.asked.append(Asked(question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype), transport,
                                query.edns >= 0))
        reply = self.change(query, self.answer(query), transport)
        if isinstance(reply, dns.message.Message):
            return reply.to_wire(max_size=65535)
        if isinstance(reply, list):
            return [r.to_wire(max_size=65535) if isinstance(r, dns.message.Message) else r for r in reply]
        return reply

    def answer(self, query):
        """The right reply."""
        question = query.question[0]
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.AA
        data = self.zone.get((question.name, question.rdtype)) or self.zone.get((question.name, dns.rdatatype.CNAME))
        if data:
            rdtype = question.rdtype if (question.name, question.rdtype) in self.zone else dns.rdatatype.CNAME
            reply.answer.append(dns.rrset.from_text_list(question.name, data[0], "IN", rdtype, data[1]))
            return reply
        if not any(name.is_subdomain(question.name) for name, _ in self.zone):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        reply.authority.append(dns.rrset.from_text(".", 5, "IN", "SOA", SOA))
        return reply
