"""A copy of the root zone in place of the root's servers: transferred or read from a file, checked, and given up when it is
too old."""
import time

import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zone
import pytest

from mock_server import MockServer

FAR = {("www.far.mock.", "A"): (60, ["198.18.40.1"]), ("far.mock.", "NS"): (60, ["ns.far.mock."])}
ROOT = """
. 600 SOA a.root.mock. host.mock. {serial} {refresh} 1800 {expire} 300
. 600 NS a.root.mock.
a.root.mock. 600 A 127.64.0.1
far.mock. 600 NS ns.far.mock.
ns.far.mock. 600 A {below}
{more}
"""


def make_root(below, serial=1, refresh=1800, expire=604800, more="", digest=True):
    zone = dns.zone.from_text(ROOT.format(below=below, serial=serial, refresh=refresh, expire=expire, more=more),
                              origin=".", relativize=False)
    if digest:
        rdata = zone.compute_digest(dns.zone.DigestHashAlgorithm.SHA384)
        zone.find_rdataset(".", "ZONEMD", create=True).add(rdata, 600)
    return zone


def text_of(zone):
    return zone.to_text(relativize=False)


class Root:
    """A root server that offers its zone, in messages of a few records; `change` may spoil them."""

    def __init__(self, address, port, zone, change=lambda messages: messages):
        self.zone, self.change = zone, change
        self.server = MockServer(address, port, {}, self.reply)

    def records(self):
        found = [dns.rrset.from_rdata(name, ttl, rdata) for name, ttl, rdata in self.zone.iterate_rdatas()]
        soa = next(r for r in found if r.rdtype == dns.rdatatype.SOA)
        return [soa] + [r for r in found if r is not soa] + [soa]

    def transfer(self, query):
        records, messages = self.records(), []
        while records:
            message = dns.message.make_response(query)
            message.flags |= dns.flags.AA
            message.answer, records = records[:3], records[3:]
            if messages:
                message.question = []
            messages.append(message)
        return self.change(messages)

    def reply(self, query, reply, transport):
        question = query.question[0]
        if question.rdtype == dns.rdatatype.AXFR:
            return self.transfer(query)
        if question.rdtype == dns.rdatatype.SOA and transport == "tcp":
            reply.answer, reply.authority = [r for r in self.records() if r.rdtype == dns.rdatatype.SOA][:1], []
        return reply

    def asked(self):
        """What walks asked it."""
        return [asked for asked in self.server.asked if asked.rdtype not in ("AXFR", "SOA")]


@pytest.fixture
def below(ports):
    with MockServer("127.64.0.2", ports[1], FAR) as server:
        yield server


@pytest.fixture
def start(make_cairnd, ports, below):
    """A daemon with a root server, whose zone and manners are given."""
    opened = []

    def make(*configurations, change=lambda messages: messages, **of_zone):
        root = Root("127.64.0.1", ports[1], make_root(below.address, **of_zone), change)
        root.server.__enter__()
        opened.append(root.server)
        return make_cairnd(root.server.configuration(), {"recursion": {"local-root": True}}, *configurations).start(), root

    yield make
    for server in opened:
        server.__exit__()


def wait_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    assert condition()


def serial_of(daemon):
    copy = daemon.ctl_json("status")["local_root"]
    return (copy or {}).get("serial")


def address_of(reply):
    assert reply.rcode() == 0, reply
    return str(reply.answer[-1][0])


def test_a_transferred_copy_is_asked_and_the_root_is_not(start):
    daemon, root = start()
    wait_for(lambda: serial_of(daemon) == 1)
    copy = daemon.ctl_json("status")["local_root"]
    assert copy["checked"] and copy["source"].startswith("127.64.0.1") and copy["records"] == len(root.records()) - 1
    assert address_of(daemon.ask("www.far.mock.")) == "198.18.40.1"
    assert daemon.ask("www.junk.").rcode() == 3
    assert not root.asked(), root.asked()


