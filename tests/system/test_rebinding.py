"""Private addresses are left out of what public servers say (DNS rebinding)."""
import time

import dns.rcode
import pytest

from mock_server import MockServer

PRIVATE = ["192.168.0.0/16", "127.0.0.0/8", "fd00::/8"]
EDE, BLOCKED = 15, 15
ZONE = {
    ("evil.mock.", "A"): (60, ["192.168.1.1"]),
    ("evil.mock.", "AAAA"): (60, ["fd00::1", "::ffff:192.168.1.1"]),
    ("mixed.mock.", "A"): (60, ["192.168.1.1", "198.18.9.1"]),
    ("good.mock.", "A"): (60, ["198.18.9.2"]),
    ("inside.mock.", "CNAME"): (60, ["api.dev.test."]),
}
OWN = """$ORIGIN dev.test.
$TTL 30
@   SOA ns hostmaster 1 3600 600 86400 30
@   NS  ns
ns  A   192.168.7.1
api A   192.168.7.7
"""


@pytest.fixture
def resolver(make_cairnd, ports):
    with MockServer("127.63.0.1", ports[1], ZONE) as server:
        daemon = make_cairnd(server.configuration(), {"recursion": {"private-address": PRIVATE}},
                             {"zones": [{"name": "dev.test", "file": "dev.test.zone"}]})
        (daemon.directory / "dev.test.zone").write_text(OWN)
        daemon.server = server
        yield daemon.start()
        daemon.stop()


def addresses(reply):
    return {rdata.address for rrset in reply.answer for rdata in rrset if hasattr(rdata, "address")}


def reasons(reply):
    return [option.code for option in reply.options if option.otype == EDE]


def test_a_public_name_has_no_private_address_however_often_it_is_asked_for(resolver):
    for rdtype in ("A", "AAAA"):
        for _ in range(4):  # from the walk, then from the cache
            reply = resolver.ask("evil.mock.", rdtype, use_edns=0)
            assert (reply.rcode(), reply.answer, reasons(reply)) == (dns.rcode.NOERROR, [], [BLOCKED])
        assert resolver.server.count("evil.mock.", rdtype) <= 2  # once for each worker at most
    assert resolver.ctl_json("stats")["queries"]["private_removed"] == 8
    assert "private_removed" in resolver.log()


def test_the_other_addresses_of_a_set_stay(resolver):
    assert addresses(resolver.ask("mixed.mock.")) == {"198.18.9.1"}
    for _ in range(3):
        good = resolver.ask("good.mock.", use_edns=0)
        assert addresses(good) == {"198.18.9.2"} and not reasons(good)


def test_own_zones_and_this_machine_keep_theirs_but_not_behind_a_public_alias(resolver):
    assert addresses(resolver.ask("api.dev.test.")) == {"192.168.7.7"}
    assert addresses(resolver.ask("localhost.")) == {"127.0.0.1"}
    reply = resolver.ask("inside.mock.", use_edns=0)
    assert not addresses(reply) and reasons(reply) == [BLOCKED]


def test_a_reload_counts_for_answers_that_were_given_before(resolver):
    resolver.write_configuration({"recursion": {"private-address": []}})
    resolver.ctl("reload")
    for _ in range(6):
        assert addresses(resolver.ask("evil.mock.")) == {"192.168.1.1"}
    resolver.write_configuration({"recursion": {"private-address": PRIVATE}})
    resolver.ctl("reload")
    time.sleep(0.2)
    for _ in range(6):
        assert not addresses(resolver.ask("evil.mock."))
