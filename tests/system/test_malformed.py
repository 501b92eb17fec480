"""Whatever a client sends gets the outcome it is due, and the next good query its answer."""
import random
import select
import socket
import struct
import time

import pytest

import classifier
import mutate

DATAGRAMS = 10000
STREAMS = 1000
BATCH = 200
SETTLE_SECONDS = 0.2
ANSWER_SECONDS = 5

ZONE = """$ORIGIN dev.test.
$TTL 30
@   SOA ns hostmaster 1 3600 600 86400 30
@   NS  ns
ns  A   127.0.0.1
api A   10.0.3.7
"""


@pytest.fixture
def target(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"zones": [{"name": "dev.test", "file": "dev.test.zone"}]})
    (daemon.directory / "dev.test.zone").write_text(ZONE)
    return daemon.start()


def is_well(daemon):
    reply = daemon.ask("www.example.com")
    return reply.rcode() == 0 and len(reply.answer) == 1


def exchange(daemon, wires):
    """Sends each message from a socket of its own; replies by position, None for silence."""
    sockets = []
    for wire in wires:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.connect((daemon.address, daemon.port))
        sock.send(wire)
        sockets.append(sock)
    waiting = {sock.fileno(): i for i, sock in enumerate(sockets)}
    expected = sum(classifier.classify(wire) != {classifier.SILENCE} for wire in wires)
    replies, poll = [None] * len(wires), select.poll()
    for number in waiting:
        poll.register(number, select.POLLIN)
    deadline, got, unasked = time.monotonic() + ANSWER_SECONDS, 0, 0
    settle = None
    while time.monotonic() < (settle or deadline):
        for number, _ in poll.poll(20):
            i = waiting[number]
            data = sockets[i].recv(65535)
            unasked += replies[i] is not None
            got += replies[i] is None
            replies[i] = data
        if got >= expected and settle is None:
            settle = time.monotonic() + SETTLE_SECONDS
    for sock in sockets:
        sock.close()
    assert not unasked, "one message got two replies"
    return replies


def mismatch(wire, reply, tcp=False):
    due = classifier.classify(wire, tcp)
    try:
        seen = classifier.observe(wire, reply)
    except Exception as error:  # any complaint of the independent reader about a reply is a finding
        return f"{wire.hex()} due {due}: bad reply {reply.hex()}: {error!r}"
    return None if seen in due else f"{wire.hex()} due {due} got {seen}"


def test_each_of_10000_datagrams_gets_the_outcome_it_is_due(target):
    wires = list(mutate.messages(1, DATAGRAMS))
    found = []
    for start in range(0, len(wires), BATCH):
        batch = wires[start:start + BATCH]
        found += filter(None, map(mismatch, batch, exchange(target, batch)))
        assert target.is_alive(), target.log()
    assert not found, f"{len(found)} of {DATAGRAMS}:\n" + "\n".join(found[:20])
    assert is_well(target)


# ---- streams

def framed(wire, length=None):
    return struct.pack("!H", len(wire) if length is None else length & 0xFFFF) + wire


def broken_stream(rng):
    """Octets for one connection, and how to end it."""
    good = framed(mutate.valid_query(rng))
    bad = next(mutate.messages(rng.random(), 1))
    octets = rng.choice([
        lambda: b"", lambda: b"\x00", lambda: framed(b""), lambda: framed(bad), lambda: framed(bad, len(bad) + 40),
        lambda: framed(bad, rng.randrange(65536)), lambda: good[:rng.randrange(len(good))], lambda: good + framed(bad),
        lambda: framed(bad) + good, lambda: good * 20, lambda: good * 3 + good[:5], lambda: rng.randbytes(2000),
        lambda: framed(b"\0" * 11), lambda: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", lambda: framed(b"", 65535)])()
    return octets, rng.choice(["close", "reset", "half", "wait"]), rng.random() < 0.1


def send_stream(daemon, octets, ending, in_pieces):
    """Sends and ends as told; returns what came back, which must be whole messages."""
    sock = daemon.connect(timeout=ANSWER_SECONDS)
    received = b""
    try:
        for i in range(len(octets)) if in_pieces and len(octets) < 100 else [None]:
            sock.sendall(octets if i is None else octets[i:i + 1])
        if ending == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif ending == "half":
            sock.shutdown(socket.SHUT_WR)
            while part := sock.recv(65535):
                received += part
        elif ending == "wait":
            sock.settimeout(0.05)
            while part := sock.recv(65535):
                received += part
    except OSError:  # the daemon may close or reset whenever it likes
        pass
    finally:
        sock.close()
    return received


def whole_messages(octets):
    """Splits a stream; a last message that is not whole is left out."""
    while len(octets) >= 2 and len(octets) >= 2 + struct.unpack("!H", octets[:2])[0]:
        length = struct.unpack("!H", octets[:2])[0]
        yield octets[2:2 + length]
        octets = octets[2 + length:]


def test_1000_broken_streams_get_only_replies_they_are_due(target):
    rng, found = random.Random(2), []
    for number in range(STREAMS):
        octets, ending, in_pieces = broken_stream(rng)
        queries = {wire[:2]: wire for wire in whole_messages(octets)}
        for reply in whole_messages(send_stream(target, octets, ending, in_pieces)):
            if reply[:2] not in queries:
                found.append(f"reply to nothing: {reply.hex()}")
            elif len(list(whole_messages(octets))) == len(queries):
                found += filter(None, [mismatch(queries[reply[:2]], reply, tcp=True)])
        if number % 50 == 0:
            assert target.is_alive(), target.log()
    assert not found, "\n".join(found[:20])
    assert is_well(target)
    assert target.ask("www.example.com", tcp=True).answer


def test_a_good_query_behind_a_malformed_one_is_answered_on_the_same_connection(target):
    bad = struct.pack("!6H", 7, 0x0100, 2, 0, 0, 0) + b"\0\0\1\0\1"
    good = target.query("www.example.com", id=8).to_wire()
    with target.connect() as sock:
        sock.sendall(framed(bad) + framed(good))
        received = b""
        while len(list(whole_messages(received))) < 2:
            received += sock.recv(65535)
    by_id = {reply[:2]: reply for reply in whole_messages(received)}
    assert classifier.observe(bad, by_id[b"\0\7"]) == classifier.FORMERR
    assert classifier.observe(good, by_id[b"\0\10"]) == classifier.ANSWER


def test_a_reply_is_never_replied_to(target):
    wire = bytearray(target.query("www.example.com").to_wire())
    wire[2] |= 0x80
    assert exchange(target, [bytes(wire)]) == [None]