def spoil(messages):
    messages[-1].answer.insert(0, dns.rrset.from_text("extra.", 600, "IN", "A", "192.0.2.66"))
    return messages


@pytest.mark.parametrize("change", [spoil, lambda messages: messages[:1], lambda messages: None],
                         ids=["digest", "cut", "silence"])
def test_what_is_not_the_zone_is_not_used(start, change):
    daemon, root = start(change=change)
    wait_for(lambda: "event=local_root_failed" in daemon.log())
    assert serial_of(daemon) is None
    assert daemon.ask("junk.").rcode() == 3
    assert root.asked()


def test_without_a_digest_it_is_used_all_the_same(start):
    daemon, _ = start(digest=False)
    wait_for(lambda: serial_of(daemon) == 1)
    assert not daemon.ctl_json("status")["local_root"]["checked"]


def test_a_zone_that_the_trust_anchor_does_not_sign_is_not_used(start):
    daemon, _ = start({"dnssec": {"validation": True}})
    wait_for(lambda: "though there is a trust anchor" in daemon.log())
    assert serial_of(daemon) is None


def test_a_file_is_read_again_at_a_reload(start, tmp_path, below):
    path = tmp_path / "root.zone"
    path.write_text(text_of(make_root(below.address, serial=5)))
    daemon, root = start({"recursion": {"local-root-file": str(path)}})
    wait_for(lambda: serial_of(daemon) == 5)
    assert daemon.ask("www.new.").rcode() == 3
    path.write_text(text_of(make_root(below.address, serial=6, more="new. 600 NS ns.far.mock.")))
    daemon.ctl("reload")
    wait_for(lambda: serial_of(daemon) == 6)
    path.write_text(text_of(make_root(below.address, serial=7)).replace("600 IN A", "601 IN A"))
    daemon.ctl("reload")
    wait_for(lambda: "its digest" in daemon.log())
    assert serial_of(daemon) == 6
    assert not [asked for asked in root.server.asked if asked.rdtype == "AXFR"]


def test_a_missing_file_says_so_and_the_servers_are_asked(start, tmp_path):
    daemon, root = start({"recursion": {"local-root-file": str(tmp_path / "none")}})
    wait_for(lambda: "event=local_root_failed" in daemon.log())
    assert daemon.ask("junk.").rcode() == 3
    assert root.asked()
    assert "local root none yet" in daemon.ctl("status").stdout


def test_the_signed_root_of_the_lab_by_its_trust_anchor(make_cairnd, lab):
    anchors = [line for line in (lab.directory / "root.ds").read_text().splitlines() if line]
    daemon = make_cairnd(lab.configuration(), {"recursion": {"local-root": True}, "server": {"workers": 1},
                                              "dnssec": {"validation": True, "trust-anchors": anchors}}).start()
    wait_for(lambda: serial_of(daemon))
    assert daemon.ctl_json("status")["local_root"]["checked"]
    signed = daemon.ask("www.example.com.")
    assert signed.rcode() == 0
    junk = daemon.ask("www.junk.", want_dnssec=True)
    assert junk.rcode() == 3 and junk.flags & dns.flags.AD
    asked = {entry["address"].split("@")[0] for entry in daemon.ctl_json("upstreams")["upstreams"]}
    assert asked and not asked & set(lab.servers["root"])


def test_it_can_be_switched_off_and_stops_at_once(start):
    daemon, root = start()
    wait_for(lambda: serial_of(daemon) == 1)
    daemon.write_configuration({"recursion": {"local-root": False}})
    daemon.ctl("reload")
    assert serial_of(daemon) is None
    assert daemon.ask("junk.").rcode() == 3
    assert root.asked()


def test_a_transfer_under_way_does_not_hold_up_the_end(start):
    daemon, root = start(change=lambda messages: None)
    wait_for(lambda: any(asked.rdtype == "AXFR" for asked in root.server.asked))
    began = time.monotonic()
    daemon.stop()
    assert time.monotonic() - began < 4
