"""Trust anchors from day to day: followed through key roll-over (RFC 5011), negative ones given at run time (RFC 7646),
and what of both is still there after a restart."""
import time

import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from mock_server import MockServer
from signed.keys import edited, make_key, sign

REVOKED = 257 | 0x0080
DAY = 86400
PATIENCE = 10
NEGATIVE_ANCHOR = 33
ROOT = "127.0.0.9"


class SignedRoot(MockServer):
    """A root zone that signs whatever it answers by its zone key, and its keys by the `signers` among them. What it
    says of names in `broken` is signed wrongly."""

    def __init__(self, directory, port):
        self.zsk, self.old, self.new = (make_key(".", label, directory) for label in ("zsk", "ksk", "ksk2"))
        self.revoked = self.old.with_dnskey(flags=REVOKED)
        self.keys = self.signers = [self.old]
        self.broken = set()
        zone = {("www.good.", "A"): (60, ["192.0.2.1"]), ("www.bad.", "A"): (60, ["192.0.2.2"])}
        super().__init__(ROOT, port, zone, self.finish)

    def finish(self, query, reply, _transport):
        if query.question[0].rdtype == dns.rdatatype.DNSKEY and query.question[0].name == dns.name.root:
            texts = [str(key.dnskey) for key in [self.zsk, *self.keys]]
            reply.authority.clear()
            reply.answer.append(dns.rrset.from_text_list(".", 600, "IN", "DNSKEY", texts))
        for section in (reply.answer, reply.authority):
            section.extend([self.sign(rrset) for rrset in section])
        return reply

    def sign(self, rrset):
        now = int(time.time())
        signers = self.signers if rrset.rdtype == dns.rdatatype.DNSKEY else [self.zsk]
        made = [sign(rrset, key, (now - DAY, now + 14 * DAY)) for key in signers]
        if rrset.name.to_text().lower() in self.broken:
            made = [edited(item, {"signature": lambda octets: octets[:-1] + bytes([octets[-1] ^ 1])}) for item in made]
        return dns.rrset.from_rdata_list(rrset.name, rrset.ttl, made)


@pytest.fixture
def root(tmp_path, ports):
    directory = tmp_path / "keys"
    directory.mkdir()
    with SignedRoot(directory, ports[1]) as server:
        yield server


@pytest.fixture
def make(make_cairnd, root):
    """Makes a validating daemon that trusts the given keys of the root."""
    def made(*keys, **dnssec):
        anchors = [f". DS {key.ds()}" for key in keys]
        return make_cairnd(root.configuration(), {"dnssec": {"validation": True, "trust-anchors": anchors, **dnssec}})
    return made


def ask(daemon, name):
    """Rcode, whether it is validated, and the codes of its errors."""
    reply = daemon.ask(name, want_dnssec=True)
    return dns.rcode.to_text(reply.rcode()), bool(reply.flags & dns.flags.AD), {int(option.code) for option in
                                                                               reply.options if option.otype == 15}


def is_secure(daemon, name="www.good"):
    return ask(daemon, name)[:2] == ("NOERROR", True)


def is_bogus(daemon, name="www.good"):
    return ask(daemon, name)[0] == "SERVFAIL"


def states(daemon):
    """The root's keys by tag."""
    anchor, = daemon.ctl_json("anchor", "list")["anchors"]
    assert anchor["zone"] == "."
    return {key["tag"]: key["state"] for key in anchor["keys"]}


def refresh(daemon, expected):
    """Has the keys asked for, until they are in these states."""
    assert daemon.ctl_json("anchor", "refresh") == {"zones": 1}
    deadline = time.monotonic() + PATIENCE
    while states(daemon) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    assert states(daemon) == expected, daemon.log()


def test_a_key_that_is_seen_is_known_after_a_restart(root, make):
    daemon = make(root.old).start()
    assert states(daemon) == {root.old.tag: "configured"}
    assert is_secure(daemon)
    root.keys = [root.old, root.new]
    seen = {root.old.tag: "valid", root.new.tag: "pending"}
    refresh(daemon, seen)
    listed = daemon.ctl_json("anchor", "list")
    daemon.restart()
    assert daemon.ctl_json("anchor", "list") == listed
    assert states(daemon) == seen
    assert is_secure(daemon)


