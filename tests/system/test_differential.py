"""cairn beside other resolvers on one tree with very many questions: where they agree with each other, cairn agrees
with them. Tree and questions come from `--seed`; the same seed gives the same run."""
import collections
import concurrent.futures
import contextlib
import subprocess

import pytest

import asker
from conftest import ADDRESS, LAB, Lab
from opinion import Malformed, differences, opinion
from peers import PEERS
from questions import make_questions, to_wire
from tree import Tree, write

QUESTIONS = 20000
BASE = "127.54.0.0"       # beside the ordinary lab
UNEXPLAINED_MAX = 0.003   # of what the peers agree on
AGREED_MIN = 0.9          # else their trouble would hide ours
EXAMPLES = 5
ALIASES_MAX = 11
CNAME, SERVFAIL = 5, 2

Difference = collections.namedtuple("Difference", "question facets ours theirs")
Class = collections.namedtuple("Class", "name reason holds")


def is_named(difference, *ends):
    return difference.question.name.lower().rstrip(".").endswith(ends)


def has_long_chain(difference):
    chains = [sum(rdtype == CNAME for _, rdtype, _ in peer.answer) for peer in difference.theirs if peer is not None]
    return difference.ours.rcode == SERVFAIL and max(chains, default=0) > ALIASES_MAX


# What cairn does otherwise, and why; at most ten.
CLASSES = (
    Class("delegation by a wildcard", "RFC 4592 4.2 leaves it undefined; name servers disagree on what to answer",
          lambda d: ".wns." in d.question.name.lower()),
    Class("special names", "answered as RFC 8880, 9462 and 9476 say, and internal as reserved; others ask for them",
          lambda d: is_named(d, "ipv4only.arpa", "resolver.arpa", ".alt", ".internal")),
    Class("type 0", "FORMERR: it is reserved and no type to ask for (RFC 6895 3.1); others pass it on",
          lambda d: d.question.rdtype == "TYPE0"),
    Class("ANY and RRSIG", "one set of the name, whichever is at hand (RFC 8482 4.1), and no alias is followed",
          lambda d: d.question.rdtype in ("ANY", "RRSIG")),
    Class("twelve aliases", "eleven are the limit, as with BIND, which fails here as well", has_long_chain),
)


class World:
    """A generated tree that is being served, and the questions about it."""

    def __init__(self, directory, seed):
        tree = Tree(seed)
        write(tree, directory / "data")
        self.lab_directory = directory / "lab"
        subprocess.run([LAB, "start", "--data", directory / "data", "--dir", self.lab_directory, "--port", "53",
                        "--base", BASE], check=True)
        self.lab = Lab(self.lab_directory, 53)
        self.anchor = self.lab_directory / "root.ds"
        self.questions = make_questions(tree, self.lab.cases, seed, QUESTIONS)
        self.wires = [to_wire(question, index) for index, question in enumerate(self.questions)]
        self.over_tcp = {index for index, question in enumerate(self.questions) if question.tcp}

    def stop(self):
        subprocess.run([LAB, "stop", "--dir", self.lab_directory], check=True)

    def configuration(self):
        dnssec = {"validation": True, "trust-anchors": self.anchor.read_text().splitlines(), "accept-sha1": True}
        return {**self.lab.configuration(), "dnssec": dnssec}

    def ask(self, pool, address, is_patient):
        """A future of all replies."""
        return pool.submit(asker.ask_all, address, 53, self.wires, self.over_tcp, is_patient)


@pytest.fixture
def world(isolated, tmp_path, pytestconfig):
    world = World(tmp_path, pytestconfig.getoption("--seed"))
    yield world
    world.stop()


@pytest.fixture
def peers(world, tmp_path):
    with contextlib.ExitStack() as stack:
        running = []
        for make in PEERS:
            if make.program():
                directory = tmp_path / make.PROGRAM
                directory.mkdir()
                running.append(stack.enter_context(make(directory, world.lab.hints, world.anchor)))
        if len(running) < 2:
            pytest.skip("needs two other resolvers")
        yield running


def test_where_others_agree_cairn_agrees(world, peers, make_cairnd):
    cairnd = make_cairnd(world.configuration()).start()
    with concurrent.futures.ProcessPoolExecutor(len(peers)) as pool:
        ours = world.ask(pool, ADDRESS, False).result()
        theirs = [world.ask(pool, peer.address, True) for peer in peers]
        theirs = [replies.result() for replies in theirs]
    assert cairnd.is_alive()
    found, agreed = compare(world.questions, ours, theirs)
    print(f"\n{len(peers)} others agree on {agreed} of {len(world.questions)} questions", *report(found), sep="\n")
    assert agreed >= AGREED_MIN * len(world.questions)
    assert len(found[None]) <= UNEXPLAINED_MAX * agreed, "\n".join(report(found))


def compare(asked, ours, theirs):
    """Differences by name of their class, None for no class; and how many questions the others agree on."""
    found, agreed = collections.defaultdict(list), 0
    for index, question in enumerate(asked):
        mine = opinion(ours.udp[index], ours.tcp[index])
        opinions = [peer_opinion(replies, index) for replies in theirs]
        facets, is_agreed = differences(mine, opinions)
        agreed += is_agreed
        if facets:
            difference = Difference(question, facets, mine, opinions)
            found[class_of(difference)].append(difference)
    return found, agreed


def peer_opinion(replies, index):
    try:
        return opinion(replies.udp[index], replies.tcp[index])
    except Malformed:
        return None


def class_of(difference):
    return next((c.name for c in CLASSES if difference.ours is not None and c.holds(difference)), None)


def report(found):
    for name, differing in found.items():
        yield f"{len(differing)} differences: {name or 'not explained'}"
        for d in differing if name is None else differing[:EXAMPLES]:
            yield f"  {', '.join(d.facets)}: {d.question}"
