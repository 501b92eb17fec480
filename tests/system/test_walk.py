"""What a walk costs, counted on the wire: with priming and prefetch off nothing is asked that need not be asked."""
import time

import pytest

from capture import Capture

NETWORK = "127.53.0.0/24"


def one_of_each(capture, lab, *names):
    """True if exactly one query went to each of the named servers (at any of its addresses) and none elsewhere."""
    owner = {address: name for name, addresses in lab.servers.items() for address in addresses}
    return sorted(owner.get(query.address, query.address) for query in capture.queries) == sorted(names)


@pytest.fixture
def cairnd(make_cairnd, lab):
    """One worker: it sees what it stored at once, others when it has been committed."""
    return make_cairnd(lab.configuration(), {"server": {"workers": 1}}).start()


@pytest.fixture
def counted(isolated, lab, cairnd):
    """Asks once and gives the queries this caused."""
    def ask(name, rdtype="A"):
        with Capture(NETWORK) as capture:
            reply = cairnd.ask(name, rdtype)
        assert reply.rcode() == 0 and reply.answer, reply
        return capture
    return ask


def test_an_empty_cache_costs_one_query_per_zone(lab, counted):
    first = counted("two.ttl.lab")
    assert one_of_each(first, lab, "root", "tld", "beta"), first.queries


def test_each_server_sees_one_label_more_than_its_zone(lab, counted):
    first = counted("two.ttl.lab")
    owner = {address: name for name, addresses in lab.servers.items() for address in addresses}
    assert {owner[query.address]: query.name for query in first.queries} == {
        "root": "lab.", "tld": "ttl.lab.", "beta": "two.ttl.lab."}


def test_the_second_question_costs_nothing(lab, counted):
    counted("www.deep.com")
    assert not counted("www.deep.com").queries


def test_what_one_worker_learnt_the_others_know(isolated, lab, make_cairnd):
    daemon = make_cairnd(lab.configuration(), {"server": {"workers": 4}}).start()
    daemon.ask("www.deep.com")
    time.sleep(1)
    with Capture(NETWORK) as capture:
        for _ in range(40):  # from as many ports, so that every worker gets some
            daemon.ask("www.deep.com")
    assert not capture.queries


def test_after_the_ttl_only_the_authoritative_server_is_asked_once(lab, counted):
    counted("two.ttl.lab")
    time.sleep(2.1)
    again = counted("two.ttl.lab")
    assert one_of_each(again, lab, "beta"), again.queries


def test_after_a_restart_within_the_ttl_nothing_is_asked(lab, counted, cairnd):
    counted("www.deep.com")
    time.sleep(0.1)
    cairnd.restart()
    assert not counted("www.deep.com").queries


def test_after_a_restart_the_delegations_are_still_known(lab, counted, cairnd):
    counted("www.deep.com")
    time.sleep(0.1)
    cairnd.restart()
    other = counted("deep.com", "SOA")
    assert one_of_each(other, lab, "alpha"), other.queries


def test_another_name_of_a_known_zone_costs_one_query(lab, counted):
    counted("www.deep.com")
    other = counted("ns.deep.com")
    assert len(other.queries) <= 1, other.queries


def test_an_absent_name_is_asked_for_once(isolated, lab, cairnd):
    cairnd.ask("www.deep.com")
    with Capture(NETWORK) as first:
        assert cairnd.ask("absent.deep.com").rcode() == 3
    with Capture(NETWORK) as second:
        assert cairnd.ask("absent.deep.com").rcode() == 3
        assert cairnd.ask("absent.deep.com", "TXT").rcode() == 3
    assert one_of_each(first, lab, "alpha"), first.queries
    assert not second.queries


def test_every_query_leaves_from_another_port(lab, isolated, cairnd):
    with Capture(NETWORK) as capture:
        for name in ("www.deep.com", "www.lame.com", "www.skewed.net", "www.signed.org", "www.hosting.net"):
            cairnd.ask(name)
    ports = [query.port for query in capture.queries if query.transport == "udp"]
    assert len(ports) > 8
    assert len(set(ports)) == len(ports)


def test_ttls_count_down_to_the_second(lab, cairnd):
    first = cairnd.ask("five.ttl.lab").answer[0].ttl
    time.sleep(2)
    second = cairnd.ask("five.ttl.lab").answer[0].ttl
    assert first == 5
    assert second in (2, 3)


def test_a_ttl_of_zero_is_never_served_again(isolated, lab, cairnd):
    cairnd.ask("zero.ttl.lab")
    with Capture(NETWORK) as capture:
        assert cairnd.ask("zero.ttl.lab").answer
    assert one_of_each(capture, lab, "beta")


def test_a_negative_answer_lives_as_long_as_the_soa_says(isolated, lab, cairnd):
    cairnd.ask("absent.ttl.lab")
    time.sleep(2.1)
    with Capture(NETWORK) as capture:
        assert cairnd.ask("absent.ttl.lab").rcode() == 3
    assert one_of_each(capture, lab, "beta"), capture.queries


def test_a_long_ttl_is_cut_to_the_configured_maximum(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"cache": {"max-ttl": "60s"}}).start()
    assert daemon.ask("month.ttl.lab").answer[0].ttl <= 60
    assert daemon.ask("month.ttl.lab").answer[0].ttl <= 60
