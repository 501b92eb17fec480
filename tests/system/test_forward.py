"""Forward and stub zones: real resolvers as forwarders, fail-over, and a cache that follows the configuration."""
import concurrent.futures
import time

import dns.edns
import dns.flags
import dns.rcode
import pytest

from daemon import records
from mock_server import MockServer
from peers import Unbound

ANSWER_SECONDS = 4


def errors(reply):
    return [(option.code, option.text or "") for option in reply.options if option.otype == dns.edns.OptionType.EDE]


def address_of(reply):
    assert reply.rcode() == 0, reply
    return str(reply.answer[-1][0])


# ---- Real resolvers as forwarders

@pytest.fixture
def forwarders(isolated, lab, tmp_path, make_cairnd):
    """Unbound and another cairnd, each resolving in the lab."""
    (tmp_path / "unbound").mkdir()
    other = make_cairnd(lab.configuration(), address="127.0.0.4", port=53).start()
    with Unbound(tmp_path / "unbound", lab.hints, address="127.0.0.3") as unbound:
        yield unbound, other


FORWARD_ALL = {"recursion": {"root-hints": {}}, "cache": {"prefetch": False},
               "forward": [{"zone": ".", "to": ["127.0.0.3", "127.0.0.4"]}]}


def test_forwarding_everything_answers_as_the_forwarder_does(lab, forwarders, make_cairnd):
    unbound, other = forwarders
    daemon = make_cairnd(FORWARD_ALL).start()
    cases = [case for case in lab.cases if case[2] != "SERVFAIL" and case[1] != "ANY"]

    def compare(case):
        direct, ours = unbound.ask(case[0], case[1]), daemon.ask(case[0], case[1], timeout=ANSWER_SECONDS)
        same = (direct.rcode(), records(direct.answer)) == (ours.rcode(), records(ours.answer))
        return None if same else f"{case[:2]}: {ours.to_text()}\ninstead of {direct.to_text()}"

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        wrong = list(filter(None, pool.map(compare, cases)))
    assert len(cases) > 20 and not wrong, "\n".join(wrong)


def test_a_forwarder_that_ends_is_replaced_by_the_next(forwarders, make_cairnd):
    unbound, other = forwarders
    daemon = make_cairnd(FORWARD_ALL, {"server": {"workers": 1}}).start()
    assert daemon.ask("www.example.com").rcode() == 0
    other.stop()
    for number in range(10):
        started = time.monotonic()
        assert daemon.ask(f"a{number}.wild.example.com", timeout=ANSWER_SECONDS).rcode() == 0
        assert time.monotonic() - started < 2
    other.start()
    unbound.process.terminate()
    unbound.process.wait()
    for number in range(10):
        started = time.monotonic()
        assert daemon.ask(f"b{number}.wild.example.com", timeout=ANSWER_SECONDS).rcode() == 0
        assert time.monotonic() - started < 2


# ---- Scripted ones

ZONE = {("www.corp.mock.", "A"): (60, ["198.18.8.1"]), ("a.corp.mock.", "A"): (60, ["198.18.8.2"]),
        ("b.corp.mock.", "A"): (60, ["198.18.8.3"]), ("www.public.mock.", "A"): (60, ["198.18.8.4"])}


class Forwarder(MockServer):
    """Answers as a resolver, and notes what was desired of it."""

    def __init__(self, address, port, zone, change=None):
        self.desired = []
        self.behave = change or (lambda query, reply, transport: reply)
        super().__init__(address, port, zone, self.note)

    def note(self, query, reply, transport):
        self.desired.append(bool(query.flags & dns.flags.RD))
        reply.flags &= ~dns.flags.AA
        reply.flags |= dns.flags.RA
        return self.behave(query, reply, transport)


@pytest.fixture
def scripted(ports):
    opened = []

    def make(kind, *arguments):
        server = kind(f"127.62.0.{len(opened) + 1}", ports[1], *arguments).__enter__()
        opened.append(server)
        return server

    yield make
    for server in opened:
        server.__exit__()


def target(zone, *servers):
    return {"zone": zone, "to": [f"{server.address}@{server.port}" for server in servers]}


def test_a_private_suffix_goes_to_its_forwarder_and_all_else_is_walked(scripted, make_cairnd):
    public, private = scripted(MockServer, ZONE), scripted(Forwarder, ZONE)
    daemon = make_cairnd(public.configuration(), {"forward": [target("corp.mock", private)]}).start()
    assert address_of(daemon.ask("www.corp.mock.")) == "198.18.8.1"
    assert address_of(daemon.ask("www.public.mock.")) == "198.18.8.4"
    assert not public.count("www.corp.mock.") and not private.count("www.public.mock.")
    assert private.desired == [True]
    assert not daemon.ask("www.corp.mock.").flags & dns.flags.AA


