"""Limits of time and work that tests must not depend on, because the machine has a part in them: each is measured and
held against what is promised. Prints a line for each and ends with 1 when one is missed. Run by tools/bench --check."""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time

import machine
from measure import WORK
from servers import RELEASE, ROOT

sys.path.insert(0, str(ROOT / "tests" / "support"))
import attacks  # noqa: E402
import keytrap  # noqa: E402
from daemon import Cairnd  # noqa: E402
from hostile import Hostile, records  # noqa: E402
from mock_server import MockServer  # noqa: E402

ASKER, RESPONDER = (pathlib.Path(__file__).with_name(name) for name in ("asker.py", "responder.py"))
ADDRESS, PORT, UPSTREAM_PORT = "127.0.0.1", 5300, 5301


class Result:
    """One line: what was measured, and how much of it is allowed."""

    def __init__(self, what, limit, measured, unit):
        self.what, self.limit, self.measured, self.unit = what, limit, measured, unit
        self.ok = measured is not None and measured <= limit

    def __str__(self):
        measured = "nothing" if self.measured is None else f"{self.measured:.1f} {self.unit}"
        limit = f"limit {self.limit:g} {self.unit}"
        return f"{'ok' if self.ok else 'MISSED':6}  {self.what:80}  {limit:14}  measured {measured}"


def quantile(times, share):
    """The value that so large a share of the times does not exceed; an answer that did not come is the longest."""
    times = sorted(float("inf") if t is None else t for t in times)
    return times[min(len(times) - 1, int(len(times) * share))] if times else None


@contextlib.contextmanager
def cairnd(*configurations):
    """A daemon of one worker on the first core, with an empty cache and without validation."""
    directory = WORK / f"check-{os.getpid()}-{time.monotonic_ns()}"
    directory.mkdir(parents=True)
    configuration = {"server": {"workers": 1}}
    for part in configurations:
        configuration = {**configuration, **part}
    daemon = Cairnd(RELEASE / "cairnd", directory, configuration, ADDRESS, PORT)
    daemon.start()
    os.sched_setaffinity(daemon.process.pid, {machine.cores()[0]})
    try:
        yield daemon
    finally:
        daemon.stop()


def start_asker(daemon, seconds, interval_ms, name, *more):
    command = [sys.executable, ASKER, daemon.address, daemon.port, seconds, interval_ms, name, *more]
    return machine.start(command, machine.cores()[1], stdout=subprocess.PIPE, text=True)


def times_of(asker):
    return json.loads(asker.communicate()[0])["times"]


def start_client(daemon, seconds):
    """A second client, that asks for what is cached all the time; and what it waits while nothing else goes on."""
    quiet = quantile(times_of(start_asker(daemon, 2, 2, "localhost.")), 0.99)
    return start_asker(daemon, seconds, 2, "localhost."), f"{quiet:.1f} ms on this machine before"


def wait_for_walks(daemon):
    while daemon.ctl_json("stats")["walks"]["in_flight"] > 0:
        time.sleep(0.1)


# ---- what others feel of an attack

def check_cached_names_during_attacks():
    """A second client asks for what is cached while every adversarial walk there is goes on."""
    made = [make() for make in attacks.ATTACKS]
    with attacks.internet_of(made) as internet, cairnd(internet.configuration()) as daemon:
        client, quiet = start_client(daemon, 6)
        for attack in made:
            daemon.exchange_many([daemon.query(attack.question).to_wire()], timeout=0.2)
        times = times_of(client)
    yield Result(f"99 % of cached answers during adversarial walks ({quiet})", 5, quantile(times, 0.99), "ms")


def answer(q):
    return q.answer(records(q.text, "A", "198.18.9.1"))


def check_uncached_names_during_a_flood():
    """Random names below a zone whose server takes its time, some 2,000 a second, beside new names of another zone."""
    zones = {"slow.mock.": attacks.at("slow.mock.", "127.66.5.1"), "fast.mock.": attacks.at("fast.mock.", "127.66.5.3")}
    internet = Hostile(zones, {})
    internet.scripts["127.66.5.1"] = internet.after(0.3, answer)
    with internet, cairnd(internet.configuration()) as daemon:
        responder = machine.start([sys.executable, RESPONDER, "127.66.5.3", internet.port], machine.cores()[1])
        flood = start_asker(daemon, 10, 0.4, "n{}.slow.mock.", "flood")
        times = times_of(start_asker(daemon, 9, 10, "n{}.fast.mock."))
        count = json.loads(flood.communicate()[0])["asked"]
        machine.stop(responder)
    yield Result(f"99 % of new names while another zone is flooded with {count // 10} a second", 50,
                 quantile(times, 0.99), "ms")


# ---- what an attack costs

def check_keytrap():
    """A hundred keys of one tag and as many signatures that none of them made."""
    trap = keytrap.Keytrap()
    validation = {"dnssec": {"validation": True, "trust-anchors": [trap.anchor]}}
    with attacks.internet_of([trap]) as internet, cairnd(internet.configuration(), validation) as daemon:
        client, quiet = start_client(daemon, 3)
        time.sleep(1)
        before = machine.cpu_us(daemon.process.pid)
        reply = daemon.ask(trap.question, use_edns=0, timeout=10)
        cost = (machine.cpu_us(daemon.process.pid) - before) / 1000
        is_refused = reply.rcode() == 2 and reply.options
        times = times_of(client)
    yield Result("processor time of a name below colliding keys (KeyTrap)", 50, cost if is_refused else None, "ms")
    yield Result(f"99 % of cached answers meanwhile ({quiet})", 5, quantile(times, 0.99), "ms")


