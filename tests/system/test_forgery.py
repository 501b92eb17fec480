"""What somebody off the path, or on it for one datagram, can make cairn believe. The scripted server sends what a forger
would, from its own address: only ids, ports, cases and cookies tell the two apart."""
import copy
import re
import threading

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from mock_server import MockServer

FORGED, TRUE = "203.0.113.66", "198.18.8.1"
ZONE = {("good.mock.", "A"): (300, [TRUE]), ("other.mock.", "A"): (300, ["198.18.8.2"]),
        ("large.mock.", "TXT"): (300, ['"' + f"{i:03} " + "x" * 240 + '"' for i in range(13)])}


@pytest.fixture
def resolver(make_cairnd, ports):
    """A started daemon of one worker whose only server changes its replies as told."""
    opened = []

    def make(change, *configurations):
        server = MockServer(f"127.63.0.{len(opened) + 1}", ports[1], ZONE, change).__enter__()
        opened.append(server)
        daemon = make_cairnd(server.configuration(), {"server": {"workers": 1}}, *configurations).start()
        return daemon, server

    yield make
    for server in opened:
        server.__exit__()


def address_of(reply):
    assert reply.rcode() == 0, reply
    return str(reply.answer[-1][0])


def poisoned(reply):
    """The reply with a forger's address."""
    forged = copy.deepcopy(reply)
    forged.answer = [dns.rrset.from_text(reply.question[0].name, 300, "IN", "A", FORGED)]
    return forged


def is_target(query):
    return query.question[0].name.to_text().lower() == "good.mock."


def octets(message):
    return bytearray(message.to_wire(max_size=65535))


def name_end(wire):
    at = 12
    while wire[at]:
        at += wire[at] + 1
    return at + 1


def test_two_thousand_wrong_ids_are_one_suspicion_and_one_connection(resolver):
    def change(query, reply, transport):
        if transport == "tcp" or not is_target(query):
            return reply
        forged = octets(poisoned(reply))
        wrong = [bytes([i >> 8, i & 0xFF]) + bytes(forged[2:]) for i in range(2001) if i != query.id]
        return wrong[:2000] + [reply]

    daemon, server = resolver(change)
    assert address_of(daemon.ask("other.mock.")) == "198.18.8.2"
    assert address_of(daemon.ask("good.mock.")) == TRUE
    assert server.connections == 1
    assert [asked.transport for asked in server.asked if asked.name == "good.mock."] == ["udp", "tcp"]
    upstream = daemon.ctl_json("stats")["upstream"]
    assert upstream["suspects"] == upstream["mismatched"] == 1
    # What was known before is still known: nothing is flushed for fear.
    before = len(server.asked)
    assert address_of(daemon.ask("other.mock.")) == "198.18.8.2"
    assert len(server.asked) == before


# ---- malformed replies, each followed by the good one

def with_header(at, value):
    def forge(wire):
        wire[at:at + len(value)] = value
        return bytes(wire)
    return forge


def behind_question(*parts):
    """The question and what follows it."""
    def forge(wire):
        return bytes(wire[:name_end(wire) + 4]) + b"".join(parts)
    return forge


def count(answers=0, authorities=0, additionals=0):
    return with_header(6, bytes([0, answers, 0, authorities, 0, additionals]))


def then(*steps):
    def forge(wire):
        for step in steps:
            wire = bytearray(step(bytearray(wire)))
        return bytes(wire)
    return forge


RECORD = b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xcb\0\x71\x42"
MALFORMED = {
    "nothing": lambda wire: b"",
    "one octet": lambda wire: bytes(wire[:1]),
    "half a header": lambda wire: bytes(wire[:6]),
    "a header alone": lambda wire: bytes(wire[:12]),
    "half a question": lambda wire: bytes(wire[:14]),
    "cut in the answer": lambda wire: bytes(wire[:-3]),
    "a query": then(lambda wire: bytes([*wire[:2], wire[2] & 0x7F, *wire[3:]])),
    "another opcode": then(lambda wire: bytes([*wire[:2], wire[2] | 0x28, *wire[3:]])),
    "no question": with_header(4, b"\0\0"),
    "two questions": with_header(4, b"\0\2"),
    "another type": lambda wire: bytes(wire[:name_end(wire)]) + b"\0\x1c" + bytes(wire[name_end(wire) + 2:]),
    "another class": lambda wire: bytes(wire[:name_end(wire) + 2]) + b"\0\3" + bytes(wire[name_end(wire) + 4:]),
    "more answers than there are": with_header(6, b"\xff\xff"),
    "a pointer to itself": then(count(1), behind_question(b"\xc0\x1b" + RECORD[2:])),
    "a pointer forwards": then(count(1), behind_question(b"\xc0\xff" + RECORD[2:])),
    "a label of 64 octets": then(count(1), behind_question(b"\x40" + b"x" * 64 + b"\0" + RECORD[2:])),
    "an address of 5 octets": then(count(1), behind_question(RECORD[:10] + b"\0\5\xcb\0\x71\x42\0")),
    "data behind its end": then(count(1), behind_question(RECORD[:10] + b"\xff\xff\xcb\0\x71\x42")),
    "two OPT": then(count(0, 0, 2), behind_question(b"\0\0\x29\4\xd0" + b"\0" * 6 + b"\0\0\x29\4\xd0" + b"\0" * 6)),
    "an option cut off": then(count(0, 0, 1), behind_question(b"\0\0\x29\4\xd0" + b"\0" * 4 + b"\0\4\0\x0a\0\xff")),
    "64 KiB of pointers": then(count(1), lambda wire: bytes(wire[:name_end(wire) + 4]) + b"\xc0\x0c" * 500),
}


