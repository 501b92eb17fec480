"""What cairn makes of servers that behave badly, with a scripted one."""
import copy

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from mock_server import MockServer

ZONE = {("good.mock.", "A"): (60, ["198.18.8.1"]), ("other.mock.", "A"): (60, ["198.18.8.2"]),
        ("alias.mock.", "CNAME"): (60, ["good.mock."]), ("many.mock.", "TXT"): (60, ['"' + "x" * 250 + '"'] * 1)}


@pytest.fixture
def resolver(make_cairnd, ports):
    """A started daemon whose only server changes its replies as told."""
    opened = []

    def make(change, *configurations):
        server = MockServer(f"127.61.0.{len(opened) + 1}", ports[1], ZONE, change).__enter__()
        opened.append(server)
        return make_cairnd(server.configuration(), *configurations).start(), server

    yield make
    for server in opened:
        server.__exit__()


def address_of(reply):
    assert reply.rcode() == 0, reply
    return str(reply.answer[-1][0])


def test_an_honest_server_is_believed(resolver):
    daemon, _ = resolver(lambda query, reply, transport: reply)
    assert address_of(daemon.ask("good.mock.")) == "198.18.8.1"
    assert address_of(daemon.ask("alias.mock.")) == "198.18.8.1"
    assert daemon.ask("absent.mock.").rcode() == 3


def without_edns(query, rcode):
    reply = dns.message.make_response(query)
    reply.use_edns(False)
    reply.set_rcode(rcode)
    return reply


@pytest.mark.parametrize("rcode", [dns.rcode.FORMERR, dns.rcode.NOTIMP], ids=["FORMERR", "NOTIMP"])
def test_a_server_that_does_not_know_edns_is_asked_without(resolver, rcode):
    def change(query, reply, transport):
        return without_edns(query, rcode) if query.edns >= 0 else reply

    daemon, server = resolver(change)
    assert address_of(daemon.ask("good.mock.")) == "198.18.8.1"
    assert any(not asked.has_edns for asked in server.asked)


def test_a_truncated_reply_is_asked_for_again_over_tcp(resolver):
    def change(query, reply, transport):
        if transport == "udp":
            reply.answer, reply.authority = [], []
            reply.flags |= dns.flags.TC
        return reply

    daemon, server = resolver(change)
    assert address_of(daemon.ask("good.mock.")) == "198.18.8.1"
    assert any(asked.transport == "tcp" for asked in server.asked)


def wrong_id(query, reply):
    reply.id ^= 1
    return reply


def wrong_question(query, reply):
    forged = dns.message.make_response(dns.message.make_query("other.mock.", "A", id=query.id))
    forged.answer.append(dns.rrset.from_text("good.mock.", 60, "IN", "A", "203.0.113.66"))
    return forged


def wrong_case(query, reply):
    wire = bytearray(reply.to_wire(max_size=65535))
    at = 12
    while wire[at]:
        for i in range(at + 1, at + 1 + wire[at]):
            if chr(wire[i]).isalpha():
                wire[i] ^= 0x20
        at += wire[at] + 1
    return bytes(wire)


def no_reply(query, reply):
    wire = bytearray(reply.to_wire(max_size=65535))
    wire[2] &= 0x7F
    return bytes(wire)


def junk(query, reply):
    return reply.to_wire(max_size=65535)[:20]


@pytest.mark.parametrize("forge", [wrong_id, wrong_question, wrong_case, no_reply, junk])
def test_a_forged_reply_before_the_true_one_changes_nothing(resolver, forge):
    def change(query, reply, transport):
        forged = copy.deepcopy(reply)
        for rrset in forged.answer:
            if rrset.rdtype == 1:
                forged.answer = [dns.rrset.from_text(rrset.name, 60, "IN", "A", "203.0.113.66")]
        return [forge(query, forged), reply] if transport == "udp" else reply

    daemon, _ = resolver(change)
    assert address_of(daemon.ask("good.mock.")) == "198.18.8.1"


def test_records_that_were_not_asked_for_are_not_believed(resolver):
    def change(query, reply, transport):
        reply.additional.append(dns.rrset.from_text("other.mock.", 600, "IN", "A", "203.0.113.66"))
        if reply.answer:
            reply.answer.append(dns.rrset.from_text("other.mock.", 600, "IN", "A", "203.0.113.66"))
        return reply

    daemon, server = resolver(change)
    first = daemon.ask("good.mock.")
    assert [str(rrset.name) for rrset in first.answer] == ["good.mock."]
    server.change = lambda query, reply, transport: reply
    assert address_of(daemon.ask("other.mock.")) == "198.18.8.2"


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTAUTH, 11])
def test_a_server_that_fails_makes_a_failure_with_a_reason(resolver, rcode):
    daemon, server = resolver(lambda query, reply, transport: without_edns(query, rcode))
    reply = daemon.ask("good.mock.", use_edns=0)
    assert reply.rcode() == 2
    assert any(option.otype == 15 for option in reply.options)
    assert len(server.asked) < 20


