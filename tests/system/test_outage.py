"""What clients see when every name server is silent for a while, and what the servers see: expired data in time, few
packets, and everything back within five seconds of their return."""
import subprocess
import threading
import time

import dns.edns
import dns.rcode
import pytest

from mock_server import MockServer

OUTAGE_SECONDS = 20
RETURN_SECONDS = 5
ZONE = {("one.mock.", "A"): (1, ["198.18.20.1"]), ("two.mock.", "A"): (1, ["198.18.20.2"]),
        ("alias.mock.", "CNAME"): (1, ["one.mock."]), ("three.mock.", "A"): (3, ["198.18.20.3"])}


class Outage:
    """A server that can be told to be silent, and notes when it is asked what."""

    def __init__(self, address, port, zone=ZONE):
        self.silent = False
        self.seen = []
        self.server = MockServer(address, port, zone, self.change)

    def change(self, query, reply, transport):
        question = query.question[0]
        self.seen.append((time.monotonic(), question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)))
        return None if self.silent else reply

    def since(self, began, name=None):
        return [at for at, asked, _ in self.seen if at >= began and name in (None, asked)]


@pytest.fixture
def outage(ports):
    made = Outage("127.62.0.1", ports[1])
    with made.server:
        yield made


def errors(reply):
    return [option.code for option in reply.options if option.otype == dns.edns.OptionType.EDE]


def timed(daemon, name, rdtype="A"):
    began = time.monotonic()
    reply = daemon.ask(name, rdtype, use_edns=0, timeout=5)
    return reply, time.monotonic() - began


def test_an_outage_of_all_servers(make_cairnd, outage):
    daemon = make_cairnd(outage.server.configuration()).start()
    for name in ("one.mock.", "two.mock.", "alias.mock."):
        assert daemon.ask(name).rcode() == 0
    assert daemon.ask("absent.mock.").rcode() == 3
    time.sleep(6)  # the negative answer lives five seconds
    outage.silent, began = True, time.monotonic()
    never = ["new1.mock.", "new2.mock."]
    asked = 0
    while time.monotonic() < began + OUTAGE_SECONDS:
        for name, rcode, code in (("one.mock.", 0, 3), ("two.mock.", 0, 3), ("alias.mock.", 0, 3),
                                  ("absent.mock.", 3, 19)):
            reply, seconds = timed(daemon, name)
            assert seconds < 2.1, name
            assert reply.rcode() == rcode and code in errors(reply), reply
            assert all(rrset.ttl == 30 for rrset in reply.answer)
            asked += 1
        for name in never:
            reply, seconds = timed(daemon, name)
            assert reply.rcode() == 2 and errors(reply) and seconds < 3.7
        time.sleep(0.4)
    assert asked > 40
    # A name whose walk found the server already silent for others costs a packet per half minute, the first ones their
    # tries; probes of the zone come every two seconds.
    first = began + 9
    for name in ("one.mock.", "two.mock.", "absent.mock."):
        assert len(outage.since(first, name)) <= 1, outage.seen
    assert len(outage.since(first, ".")) <= (OUTAGE_SECONDS - 9) / 2 + 2, outage.seen
    assert outage.since(first, "."), outage.seen
    outage.silent, back = False, time.monotonic()
    pending = {"one.mock.": 0, "two.mock.": 0, "alias.mock.": 0, "absent.mock.": 3, "new1.mock.": 3, "new2.mock.": 3}
    while pending and time.monotonic() < back + RETURN_SECONDS:
        for name, rcode in list(pending.items()):
            reply, _ = timed(daemon, name)
            if reply.rcode() == rcode and not errors(reply):
                del pending[name]
        time.sleep(0.5)
    assert not pending, (pending, outage.since(back))


def test_patience_can_be_none(make_cairnd, outage):
    daemon = make_cairnd(outage.server.configuration(),
                         {"cache": {"serve-stale": {"client-timeout": "0ms", "ttl": "7s"}}}).start()
    daemon.ask("three.mock.")
    time.sleep(3.1)
    reply, seconds = timed(daemon, "three.mock.")
    assert seconds < 0.3 and reply.answer[0].ttl == 7 and errors(reply) == [3]
    time.sleep(0.3)
    reply, _ = timed(daemon, "three.mock.")
    assert reply.answer[0].ttl == 3 and not errors(reply), (reply, outage.seen)