def test_a_stub_is_asked_as_the_zones_own_server(scripted, make_cairnd):
    public, private = scripted(MockServer, ZONE), scripted(MockServer, ZONE)
    desired = []
    private.change = lambda query, reply, transport: desired.append(query.flags & dns.flags.RD) or reply
    closed = {"recursion": {"root-hints": {}, "allow-upstream": []}}
    daemon = make_cairnd(public.configuration(), closed, {"stub": [target("corp.mock", private)]}).start()
    assert address_of(daemon.ask("www.corp.mock.")) == "198.18.8.1"
    assert desired == [0]


def test_dead_forwarders_are_named_in_time(scripted, make_cairnd):
    silent = scripted(Forwarder, ZONE, lambda query, reply, transport: None)
    refusing = scripted(Forwarder, ZONE, lambda query, reply, transport: reply.set_rcode(dns.rcode.REFUSED) or reply)
    daemon = make_cairnd({"recursion": {"root-hints": {}}, "forward": [target("corp.mock", silent, refusing)]}).start()
    started = time.monotonic()
    reply = daemon.ask("www.corp.mock.", use_edns=0)
    assert time.monotonic() - started < 3.7
    assert reply.rcode() == dns.rcode.SERVFAIL
    code, text = errors(reply)[0]
    assert code == 22
    assert f"{silent.address} timed out" in text and f"{refusing.address} REFUSED" in text, text


def test_the_error_of_a_forwarder_reaches_the_client(scripted, make_cairnd):
    def change(query, reply, transport):
        reply.set_rcode(dns.rcode.SERVFAIL)
        reply.use_edns(0, options=[dns.edns.EDEOption(9, "no key")])
        return reply

    server = scripted(Forwarder, ZONE, change)
    daemon = make_cairnd({"recursion": {"root-hints": {}}, "forward": [target(".", server)]}).start()
    assert (9, f"forwarder {server.address}: no key") in errors(daemon.ask("www.corp.mock.", use_edns=0))


# ---- Changes

OTHER = {("www.corp.mock.", "A"): (60, ["198.18.9.1"]), ("a.corp.mock.", "A"): (60, ["198.18.9.2"]),
         ("b.corp.mock.", "A"): (60, ["198.18.9.3"]), ("www.public.mock.", "A"): (60, ["198.18.9.4"])}


@pytest.mark.parametrize("kind", ["forward", "stub"])
@pytest.mark.parametrize("manner", ["reload", "restart"])
def test_what_was_learnt_under_other_routes_is_forgotten(scripted, make_cairnd, kind, manner):
    public, private = scripted(MockServer, ZONE), scripted(Forwarder if kind == "forward" else MockServer, OTHER)
    daemon = make_cairnd(public.configuration()).start()

    def change(routes):
        if manner == "restart":
            daemon.stop()
        daemon.write_configuration({kind: routes})
        if manner == "restart":
            daemon.start()
        else:
            daemon.ctl("reload")

    def ask_all():
        return [address_of(daemon.ask(name)) for name in ("www.corp.mock.", "a.corp.mock.", "www.public.mock.")]

    first, second = ["198.18.8.1", "198.18.8.2", "198.18.8.4"], ["198.18.9.1", "198.18.9.2", "198.18.8.4"]
    assert ask_all() == first
    time.sleep(0.1)  # until it is committed
    change([target("corp.mock", private)])
    assert ask_all() == second
    assert public.count("www.public.mock.") == 1
    time.sleep(0.1)
    change([])
    assert ask_all() == first
    assert public.count("www.public.mock.") == 1


def test_routes_that_stay_keep_their_answers(scripted, make_cairnd):
    server = scripted(Forwarder, ZONE)
    daemon = make_cairnd({"recursion": {"root-hints": {}}, "forward": [target("corp.mock", server)]}).start()
    daemon.ask("www.corp.mock.")
    time.sleep(0.1)
    daemon.ctl("reload")
    daemon.restart()
    assert address_of(daemon.ask("www.corp.mock.")) == "198.18.8.1"
    assert server.count("www.corp.mock.") == 1


def test_walks_that_began_under_older_routes_store_nothing(scripted, make_cairnd):
    held = scripted(MockServer, ZONE)
    held.delay = 1
    private = scripted(Forwarder, OTHER)
    # Else the one who waits would get what the other walk stored, after 1.8 s.
    daemon = make_cairnd(held.configuration(), {"server": {"workers": 1}}, {"cache": {"serve-stale": {"enabled": False}}}).start()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(daemon.ask, "www.corp.mock.")
        while not held.count("www.corp.mock."):
            time.sleep(0.01)
        daemon.write_configuration({"forward": [target("corp.mock", private)]})
        daemon.ctl("reload")
        assert address_of(daemon.ask("www.corp.mock.")) == "198.18.9.1"
        assert address_of(waiting.result()) == "198.18.8.1"
    time.sleep(0.1)
    assert address_of(daemon.ask("www.corp.mock.")) == "198.18.9.1"
