"""Validation on a tree of signed zones, sound ones and broken ones. Of each cairn finds what the RFCs say, which is
what unbound and BIND find; where one of these differs, the table of zones says why."""
import concurrent.futures
import contextlib

import dns.flags
import pytest

from daemon import Cairnd, merge
from peers import Bind, Unbound
from signed import broken, healthy, tampered
from signed.status import ask, errors, verdict
from signed.tree import Tree

ADDRESS = "127.0.0.1"
PORT = 53
AT_ONCE = 4
NOT_ASKED = "not asked"
CASES = healthy.CASES + broken.CASES + tampered.CASES
# Where only one question gets a wrong reply, others must not make up for it.
BY_ITSELF = {"recursion": {"qname-minimisation": False}, "cache": {"aggressive-nsec": False}}
PEERS = {
    "unbound": (Unbound, """qname-minimisation: no
  aggressive-nsec: no
  val-nsec3-keysize-iterations: "1024 50 2048 50 4096 50"
  infra-host-ttl: 3
  infra-cache-max-rtt: 5000
  outbound-msg-retry: 8
"""),
    "bind": (Bind, """qname-minimization off;
  synth-from-dnssec no;
  servfail-ttl 0;
"""),
}


def asked_of(peer):
    return [case for case in CASES if case.differs.get(peer) != NOT_ASKED]


def link_by_link(cases):
    """A chain of aliases from its end, as newer versions of unbound verify few keys for one question."""
    links = [case for case in cases if case.why == healthy.CHAIN]
    return [case for case in cases if case.why != healthy.CHAIN] + links[::-1]


def differs_of(case, peer):
    return case.differs.get(peer, "").split()


def each(cases):
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


@pytest.fixture(scope="module")
def tree(isolated, tmp_path_factory):
    zones = {zone.name: zone for zone in healthy.TOP + tampered.TOP + [case.zone for case in CASES]}
    with Tree(zones.values(), tmp_path_factory.mktemp("tree"), PORT) as made:
        yield made


@contextlib.contextmanager
def running_cairnd(program, directory, configuration):
    daemon = Cairnd(program, directory, configuration, ADDRESS, PORT)
    try:
        yield daemon.start()
    finally:
        daemon.stop()


class Voices:
    """Verdicts on all questions by (voice, question): peers, and daemons of several configurations."""

    def __init__(self, tree, program, tmp_path_factory):
        self.tree, self.program, self.mktemp, self.said = tree, program, tmp_path_factory.mktemp, {}

    def ask_all(self, cases, resolver, question_verdict=verdict):
        questions = [question for case in cases for question in case.questions]
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(questions, pool.map(lambda question: question_verdict(resolver, question), questions)))

    def peer(self, name):
        if name not in self.said:
            make, options = PEERS[name]
            with make(self.mktemp(name), self.tree.hints, self.tree.anchor, options=options) as resolver:
                differs = {question: differs_of(case, name) for case in CASES for question in case.questions}
                self.said[name] = self.ask_all(link_by_link(asked_of(name)), resolver,
                                               lambda peer, question: verdict(peer, question, differs[question]))
        return self.said[name]

    def cairn(self, name, cases=CASES, changes=BY_ITSELF, question_verdict=verdict):
        if name not in self.said:
            configuration = merge(self.tree.configuration(), changes)
            with running_cairnd(self.program, self.mktemp("cairnd"), configuration) as daemon:
                self.said[name] = self.ask_all(cases, daemon, question_verdict)
        return self.said[name]


@pytest.fixture(scope="module")
def voices(tree, pytestconfig, tmp_path_factory):
    return Voices(tree, pytestconfig.getoption("--cairnd"), tmp_path_factory)


def check(case, said, accepted=()):
    wrong = [f"{question.name} {question.rdtype}: {said[question].status}, right is {question.status}; {case.why}"
             for question in case.questions if said[question].status not in (question.status, *accepted)]
    assert not wrong, "\n".join(wrong)


@each(asked_of("unbound"))
def test_unbound_agrees(case, voices):
    check(case, voices.peer("unbound"), differs_of(case, "unbound"))


@each(asked_of("bind"))
def test_bind_agrees(case, voices):
    check(case, voices.peer("bind"), differs_of(case, "bind"))


@each(CASES)
def test_each_zone(case, voices):
    check(case, voices.cairn("by itself"))


@each([case for case in CASES if "unbound" not in case.differs])
def test_each_zone_has_the_rcodes_of_unbound(case, voices):
    ours, theirs = voices.cairn("by itself"), voices.peer("unbound")
    wrong = [f"{question.name} {question.rdtype}: {ours[question].rcode}, unbound {theirs[question].rcode}"
             for question in case.questions if ours[question].rcode != theirs[question].rcode]
    assert not wrong, "\n".join(wrong)


@each([case for case in CASES if case.errors])
def test_each_failure_says_why(case, voices):
    for question in (question for question in case.questions if question.status == "bogus"):
        found = errors(voices.cairn("by itself")[question].reply)
        assert set(found) & set(case.errors), f"{question.name} {question.rdtype}: {found}, not {case.errors}"


def twice(resolver, question):
    """From cache, where the first answer was kept."""
    verdict(resolver, question)
    return verdict(resolver, question)


@each([case for case in CASES if case.errors and "bogus" not in case.asked])
@pytest.mark.parametrize("times, question_verdict", [("by itself", verdict), ("twice", twice)])
def test_what_is_not_supported_is_told(case, voices, times, question_verdict):
    said = voices.cairn(times, question_verdict=question_verdict)
    for question in (question for question in case.questions if question.status == "insecure"):
        found = errors(said[question].reply)
        assert set(found) & set(case.errors), f"{question.name} {question.rdtype}: {found}, not {case.errors}"


@each(CASES)
def test_each_zone_from_cache(case, voices):
    check(case, voices.cairn("twice", question_verdict=twice))


def unchecked_first(resolver, question):
    """What came without validation is validated when somebody wants it."""
    ask(resolver, question, dns.flags.CD)
    return verdict(resolver, question)


@each(CASES)
def test_each_zone_after_it_was_asked_for_unchecked(case, voices):
    check(case, voices.cairn("unchecked first", question_verdict=unchecked_first))


# What the parent denies is not even asked for there.
BY_DEFAULT = [case for case in healthy.CASES + broken.CASES if not case.zone.bend_parent]


@each(BY_DEFAULT)
def test_each_zone_with_default_settings(case, voices):
    check(case, voices.cairn("defaults", BY_DEFAULT, {}))


def test_sha1_where_it_is_accepted(voices):
    cases = [case for case in healthy.CASES if case.why == healthy.SHA1]
    said = voices.cairn("sha1", cases, {"dnssec": {"accept-sha1": True}})
    assert said and {one.status for one in said.values()} == {"secure"}
