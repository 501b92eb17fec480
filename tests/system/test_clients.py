"""Many clients at once."""
import select
import socket
import time

import dns.message
import pytest

from mock_server import MockServer

CLIENTS = 1000
RESEND_SECONDS = 1
ANSWER_SECONDS = 5


@pytest.fixture
def slow_server(ports):
    zone = {("popular.mock.", "A"): (60, ["198.18.7.7"])}
    with MockServer("127.60.0.1", ports[1], zone, delay=0.2) as server:
        yield server


def ask_at_once(daemon, name, count):
    """Asks from `count` sockets at once, each repeating its question as a stub resolver would; the replies."""
    clients = {}
    poll = select.poll()
    for number in range(count):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.connect((daemon.address, daemon.port))
        clients[sock.fileno()] = (sock, daemon.query(name, id=number).to_wire())
        poll.register(sock, select.POLLIN)
    replies, deadline, resend = {}, time.monotonic() + ANSWER_SECONDS, 0
    while len(replies) < count and time.monotonic() < deadline:
        if time.monotonic() >= resend:
            for number, (sock, wire) in clients.items():
                if number not in replies:
                    sock.send(wire)
            resend = time.monotonic() + RESEND_SECONDS
        for number, _ in poll.poll(50):
            replies[number] = clients[number][0].recv(4096)
    for number, (sock, wire) in clients.items():
        assert number not in replies or replies[number][:2] == wire[:2]
        sock.close()
    return [dns.message.from_wire(reply) for reply in replies.values()]


def test_1000_clients_of_one_uncached_name_share_one_walk_per_worker(make_cairnd, slow_server):
    daemon = make_cairnd(slow_server.configuration()).start()
    replies = ask_at_once(daemon, "popular.mock.", CLIENTS)
    assert len(replies) == CLIENTS
    assert {str(reply.answer[0][0]) for reply in replies if reply.answer} == {"198.18.7.7"}
    assert all(reply.answer for reply in replies)
    assert 1 <= slow_server.count("popular.mock.", "A") <= 2, slow_server.asked


def test_no_client_waits_longer_than_the_contract_says(make_cairnd, ports):
    with MockServer("127.60.0.2", ports[1], {}, change=lambda *_: None) as server:
        daemon = make_cairnd(server.configuration()).start()
        began = time.monotonic()
        reply = daemon.ask("silent.mock.", use_edns=0, timeout=5)
        assert time.monotonic() - began < 3.7
        assert reply.rcode() == 2
        assert any(option.otype == 15 for option in reply.options)


def test_a_failure_is_remembered(make_cairnd, ports):
    with MockServer("127.60.0.3", ports[1], {}, change=lambda *_: None) as server:
        daemon = make_cairnd(server.configuration()).start()
        daemon.ask("silent.mock.", timeout=5)
        time.sleep(0.5)
        before, began = len(server.asked), time.monotonic()
        assert daemon.ask("silent.mock.", timeout=5).rcode() == 2
        assert time.monotonic() - began < 0.5
        assert len(server.asked) == before


def test_memory_stays_flat_under_many_different_names(make_cairnd, ports):
    with MockServer("127.60.0.4", ports[1], {("one.mock.", "A"): (60, ["198.18.7.8"])}) as server:
        daemon = make_cairnd(server.configuration()).start()
        ask_each(daemon, 0, 500)
        before = daemon.memory()
        ask_each(daemon, 500, 2500)
        assert daemon.memory() - before < 64 << 20


def ask_each(daemon, first, last):
    for number in range(first, last):
        assert daemon.ask(f"n{number}.absent{number}.mock.").rcode() == 3


def test_it_stops_within_two_seconds_whatever_it_waits_for(make_cairnd, ports):
    with MockServer("127.60.0.5", ports[1], {}, change=lambda *_: None) as server:
        daemon = make_cairnd(server.configuration(), plain=True).start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, daemon.connect():
            sock.connect((daemon.address, daemon.port))
            for number in range(50):
                sock.send(daemon.query(f"n{number}.silent.mock.").to_wire())
            time.sleep(0.3)
            began = time.monotonic()
            daemon.stop()
        assert time.monotonic() - began < 2
