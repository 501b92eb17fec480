"""Own zones: authoritative answers, and reloading them without losing a query."""
import os
import pathlib
import signal
import threading
import time

import dns.edns
import dns.flags
import dns.rcode
import pytest

ZONE = """$ORIGIN dev.test.
$TTL 30
@         SOA   ns hostmaster {serial} 1h 10m 1d 30s
@         NS    ns
ns        A     127.0.0.1
api       A     {api}
mail      MX    10 api
web       CNAME api
outside   CNAME www.example.com.
*.any     A     10.0.3.9
a.b.ent   A     10.0.3.10
child     NS    ns.child
ns.child  A     127.0.0.9
"""


class Zone:
    def __init__(self, path):
        self.path = path
        self.serial = 0

    def write(self, api="10.0.3.7", extra=""):
        self.serial += 1
        self.path.write_text(ZONE.format(serial=self.serial, api=api) + extra)


@pytest.fixture
def served(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"zones": [{"name": "dev.test", "file": "dev.test.zone"}]})
    zone = Zone(daemon.directory / "dev.test.zone")
    zone.write()
    return daemon.start(), zone


def test_names_of_the_zone_are_answered_with_authority(served):
    daemon, _ = served
    reply = daemon.ask("api.dev.test")
    assert reply.flags & dns.flags.AA
    assert str(reply.answer[0][0]) == "10.0.3.7"
    assert reply.answer[0].ttl == 30
    time.sleep(1.1)
    assert daemon.ask("api.dev.test").answer[0].ttl == 30


@pytest.mark.parametrize("name, rdtype, rcode", [
    ("api.dev.test", "AAAA", "NOERROR"), ("b.ent.dev.test", "A", "NOERROR"), ("ent.dev.test", "A", "NOERROR"),
    ("absent.dev.test", "A", "NXDOMAIN"), ("any.dev.test", "A", "NOERROR"),
])
def test_negative_answers_carry_the_soa(served, name, rdtype, rcode):
    reply = served[0].ask(name, rdtype)
    assert dns.rcode.to_text(reply.rcode()) == rcode
    assert not reply.answer
    assert reply.flags & dns.flags.AA
    assert [rrset.name.to_text() for rrset in reply.authority] == ["dev.test."]


def test_wildcards_and_aliases_are_followed(served):
    daemon, _ = served
    assert str(daemon.ask("x.y.any.dev.test").answer[0][0]) == "10.0.3.9"
    assert [str(rrset[0]) for rrset in daemon.ask("web.dev.test").answer] == ["api.dev.test.", "10.0.3.7"]


def test_an_alias_out_of_the_zone_is_resolved(served):
    daemon, _ = served
    reply = daemon.ask("outside.dev.test")
    assert [str(rrset[0]) for rrset in reply.answer] == ["www.example.com.", "198.18.0.10"]


def test_additional_addresses_come_along(served):
    reply = served[0].ask("mail.dev.test", "MX")
    assert any(str(rrset[0]) == "10.0.3.7" for rrset in reply.additional)


def test_a_query_without_recursion_desired_gets_a_referral(served):
    reply = served[0].ask("www.child.dev.test", rd=False)
    assert not reply.flags & dns.flags.AA
    assert [rrset.name.to_text() for rrset in reply.authority] == ["child.dev.test."]
    assert [str(rrset[0]) for rrset in reply.additional] == ["127.0.0.9"]


class Load(threading.Thread):
    """Asks without pause and notes every answer."""

    def __init__(self, daemon, name):
        super().__init__(daemon=True)
        self.target, self.name_asked = daemon, name
        self.answers, self.errors, self.running = [], [], True

    def run(self):
        while self.running:
            try:
                reply = self.target.ask_udp(self.name_asked, timeout=3)
                self.answers.append(str(reply.answer[0][0]) if reply.answer else dns.rcode.to_text(reply.rcode()))
            except Exception as error:  # a lost query is what this looks for
                self.errors.append(repr(error))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.running = False
        self.join()


def wait_for(daemon, name, expected, seconds=3):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        reply = daemon.ask(name)
        if reply.answer and str(reply.answer[0][0]) == expected:
            return True
        time.sleep(0.01)
    return False


def test_reloading_under_load_loses_no_query_and_shows_the_new_data(served):
    daemon, zone = served
    with Load(daemon, "api.dev.test") as own, Load(daemon, "www.example.com") as other:
        for number in range(1, 21):
            zone.write(api=f"10.0.4.{number}")
            daemon.process.send_signal(signal.SIGHUP)
            assert wait_for(daemon, "api.dev.test", f"10.0.4.{number}")
    assert not own.errors and not other.errors
    assert set(own.answers) <= {"10.0.3.7"} | {f"10.0.4.{number}" for number in range(1, 21)}
    assert set(other.answers) == {"198.18.0.10"}


def threads(daemon):
    """{name: (policy, nice)} of a daemon's threads, by proc(5)."""
    found = {}
    for task in pathlib.Path(f"/proc/{daemon.process.pid}/task").iterdir():
        name, _, rest = (task / "stat").read_text().partition("(")[2].rpartition(")")
        fields = rest.split()
        found[name] = int(fields[38]), int(fields[16])
    return found


def test_what_loads_in_the_background_stays_behind_the_workers(served):
    daemon, zone = served
    before = threads(daemon)
    zone.write(api="10.0.4.1")
    configuration = daemon.config_path.read_text()
    daemon.config_path.unlink()
    os.mkfifo(daemon.config_path)  # so that whoever loads waits for us
    daemon.process.send_signal(signal.SIGHUP)
    with open(daemon.config_path, "w", encoding="utf-8") as f:
        during = threads(daemon)
        f.write(configuration)
    assert wait_for(daemon, "api.dev.test", "10.0.4.1")
    assert "loader" not in before
    assert during.pop("loader") == (os.SCHED_BATCH, 19)
    assert during == before


