"""Signed zones that want much work for little, and long ones that are fine: what validation of one question may cost is
bounded, and whoever asks for something else meanwhile gets it."""
import concurrent.futures

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

from signed import healthy, traps
from signed.status import ask, errors
from signed.tree import Tree

VERIFICATIONS = 128  # limits.verifications
CACHED = ("ns.nsec.", "A")
CACHED_TIMES = 50
CHAIN = [case for case in healthy.CASES if case.name.startswith("chain")]


@pytest.fixture(scope="module")
def tree(isolated, tmp_path_factory):
    top = [zone for zone in healthy.TOP if zone.name in (".", "nsec", "nsec3")]
    zones = top + [case.zone for case in traps.CASES + CHAIN]
    with Tree(zones, tmp_path_factory.mktemp("tree"), 53) as made:
        yield made


@pytest.fixture
def daemon(make_cairnd, tree):
    return make_cairnd(tree.configuration()).start()


def verifications(daemon):
    return daemon.ctl_json("stats")["walks"]["verifications"]


@pytest.mark.parametrize("case", traps.CASES, ids=[case.name for case in traps.CASES])
def test_a_trap_costs_no_more_than_the_limit(case, daemon):
    question, = case.questions
    before = verifications(daemon)
    reply = ask(daemon, question)
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert set(errors(reply)) & {6, 9}, errors(reply)
    assert 0 < verifications(daemon) - before <= VERIFICATIONS


def test_traps_do_not_keep_others_from_cached_answers(daemon):
    assert daemon.ask(*CACHED).rcode() == dns.rcode.NOERROR
    names = [f"{label}.{case.name}." for case in traps.CASES for label in ("www", "other", "missing", "x.wild", "ent")]
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        trapped = [pool.submit(daemon.ask, name, "A") for name in names]
        assert {daemon.ask(*CACHED).rcode() for _ in range(CACHED_TIMES)} == {dns.rcode.NOERROR}
        assert len([one.result() for one in trapped]) == len(names)


def test_eleven_aliases_in_as_many_signed_zones(daemon):
    before = verifications(daemon)
    question = next(iter(CHAIN[0].questions))
    reply = ask(daemon, question)
    assert reply.rcode() == dns.rcode.NOERROR and reply.flags & dns.flags.AD
    assert sum(rrset.rdtype == dns.rdatatype.CNAME for rrset in reply.answer) == healthy.ALIASES_IN_A_ROW
    assert 3 * healthy.ALIASES_IN_A_ROW <= verifications(daemon) - before <= VERIFICATIONS