def test_without_serve_stale_the_failure_shows(make_cairnd, outage):
    daemon = make_cairnd(outage.server.configuration(), {"cache": {"serve-stale": {"enabled": False}}}).start()
    daemon.ask("one.mock.")
    time.sleep(1.1)
    outage.silent = True
    reply, _ = timed(daemon, "one.mock.")
    assert reply.rcode() == dns.rcode.SERVFAIL and 3 not in errors(reply)


def test_expired_data_outlives_a_restart(make_cairnd, outage):
    daemon = make_cairnd(outage.server.configuration()).start()
    daemon.ask("one.mock.")
    time.sleep(1.1)
    outage.silent = True
    daemon.restart()
    reply, seconds = timed(daemon, "one.mock.")
    assert seconds < 2.1 and errors(reply)[0] == 3 and reply.answer


def test_names_in_use_are_renewed_before_they_expire(make_cairnd, ports):
    zone = {("used.mock.", "A"): (10, ["198.18.20.4"]), ("unused.mock.", "A"): (10, ["198.18.20.5"]),
            ("brief.mock.", "A"): (5, ["198.18.20.6"])}
    made = Outage("127.62.0.2", ports[1], zone)
    with made.server:
        daemon = make_cairnd(made.server.configuration(), {"cache": {"prefetch": True}, "server": {"workers": 1}}).start()
        daemon.ask("unused.mock.")
        began = time.monotonic()
        while time.monotonic() < began + 13:
            for name in ("used.mock.", "brief.mock."):
                reply, seconds = timed(daemon, name)
                assert reply.rcode() == 0
            time.sleep(0.2)
        used = made.since(began, "used.mock.")
        assert len(used) == 2 and 8.5 < used[1] - used[0] < 10, used
        assert len(made.since(began, "brief.mock.")) == 3
        assert len(made.since(0, "unused.mock.")) == 1


def test_many_clients_at_the_end_of_a_ttl_cause_one_refresh(make_cairnd, ports):
    made = Outage("127.62.0.3", ports[1], {("popular.mock.", "A"): (10, ["198.18.20.7"])})
    made.server.delay = 0.3
    with made.server:
        daemon = make_cairnd(made.server.configuration(), {"cache": {"prefetch": True}, "server": {"workers": 1}}).start()
        daemon.ask("popular.mock.")
        time.sleep(9.2)
        began = time.monotonic()
        threads = [threading.Thread(target=daemon.ask, args=("popular.mock.",)) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(0.5)
        assert len(made.since(began, "popular.mock.")) == 1


@pytest.mark.parametrize("renew", ["reload", "restart"])
def test_a_changed_configuration_ends_failures(make_cairnd, outage, renew):
    right = outage.server.configuration()
    daemon = make_cairnd(right, {"recursion": {"upstream-port": 9}}).start()
    assert daemon.ask("one.mock.").rcode() == dns.rcode.SERVFAIL
    daemon.write_configuration(right)
    if renew == "reload":
        daemon.ctl("reload", check=True)
    else:
        daemon.restart()
    assert daemon.ask("one.mock.").rcode() == dns.rcode.NOERROR


def test_a_change_of_the_network_ends_failures(isolated, make_cairnd, ports):
    server = MockServer("127.62.0.4", ports[1], ZONE)
    daemon = make_cairnd(server.configuration(), {"server": {"workers": 1}}).start()
    assert daemon.ask("one.mock.").rcode() == dns.rcode.SERVFAIL
    assert daemon.ask("one.mock.").rcode() == dns.rcode.SERVFAIL
    with server:
        subprocess.run(["ip", "address", "add", "127.62.1.1/32", "dev", "lo"], check=True)
        subprocess.run(["ip", "address", "del", "127.62.1.1/32", "dev", "lo"], check=True)
        time.sleep(1.3)
        assert daemon.log().count("network_changed") == 1
        assert daemon.ask("one.mock.").rcode() == 0