@pytest.mark.parametrize("how", ["command", "signal"])
def test_a_reload_that_comes_during_another_is_done_after_it(served, how):
    daemon, _ = served
    configuration = daemon.config_path.read_text()
    daemon.config_path.unlink()
    os.mkfifo(daemon.config_path)  # so that whoever loads waits for us
    daemon.process.send_signal(signal.SIGHUP)
    with open(daemon.config_path, "w", encoding="utf-8") as f:
        daemon.config_path.unlink()
        daemon.write_configuration({"server": {"identity": "later"}})
        if how == "signal":
            daemon.process.send_signal(signal.SIGHUP)
        else:
            second = threading.Thread(target=lambda: outcome.append(daemon.ctl("reload", check=False)))
            outcome = []
            second.start()
        time.sleep(0.3)
        f.write(configuration)
    if how == "command":
        second.join()
        assert outcome[0].returncode == 0, outcome[0]
    deadline = time.monotonic() + 5
    while "identity: later" not in daemon.ctl("config", "show").stdout:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_once_a_reload_has_returned_nobody_sees_the_old_data(served):
    daemon, zone = served
    for number in range(1, 21):
        zone.write(api=f"10.0.4.{number}")
        daemon.ctl("reload")
        assert {str(daemon.ask("api.dev.test").answer[0][0]) for _ in range(20)} == {f"10.0.4.{number}"}


def test_a_reload_names_the_zones_it_read_anew(served):
    daemon, zone = served
    time.sleep(3.1)  # until the file's stamps prove that nobody wrote since it was read
    daemon.ctl("reload")
    assert daemon.ctl_json("reload")["changed_zones"] == []
    zone.write(api="10.0.4.1")
    assert daemon.ctl_json("reload")["changed_zones"] == ["dev.test."]
    zone.write(api="10.0.4.2")
    assert "1 zone, 1 of them read anew: dev.test." in daemon.ctl("zone", "reload", "dev.test").stdout


def fails_from_memory(daemon, name):
    """Whether the failure is a remembered one (EDE 13), and was not found out now."""
    reply = daemon.ask(name, use_edns=0)
    assert reply.rcode() == dns.rcode.SERVFAIL
    return dns.edns.EDECode.CACHED_ERROR in [o.code for o in reply.options if o.otype == dns.edns.OptionType.EDE]


def test_a_delegation_that_was_mended_is_tried_at_once(served):
    daemon, zone = served
    zone.write(extra="lost NS ns.nosuchtld.\n")
    daemon.ctl("reload")
    assert not fails_from_memory(daemon, "www.lost.dev.test")
    deadline = time.monotonic() + 5
    while not fails_from_memory(daemon, "www.lost.dev.test"):  # other workers know of it once it is committed
        assert time.monotonic() < deadline
    zone.write(extra="lost NS ns.absent.example.com.\n")
    daemon.ctl("reload")
    assert not fails_from_memory(daemon, "www.lost.dev.test")


def test_status_tells_of_a_failed_reload_until_one_succeeds(served):
    daemon, zone = served
    assert daemon.ctl_json("status")["reload_failed"] is None
    zone.write(extra="bad A not-an-address\n")
    daemon.ctl("reload", check=False)
    assert abs(daemon.ctl_json("status")["reload_failed"] - time.time()) < 60
    assert "the last reload failed" in daemon.ctl("status").stdout
    assert daemon.ctl("health").stdout == "ok\n"
    zone.write()
    daemon.ctl("reload")
    assert daemon.ctl_json("status")["reload_failed"] is None


def test_a_wrong_zone_file_is_named_and_the_old_zone_stays(served):
    daemon, zone = served
    zone.write(api="10.0.5.1", extra="bad A not-an-address\n")
    failed = daemon.ctl("reload", check=False)
    assert failed.returncode == 1
    assert "dev.test.zone:14:7" in failed.stdout + failed.stderr, failed
    assert str(daemon.ask("api.dev.test").answer[0][0]) == "10.0.3.7"
    zone.write(api="10.0.5.2")
    daemon.ctl("reload")
    assert str(daemon.ask("api.dev.test").answer[0][0]) == "10.0.5.2"


def test_a_wrong_zone_file_prevents_the_start(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"zones": [{"name": "dev.test", "file": "dev.test.zone"}]})
    Zone(daemon.directory / "dev.test.zone").write(extra="bad A not-an-address\n")
    daemon.start(wait=False)
    assert daemon.wait_end() == 1
    assert "dev.test.zone:14:7" in daemon.log()


def test_own_names_never_enter_the_cache_nor_come_from_it(served):
    daemon, zone = served
    daemon.ask("outside.dev.test")
    daemon.ask("api.dev.test")
    time.sleep(0.2)
    assert not daemon.ctl_json("cache", "ls", "dev.test")["entries"]


def test_a_zone_beside_the_internet_shadows_it(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"zones": [{"name": "example.com", "file": "own.zone"}]})
    (daemon.directory / "own.zone").write_text("$TTL 60\n@ SOA ns h 1 60 60 60 60\n@ NS ns\nns A 10.0.0.1\n"
                                               "www A 10.0.0.2\n")
    daemon.start()
    assert str(daemon.ask("www.example.com").answer[0][0]) == "10.0.0.2"
    assert str(daemon.ask("www.alias.com").answer[-1][0]) == "10.0.0.2"
    assert daemon.ask("mail.example.com").rcode() == dns.rcode.NXDOMAIN
