"""A network in which no datagram comes back from any name server: everything is answered over TCP all the same."""
import dns.flags
import dns.name
import dns.rrset
import pytest

from mock_server import MockServer

NAMES = [f"host{i}.far.mock." for i in range(20)]
ZONE = {(name, "A"): (60, [f"198.18.30.{i}"]) for i, name in enumerate(NAMES)}


def refer(address):
    """What a root says of far.mock., whose server has that address."""
    far = dns.name.from_text("far.mock.")

    def change(query, reply, transport):
        if transport == "udp":
            return None
        if query.question[0].name.is_subdomain(far):
            reply.flags &= ~dns.flags.AA
            reply.answer, reply.authority = [], [dns.rrset.from_text(far, 600, "IN", "NS", "ns.far.mock.")]
            reply.additional = [dns.rrset.from_text("ns.far.mock.", 600, "IN", "A", address)]
            reply.set_rcode(0)
        return reply

    return change


@pytest.fixture
def deaf(ports):
    """Two servers that hear UDP but never reply: a root, and one of a zone below it."""
    below = MockServer("127.63.0.2", ports[1], ZONE, lambda query, reply, transport: reply if transport == "tcp" else None)
    root = MockServer("127.63.0.1", ports[1], {}, refer(below.address))
    with root, below:
        yield root, below


def over_udp(server):
    return [(asked.name, asked.rdtype) for asked in server.asked if asked.transport == "udp"]


def test_without_udp_the_first_answer_comes_in_time_and_the_next_without_waiting(make_cairnd, deaf):
    root, below = deaf
    daemon = make_cairnd(root.configuration(), {"server": {"workers": 1}}).start()
    assert daemon.ask(NAMES[0]).rcode() == 0  # SERVFAIL after 3.5 seconds
    first = len(below.asked)
    for name in NAMES[1:]:
        assert daemon.ask(name).rcode() == 0
    waited_for = [asked for asked in below.asked[first:] if asked.transport == "udp" and asked.rdtype != "SOA"]
    assert not waited_for
    assert len(over_udp(root)) <= 3
    assert len(over_udp(below)) <= 4
    assert below.connections <= 3
