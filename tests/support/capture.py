"""Counts the DNS queries that cross the loopback interface, by reading its packets."""
import collections
import contextlib
import ipaddress
import socket
import struct
import threading
import time

import dns.message
import dns.rdatatype

ETH_P_IP = 0x0800
PACKET_HOST = 0  # on loopback every packet is seen twice: going out and coming in
ETHERNET_HEADER = 14

Query = collections.namedtuple("Query", "address name rdtype transport port")


class Capture:
    """Within its `with` block, collects each query sent to an address of `network`."""

    def __init__(self, network):
        self.network = ipaddress.ip_network(network)
        self.queries = []

    def __enter__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        self.socket.bind(("lo", 0))
        self.socket.settimeout(0.05)
        self.running = True
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        time.sleep(0.1)
        self.running = False
        self.thread.join()
        self.socket.close()

    def _read(self):
        while True:
            try:
                frame, address = self.socket.recvfrom(65535)
            except TimeoutError:
                if not self.running:
                    return
                continue
            if address[2] == PACKET_HOST:
                self._note(frame[ETHERNET_HEADER:])

    def _note(self, packet):
        payload = packet[(packet[0] & 0x0F) * 4:]
        target = ipaddress.ip_address(packet[16:20])
        if target not in self.network:
            return
        source_port = struct.unpack("!H", payload[:2])[0]
        if packet[9] == socket.IPPROTO_UDP:
            self._note_message(payload[8:], target, "udp", source_port)
        elif packet[9] == socket.IPPROTO_TCP:
            # A query is small: its length prefix and its octets come in one segment, or the octets in the second.
            data = payload[(payload[12] >> 4) * 4:]
            self._note_message(data[2:] if data[:2] == struct.pack("!H", len(data) - 2 & 0xFFFF) else data, target,
                               "tcp", source_port)

    def _note_message(self, wire, target, transport, port):
        if len(wire) < 12 or wire[2] & 0x80:
            return
        with contextlib.suppress(Exception):  # anything else that crosses the interface is not a query
            question = dns.message.from_wire(wire, ignore_trailing=True).question[0]
            self.queries.append(Query(str(target), question.name.to_text().lower(),
                                      dns.rdatatype.to_text(question.rdtype), transport, port))

    def counts(self):
        """Queries per server address."""
        return collections.Counter(query.address for query in self.queries)
