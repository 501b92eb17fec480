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
AGREED_MIN = 0.95         # else their trouble would hide ours
EXAMPLES = 5

Class = collections.namedtuple("Class", "name reason holds")

# What cairn does otherwise, and why; at most ten.
CLASSES = (
    Class("delegation by a wildcard", "RFC 4592 4.2 leaves it undefined; name servers disagree on what to answer",
          lambda question, facet: ".wns." in question.name.lower()),
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
        anchors = self.anchor.read_text().splitlines()
        return {**self.lab.configuration(), "dnssec": {"validation": True, "trust-anchors": anchors}}

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
    with concurrent.futures.ProcessPoolExecutor(len(peers) + 1) as pool:
        ours = world.ask(pool, ADDRESS, False)
        theirs = [world.ask(pool, peer.address, True) for peer in peers]
        ours, theirs = ours.result(), [replies.result() for replies in theirs]
    assert cairnd.is_alive()
    found, agreed = compare(world.questions, ours, theirs)
    print(f"\n{len(peers)} others agree on {agreed} of {len(world.questions)} questions", *report(found), sep="\n")
    assert agreed >= AGREED_MIN * len(world.questions)
    unexplained = sum(len(cases) for name, cases in found.items() if name is None)
    assert unexplained <= UNEXPLAINED_MAX * agreed, "\n".join(report(found))


def compare(asked, ours, theirs):
    """Questions and facets by name of their class, None for no class; and how many questions the others agree on."""
    found, agreed = collections.defaultdict(list), 0
    for index, question in enumerate(asked):
        mine = opinion(ours.udp[index], ours.tcp[index])
        facets, is_agreed = differences(mine, [peer_opinion(replies, index) for replies in theirs])
        agreed += is_agreed
        if facets:
            found[class_of(question, facets)].append((question, facets))
    return found, agreed


def peer_opinion(replies, index):
    try:
        return opinion(replies.udp[index], replies.tcp[index])
    except Malformed:
        return None


def class_of(question, facets):
    return next((c.name for c in CLASSES if all(c.holds(question, facet) for facet in facets)), None)


def report(found):
    for name, cases in found.items():
        yield f"{len(cases)} differences: {name or 'not explained'}"
        shown = cases if name is None else cases[:EXAMPLES]
        yield from (f"  {', '.join(facets)}: {question}" for question, facets in shown)
