"""cairnctl against a running daemon, a wrong one, and none."""
import contextlib
import json
import socket
import stat
import subprocess
import time

import pytest


def entries(daemon, *arguments):
    """Entries of the cache once the writer has them."""
    time.sleep(0.1)
    return daemon.ctl_json("cache", *arguments)["entries"]


def test_status_and_health_say_that_all_is_well(cairnd):
    status = cairnd.ctl_json("status")
    assert status["pid"] == cairnd.process.pid
    assert status["workers"] == 2
    assert cairnd.ctl_json("health")["ok"] is True
    assert cairnd.ctl("status").stdout.strip()


def test_the_cache_shows_what_was_learnt_and_from_whom(lab, cairnd):
    cairnd.ask("www.deep.com")
    entry, = [e for e in entries(cairnd, "get", "www.deep.com", "A") if e["slot"] == "answer"]
    assert entry["type"] == "A"
    assert entry["records"][0]["data"] == "198.18.0.50"
    assert 3590 <= entry["ttl"] <= 3600
    assert entry["source"].startswith(lab.servers["alpha"][0])
    assert "198.18.0.50" in cairnd.ctl("cache", "get", "www.deep.com").stdout


def test_delegations_and_absent_names_are_entries_of_their_own(cairnd):
    cairnd.ask("absent.deep.com")
    assert [e["slot"] for e in entries(cairnd, "get", "deep.com", "NS")] == ["delegation"]
    assert "nxdomain" in [e["slot"] for e in entries(cairnd, "get", "absent.deep.com")]


def test_the_cache_lists_a_subtree(cairnd):
    for name in ("www.deep.com", "www.c.deep.com", "www.signed.org"):
        cairnd.ask(name)
    names = {e["name"].rstrip(".") for e in entries(cairnd, "ls", "deep.com")}
    assert {"www.deep.com", "www.c.deep.com"} <= names
    assert not any(name.endswith("org") for name in names)


def test_flushing_a_name_makes_it_asked_for_again(cairnd):
    cairnd.ask("www.deep.com")
    cairnd.ask("www.c.deep.com")
    time.sleep(0.1)
    cairnd.ctl("cache", "flush", "www.deep.com")
    assert not entries(cairnd, "get", "www.deep.com", "A")
    assert entries(cairnd, "get", "www.c.deep.com", "A")
    assert cairnd.ask("www.deep.com").answer[0].ttl == 3600


def test_flushing_a_subtree_leaves_its_neighbours(cairnd):
    for name in ("www.deep.com", "www.c.deep.com", "www.signed.org"):
        cairnd.ask(name)
    time.sleep(0.1)
    cairnd.ctl("cache", "flush", "deep.com", "--subtree")
    assert not entries(cairnd, "ls", "deep.com")
    assert entries(cairnd, "get", "www.signed.org", "A")


def test_flushing_one_type_leaves_the_others(cairnd):
    cairnd.ask("www.example.com", "A")
    cairnd.ask("www.example.com", "AAAA")
    time.sleep(0.1)
    cairnd.ctl("cache", "flush", "www.example.com", "--type", "A")
    assert {e["type"] for e in entries(cairnd, "get", "www.example.com")} == {"AAAA"}


def test_a_flushed_answer_is_gone_from_the_ready_answers_of_every_worker(cairnd):
    for _ in range(20):
        cairnd.ask("www.deep.com")
    time.sleep(1.1)
    cairnd.ctl("cache", "flush", "deep.com", "--subtree")
    assert all(cairnd.ask("www.deep.com").answer[0].ttl >= 3599 for _ in range(20))


def test_counters_count(cairnd):
    before = cairnd.ctl_json("cache", "stats")
    cairnd.ask("www.deep.com")
    time.sleep(0.1)
    after = cairnd.ctl_json("cache", "stats")
    assert after["entries"] > before["entries"]
    assert after["bad_values"] == 0
    assert cairnd.ctl_json("stats")
    assert cairnd.ctl_json("upstreams")["upstreams"]


def test_a_good_zone_file_is_good_and_a_bad_one_named_with_its_place(cairnd, tmp_path):
    good, bad = tmp_path / "good.zone", tmp_path / "bad.zone"
    good.write_text("$ORIGIN dev.test.\n$TTL 60\n@ SOA ns h 1 60 60 60 60\n@ NS ns\nns A 10.0.0.1\n")
    bad.write_text("$ORIGIN dev.test.\n$TTL 60\n@ SOA ns h 1 60 60 60 60\n@ NS ns\nns A 10.0.0\n")
    assert cairnd.ctl("zone", "check", str(good), check=False).returncode == 0
    failed = cairnd.ctl("zone", "check", str(bad), check=False)
    assert failed.returncode == 1
    assert "bad.zone:5:6" in failed.stdout + failed.stderr