def test_a_malformed_reply_never_ends_a_question(resolver):
    """Each variant comes before the good reply, to a name of its own; other names of the server are not touched."""
    variants = dict(zip((f"v{i}.mock." for i in range(len(MALFORMED))), MALFORMED.items()))
    for name in variants:
        ZONE[name, "A"] = (300, [TRUE])

    def change(query, reply, transport):
        variant = variants.get(query.question[0].name.to_text().lower())
        if variant is None or transport == "tcp":
            return reply
        return [variant[1](octets(poisoned(reply))), reply]

    daemon, server = resolver(change)
    found = {}
    for name, (what, _) in variants.items():
        reply = daemon.ask(name)
        if reply.rcode() != 0 or str(reply.answer[-1][0]) != TRUE:
            found[what] = reply
    assert not found
    assert len(variants) >= 20
    assert all(server.count(name) <= 3 for name in variants), server.asked
    # The server itself is held in no lower esteem: the next question goes to it over UDP, once.
    before = len(server.asked)
    assert address_of(daemon.ask("other.mock.")) == "198.18.8.2"
    assert [(asked.name, asked.transport) for asked in server.asked[before:]] == [("other.mock.", "udp")]


# ---- EDNS

def test_a_forged_formerr_does_not_take_edns_from_a_server_that_has_it(resolver):
    def change(query, reply, transport):
        if is_target(query) and not change.done:
            change.done = True
            forged = dns.message.make_response(query)
            forged.use_edns(False)
            forged.set_rcode(dns.rcode.FORMERR)
            return forged
        return reply

    change.done = False
    daemon, server = resolver(change)
    daemon.ask("other.mock.")  # by which it is known to have EDNS
    assert address_of(daemon.ask("good.mock.")) == TRUE
    daemon.ask("absent.mock.")
    assert all(asked.has_edns for asked in server.asked)
    assert [asked.transport for asked in server.asked if asked.name == "good.mock."] == ["udp", "tcp"]


# ---- case

def lowered(reply):
    wire = octets(reply)
    wire[12:name_end(wire)] = bytes(wire[12:name_end(wire)]).lower()
    return bytes(wire)


def test_a_server_that_loses_the_case_of_names_is_asked_over_tcp_once(resolver):
    seen = []

    def change(query, reply, transport):
        seen.append((query.question[0].name.to_text(), transport))
        return lowered(reply)

    # Without the short names of a walk, whose random case is too often lower case.
    daemon, server = resolver(change, {"recursion": {"qname-minimisation": False}})
    for number in range(20):
        assert daemon.ask(f"a-long-name-{number}.mock.").rcode() == 3
    assert address_of(daemon.ask("good.mock.")) == TRUE
    assert server.connections == 1
    assert [transport for _, transport in seen].count("tcp") == 1
    assert all(name == name.lower() for name, _ in seen[seen.index(next(s for s in seen if s[1] == "tcp")) + 1:])


def test_a_forger_cannot_make_a_server_lose_its_case(resolver):
    """Lower case before the good reply: the good one comes over TCP and has its case."""
    def change(query, reply, transport):
        return reply if transport == "tcp" else [lowered(poisoned(reply)), reply]

    daemon, server = resolver(change)
    assert address_of(daemon.ask("good.mock.")) == TRUE
    seen = []
    server.change = lambda query, reply, transport: seen.append(query.question[0].name.to_text()) or reply
    for number in range(10):
        assert daemon.ask(f"a-long-name-{number}.mock.").rcode() == 3
    assert any(name != name.lower() for name in seen)


# ---- fragments

