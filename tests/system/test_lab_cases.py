"""Every case of the lab, against its expected outcome and against what unbound answers on the same tree."""
import concurrent.futures
import subprocess

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

from daemon import records
from peers import Unbound

SIGNED = {"use_edns": 0, "want_dnssec": True, "payload": 1232}


def outcome(reply, rdtype):
    """The rcode, or NODATA."""
    code = dns.rcode.to_text(reply.rcode())
    wanted = dns.rdatatype.from_text(rdtype)
    empty = not any(rrset.rdtype == wanted for rrset in reply.answer)
    return "NODATA" if code == "NOERROR" and empty else code


def ask_all(ask, cases):
    """Replies in the order of the cases; several at once, because dead servers take their time."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda case: ask(case[0], case[1]), cases))


ANSWER_SECONDS = 5


@pytest.fixture(scope="module")
def unbound(isolated, lab, tmp_path_factory):
    with Unbound(tmp_path_factory.mktemp("unbound"), lab.hints) as peer:
        yield peer


@pytest.fixture
def resolver(cairnd):
    def ask(name, rdtype, **options):
        reply = cairnd.ask(name, rdtype, timeout=ANSWER_SECONDS, **options)
        assert reply.question[0].name.to_text() == cairnd.query(name, rdtype).question[0].name.to_text()
        return reply
    return ask


@pytest.fixture
def validating(make_cairnd, lab):
    return make_cairnd(lab.configuration(), lab.validation()).start()


def unexpected(lab, replies, which):
    return [f"{name} {rdtype}: {outcome(reply, rdtype)} instead of {expected}"
            for (name, rdtype, expected, *_), reply in zip(lab.cases, replies)
            if outcome(reply, rdtype) != expected.split("/")[which]]


def test_every_case_has_the_expected_outcome(lab, resolver):
    wrong = unexpected(lab, ask_all(resolver, lab.cases), 0)
    assert not wrong, "\n".join(wrong)


def test_every_case_has_the_expected_outcome_with_validation(lab, validating):
    wrong = unexpected(lab, ask_all(validating.ask, lab.cases), -1)
    assert not wrong, "\n".join(wrong)


def test_every_case_has_the_same_outcome_from_cache(lab, resolver):
    first = ask_all(resolver, lab.cases)
    second = ask_all(resolver, lab.cases)
    wrong = [case[:2] for case, one, two in zip(lab.cases, first, second)
             if (one.rcode(), records(one.answer)) != (two.rcode(), records(two.answer))]
    assert not wrong


@pytest.mark.parametrize("options", [{}, SIGNED], ids=["plain", "with signatures"])
def test_every_case_is_answered_as_unbound_does(lab, unbound, resolver, options):
    theirs = ask_all(lambda name, rdtype: unbound.ask(name, rdtype, **options), lab.cases)
    ours = ask_all(lambda name, rdtype: resolver(name, rdtype, **options), lab.cases)
    wrong = [difference(case, mine, peers) for case, mine, peers in zip(lab.cases, ours, theirs)]
    assert not any(wrong), "\n".join(filter(None, wrong))


def test_every_case_has_the_status_that_unbound_finds(isolated, lab, validating, tmp_path):
    with Unbound(tmp_path, lab.hints, lab.directory / "root.ds", address="127.0.0.5") as peer:
        theirs = ask_all(lambda name, rdtype: status(peer.ask(name, rdtype, **SIGNED)), lab.cases)
    ours = ask_all(lambda name, rdtype: status(validating.ask(name, rdtype, **SIGNED)), lab.cases)
    wrong = [(case[:2], mine, peers) for case, mine, peers in zip(lab.cases, ours, theirs) if mine != peers]
    assert not wrong
    assert ("NOERROR", True) in ours and ("NOERROR", False) in ours


def status(reply):
    """The rcode, and whether all of it is secure."""
    return dns.rcode.to_text(reply.rcode()), bool(reply.flags & dns.flags.AD)


def difference(case, ours, theirs):
    if ours.rcode() != theirs.rcode():
        return f"{case[0]} {case[1]}: {dns.rcode.to_text(ours.rcode())}, unbound {dns.rcode.to_text(theirs.rcode())}"
    mine, peers = records(ours.answer), records(theirs.answer)
    if mine != peers:
        return f"{case[0]} {case[1]}: too many {sorted(mine - peers)[:3]}, missing {sorted(peers - mine)[:3]}"
    return None


def test_dig_finds_nothing_to_complain_about(lab, cairnd):
    batch = cairnd.directory / "batch"
    batch.write_text("".join(f"{name} {rdtype}\n" for name, rdtype, *_ in lab.cases))
    out = subprocess.run(["dig", f"@{cairnd.address}", "-p", str(cairnd.port), "+dnssec", "+tries=1", "-f", batch],
                         capture_output=True, text=True, timeout=120).stdout
    assert out.count("status: ") == len(lab.cases)
    complaints = [line for line in out.splitlines() if "arning" in line or "WARNING" in line or "malformed" in line]
    assert not complaints


def test_every_failure_carries_its_reason(lab, resolver):
    failing = [case for case in lab.cases if case[2] == "SERVFAIL"]
    replies = ask_all(lambda name, rdtype: resolver(name, rdtype, use_edns=0), failing)
    silent = [case[0] for case, reply in zip(failing, replies) if not any(o.otype == 15 for o in reply.options)]
    assert not silent


def test_negative_answers_carry_the_soa_of_their_zone(lab, resolver):
    for name, rdtype, zone in (("missing.example.com", "A", "example.com."), ("www.example.com", "MX", "example.com."),
                               ("nosuch.com", "A", "com."), ("nosuchtld", "A", "."),
                               ("dangling.alias.com", "A", "example.com.")):
        reply = resolver(name, rdtype)
        soa = [rrset for rrset in reply.authority if rrset.rdtype == dns.rdatatype.SOA]
        assert [rrset.name.to_text() for rrset in soa] == [zone], name
        assert soa[0].ttl <= 3600
