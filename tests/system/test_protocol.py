"""What a single query and its reply look like: EDNS, sizes, classes, special names, access."""
import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest

from capture import Capture
from daemon import records

EDE = 15
NSID = 3
PADDING = 12


def errors(reply):
    return [option.otype for option in reply.options if option.otype == EDE]


# ---- EDNS

def test_a_query_without_edns_gets_a_reply_without_edns(cairnd):
    reply = cairnd.ask("www.example.com", use_edns=False)
    assert reply.edns == -1
    assert reply.answer


def test_edns_is_answered_with_edns_of_version_0_and_our_size(cairnd):
    reply = cairnd.ask("www.example.com", use_edns=0, payload=4096)
    assert (reply.edns, reply.payload) == (0, 1232)


def test_a_later_version_gets_badvers_and_ours(cairnd):
    query = cairnd.query("www.example.com")
    query.use_edns(1)
    reply = dns.message.from_wire(cairnd.exchange(query.to_wire()))
    assert reply.rcode() == dns.rcode.BADVERS
    assert reply.edns == 0
    assert not reply.answer


def test_the_do_bit_is_echoed_and_brings_signatures(cairnd):
    plain = cairnd.ask("www.signed.org", use_edns=0)
    signed = cairnd.ask("www.signed.org", use_edns=0, want_dnssec=True)
    assert not plain.ednsflags & dns.flags.DO
    assert signed.ednsflags & dns.flags.DO
    assert {r.rdtype for r in plain.answer} == {dns.rdatatype.A}
    assert {r.rdtype for r in signed.answer} == {dns.rdatatype.A, dns.rdatatype.RRSIG}


def test_a_negative_answer_brings_its_proof_only_with_do(cairnd):
    plain = cairnd.ask("missing.signed.org", use_edns=0)
    signed = cairnd.ask("missing.signed.org", use_edns=0, want_dnssec=True)
    assert {r.rdtype for r in plain.authority} == {dns.rdatatype.SOA}
    assert dns.rdatatype.NSEC in {r.rdtype for r in signed.authority}


def test_unknown_options_are_ignored(cairnd):
    options = [dns.edns.GenericOption(code, b"x" * 10) for code in (65001, 65535, 4)]
    reply = cairnd.ask("www.example.com", use_edns=0, options=options)
    assert reply.rcode() == 0
    assert not reply.options


@pytest.mark.parametrize("tcp", [False, True])
def test_padding_is_left_to_encrypted_transports(cairnd, tcp):
    padded = cairnd.ask("www.example.com", tcp=tcp, use_edns=0, options=[dns.edns.GenericOption(PADDING, bytes(64))])
    assert padded.rcode() == 0 and padded.answer
    assert not padded.options  # RFC 7830 6


def test_nsid_is_given_when_asked_for_and_configured(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"server": {"identity": "cairn-7"}}).start()
    asked = daemon.ask("localhost.", use_edns=0, options=[dns.edns.GenericOption(NSID, b"")])
    assert [option.to_text() for option in asked.options if option.otype == NSID]
    assert not daemon.ask("localhost.", use_edns=0).options


@pytest.mark.parametrize("payload", [0, 512, 600, 1232, 4096, 65535])
def test_no_datagram_is_larger_than_both_sides_allow(cairnd, payload):
    for name, rdtype in (("big.example.com", "TXT"), ("addresses.example.com", "A"), ("www.example.com", "A")):
        reply = cairnd.ask_udp(name, rdtype, use_edns=0, payload=payload)
        assert len(reply.to_wire(max_size=65535)) <= min(max(payload, 512), 1232) + 64  # dnspython packs differently


def test_truncation_sets_tc_and_never_cuts_a_set_of_records(cairnd):
    for name, rdtype in (("addresses.example.com", "A"), ("big.example.com", "TXT")):
        reply = cairnd.ask_udp(name, rdtype)
        assert reply.flags & dns.flags.TC
        assert not any(rrset.rdtype == dns.rdatatype.from_text(rdtype) for rrset in reply.answer)
        assert len(cairnd.ask(name, rdtype).answer[0]) in (1, 100)


# ---- header and question

def test_flags_are_what_a_resolver_says(cairnd):
    reply = cairnd.ask("www.example.com")
    assert reply.flags & dns.flags.RA and reply.flags & dns.flags.RD
    assert not reply.flags & (dns.flags.AA | dns.flags.TC | dns.flags.AD)


def test_the_case_of_the_question_is_kept_in_question_and_answer(cairnd):
    for _ in range(3):  # from the walk, the cache, the ready answers
        reply = cairnd.ask("wWw.ExAmPlE.cOm")
        assert reply.question[0].name.to_text() == "wWw.ExAmPlE.cOm."


def test_other_opcodes_are_not_implemented(cairnd):
    for opcode in (1, 2, 4, 5, 6, 15):
        wire = bytearray(cairnd.query("www.example.com").to_wire())
        wire[2] |= opcode << 3
        reply = cairnd.exchange(bytes(wire))
        assert reply[:2] == wire[:2]
        assert reply[2] & 0xF8 == 0x80 | opcode << 3
        assert reply[3] & 0x0F == dns.rcode.NOTIMP


def test_two_questions_are_a_format_error(cairnd):
    query = cairnd.query("www.example.com")
    query.find_rrset(query.question, dns.name.from_text("other.example.com."), 1, 1, create=True, force_unique=True)
    assert dns.query.udp(query, cairnd.address, port=cairnd.port, timeout=3).rcode() == dns.rcode.FORMERR


