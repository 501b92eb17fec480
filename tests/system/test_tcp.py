"""DNS over TCP (RFC 7766): framing, pipelining, order, time-outs and limits."""
import re
import struct
import subprocess
import time

import dns.edns
import dns.message
import dns.query
import dns.rcode
import pytest

from mock_server import MockServer


def frame(message):
    wire = message.to_wire()
    return struct.pack("!H", len(wire)) + wire


def read_message(sock):
    """The next message of a connection, None at its end."""
    head = read_octets(sock, 2)
    return head and dns.message.from_wire(read_octets(sock, struct.unpack("!H", head)[0]))


def read_octets(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            return None
        data += part
    return data


def seconds_until_end(sock):
    began = time.monotonic()
    sock.settimeout(10)
    try:
        while sock.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - began


def test_large_answers_come_whole(cairnd):
    reply = cairnd.ask("huge.example.com", "TXT", tcp=True)
    assert sum(len(text) for text in reply.answer[0][0].strings) > 20000


def test_the_length_may_come_octet_by_octet(cairnd):
    with cairnd.connect() as sock:
        for octet in frame(cairnd.query("www.example.com")):
            sock.sendall(bytes([octet]))
            time.sleep(0.002)
        assert read_message(sock).answer


def test_many_queries_on_one_connection_are_all_answered(cairnd):
    queries = {number: cairnd.query(f"n{number % 7}.example.com", id=number) for number in range(200)}
    with cairnd.connect() as sock:
        sock.sendall(b"".join(map(frame, queries.values())))
        replies = [read_message(sock) for _ in queries]
    assert {reply.id for reply in replies} == set(queries)
    assert all(reply.question == queries[reply.id].question for reply in replies)


def test_a_quick_answer_overtakes_a_slow_one(make_cairnd, ports):
    zone = {("slow.mock.", "A"): (60, ["198.18.9.1"])}
    with MockServer("127.62.0.1", ports[1], zone, delay=0.5) as server:
        daemon = make_cairnd(server.configuration()).start()
        with daemon.connect() as sock:
            sock.sendall(frame(daemon.query("slow.mock.", id=1)) + frame(daemon.query("localhost.", id=2)))
            assert [read_message(sock).id for _ in range(2)] == [2, 1]


def test_a_client_that_half_closes_still_gets_its_answers(cairnd):
    with cairnd.connect() as sock:
        sock.sendall(frame(cairnd.query("www.deep.com")))
        sock.shutdown(1)
        assert read_message(sock).answer
        assert read_message(sock) is None


def test_idle_connections_are_closed_in_time(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"limits": {"tcp_idle_ms": 600, "tcp_first_ms": 300}}).start()
    with daemon.connect() as sock:
        assert 0.2 < seconds_until_end(sock) < 1.5
    with daemon.connect() as sock:
        sock.sendall(frame(daemon.query("localhost.")))
        assert read_message(sock).answer
        assert 0.4 < seconds_until_end(sock) < 2


def test_a_message_that_never_becomes_whole_does_not_hold_its_connection(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"limits": {"tcp_first_ms": 300}}).start()
    with daemon.connect() as sock:
        sock.sendall(frame(daemon.query("localhost."))[:-1])
        assert seconds_until_end(sock) < 1.5


def test_one_address_cannot_take_all_connections(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"server": {"allow": ["127.0.0.0/8"]},
                                               "limits": {"tcp_clients_per_address": 8, "tcp_clients": 12}}).start()
    greedy = [daemon.connect() for _ in range(20)]
    time.sleep(0.2)
    reply = dns.message.from_wire(daemon.ask("localhost.", tcp=True, source="127.0.0.9").to_wire())
    assert reply.answer
    for sock in greedy:
        sock.close()
    time.sleep(0.2)
    assert daemon.ask("localhost.", tcp=True).answer


def test_a_client_that_does_not_read_is_dropped_and_the_others_are_served(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"limits": {"tcp_idle_ms": 1000}}).start()
    daemon.ask("huge.example.com", "TXT", tcp=True)
    with daemon.connect() as deaf:
        deaf.settimeout(0.5)
        with pytest.raises(OSError):
            while True:
                deaf.sendall(frame(daemon.query("huge.example.com", "TXT")))
        assert daemon.ask("www.example.com").answer
        assert daemon.ask("www.example.com", tcp=True).answer
    assert daemon.memory() < 512 << 20


def test_closing_in_the_middle_of_a_walk_harms_nobody(make_cairnd, ports):
    zone = {("slow.mock.", "A"): (60, ["198.18.9.1"])}
    with MockServer("127.62.0.2", ports[1], zone, delay=0.3) as server:
        daemon = make_cairnd(server.configuration()).start()
        for _ in range(20):
            with daemon.connect() as sock:
                sock.sendall(frame(daemon.query("slow.mock.")))
        assert daemon.ask("slow.mock.").answer


# ---- keepalive (RFC 7828)

KEEPALIVE = 11


def with_keepalive(daemon, data=b"", name="localhost."):
    return daemon.query(name, use_edns=0, options=[dns.edns.GenericOption(KEEPALIVE, data)])


def keepalive_of(reply):
    """Seconds that the reply says the connection may idle; None if it says nothing."""
    told = [struct.unpack("!H", option.to_wire())[0] / 10 for option in reply.options if option.otype == KEEPALIVE]
    return told[0] if told else None


def test_a_client_that_asks_is_told_how_long_its_connection_may_idle(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"limits": {"tcp_idle_ms": 1200}}).start()
    with daemon.connect() as sock:
        for name in ("localhost.", "www.example.com.", "www.example.com."):  # own, from a walk, ready
            sock.sendall(frame(with_keepalive(daemon, name=name)))
            assert keepalive_of(read_message(sock)) == 1.2
        sock.sendall(frame(daemon.query("localhost.", use_edns=0)))
        assert not read_message(sock).options
        assert 0.9 < seconds_until_end(sock) < 3


def test_the_time_told_falls_when_most_connections_are_in_use(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"limits": {"tcp_clients_per_address": 10, "tcp_clients": 10}}).start()
    told, socks = [], []
    for _ in range(9):
        socks.append(daemon.connect())
        socks[-1].sendall(frame(with_keepalive(daemon)))
        told.append(keepalive_of(read_message(socks[-1])))
    assert told == [10] * 7 + [0.5] * 2
    for sock in socks:
        sock.close()


def test_a_keepalive_with_a_timeout_is_a_format_error(cairnd):
    with cairnd.connect() as sock:
        sock.sendall(frame(with_keepalive(cairnd, b"\0\x64")))
        reply = read_message(sock)
        assert reply.rcode() == dns.rcode.FORMERR and not reply.options


def test_over_udp_a_keepalive_means_nothing(cairnd):
    for data in (b"", b"\0\x64", b"x"):
        reply = dns.query.udp(with_keepalive(cairnd, data), cairnd.address, port=cairnd.port, timeout=3)
        assert reply.rcode() == 0 and not reply.options


def test_dig_understands_the_time(cairnd):
    out = subprocess.run(["dig", f"@{cairnd.address}", "-p", str(cairnd.port), "+tcp", "+keepalive", "www.example.com"],
                         check=True, capture_output=True, text=True).stdout
    assert re.search("; TCP[- ]KEEPALIVE: 10.0 secs", out), out