def test_a_datagram_larger_than_announced_is_not_believed(resolver):
    def change(query, reply, transport):
        if transport == "udp" and is_target(query):
            forged = octets(poisoned(reply))
            return bytes(forged) + b"\0" * (4000 - len(forged))
        return reply

    daemon, server = resolver(change)
    assert address_of(daemon.ask("good.mock.")) == TRUE
    assert [asked.transport for asked in server.asked if asked.name == "good.mock."] == ["udp", "tcp"]
    shown = daemon.ctl_json("cache", "get", "good.mock", "A")
    assert FORGED not in str(shown) and TRUE in str(shown)


def test_our_own_large_answers_are_truncated_not_fragmented(resolver):
    daemon, _ = resolver(lambda query, reply, transport: reply)
    assert len(daemon.ask("large.mock.", "TXT", tcp=True).answer[0]) == 13
    for payload in (1232, 4096, 65535):
        reply = daemon.exchange(daemon.query("large.mock.", "TXT", use_edns=0, payload=payload).to_wire())
        assert len(reply) <= 1232
        assert dns.message.from_wire(reply).flags & dns.flags.TC


# ---- sockets

def test_sockets_that_wait_for_servers_are_connected(isolated, resolver):
    """What the system then refuses in our place: datagrams from anybody else."""
    asked = threading.Event()

    def change(query, reply, transport):
        asked.set()
        return None

    daemon, server = resolver(change)
    client = threading.Thread(target=daemon.ask, args=("good.mock.",))
    client.start()
    assert asked.wait(5)
    sockets = udp_sockets(daemon)
    client.join()
    waiting = [remote for local, remote in sockets if local[1] != daemon.port]
    assert waiting and all(remote == (server.address, server.port) for remote in waiting), sockets


def udp_sockets(daemon):
    """Local and remote address of each UDP socket of the daemon that has a port."""
    inodes = {found[1] for found in map(re.compile(r"socket:\[(\d+)\]").match, daemon.descriptors()) if found}
    found = []
    for line in daemon.proc("net/udp").splitlines()[1:]:
        fields = line.split()
        if fields[9] in inodes:
            found.append(tuple((".".join(str(octet) for octet in bytes.fromhex(address)[::-1]), int(port, 16))
                               for address, port in (field.split(":") for field in fields[1:3])))
    return found


def test_a_closed_port_means_the_next_server_at_once(make_cairnd, ports):
    with MockServer("127.63.1.2", ports[1], ZONE) as server:
        hints = {"recursion": {"root-hints": {"a.root.mock": ["127.63.1.1"], "b.root.mock": ["127.63.1.2"]}}}
        daemon = make_cairnd(server.configuration(), hints, {"server": {"workers": 1}}).start()
        for number in range(1000):  # until chance has it that the closed one is tried
            assert daemon.ask(f"n{number}.mock.").rcode() == 3
            upstream = daemon.ctl_json("stats")["upstream"]
            if upstream["unreachable"] > 0:
                break
        assert upstream["unreachable"] == 1
        assert upstream["udp_sent"] == len(server.asked) + 1


# ---- one question, many clients

def noise(daemon, number):
    """The same question in another dress: case, EDNS, client subnet, checking disabled."""
    name = "".join(c.upper() if number >> i & 1 else c for i, c in enumerate("good.mock."))
    options = [dns.edns.ECSOption(f"192.0.{number}.0", 24)] if number % 3 == 0 else []
    query = daemon.query(name, use_edns=0 if number % 2 else False, options=options if number % 2 else [])
    if number % 5 == 0:
        query.flags |= dns.flags.CD
    return query.to_wire()


@pytest.fixture
def slow(ports):
    with MockServer("127.63.2.1", ports[1], ZONE, delay=0.3) as server:
        yield server


def test_two_hundred_clients_of_one_question_are_one_query(make_cairnd, slow):
    """Duplicates on their way would each be a chance more for a forger (birthday attack)."""
    daemon = make_cairnd(slow.configuration(), {"server": {"workers": 1}}).start()
    daemon.ask("other.mock.")
    replies = daemon.exchange_many(noise(daemon, number) for number in range(200))
    assert [dns.message.from_wire(reply).rcode() for reply in replies] == [0] * 200
    assert slow.count("good.mock.") == 1


def test_clients_beyond_the_limit_get_a_failure_and_no_query(make_cairnd, slow):
    daemon = make_cairnd(slow.configuration(), {"server": {"workers": 1}, "limits": {"waiters": 100}}).start()
    daemon.ask("other.mock.")
    wires = [daemon.query("good.mock.", id=number).to_wire() for number in range(200)]
    replies = daemon.exchange_many(wires)
    rcodes = [dns.message.from_wire(reply).rcode() for reply in replies]
    assert (rcodes.count(0), rcodes.count(2)) == (100, 100)
    assert slow.count("good.mock.") == 1