def test_transfers_are_refused(cairnd):
    for rdtype in ("AXFR", "IXFR"):
        query = cairnd.query("example.com", rdtype)
        reply = dns.query.tcp(query, cairnd.address, port=cairnd.port, timeout=3, one_rr_per_rrset=True)
        assert reply.rcode() == dns.rcode.REFUSED


# ---- ANY

def test_any_is_answered_from_what_is_cached(cairnd):
    cairnd.ask("www.example.com", "A")
    reply = cairnd.ask("www.example.com", "ANY")
    assert reply.rcode() == 0
    assert dns.rdatatype.A in {rrset.rdtype for rrset in reply.answer}


def test_any_of_an_uncached_name_is_answered(cairnd):
    reply = cairnd.ask("many.types.lab", "ANY")
    assert reply.rcode() == 0 and reply.answer
    assert cairnd.ask("absent.types.lab", "ANY").rcode() == dns.rcode.NXDOMAIN


# ---- class CH

def identity_of(daemon, name):
    return daemon.ask(name, "TXT", rdclass=dns.rdataclass.CH)


def test_the_identity_is_told_only_when_configured(make_cairnd, lab, cairnd):
    assert identity_of(cairnd, "id.server.").rcode() == dns.rcode.REFUSED
    named = make_cairnd(lab.configuration(), {"server": {"identity": "cairn-7"}}, address="127.0.0.3").start()
    for name in ("id.server.", "hostname.bind."):
        assert str(identity_of(named, name).answer[0][0]) == '"cairn-7"'


def test_other_names_and_classes_are_refused(cairnd):
    assert identity_of(cairnd, "www.example.com.").rcode() == dns.rcode.REFUSED
    assert cairnd.ask("www.example.com", rdclass=dns.rdataclass.HS).rcode() == dns.rcode.REFUSED


# ---- special-use names

@pytest.mark.parametrize("name, rdtype, expected", [
    ("localhost.", "A", "127.0.0.1"), ("localhost.", "AAAA", "::1"), ("any.localhost.", "A", "127.0.0.1"),
    ("1.0.0.127.in-addr.arpa.", "PTR", "localhost."),
])
def test_loopback_names_have_loopback_addresses(cairnd, name, rdtype, expected):
    assert str(cairnd.ask(name, rdtype).answer[0][0]) == expected


@pytest.mark.parametrize("name, rdtype", [
    ("x.invalid.", "A"), ("x.test.", "A"), ("x.onion.", "A"), ("x.alt.", "A"), ("x.home.arpa.", "A"),
    ("1.0.168.192.in-addr.arpa.", "PTR"), ("1.0.0.10.in-addr.arpa.", "PTR"), ("1.2.0.192.in-addr.arpa.", "PTR"),
    ("8.b.d.0.1.0.0.2.ip6.arpa.", "PTR"), ("1.d.f.ip6.arpa.", "PTR"),
])
def test_names_that_never_leave_the_machine_do_not_leave_it(isolated, cairnd, name, rdtype):
    with Capture("127.53.0.0/24") as capture:
        assert cairnd.ask(name, rdtype).rcode() in (dns.rcode.NXDOMAIN, dns.rcode.NOERROR)
    assert not capture.queries


def test_loopback_names_are_known_without_recursion(cairnd):
    query = cairnd.query("localhost.", "A")
    query.flags &= ~dns.flags.RD
    reply = dns.message.from_wire(cairnd.exchange(query.to_wire()))
    assert str(reply.answer[0][0]) == "127.0.0.1"


def test_special_use_names_can_be_left_to_the_network(isolated, make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"recursion": {"special-use-zones": False}}).start()
    with Capture("127.53.0.0/24") as capture:
        assert daemon.ask("1.0.0.10.in-addr.arpa.", "PTR").rcode() == dns.rcode.NXDOMAIN
    assert capture.queries


# ---- who may ask, and from where the reply comes

def test_other_networks_are_refused_with_a_reason(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"server": {"allow": ["127.0.0.1/32"]}}).start()
    assert daemon.ask("www.example.com", source="127.0.0.1").answer
    for tcp in (False, True):
        reply = daemon.ask("www.example.com", source="127.0.0.8", use_edns=0, tcp=tcp)
        assert reply.rcode() == dns.rcode.REFUSED
        assert errors(reply)


def test_the_reply_comes_from_the_address_that_was_asked(isolated, make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"server": {"listen": ["0.0.0.0@1053"]}}, port=1053).start()
    for address in ("127.0.0.1", "127.0.0.77", "127.1.2.3"):
        query = daemon.query("www.example.com")
        assert dns.query.udp(query, address, port=1053, timeout=3).answer  # raises for another source
        assert dns.query.tcp(query, address, port=1053, timeout=3).answer


def test_both_address_families_are_served(isolated, make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"server": {"listen": ["127.0.0.1@53", "::1@53"]}}).start()
    query = daemon.query("www.example.com")
    for address in ("127.0.0.1", "::1"):
        assert dns.query.udp(query, address, port=53, timeout=3).answer
        assert dns.query.tcp(query, address, port=53, timeout=3).answer


def test_recursion_not_desired_starts_no_walk(isolated, cairnd):
    with Capture("127.53.0.0/24") as capture:
        reply = cairnd.ask("www.example.com", rd=False)
    assert not reply.flags & dns.flags.RD
    assert not capture.queries


def test_answers_from_walk_cache_and_ready_table_are_the_same(cairnd):
    replies = [cairnd.ask("chain1.alias.com", use_edns=0) for _ in range(3)]
    assert len({frozenset(records(reply.answer)) for reply in replies}) == 1
    assert len({tuple(reply.answer[i].name for i in range(len(reply.answer))) for reply in replies}) == 1
