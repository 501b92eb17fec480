"""Every limit has a name in the configuration, a counter in the statistics, and a test that sees the counter move: those of
walks by a scenario (`hit NAME`) or unit test, those of clients here."""
import re
import socket
import struct
import time

import pytest

from conftest import ROOT
from mock_server import MockServer

ZONE = {("fast.mock.", "A"): (60, ["198.18.30.1"])}
SCENARIOS, UNITS = ROOT / "tests" / "scenario", ROOT / "tests" / "unit"


def frame(message):
    wire = message.to_wire()
    return struct.pack("!H", len(wire)) + wire


class Stand:
    """A daemon of one worker whose server answers after `delay`; what is sent to it need not be answered."""

    def __init__(self, make_cairnd, server, limits, *configurations):
        self.daemon = make_cairnd(server.configuration(), {"server": {"workers": 1}, "limits": limits}, *configurations)
        self.daemon.start()
        self.sockets = []

    def ask(self, name, source="127.0.0.1", **options):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((source, 0))
        sock.sendto(self.daemon.query(name, **options).to_wire(), (self.daemon.address, self.daemon.port))
        self.sockets.append(sock)

    def connect(self, octets=b"", source="127.0.0.1"):
        address = (self.daemon.address, self.daemon.port)
        sock = socket.create_connection(address, timeout=5, source_address=(source, 0))
        sock.sendall(octets)
        self.sockets.append(sock)
        return sock

    def hits(self, name):
        return self.daemon.ctl_json("stats")["limits"][name]

    def close(self):
        for sock in self.sockets:
            sock.close()


@pytest.fixture
def server(ports):
    with MockServer("127.64.0.1", ports[1], ZONE, delay=0.3) as made:
        yield made


@pytest.fixture
def stand(make_cairnd, server):
    made = []

    def make(limits, *configurations):
        made.append(Stand(make_cairnd, server, limits, *configurations))
        return made[-1]

    yield make
    for one in made:
        one.close()


# What makes the counter move: the limits of a daemon, and what is then done to it.

def answer_ms(stand):
    s = stand({"answer_ms": 100})
    s.ask("late.mock.")
    return s


def in_flight(stand):
    s = stand({"in_flight": 1})
    s.ask("one.mock.")
    s.ask("two.mock.")
    return s


def slow_ms(stand):
    s = stand({"in_flight": 1, "slow_ms": 0})
    s.ask("one.mock.")
    s.ask("two.mock.")
    return s


def waiters(stand):
    s = stand({"waiters": 1})
    s.ask("one.mock.")
    s.ask("one.mock.")
    return s


def waiting(stand):
    s = stand({"waiting": 1, "waiters": 1})
    s.ask("one.mock.")
    s.ask("two.mock.")
    return s


def waiting_per_address(stand):
    s = stand({"waiting": 4, "waiting_per_address": 1})
    for number in range(5):
        s.ask(f"n{number}.mock.")
    return s


def waiting_per_address_proven(stand):
    s = stand({"waiting": 4, "waiting_per_address": 1, "waiting_per_address_proven": 1})
    s.connect(b"".join(frame(s.daemon.query(f"n{number}.mock.")) for number in range(5)))
    return s


def responses_per_second(stand):
    s = stand({"responses_per_second": 1})
    for _ in range(10):
        s.ask("localhost.")
    return s


def tcp_clients(stand):
    s = stand({"tcp_clients": 2, "tcp_clients_per_address": 2})
    for number in range(3):
        s.connect(source=f"127.0.0.{number + 5}")
    return s


def tcp_clients_per_address(stand):
    s = stand({"tcp_clients": 4, "tcp_clients_per_address": 1})
    for _ in range(4):
        s.connect()
    return s


def tcp_pipeline(stand):
    s = stand({"tcp_pipeline": 1})
    s.connect(b"".join(frame(s.daemon.query(f"n{number}.mock.")) for number in range(3)))
    return s


def tcp_first_ms(stand):
    s = stand({"tcp_first_ms": 100})
    s.connect(b"\0")
    return s


def tcp_idle_ms(stand):
    s = stand({"tcp_idle_ms": 100, "tcp_idle_busy_ms": 50})
    s.connect(frame(s.daemon.query("localhost.")))
    return s


def tcp_idle_busy_ms(stand):
    s = stand({"tcp_idle_busy_ms": 100, "tcp_clients": 1})
    s.connect(frame(s.daemon.query("localhost.")))
    return s


RECIPES = {recipe.__name__: recipe for recipe in (
    answer_ms, in_flight, slow_ms, waiters, waiting, waiting_per_address, waiting_per_address_proven,
    responses_per_second, tcp_clients, tcp_clients_per_address, tcp_pipeline, tcp_first_ms, tcp_idle_ms,
    tcp_idle_busy_ms)}


@pytest.mark.parametrize("name", RECIPES)
def test_the_counter_moves(stand, name):
    one = RECIPES[name](stand)
    deadline = time.monotonic() + 5
    while one.hits(name) == 0:
        assert time.monotonic() < deadline, one.daemon.ctl("stats").stdout
        time.sleep(0.05)


def names(table="LIMIT_TABLE LIMIT_CACHE_TABLE"):
    """As limits.h has them."""
    text = (ROOT / "resolver/iterate/limits.h").read_text()
    bodies = re.findall(rf"^#define ({table.replace(' ', '|')})\(X\)(.*?)\n\n", text, re.M | re.S)
    return {name for _, body in bodies for name in re.findall(r"^    X\((\w+),", body, re.M)}


def found(pattern, files):
    return {name for file in files for name in re.findall(pattern, file.read_text(), re.M)}


def test_every_limit_can_be_set_and_is_counted(cairnd):
    counted = cairnd.ctl_json("stats")["limits"]
    assert set(counted) == names()
    schema = cairnd.ctl_json("config", "schema")
    assert set(schema["properties"]["limits"]["properties"]) == names("LIMIT_TABLE")
    assert {name.replace("_", "-") for name in names("LIMIT_CACHE_TABLE")} <= set(schema["properties"]["cache"]["properties"])


def test_every_limit_has_a_test_that_sees_it_hit():
    by_scenario = found(r"^hit (\w+) [1-9]", SCENARIOS.glob("*.scn"))
    by_unit = found(r"limit_hits\[LIMIT_ID_(\w+)\], [1-9]", UNITS.glob("*.c"))
    by_validator = {"keys_per_tag"} & {f"{name}_per_tag" for name in found(r"reached\.(\w+), ", UNITS.glob("*.c"))}
    assert names() - by_scenario - by_unit - by_validator - set(RECIPES) == set()
