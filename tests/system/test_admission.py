"""Floods of clients: who else is served meanwhile, and how much the flood gets."""
import collections
import random
import socket
import struct
import time

import dns.edns
import dns.message
import dns.rcode
import pytest

from hostile import Hostile, records
from mock_server import MockServer

OTHER = "127.0.0.9"
ONE_WORKER = {"server": {"workers": 1}}


def send_all(daemon, wires, source="127.0.0.1", pause_every=50):
    """Sends datagrams from one socket, not faster than they are read; returns it."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    sock.bind((source, 0))
    sock.connect((daemon.address, daemon.port))
    for number, wire in enumerate(wires):
        sock.send(wire)
        if number % pause_every == 0:
            time.sleep(0.002)
    return sock


def receive_all(sock, quiet=0.5):
    """What has come, until nothing did for a while."""
    sock.settimeout(quiet)
    replies = []
    try:
        while True:
            replies.append(sock.recv(65535))
    except TimeoutError:
        return replies


def numbered(daemon, zone, count):
    return [daemon.query(f"n{number}.{zone}", id=number).to_wire() for number in range(count)]


def rcodes(replies):
    return collections.Counter(dns.rcode.to_text(reply[3] & 15) for reply in replies)


def limits(daemon):
    return daemon.ctl_json("stats")["limits"]


class Zones(Hostile):
    """Below "mock.": slow., answered after DELAY seconds, silent., never, and fast."""

    DELAY = 0.3  # less than anybody's patience

    def __init__(self):
        self.names = set()
        delegations = {f"{zone}.mock.": ([f"ns.{zone}.mock."], [(f"ns.{zone}.mock.", f"127.66.5.{i + 1}")])
                       for i, zone in enumerate(("slow", "silent", "fast"))}
        super().__init__(delegations, {"127.66.5.1": self.after(self.DELAY, self.slow), "127.66.5.2": lambda q: None,
                                       "127.66.5.3": lambda q: q.answer(records(q.text, "A", "198.18.9.1"))})

    def slow(self, q):
        self.names.add(q.text)
        return q.answer(records(q.text, "A", "198.18.9.2"))


@pytest.fixture
def zones(isolated):
    with Zones() as internet:
        yield internet


# ---- one zone must not take all walks

def test_random_names_of_a_slow_zone_leave_room_for_others(make_cairnd, zones):
    daemon = make_cairnd(zones.configuration(), ONE_WORKER).start()
    assert daemon.ask("first.fast.mock.").rcode() == 0
    before = daemon.memory()
    sock = send_all(daemon, numbered(daemon, "slow.mock.", 3000))
    control = [daemon.ask(f"n{number}.fast.mock.").rcode() for number in range(30)]
    assert control == [0] * 30
    assert limits(daemon)["in_flight_per_zone"] > 0
    assert daemon.ctl_json("stats")["walks"]["in_flight"] <= 200
    refused = rcodes(receive_all(sock))
    assert refused["SERVFAIL"] > 0
    assert len(zones.names) <= 1000  # as many as have had their turn until a slow machine has sent all
    assert daemon.memory() - before < 64 << 20
    sock.close()


def test_the_cap_of_a_zone_can_be_changed_and_does_not_hold_for_routes(make_cairnd, zones):
    cap = {"limits": {"in_flight_per_zone": 5}}
    daemon = make_cairnd(zones.configuration(), ONE_WORKER, cap).start()
    daemon.ask("first.fast.mock.")
    send_all(daemon, numbered(daemon, "silent.mock.", 50)).close()
    time.sleep(0.2)
    assert len({asked.name for asked in zones.at("127.66.5.2") if asked.name != "silent.mock."}) <= 6
    stub = {"stub": [{"zone": "silent.mock.", "to": [f"127.66.5.2@{zones.port}"]}]}
    routed = make_cairnd(zones.configuration(), ONE_WORKER, cap, stub, address="127.0.0.2").start()
    send_all(routed, numbered(routed, "silent.mock.", 50)).close()
    time.sleep(0.2)
    assert len({asked.name for asked in zones.at("127.66.5.2")}) >= 50


# ---- one client must not take all places

def test_a_client_that_floods_has_a_share_and_the_others_are_served(make_cairnd, zones):
    daemon = make_cairnd(zones.configuration(), ONE_WORKER, {"limits": {
        "in_flight": 100, "in_flight_per_zone": 1000, "waiting_per_address": 20}}).start()
    daemon.ask("first.fast.mock.")
    began = time.monotonic()
    sock = send_all(daemon, numbered(daemon, "slow.mock.", 2000))
    turns = 1 + (time.monotonic() - began) / zones.DELAY
    other = send_all(daemon, [daemon.query("other.slow.mock.").to_wire(), daemon.query("new.fast.mock.").to_wire()],
                     source=OTHER)
    assert rcodes(receive_all(other, quiet=2)) == {"NOERROR": 2}
    flood = rcodes(receive_all(sock))
    assert sum(flood.values()) == 2000
    assert flood["NOERROR"] <= 52 * turns  # half of all places, and the one that made it more than half
    assert len(zones.names) <= 54 * turns
    assert limits(daemon)["waiting_per_address"] > 0
    sock.close()
    other.close()


def test_a_cookie_gives_a_client_a_larger_share(make_cairnd, zones):
    daemon = make_cairnd(zones.configuration(), ONE_WORKER, {"limits": {
        "in_flight": 2, "slow_ms": 60000, "waiting_per_address": 1, "waiting_per_address_proven": 5}}).start()
    cookie = [dns.edns.GenericOption(10, b"12345678")]
    reply = daemon.ask("first.fast.mock.", use_edns=0, options=cookie)
    proof = [option for option in reply.options if option.otype == 10]
    plain = [daemon.query("a.slow.mock.", id=number).to_wire() for number in range(10)]
    proven = [daemon.query("a.slow.mock.", id=number, use_edns=0, options=proof).to_wire() for number in range(10)]
    first = send_all(daemon, [daemon.query("a.slow.mock.").to_wire(), daemon.query("b.slow.mock.").to_wire()])
    other = send_all(daemon, plain, source=OTHER)
    same = send_all(daemon, proven)
    assert rcodes(receive_all(other, quiet=2)) == {"NOERROR": 1, "SERVFAIL": 9}
    assert rcodes(receive_all(same)) == {"NOERROR": 3, "SERVFAIL": 7}
    for sock in (first, other, same):
        sock.close()


# ---- slow questions must not take all places

def test_slow_questions_give_way_however_often_they_are_repeated(make_cairnd, zones):
    daemon = make_cairnd(zones.configuration(), ONE_WORKER, {"limits": {"in_flight": 50, "slow_ms": 100}}).start()
    daemon.ask("first.fast.mock.")
    wires = numbered(daemon, "silent.mock.", 50)
    sock = send_all(daemon, wires)
    time.sleep(0.2)
    for _ in range(20):
        for wire in wires:
            sock.send(wire)
    assert [daemon.ask(f"n{number}.fast.mock.", source=OTHER).rcode() for number in range(30)] == [0] * 30
    walks = daemon.ctl_json("stats")["walks"]
    assert walks["given_up"] > 0
    assert walks["in_flight"] <= 50
    sock.close()


# ---- connections

def test_connections_that_trickle_do_not_shut_others_out(make_cairnd, lab):
    """Two thousand of them, from several addresses, each with an octet of a message now and then."""
    daemon = make_cairnd(lab.configuration(), {"limits": {"tcp_clients": 200}}).start()
    before = len(daemon.descriptors())
    slow, highest = [], 0
    for number in range(2000):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.bind((f"127.0.1.{number % 50 + 1}", 0))
        sock.settimeout(1)
        try:
            sock.connect((daemon.address, daemon.port))
            sock.send(b"\0")
            slow.append(sock)
        except OSError:
            sock.close()
        if number % 100 == 0:
            highest = max(highest, len(daemon.descriptors()))
            for old in slow[::7]:
                try:
                    old.send(b"\1")
                except OSError:
                    pass
    assert daemon.ask("localhost.", tcp=True, source=OTHER).answer
    assert max(highest, len(daemon.descriptors())) <= before + 200 + 16
    hit = limits(daemon)
    assert hit["tcp_clients"] + hit["tcp_first_ms"] + hit["tcp_idle_busy_ms"] > 0
    for sock in slow:
        sock.close()


# ---- strangers

@pytest.mark.parametrize("options", [{"use_edns": False}, {"use_edns": 0}, {
    "use_edns": 0, "options": [dns.edns.GenericOption(10, b"12345678"), dns.edns.GenericOption(3, b"")]}],
    ids=["plain", "EDNS", "cookie and NSID"])
def test_a_stranger_gets_hardly_more_than_it_sent(make_cairnd, lab, options):
    daemon = make_cairnd(lab.configuration(), {
        "server": {"allow": ["127.0.0.1/32"], "identity": "a-name-of-this-server-that-is-quite-long"}}).start()
    for name in ("www.example.com", "x" * 63 + ".example.com"):
        wire = daemon.query(name, **options).to_wire()
        sock = send_all(daemon, [wire], source=OTHER)
        reply, = receive_all(sock)
        assert reply[3] & 15 == dns.rcode.REFUSED
        assert len(reply) <= len(wire) + 12
        sock.close()


def test_answers_to_one_network_can_be_limited(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), ONE_WORKER, {"limits": {"responses_per_second": 10}}).start()
    daemon.ask("www.example.com", tcp=True)
    began = time.monotonic()
    sock = send_all(daemon, [daemon.query("www.example.com", id=number).to_wire() for number in range(2000)])
    replies = receive_all(sock)
    seconds = time.monotonic() - began
    cut = sum(reply[2] & 2 != 0 for reply in replies)
    whole = len(replies) - cut
    assert 10 <= whole <= 10 * (seconds + 2)
    assert abs(cut - (2000 - whole) / 2) <= 1
    assert all(len(reply) < 100 for reply in replies if reply[2] & 2)
    assert daemon.ctl_json("stats")["queries"]["rate_limited"] == 2000 - whole
    assert daemon.ask("www.example.com", tcp=True).answer
    sock.close()


def test_without_a_limit_all_are_answered(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), ONE_WORKER).start()
    daemon.ask("www.example.com", tcp=True)
    sock = send_all(daemon, [daemon.query("www.example.com", id=number).to_wire() for number in range(2000)])
    assert rcodes(receive_all(sock)) == {"NOERROR": 2000}
    sock.close()


# ---- loops

def udp_packet(source, target, payload):
    """An IPv4 packet from and to (address, port)."""
    udp = struct.pack("!HHHH", source[1], target[1], 8 + len(payload), 0) + payload
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(target[0])
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0) + addresses + udp


class Sniffer:
    """Counts UDP packets between addresses on the loopback interface."""

    def __init__(self, *addresses):
        self.addresses = {socket.inet_aton(address) for address in addresses}

    def __enter__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        self.socket.bind(("lo", 0))
        return self

    def __exit__(self, *_):
        self.socket.close()

    def count(self, seconds):
        deadline, count = time.monotonic() + seconds, 0
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                frame, address = self.socket.recvfrom(65535)
            except TimeoutError:
                break
            packet = frame[14:]
            count += address[2] == 0 and packet[9] == socket.IPPROTO_UDP and \
                {packet[12:16], packet[16:20]} <= self.addresses
        return count


def test_two_servers_do_not_answer_each_other(isolated, make_cairnd, lab):
    """A forged packet from one to the other causes one answer at most, whatever it holds."""
    first = make_cairnd(lab.configuration(), address="127.0.0.2").start()
    second = make_cairnd(lab.configuration(), address="127.0.0.3").start()
    query = first.query("www.example.com").to_wire()
    reply = bytearray(query)
    reply[2] |= 0x80
    payloads = [query, bytes(reply), query[:20], b"\0" * 12, bytes(12) + b"\xff" * 30,
                query[:2] + bytes([0x28]) + query[3:], query[:5] + b"\2" + query[6:]]
    addresses = [(daemon.address, daemon.port) for daemon in (first, second)]
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw, \
            Sniffer("127.0.0.2", "127.0.0.3") as sniffer:
        for payload in payloads:
            raw.sendto(udp_packet(addresses[0], addresses[1], payload), (addresses[1][0], 0))
            raw.sendto(udp_packet(addresses[1], addresses[0], payload), (addresses[0][0], 0))
        assert sniffer.count(1) <= 4 * len(payloads)
        assert sniffer.count(0.5) == 0
        raw.sendto(udp_packet(addresses[0], addresses[0], query), (addresses[0][0], 0))
        sniffer.count(0.3)
    assert first.ctl_json("stats")["udp"]["dropped"] == 1
    assert first.ask("www.example.com").answer and second.ask("www.example.com").answer


def test_forwarders_of_each_other_fail_in_time_and_with_few_packets(isolated, make_cairnd):
    def forward(address):
        return {"forward": [{"zone": ".", "to": [f"{address}@53"]}], "server": {"workers": 1}}

    first = make_cairnd(forward("127.0.0.3"), address="127.0.0.2").start()
    make_cairnd(forward("127.0.0.2"), address="127.0.0.3").start()
    with Sniffer("127.0.0.2", "127.0.0.3", "127.0.0.1") as sniffer:
        assert first.ask("www.example.com", timeout=5).rcode() == dns.rcode.SERVFAIL
        assert sniffer.count(6) <= 40
        assert sniffer.count(1) == 0


# ---- what is not ours

def test_what_is_cached_cannot_be_spied_out_without_recursion(cairnd):
    """RD=0 gets the same octets whether the name is cached or not."""
    cairnd.ask("www.example.com")
    replies = [cairnd.exchange(cairnd.query(name, id=7, rd=False, use_edns=0).to_wire())
               for name in ("www.example.com", "mmm.example.com")]
    assert replies[0][3] & 15 == dns.rcode.REFUSED
    assert replies[0].replace(b"\3www", b"\3mmm") == replies[1]


@pytest.mark.parametrize("rdclass", ["CH", "HS", "ANY", "NONE", "CLASS2", "CLASS4711"])
def test_other_classes_are_not_resolved(lab, cairnd, rdclass):
    for name, rdtype in (("www.example.com", "A"), ("id.server", "TXT"), ("authors.bind", "TXT"), (".", "NS")):
        reply = cairnd.ask(name, rdtype, rdclass=rdclass)
        assert reply.rcode() == dns.rcode.REFUSED and not reply.answer, (name, reply)


def test_noise_is_survived(make_cairnd, lab):
    rng = random.Random(4)
    daemon = make_cairnd(lab.configuration()).start()
    daemon.ask("www.example.com")
    send_all(daemon, [rng.randbytes(rng.randrange(600)) for _ in range(2000)]).close()
    before = daemon.memory()
    send_all(daemon, [rng.randbytes(rng.randrange(600)) for _ in range(50000)]).close()
    assert daemon.ask("www.example.com").answer
    assert daemon.memory() - before < 32 << 20