def test_a_pending_key_is_not_trusted(root, make):
    daemon = make(root.old).start()
    root.keys = [root.old, root.new]
    refresh(daemon, {root.old.tag: "valid", root.new.tag: "pending"})
    root.signers = [root.new]
    daemon.ctl("cache", "flush", ".", "--subtree")
    daemon.restart()
    assert is_bogus(daemon)


def test_a_revoked_key_is_dropped_at_once_and_for_good(root, make):
    daemon = make(root.old, root.new).start()
    root.keys = root.signers = [root.old, root.new]
    refresh(daemon, {root.old.tag: "valid", root.new.tag: "valid"})
    root.keys = root.signers = [root.revoked, root.new]
    refresh(daemon, {root.old.tag: "revoked", root.new.tag: "valid"})
    assert is_secure(daemon)
    root.keys = root.signers = [root.old]  # whoever has the old key shows it again, without the bit
    daemon.ctl("cache", "flush", ".", "--subtree")
    daemon.restart()
    assert is_bogus(daemon)
    assert states(daemon) == {root.old.tag: "revoked", root.new.tag: "valid"}
    assert f"{root.old.tag}" in daemon.ctl("anchor", "list").stdout


def test_a_revocation_reaches_answers_without_a_restart(root, make):
    daemon = make(root.old, root.new).start()
    root.keys = root.signers = [root.old, root.new]
    assert is_secure(daemon)
    root.keys = root.signers = [root.revoked, root.new]
    refresh(daemon, {root.old.tag: "revoked", root.new.tag: "valid"})
    root.keys = root.signers = [root.old]
    daemon.ctl("cache", "flush", ".", "--subtree")
    assert is_bogus(daemon)


def test_state_that_is_damaged_is_set_aside(root, make):
    daemon = make(root.old).start()
    refresh(daemon, {root.old.tag: "valid"})
    daemon.stop()
    state = daemon.directory / "state"
    whole = (state / "trust-anchors.json").read_text()
    (state / "trust-anchors.json").write_text(whole[:-20])
    (state / "negative-trust-anchors.json").write_text("\0" * 100)
    daemon.start()
    assert states(daemon) == {root.old.tag: "configured"}
    assert is_secure(daemon)
    assert daemon.log().count("event=state_unusable") == 2
    assert (state / "trust-anchors.json.bad").read_text() == whole[:-20]
    refresh(daemon, {root.old.tag: "valid"})


def test_a_configuration_with_other_keys_begins_anew(root, make):
    daemon = make(root.old).start()
    refresh(daemon, {root.old.tag: "valid"})
    root.keys = root.signers = [root.new]
    daemon.write_configuration({"dnssec": {"trust-anchors": [f". DNSKEY {root.new.dnskey}"]}})
    daemon.ctl("reload")
    assert states(daemon) == {root.new.tag: "configured"}
    daemon.ctl("cache", "flush", ".", "--subtree")
    assert is_secure(daemon)


def test_a_state_directory_belongs_to_one_daemon(root, make, ports):
    first = make(root.old).start()
    second = make(root.old)
    second.write_configuration({"server": {"state": str(first.directory / "state"),
                                           "listen": [f"127.0.0.10@{ports[0]}"]}})
    second.start(wait=False)
    assert second.wait_end() == 1
    assert "state_failed" in second.log() and "another process uses it" in second.log()
    assert first.is_alive()


# ---- negative trust anchors


