"""The cache file across kills, damage and full disks: never a wrong answer, and an answer again after one restart."""
import os
import random
import signal
import threading
import time

import pytest

import namespace
from daemon import CACHE_FAULT_EXIT

# LMDB may crash on damaged pages in ways that cannot be told from any other crash; the cache is emptied then, too.
FAULTS = (CACHE_FAULT_EXIT, -signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT)
KILLS = 50
RESTART_SECONDS = 1
NAMES = {"www.example.com": "198.18.0.10", "www.deep.com": "198.18.0.50", "www.c.deep.com": "198.18.0.51",
         "www.b.c.deep.com": "198.18.0.52", "www.signed.org": "198.18.0.90", "www.unsigned.org": "198.18.0.94",
         "hop1.alias.com": "198.18.0.10", "any.wild.example.com": "198.18.0.13", "www.glueless.com": "198.18.0.40",
         "five.ttl.lab": "198.18.0.73", "one.ttl.lab": "198.18.0.71", "www.old.dname.net": "198.18.0.10",
         "absent.example.com": None, "absent.signed.org": None}


class Load(threading.Thread):
    """Asks random names, many of them new, and notes what was answered wrongly; silence is no matter here."""

    def __init__(self, daemon, seed):
        super().__init__(daemon=True)
        self.target, self.rng = daemon, random.Random(seed)
        self.wrong, self.count, self.running = [], 0, True

    def run(self):
        while self.running:
            name, expected = self.rng.choice(list(NAMES.items()))
            if self.rng.random() < 0.3:
                name, expected = f"r{self.rng.randrange(10**6)}.wild.example.com", "198.18.0.13"
            try:
                reply = self.target.ask_udp(name, timeout=0.2)
            except Exception:  # killed in between
                continue
            self.count += 1
            got = str(reply.answer[-1][0]) if reply.answer else None
            if reply.rcode() not in (0, 3) or got != expected:
                self.wrong.append((name, reply.to_text()))

    def stop(self):
        self.running = False
        self.join()


def all_names_are_right(daemon):
    for name, expected in NAMES.items():
        reply = daemon.ask(name)
        assert (str(reply.answer[-1][0]) if reply.answer else None) == expected, reply


def test_50_kills_under_load_lose_no_truth(cairnd):
    loads = [Load(cairnd, seed) for seed in range(3)]
    for load in loads:
        load.start()
    rng = random.Random(3)
    slowest = 0
    for _ in range(KILLS):
        time.sleep(rng.uniform(0.02, 0.3))
        cairnd.kill()
        began = time.monotonic()
        cairnd.start()
        slowest = max(slowest, time.monotonic() - began)
    for load in loads:
        load.stop()
    assert not [wrong for load in loads for wrong in load.wrong][:3]
    assert sum(load.count for load in loads) > 500
    all_names_are_right(cairnd)
    assert cairnd.ctl_json("cache", "stats")["bad_values"] == 0
    assert slowest < RESTART_SECONDS


def test_what_was_stored_survives_a_kill(cairnd):
    cairnd.ask("www.deep.com")
    time.sleep(1.2)
    cairnd.kill()
    cairnd.start()
    assert cairnd.ask("www.deep.com").answer[0].ttl < 3600


# ---- damage

def cache_file(daemon):
    return daemon.directory / "cache" / "data.mdb"


def truncate(path, rng):
    os.truncate(path, rng.randrange(path.stat().st_size))


def truncate_to_nothing(path, rng):
    os.truncate(path, 0)