def cpu_per_question(servers):
    """Of names whose zone has so many servers, all silent, once the zone is known."""
    attack = attacks.silent(servers)
    with attacks.internet_of([attack]) as internet, cairnd(internet.configuration()) as daemon:
        daemon.ask(attack.question, timeout=10)
        wait_for_walks(daemon)
        before = machine.cpu_us(daemon.process.pid)
        count = 100
        wires = [daemon.query(f"n{number}.sub.silent.mock.", id=number).to_wire() for number in range(count)]
        daemon.exchange_many(wires, timeout=5)
        wait_for_walks(daemon)
        return (machine.cpu_us(daemon.process.pid) - before) / count


def check_the_number_of_servers_does_not_matter():
    few, many = cpu_per_question(13), cpu_per_question(1500)
    yield Result(f"processor time of a name with 1,500 silent servers, of one with 13 ({few:.0f} µs)", 150,
                 100 * many / few, "%")


# ---- when servers are down

def check_an_outage(seconds=30):
    zone = {(f"n{number}.mock.", "A"): (1, ["198.18.9.1"]) for number in range(20)}
    silent = []
    with MockServer("127.61.0.1", UPSTREAM_PORT, zone, lambda q, reply, t: None if silent else reply) as server, \
            cairnd(server.configuration()) as daemon:
        names = [f"n{number}.mock." for number in range(20)]
        for name in names:
            daemon.ask(name)
        time.sleep(1.5)
        silent.append(True)
        longest, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            for name in names:
                began = time.monotonic()
                reply = daemon.ask(name, use_edns=0, timeout=10)
                longest = max(longest, time.monotonic() - began) if reply.rcode() == 0 else float("inf")
            time.sleep(0.5)
        silent.clear()
        back = time.monotonic()
        pending = set(names)
        while pending and time.monotonic() < back + 30:
            for name in sorted(pending):
                reply = daemon.ask(name, use_edns=0, timeout=10)
                if reply.rcode() == 0 and not reply.options:
                    pending.discard(name)
            time.sleep(0.1)
        recovery = time.monotonic() - back
    yield Result(f"expired answers during {seconds} s without servers", 2, longest, "s")
    yield Result("from the servers' return until all names are fresh again", 5, recovery, "s")


def check_a_network_without_udp():
    round_trip = 0.02
    with MockServer("127.61.0.1", UPSTREAM_PORT, {}, lambda q, reply, t: None if t == "udp" else reply,
                    delay=round_trip) as server, cairnd(server.configuration()) as daemon:
        began = time.monotonic()
        first_rcode = daemon.ask("first.mock.", timeout=10).rcode()
        first = time.monotonic() - began if first_rcode == 3 else None
        times = []
        for number in range(100):
            began = time.monotonic()
            rcode = daemon.ask(f"n{number}.mock.", timeout=10).rcode()
            times.append((time.monotonic() - began) * 1000 if rcode == 3 else None)
    yield Result("first answer where UDP is lost", 3.5, first, "s")
    yield Result("95 % of later ones, two round trips of 20 ms and 50 ms", 90, quantile(times, 0.95), "ms")


# ---- one bad server of four

class Four:
    """Servers of one zone at 20 ms; the last can be made slow and lossy."""

    def __init__(self, stack):
        self.servers = [stack.enter_context(MockServer(f"127.61.1.{i + 1}", UPSTREAM_PORT, {}, self.change, delay=0.02))
                        for i in range(4)]
        self.lost = 0

    def change(self, query, reply, transport):
        return reply

    def spoil(self):
        """800 ms, and three of ten replies never come."""
        def lose(query, reply, transport):
            self.lost += 1
            return None if self.lost % 10 in (1, 4, 8) else reply

        self.servers[3].change, self.servers[3].delay = lose, 0.8

    def configuration(self):
        hints = {f"{chr(97 + i)}.root.mock": [server.address] for i, server in enumerate(self.servers)}
        configuration = self.servers[0].configuration()
        configuration["recursion"]["root-hints"] = hints
        return configuration


def new_names(daemon, first, count):
    times = []
    for number in range(first, first + count):
        began = time.monotonic()
        daemon.ask(f"n{number}.mock.", timeout=10)
        times.append((time.monotonic() - began) * 1000)
    return times


def check_one_bad_server_of_four():
    with contextlib.ExitStack() as stack:
        four = Four(stack)
        daemon = stack.enter_context(cairnd(four.configuration()))
        healthy = quantile(new_names(daemon, 0, 400)[200:], 0.95)
        four.spoil()
        new_names(daemon, 1000, 200)
        before = [len(server.asked) for server in four.servers]
        times = new_names(daemon, 2000, 300)
        asked = [len(server.asked) - count for server, count in zip(four.servers, before)]
    yield Result("95 % of new names with one slow and lossy server, of healthy ones", 200,
                 100 * quantile(times, 0.95) / healthy, "%")
    yield Result("its share of the queries", 10, 100 * asked[3] / sum(asked), "%")


CHECKS = [check_cached_names_during_attacks, check_uncached_names_during_a_flood,
          check_keytrap, check_the_number_of_servers_does_not_matter, check_an_outage, check_a_network_without_udp,
          check_one_bad_server_of_four]


def build():
    for command in (["cmake", "--preset", "release"],
                    ["cmake", "--build", "--preset", "release", "--target", "cairnd", "cairnctl"]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-4000:]}")


def main():
    build()
    machine.enter_network()
    missed = 0
    for check in CHECKS:
        for result in check():
            print(result, flush=True)
            missed += not result.ok
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