def test_a_negative_anchor_lets_a_broken_zone_work_and_ends(root, make):
    root.broken = {"www.bad."}
    daemon = make(root.old).start()
    assert is_bogus(daemon, "www.bad")
    reply = daemon.ctl_json("nta", "add", "bad", "--for", "1h", "--reason", "their ticket 17")
    assert 3500 < reply["until"] - time.time() <= 3600
    for _ in range(3):  # fresh and from the cache
        assert ask(daemon, "www.bad") == ("NOERROR", False, {NEGATIVE_ANCHOR})
    assert ask(daemon, "www.good") == ("NOERROR", True, set())
    assert "their ticket 17" in daemon.ctl("nta", "list").stdout
    daemon.restart()
    assert ask(daemon, "www.bad") == ("NOERROR", False, {NEGATIVE_ANCHOR})
    daemon.ctl("nta", "del", "BAD.")
    assert is_bogus(daemon, "www.bad")
    assert daemon.ctl_json("nta", "list") == {"ntas": []}


def test_a_negative_anchor_ends_with_its_time(root, make):
    root.broken = {"www.bad."}
    daemon = make(root.old).start()
    daemon.ctl("nta", "add", "bad", "--for", "2s")
    assert ask(daemon, "www.bad")[0] == "NOERROR"
    deadline = time.monotonic() + PATIENCE
    while not is_bogus(daemon, "www.bad") and time.monotonic() < deadline:
        time.sleep(0.2)
    assert is_bogus(daemon, "www.bad")
    assert "event=nta_expired name=bad." in daemon.log()


def test_negative_anchors_of_the_configuration_come_and_go_with_it(root, make):
    root.broken = {"www.bad."}
    daemon = make(root.old, **{"negative-trust-anchors": ["bad"]}).start()
    assert ask(daemon, "www.bad") == ("NOERROR", False, {NEGATIVE_ANCHOR})
    assert "in the configuration" in daemon.ctl("nta", "list").stdout
    refused = daemon.ctl("nta", "del", "bad", check=False)
    assert refused.returncode == 1 and "added at run time" in refused.stderr
    daemon.write_configuration({"dnssec": {"negative-trust-anchors": []}})
    daemon.ctl("reload")
    assert is_bogus(daemon, "www.bad")


def test_what_changed_while_the_daemon_was_down_is_not_served_from_the_cache(root, make):
    root.broken = {"www.bad."}
    daemon = make(root.old, **{"negative-trust-anchors": ["bad"]}).start()
    assert ask(daemon, "www.bad")[0] == "NOERROR"
    time.sleep(0.2)
    daemon.stop()
    daemon.write_configuration({"dnssec": {"negative-trust-anchors": []}})
    daemon.start()
    assert is_bogus(daemon, "www.bad")


def test_state_that_cannot_be_written_is_told(root, make):
    root.broken = {"www.bad."}
    daemon = make(root.old).start()
    (daemon.directory / "state" / "negative-trust-anchors.json.new").mkdir()
    assert "until cairnd restarts" in daemon.ctl("nta", "add", "bad").stdout
    assert ask(daemon, "www.bad")[0] == "NOERROR"
    unwell = daemon.ctl("health", check=False)
    assert unwell.returncode == 1 and "state directory" in unwell.stdout + unwell.stderr
    (daemon.directory / "state" / "negative-trust-anchors.json.new").rmdir()
    assert "restarts" not in daemon.ctl("nta", "add", "bad").stdout
    daemon.ctl("health")


def test_wrong_use_is_told(root, make, make_cairnd):
    daemon = make(root.old).start()
    assert daemon.ctl("nta", "add", "bad", "--for", "soon", check=False).returncode == 2
    assert daemon.ctl("nta", "add", "bad", "--for", "8d", check=False).returncode == 2
    assert daemon.ctl("nta", "add", "a..b", check=False).returncode == 1
    assert daemon.ctl("nta", "add", "bad", "--reason", "x" * 300, check=False).returncode == 1
    assert daemon.ctl("nta", "add", "bad", "--reason", b"\xff", check=False).returncode == 2
    daemon.stop()
    other = make_cairnd(root.configuration(), {"dnssec": {"validation": False}}).start()
    refused = other.ctl("nta", "add", "bad", check=False)
    assert refused.returncode == 1 and "dnssec.validation is off" in refused.stderr
    assert other.ctl_json("anchor", "list") == {"anchors": []}
