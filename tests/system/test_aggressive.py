"""Answers that follow from validated proofs (RFC 8198): no packet leaves for them, and another validator accepts them."""
import shutil
import subprocess
import time

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

from capture import Capture

DELV = shutil.which("delv")
LAB_NETWORK = "127.53.0.0/24"


@pytest.fixture
def validating(isolated, lab, make_cairnd):
    """A daemon that trusts the lab's root. One worker, so that what it has just stored it can also use."""
    anchors = [line for line in (lab.directory / "root.ds").read_text().splitlines() if line]
    settings = {"server": {"workers": 1}, "dnssec": {"validation": True, "trust-anchors": anchors}}
    return make_cairnd(lab.configuration(), settings).start()


def synthesised(daemon):
    return daemon.ctl_json("stats")["walks"]["synthesised"]


def ask(daemon, name, rdtype="A"):
    return daemon.ask(name, rdtype, want_dnssec=True)


def ask_silently(daemon, names, rdtype="A"):
    """The replies, none of which may cost a packet."""
    with Capture(LAB_NETWORK) as capture:
        replies = [ask(daemon, name, rdtype) for name in names]
    assert [query.name for query in capture.queries] == []
    return replies


def learn(daemon, names, rdtype="A"):
    """Asks, and waits until nothing more is committed, as proofs are found only then."""
    for name in names:
        ask(daemon, name, rdtype)
    before, written = None, 0
    while written != before:
        time.sleep(0.1)
        before, written = written, daemon.ctl_json("stats")["cache"]["written"]


def several(zone):
    """Names that do not exist, enough to learn of all spans of hashes, and of two spans of names."""
    return [f"{letter}{i}.{zone}" for letter in "bn" for i in range(30)]


def check_denied(reply, rcode, proof):
    assert reply.rcode() == rcode and not reply.answer and reply.flags & dns.flags.AD, reply
    types = {dns.rdatatype.to_text(rrset.rdtype) for rrset in reply.authority}
    assert types == {"SOA", "RRSIG", proof}, reply


@pytest.mark.parametrize("zone, proof", [("signed.org", "NSEC"), ("nsec3.org", "NSEC3")])
def test_names_and_types_are_denied_without_asking(validating, zone, proof):
    learn(validating, several(zone))
    learn(validating, [f"www.{zone}", f"x.ent.{zone}", f"ent.{zone}"], "TXT")
    before = synthesised(validating)
    names = [f"m{i}.{zone}" for i in range(20)] + [f"a.b.c.d.{zone}"]
    for reply in ask_silently(validating, names):
        check_denied(reply, dns.rcode.NXDOMAIN, proof)
    for reply in ask_silently(validating, [f"www.{zone}", f"x.ent.{zone}", f"ent.{zone}"], "MX"):
        check_denied(reply, dns.rcode.NOERROR, proof)
    assert synthesised(validating) - before == len(names) + 3


@pytest.mark.parametrize("zone", ["signed.org", "nsec3.org"])
def test_a_wildcard_makes_other_names(validating, zone):
    learn(validating, [f"w{i}.wild.{zone}" for i in range(30)])
    replies = ask_silently(validating, [f"v{i}.wild.{zone}" for i in range(10)])
    for i, reply in enumerate(replies):
        assert reply.flags & dns.flags.AD and str(reply.answer[0].name) == f"v{i}.wild.{zone}.", reply
        assert [str(rdata) for rdata in reply.answer[0]] == ["198.18.0.91"]


def test_proofs_outlive_a_restart(validating):
    learn(validating, [f"n{i}.signed.org" for i in range(5)])
    validating.restart()
    ask(validating, "www.signed.org")
    check_denied(ask_silently(validating, ["n9.signed.org"])[0], dns.rcode.NXDOMAIN, "NSEC")


def test_what_is_flushed_is_asked_for_again(validating):
    learn(validating, ["n1.signed.org"])
    ask_silently(validating, ["n2.signed.org"])
    validating.ctl("cache", "flush", "n2.signed.org")
    with Capture(LAB_NETWORK) as capture:
        ask(validating, "n2.signed.org")
    assert "n2.signed.org." in [query.name.lower() for query in capture.queries]


def test_what_is_flushed_is_not_denied_by_a_name_above(validating):
    ask(validating, "missing.signed.org")
    ask_silently(validating, ["x.missing.signed.org"])
    validating.ctl("cache", "flush", "x.missing.signed.org")
    with Capture(LAB_NETWORK) as capture:
        ask(validating, "x.missing.signed.org")
    assert any(query.name.lower().endswith("missing.signed.org.") for query in capture.queries)


@pytest.mark.skipif(DELV is None, reason="needs delv")
@pytest.mark.parametrize("zone", ["signed.org", "nsec3.org"])
def test_another_validator_accepts_what_was_made(validating, lab, tmp_path, zone):
    tag, algorithm, digest_type, digest = (lab.directory / "root.ds").read_text().split("DS")[1].split()[:4]
    anchors = tmp_path / "anchors"
    anchors.write_text(f'trust-anchors {{ . static-ds {tag} {algorithm} {digest_type} "{digest}"; }};')
    learn(validating, several(zone) + [f"w{i}.wild.{zone}" for i in range(30)])
    learn(validating, [f"www.{zone}"], "TXT")
    before = synthesised(validating)
    for name, rdtype in [(f"m1.{zone}", "A"), (f"a.b.c.{zone}", "A"), (f"www.{zone}", "MX"), (f"v.wild.{zone}", "A")]:
        command = [DELV, f"@{validating.address}", "-p", str(validating.port), "-a", str(anchors), "+nocdflag", name, rdtype]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert "fully validated" in done.stdout, (name, rdtype, done.stdout, done.stderr)
    assert synthesised(validating) - before == 4