def flip_bits(path, rng):
    data = bytearray(path.read_bytes())
    used = max(i for i in range(0, len(data), 4096) if any(data[i:i + 4096])) + 4096
    for _ in range(rng.choice([1, 10, 1000])):
        data[rng.randrange(used)] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def scramble_pages(path, rng):
    data = bytearray(path.read_bytes())
    for _ in range(5):
        at = rng.randrange(2, len(data) // 4096) * 4096
        data[at:at + 4096] = rng.randbytes(4096)
    path.write_bytes(data)


def foreign_text(path, rng):
    path.write_text("this is not a cache\n" * 1000)


def random_octets(path, rng):
    path.write_bytes(rng.randbytes(1 << 20))




def nothing(path, rng):
    path.unlink()


def start_again(daemon):
    """Starts it, and again when it ended by a fault of the cache; any other end is an error."""
    daemon.start(wait=False)
    try:
        daemon.wait_ready()
    except AssertionError:
        assert daemon.wait_end() in FAULTS, daemon.log()
        daemon.start()


def ask_or_restart(daemon, name):
    try:
        return daemon.ask(name, timeout=4)
    except Exception:
        assert daemon.wait_end() in FAULTS, daemon.log()
        daemon.start()
        return daemon.ask(name)


@pytest.fixture
def plain(make_cairnd, lab):
    """LMDB reads beyond its buffers on damaged pages; a sanitizer ends the process there, before it is known why."""
    return make_cairnd(lab.configuration(), plain=True).start()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("damage", [truncate, truncate_to_nothing, flip_bits, scramble_pages, foreign_text,
                                    random_octets, nothing])
def test_a_damaged_cache_file_costs_at_most_one_restart(plain, damage, seed):
    for name in NAMES:
        plain.ask(name)
    for number in range(200):
        plain.ask(f"n{number}.wild.example.com")
    plain.kill() if seed == 1 else plain.stop()
    damage(cache_file(plain), random.Random(seed))
    start_again(plain)
    restarts = 0
    for name, expected in NAMES.items():
        process = plain.process
        reply = ask_or_restart(plain, name)
        restarts += plain.process is not process
        assert (str(reply.answer[-1][0]) if reply.answer else None) == expected, reply
    assert restarts <= 1


def test_a_file_that_shrinks_under_the_daemon_costs_at_most_one_restart(plain):
    for number in range(300):
        plain.ask(f"n{number}.wild.example.com")
    time.sleep(0.3)
    os.truncate(cache_file(plain), 8192)
    for name, expected in NAMES.items():
        reply = ask_or_restart(plain, name)
        assert (str(reply.answer[-1][0]) if reply.answer else None) == expected


def test_a_file_overwritten_and_cut_under_the_daemon_is_called_damaged(plain):
    for number in range(300):
        plain.ask(f"n{number}.wild.example.com")
    time.sleep(0.3)
    with open(cache_file(plain), "r+b") as file:
        file.write(b"this is not a cache\n" * 410)
    os.truncate(cache_file(plain), 8192)
    all_names_are_right(plain)
    health = plain.ctl("health", check=False)
    assert "damaged" in health.stdout + health.stderr, health
    assert "damaged" in plain.ctl("cache", "ls", check=False).stderr
    plain.stop()
    plain.start()
    assert "it was found damaged in the last run" in plain.log()
    assert plain.ctl_json("health")["ok"] is True
    all_names_are_right(plain)


def test_a_damaged_cache_is_reported(cairnd):
    cairnd.ask("www.example.com")
    cairnd.stop()
    random_octets(cache_file(cairnd), random.Random(1))
    cairnd.start()
    assert "cache" in cairnd.log()
    assert cairnd.ask("www.example.com").answer


# ---- no room

def test_a_full_cache_makes_room(make_cairnd, lab):
    daemon = make_cairnd(lab.configuration(), {"cache": {"size": "2MiB"}}).start()
    for number in range(12000):
        assert daemon.ask_udp(f"n{number}-{'x' * 40}.wild.example.com").answer
    stats = daemon.ctl_json("cache", "stats")
    assert stats["evicted"] > 1000
    assert stats["used_bytes"] <= 2 << 20
    assert "cache_cleared" not in daemon.log()
    assert daemon.ctl_json("health")["ok"] is True
    all_names_are_right(daemon)


def test_a_flood_of_names_asked_once_leaves_what_is_popular(make_cairnd, lab):
    # One worker: what one answers from memory another would look up.
    daemon = make_cairnd(lab.configuration(), {"server": {"workers": 1}, "cache": {"size": "1MiB"}}).start()
    popular = [f"a{number}.wild.example.com" for number in range(100)]
    for _ in range(10):
        for name in popular:
            assert daemon.ask_udp(name).answer
    for number in range(15000):
        assert daemon.ask_udp(f"n{number}-{'x' * 50}.wild.example.com").answer
    assert daemon.ctl_json("cache", "stats")["evicted"] > 8000
    kept = sum(1 for name in popular if daemon.ctl_json("cache", "get", name, "A")["entries"])
    assert kept >= len(popular) * 95 // 100


@pytest.fixture
def small_disk(pytestconfig, tmp_path):
    if pytestconfig.no_mounts:
        pytest.skip(f"needs mounts of its own: {pytestconfig.no_mounts}")
    path = tmp_path / "disk"
    path.mkdir()
    namespace.mount_tmpfs(path, 2 << 20)
    yield path
    namespace.unmount(path)


def test_a_full_disk_does_not_silence_the_daemon(make_cairnd, lab, small_disk):
    daemon = make_cairnd(lab.configuration(), {"cache": {"directory": str(small_disk / "cache"), "size": "64MiB"}})
    start_again(daemon)
    for number in range(2000):
        reply = ask_or_restart(daemon, f"n{number}-{'x' * 40}.wild.example.com")
        assert str(reply.answer[0][0]) == "198.18.0.13"
    all_names_are_right(daemon)


def test_a_disk_that_is_full_already_does_not_prevent_the_start(make_cairnd, lab, small_disk):
    with open(small_disk / "filler", "wb", buffering=0) as filler, pytest.raises(OSError):
        while True:
            filler.write(b"x" * 4096)
    daemon = make_cairnd(lab.configuration(), {"cache": {"directory": str(small_disk / "cache"), "size": "64MiB"}})
    start_again(daemon)
    assert ask_or_restart(daemon, "www.example.com").answer


# ---- two daemons

def test_a_second_daemon_on_the_same_cache_is_told_so(cairnd, make_cairnd, lab):
    other = make_cairnd(lab.configuration(), {"cache": {"directory": str(cairnd.directory / "cache")}},
                        address="127.0.0.3")
    other.start(wait=False)
    assert other.wait_end() == 1
    assert str(cairnd.directory / "cache") in other.log()
    assert cairnd.ask("www.example.com").answer


def test_a_port_that_is_taken_is_named_with_its_holder(cairnd, make_cairnd, lab):
    other = make_cairnd(lab.configuration(), address=cairnd.address)
    other.start(wait=False)
    assert other.wait_end() == 1
    assert "cairnd" in other.log() and str(cairnd.port) in other.log()