def test_zones_are_listed(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"zones": [{"name": "dev.test", "file": "z"}]})
    (daemon.directory / "z").write_text("$TTL 60\n@ SOA ns h 7 60 60 60 60\n@ NS ns\nns A 10.0.0.1\n")
    daemon.start()
    zone, = daemon.ctl_json("zone", "list")["zones"]
    assert (zone["name"].rstrip("."), zone["serial"]) == ("dev.test", 7)
    daemon.ctl("zone", "reload")


def test_reload_tells_what_changed(cairnd):
    cairnd.write_configuration({"log": {"level": "debug"}})
    changes = cairnd.ctl_json("reload")["changes"]
    assert [change["key"] for change in changes] == ["log.level"]


def test_reload_of_a_wrong_configuration_fails_and_the_daemon_goes_on(cairnd):
    cairnd.write_configuration({"server": {"lissten": ["127.0.0.1@53"]}})
    failed = cairnd.ctl("reload", check=False)
    assert failed.returncode == 1
    assert "lissten" in failed.stdout + failed.stderr
    assert cairnd.ask("www.example.com").answer


def test_a_configuration_can_be_checked_and_described_without_a_daemon(cairnd, tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("server:\n  lissten: [127.0.0.1@53]\ncache:\n  size: lots\n")
    failed = cairnd.ctl("config", "check", str(wrong), check=False)
    assert failed.returncode == 1
    text = failed.stdout + failed.stderr
    assert "wrong.yaml:2:3" in text and "wrong.yaml:4:9" in text and "listen" in text
    schema = json.loads(cairnd.ctl("config", "schema").stdout)
    assert "recursion" in schema["properties"]


def test_the_exit_code_tells_usage_from_failure_from_no_daemon(cairnd, make_cairnd):
    assert cairnd.ctl("no-such-command", check=False).returncode == 2
    assert cairnd.ctl("cache", "get", check=False).returncode == 2
    assert make_cairnd({}, address="127.0.0.4").ctl("status", check=False).returncode == 3


@pytest.mark.parametrize("name", ["a..b", "x" * 64, "\\999"])
def test_a_name_that_is_none_is_a_usage_error(cairnd, name):
    failed = cairnd.ctl("cache", "get", name, check=False)
    assert failed.returncode in (1, 2)
    assert failed.stderr.strip()


def test_a_daemon_can_be_checked_before_it_starts(make_cairnd, pytestconfig):
    daemon = make_cairnd({"server": {"workers": "many"}})
    done = subprocess.run([pytestconfig.getoption("--cairnd"), "--check", "--config", daemon.config_path],
                          capture_output=True, text=True)
    assert done.returncode != 0
    assert "workers" in done.stderr


def test_at_level_debug_the_log_says_why_a_question_failed(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"log": {"level": "debug"}})
    daemon.start()
    daemon.ask("www.alllame.com")
    line, = [line for line in daemon.log().splitlines() if "event=servfail" in line]
    assert 'name="www.alllame.com." type=A' in line
    assert "REFUSED" in line


# ---- what a program that may open the socket could still do

def talk(daemon, octets, times=1):
    """Sends `octets` again and again until the daemon has had enough; how many it took, and what it said."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
        sock.connect(str(daemon.socket_path))
        taken, said = 0, b""
        with contextlib.suppress(OSError):
            for _ in range(times):
                taken += sock.send(octets)
        with contextlib.suppress(OSError):
            while part := sock.recv(65536):
                said += part
        return taken, said


def test_a_request_without_end_is_refused_and_takes_no_memory(cairnd):
    before = cairnd.memory()
    _, said = talk(cairnd, b"GET /v1/status HTTP/1.1\r\n" + b"X-Long: " + b"x" * 65536, 1000)
    assert b" 431 " in said.splitlines()[0]
    head = b"POST /v1/cache/flush HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n"
    assert b" 413 " in talk(cairnd, head)[1].splitlines()[0]
    _, said = talk(cairnd, head + b"x" * 65536, 16384)
    assert said == b"" or b" 413 " in said.splitlines()[0]
    assert cairnd.memory() - before < 16 << 20
    assert cairnd.ctl_json("status")["pid"] == cairnd.process.pid


def test_connections_that_say_nothing_do_not_pile_up(cairnd):
    before = len(cairnd.descriptors())
    silent = []
    for _ in range(30):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(0.2)
        with contextlib.suppress(OSError):
            sock.connect(str(cairnd.socket_path))
        silent.append(sock)
    assert len(cairnd.descriptors()) <= before + 8
    for sock in silent:
        sock.close()
    assert cairnd.ctl_json("status")
    assert stat.S_IMODE(cairnd.socket_path.stat().st_mode) & 0o007 == 0
