"""Zones made to cause work: each may cost a hundred packets for one question of a client, and its victim far fewer.

All questions are asked at once, so that the test takes as long as the longest walk."""
import concurrent.futures
import time

import pytest

from attacks import ATTACKS, internet_of

PACKETS = 100  # limits.sends
WALK_SECONDS = 12  # limits.walk_ms and a slow machine


def wait_for_walks(daemon):
    deadline = time.monotonic() + WALK_SECONDS
    while daemon.ctl_json("stats")["walks"]["in_flight"] > 0:
        assert time.monotonic() < deadline, "a walk does not end"
        time.sleep(0.1)


def ask_all(daemon, attacks):
    with concurrent.futures.ThreadPoolExecutor(len(attacks)) as pool:
        return list(pool.map(lambda attack: daemon.ask(attack.question, timeout=10, tcp=True), attacks))


@pytest.fixture
def attacked(isolated, make_cairnd):
    """A daemon of one worker in an internet of all attacks."""
    attacks = {make.__name__: make() for make in ATTACKS}
    with internet_of(attacks.values()) as internet:
        yield make_cairnd(internet.configuration(), {"server": {"workers": 1}}).start(), internet, attacks


def excess(internet, attacks):
    """What was sent beyond the bounds."""
    found = []
    for name, attack in attacks.items():
        bounds = {"": PACKETS, **attack.most}
        packets = attack.packets(internet)
        for word, most in bounds.items():
            count = sum(word in asked.name or word in asked.address for asked in packets)
            if count > most:
                found.append(f"{name}: {count} packets {word}, {most} are too many")
    return found


def test_no_zone_causes_more_packets_than_its_bounds_allow(attacked):
    daemon, internet, attacks = attacked
    replies = ask_all(daemon, attacks.values())
    wait_for_walks(daemon)
    assert not excess(internet, attacks)
    assert [name for name, reply in zip(attacks, replies) if reply.rcode() != 2] == []
    assert internet.connections["127.66.20.1"] <= 2
    assert internet.connections["127.66.22.1"] <= 2


def test_the_next_question_of_an_attackers_zone_finds_the_delegation_stored(attacked):
    """However many servers it names: what may be used of them is kept, so that the referral is not asked for again."""
    daemon, internet, attacks = attacked
    daemon.ask(attacks["silent"].question, timeout=10)
    wait_for_walks(daemon)
    assert internet.about("sub.silent.mock.")
    before = len(internet.asked)
    daemon.ask("other.sub.silent.mock.", timeout=10)
    wait_for_walks(daemon)
    asked = internet.asked[before:]
    assert not [a for a in asked if a.address == "127.66.11.1" and not a.name.startswith("n")]
    assert len(asked) < 40