def test_a_reply_of_nothing_but_a_referral_upwards_is_lame(resolver):
    def change(query, reply, transport):
        reply.answer, reply.flags = [], reply.flags & ~dns.flags.AA
        reply.authority = [dns.rrset.from_text(".", 600, "IN", "NS", "a.root.mock.")]
        reply.set_rcode(0)
        return reply

    daemon, server = resolver(change)
    assert daemon.ask("good.mock.").rcode() == 2
    assert len(server.asked) < 20


def test_garbage_over_tcp_and_udp_makes_a_failure(resolver):
    daemon, server = resolver(lambda query, reply, transport: query.to_wire()[:2] + b"\x84\0" + b"\xff" * 40)
    assert daemon.ask("good.mock.").rcode() == 2
    assert daemon.is_alive()


def test_the_case_of_the_question_is_random_upstream_and_kept_for_the_client(resolver):
    seen = set()

    def change(query, reply, transport):
        seen.add(query.question[0].name.to_text())
        return reply

    daemon, _ = resolver(change)
    for number in range(20):
        reply = daemon.ask(f"Absent-Name-{number}.MOCK.")
        assert reply.question[0].name.to_text() == f"Absent-Name-{number}.MOCK."
    assert any(name not in (name.lower(), name.upper()) for name in seen)


def test_a_set_of_two_thousand_records_is_answered_and_not_kept(resolver):
    addresses = [f"198.18.{i // 250}.{i % 250 + 1}" for i in range(2000)]

    def change(query, reply, transport):
        if reply.answer and reply.question[0].rdtype == 1:
            reply.answer = [dns.rrset.from_text_list(query.question[0].name, 60, "IN", "A", addresses)]
            if transport == "udp":
                reply.answer, reply.flags = [], reply.flags | dns.flags.TC
        return reply

    daemon, server = resolver(change, {"server": {"workers": 1}})
    assert len(daemon.ask("good.mock.", tcp=True).answer[0]) == 2000
    assert daemon.ask_udp("good.mock.").flags & dns.flags.TC
    assert daemon.ctl_json("cache", "get", "good.mock", "A")["entries"] == []
    assert [asked.transport for asked in server.asked if asked.name == "good.mock."].count("tcp") == 2
    assert daemon.ctl_json("stats")["limits"]["records"] == 2


def test_an_answer_with_an_absurd_number_of_records_is_survived(resolver):
    def change(query, reply, transport):
        if reply.answer and reply.question[0].rdtype == 1:
            addresses = [f"198.18.{i // 250}.{i % 250 + 1}" for i in range(3000)]
            reply.answer = [dns.rrset.from_text_list(query.question[0].name, 60, "IN", "A", addresses)]
            if transport == "udp":
                reply.answer, reply.flags = [], reply.flags | dns.flags.TC
        return reply

    daemon, _ = resolver(change)
    assert daemon.ask("good.mock.", tcp=True).rcode() in (0, 2)
    assert daemon.ask("absent.mock.").rcode() == 3


# ---- addresses that are never asked

@pytest.mark.parametrize("address", ["127.61.1.1", "0.0.0.0", "127.0.0.1", "10.1.2.3", "224.0.0.1", "255.255.255.255"])
def test_without_permission_no_packet_goes_to_this_machine_or_its_neighbours(make_cairnd, ports, address):
    """A referral to such an address, to ourselves even, is followed by nothing but a failure that says why."""
    def change(query, reply, transport):
        if not query.question[0].name.to_text().lower().endswith("trap.mock."):
            return reply
        reply.answer, reply.authority, reply.flags = [], [], reply.flags & ~dns.flags.AA
        reply.authority.append(dns.rrset.from_text("trap.mock.", 60, "IN", "NS", "ns.trap.mock."))
        reply.additional.append(dns.rrset.from_text("ns.trap.mock.", 60, "IN", "A", address))
        reply.set_rcode(0)
        return reply

    with MockServer("127.61.2.1", ports[1], ZONE, change) as server:
        narrow = {"recursion": {"allow-upstream": ["127.61.2.1/32"]}}
        daemon = make_cairnd(server.configuration(), narrow).start()
        reply = daemon.ask("www.trap.mock.", use_edns=0)
        assert reply.rcode() == 2
        assert any("is not a public address" in (option.text or "") for option in reply.options if option.otype == 15)
        sent = daemon.ctl_json("stats")["upstream"]["udp_sent"]
        assert sent == len(server.asked) <= 3
