"""The workloads of tools/bench --all beyond the three of every run. Each is a function that gets the Bench and returns
{server: [one dict of numbers per round]}; goals.py says what they should be."""
import contextlib
import json
import signal
import struct
import subprocess
import time

import machine
import zonefile
from measure import PROGRAMS, WINDOW, WORK, Tree, measure, medians, run_load
from servers import AUTHORITIES, PORT, SERVERS, wait_answer

HOT_NAMES, FLOOD_NAMES = 1000, 200_000
FLOOD_CACHE_MIB = 48  # less than the flood takes
HOT_RATE, FLOOD_RATE = 12_000, 6_000
RELOAD_RATE = 30_000
RELOAD_TURNS = 3  # of each round
SIGNED_ZONES = 20_000
WALK_TURNS, WALK_SECONDS = 8, 2  # of each round
SIGNED_TURNS = 2  # likewise
UNCACHED_FIRST = 20_000_000  # beyond what any set of names has
A, SOA = 1, 6


class Bench:
    """What all workloads need: options, cores, the tree, the progress line; `best_rate` is that of the best peer at
    10,000 cached names."""

    def __init__(self, options, progress, best_rate):
        self.options, self.progress, self.best_rate = options, progress, best_rate
        self.mine, self.load = machine.cores()
        self.by_name = {s.name: s for s in SERVERS + AUTHORITIES}
        self.tree = Tree(self.load)

    def peers(self, *names):
        """Those of the named servers that this system has."""
        return [self.by_name[name] for name in names if self.by_name[name].path() is not None]

    def rounds(self, what, servers, run, turns=1):
        """Runs run(server) for every server in turn, `turns` times as often as there are rounds."""
        results = {s.name: [] for s in servers}
        for turn in range(1, turns * self.options.rounds + 1):
            for s in servers:
                self.progress.step(f"{what}, round {turn}: {s.name}")
                results[s.name].append(run(s))
        return results

    @contextlib.contextmanager
    def running(self, server, core=None, **settings):
        process = server.start(WORK / server.name, self.mine if core is None else core, **settings)
        try:
            yield process
        finally:
            machine.stop(process)

    def measure(self, server, process, *arguments, **options):
        return measure(process, self.tree, options.pop("core", self.load), server.echo, *arguments, **options)

    def fill(self, count, *arguments):
        """Asks `count` questions that are not measured."""
        return run_load(self.load, False, "--count", count, "--seconds", 600, *arguments)

    @contextlib.contextmanager
    def other_tree(self, **settings):
        """Replaces the tree for a while."""
        machine.stop(self.tree.process)
        self.tree = Tree(self.load, **settings)
        try:
            yield
        finally:
            machine.stop(self.tree.process)
            self.tree = Tree(self.load)


def query_name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def answered(reply):
    """NOERROR with something in the answer section."""
    return reply[3] & 15 == 0 and reply[6:8] != b"\0\0"


def walks(bench):
    """Names never asked before, on an empty cache. The turns are short and many, since what else the machine does comes
    and goes within seconds, and should hit both servers of a pair alike."""
    def run(server):
        with bench.running(server) as process:
            return bench.measure(server, process, "--first", UNCACHED_FIRST,
                                 "--seconds", min(WALK_SECONDS, bench.options.seconds))
    return bench.rounds("never asked before", bench.peers("cairn", "knot-resolver"), run, WALK_TURNS)


def mix(bench):
    """Popularity after Zipf over 100,000 names; every server gets the same questions on the same warmed cache."""
    count = int(100_000 * bench.options.seconds)
    names = ["--mix", "--zipf", 1, "--names", 100_000]

    def run(server):
        with bench.running(server) as process:
            if not server.echo:
                bench.fill(count, *names)
            return bench.measure(server, process, *names, "--skip", count, "--count", count, "--seconds", 120)
    return bench.rounds("mix", bench.peers("reflector", "cairn", "unbound", "knot-resolver"), run)


def ports(bench):
    """Each of the questions on the way from a port of its own."""
    def run(server):
        with bench.running(server) as process:
            if not server.echo:
                bench.fill(10_000, "--names", 10_000)
            return bench.measure(server, process, "--names", 10_000, "--lanes", WINDOW,
                                 "--seconds", bench.options.seconds)
    return bench.rounds("many ports", bench.peers("reflector", "cairn", "unbound", "knot-resolver"), run)


def million(bench):
    """A large set of names: what filling it costs, answers from all of it in scattered order, and a start with it."""
    names = bench.options.names
    reflector = bench.by_name["reflector"]
    every = ["--names", names, "--scatter", "--seconds", bench.options.seconds]
    results = {"reflector": [medians([{"cached": limit(bench, reflector, every)} for _ in range(2)])]}
    for server in bench.peers("cairn", "unbound", "knot-resolver"):
        bench.progress.step(f"{names} names: {server.name}")
        result = {}
        with bench.running(server, cache_mib=4096) as process:
            result["fill"] = bench.measure(server, process, "--count", names, "--seconds", 600)
            pairs = [{"limit": limit(bench, reflector, every), "cached": bench.measure(server, process, *every)}
                     for _ in range(bench.options.rounds)]
            result.update(medians(pairs))
        if server.name != "unbound":  # which keeps its cache in memory alone
            result["restart"] = restart(bench, server, 4096)
        results[server.name] = [result]
    return results


def limit(bench, reflector, arguments):
    """The reflector, beside a server that idles meanwhile."""
    with machine.start([reflector.path(), f"127.0.0.1@{PORT + 1}"], bench.mine) as process:
        wait_answer(process, b"\0", A, port=PORT + 1)
        try:
            return bench.measure(reflector, process, *arguments, port=PORT + 1)
        finally:
            machine.stop(process)


def restart(bench, server, cache_mib):
    """From exec to the first answer about a stored name, in seconds, the tree asked nothing for it; then idle."""
    before = bench.tree.queries_by_level()["zone"]
    begin = time.monotonic()
    process = server.launch(WORK / server.name, bench.mine, keep=True, cache_mib=cache_mib)
    try:
        end = wait_answer(process, query_name("w.z00000007.t7"), A, good=answered)
        cached = end is not None and bench.tree.queries_by_level()["zone"] == before
        time.sleep(2)
        woken = machine.wakeups(process.pid)
        idle = 3 if bench.options.quick else 10
        time.sleep(idle)
        return {"start_s": end - begin if cached else None, "wakeups": (machine.wakeups(process.pid) - woken) / idle}
    finally:
        machine.stop(process)


def start(bench):
    """A start with ten thousand names stored."""
    def run(server):
        with bench.running(server):
            bench.fill(10_000, "--names", 10_000)
        return restart(bench, server, 512)
    return bench.rounds("start", bench.peers("cairn", "knot-resolver"), run)


def tcp(bench):
    """100 connections with 10 questions on the way each."""
    def run(server):
        with bench.running(server) as process:
            bench.fill(10_000, "--names", 10_000)
            return bench.measure(server, process, "--tcp", "--lanes", 100, "--window", 1000, "--names", 10_000,
                                 "--seconds", bench.options.seconds)
    return bench.rounds("TCP", bench.peers("cairn", "unbound", "knot-resolver"), run)


def flood(bench):
    """A hot set at a steady rate, without and with new names in between, on a cache too small for all; then how much of
    the hot set is still answered without asking the tree."""
    total = 3 * FLOOD_RATE if bench.options.quick else FLOOD_NAMES
    hot = ["--names", HOT_NAMES]

    def run(server):
        with bench.running(server, cache_mib=FLOOD_CACHE_MIB) as process:
            bench.fill(10 * HOT_NAMES, *hot)
            alone = bench.measure(server, process, *hot, "--rate", HOT_RATE, "--seconds", bench.options.seconds)
            share = 100 * FLOOD_RATE / (HOT_RATE + FLOOD_RATE)
            within = bench.measure(server, process, *hot, "--rate", HOT_RATE + FLOOD_RATE, "--flood", share,
                                   "--count", total * 100 / share, "--seconds", 120, "--window", 2048)
            time.sleep(2)  # for walks still on their way
            asked = bench.tree.queries_by_level()["zone"]
            bench.fill(HOT_NAMES, *hot)
            missed = bench.tree.queries_by_level()["zone"] - asked
        return {"alone": alone, "within": within, "hits": 1 - missed / HOT_NAMES}
    return bench.rounds("flood", bench.peers("cairn", "unbound", "knot-resolver"), run)


def workers(bench):
    """One worker and two, both free to use both cores, which they share with the load generator."""
    both = {bench.mine, bench.load}
    cairn = bench.by_name["cairn"]
    results = {"1": [], "2": []}
    for turn in range(1, bench.options.rounds + 1):
        for number, rounds in results.items():
            bench.progress.step(f"workers, round {turn}: {number}")
            with bench.running(cairn, core=both, workers=number) as process:
                names = ["--names", 10_000, "--lanes", 32, "--window", 256]
                bench.fill(20_000, *names)
                rounds.append(bench.measure(cairn, process, *names, "--seconds", bench.options.seconds, core=both))
    return results


def open_loop(bench):
    """Latency at 80 % of the rate of the best peer."""
    rate = .8 * bench.best_rate

    def run(server):
        with bench.running(server) as process:
            bench.fill(10_000, "--names", 10_000)
            return bench.measure(server, process, "--names", 10_000, "--rate", int(rate), "--window", 1024,
                                 "--seconds", bench.options.seconds)
    return bench.rounds(f"{rate / 1000:.0f} k per second", bench.peers("cairn", "unbound", "knot-resolver"), run)


def delay(bench, delay_ms=10):
    """Walks one after the other over name servers that take their time: what is more than the round trips."""
    def run(server):
        with bench.running(server) as process:
            bench.fill(10)  # the root and the top-level domains
            result = bench.measure(server, process, "--first", UNCACHED_FIRST, "--window", 1, "--lanes", 1,
                                   "--count", 50 * bench.options.seconds, "--seconds", 60)
        result["over_us"] = result["p50_us"] - round(result["upstream"]) * delay_ms * 1000
        return result
    with bench.other_tree(delay=delay_ms):
        return bench.rounds("10 ms", bench.peers("cairn", "unbound", "knot-resolver"), run)


def dnssec(bench):
    """Names never asked before in a signed part of the tree, validated from its own trust anchor. There is no priming:
    the addresses of its root servers are not signed."""
    try:
        import sign  # only this workload needs python3-cryptography
    except ImportError as error:
        bench.progress.note(f"left out: validated names ({error})")
        return {}
    zones = 2_000 if bench.options.quick else SIGNED_ZONES
    servers = bench.peers("cairn", "knot-resolver")
    results = {s.name: [{} for _ in range(SIGNED_TURNS * bench.options.rounds)] for s in servers}
    for algorithm in (sign.ECDSAP256SHA256, sign.RSASHA256):
        path = WORK / f"signed-{algorithm}-{zones}"
        anchor = sign.make(path, algorithm, zones, bench.progress.note)

        def run(server, anchor=anchor):
            settings = {"validation": "true", "anchors": f'["{anchor}"]', "priming": "false",
                        "kresd_anchor": f"trust_anchors.add('{anchor}')\nmodules.unload('priming')"}
            with bench.running(server, **settings) as process:
                if not is_validated(process):
                    raise RuntimeError(f"{server.name} does not validate algorithm {algorithm}")
                return bench.measure(server, process, "--first", 1, "--count", zones - 1, "--seconds", 120)
        with bench.other_tree(signatures=path):
            for name, rounds in bench.rounds(f"algorithm {algorithm}", servers, run, SIGNED_TURNS).items():
                for result, one in zip(results[name], rounds):
                    result[f"algorithm {algorithm}"] = one
    return results


def is_validated(process):
    """Whether the answer about the first signed name has AD."""
    opt = b"\0\0\x29\4\xd0\0\0\x80\0\0\0"
    return wait_answer(process, query_name("w.z00000000.t0"), A, 5, additional=opt,
                       good=lambda reply: answered(reply) and reply[3] & 0x20 != 0) is not None


def own_zone(bench):
    """A zone of 10,000 records and a large one: answers, memory, loading, and answers while it is loaded again."""
    servers = bench.peers("cairn", "nsd", "knot")
    results = {s.name: [] for s in [bench.by_name["reflector"], *servers]}
    for turn in range(1, bench.options.rounds + 1):
        bench.progress.step(f"own zone, round {turn}: reflector")
        with bench.running(bench.by_name["reflector"]) as process:
            results["reflector"].append({"small": bench.measure(
                bench.by_name["reflector"], process, "--name", zonefile.PATTERN, "--names", 10_000,
                "--seconds", bench.options.seconds)})
        for s in servers:
            bench.progress.step(f"own zone, round {turn}: {s.name}")
            results[s.name].append({"small": zone_of(bench, s, 10_000),
                                    "large": zone_of(bench, s, bench.options.names, with_reload=True)})
            small, large = results[s.name][-1]["small"], results[s.name][-1]["large"]
            large["per_record"] = (large["resident"] - small["resident"]) / (bench.options.names - 10_000)
    return results


def zone_of(bench, server, records, with_reload=False):
    path = zonefile.make(WORK / f"zone-{records}", records)
    begin = time.monotonic()
    process = server.launch(WORK / server.name, bench.mine, zone=zonefile.APEX, zone_file=path,
                            zones=f"[{{name: {zonefile.APEX}, file: {path}}}]")
    try:
        end = wait_answer(process, query_name(f"h00000001.{zonefile.APEX}"), A, 120, good=answered)
        if end is None:
            raise RuntimeError(f"{server.name} does not answer from its zone of {records} records")
        names = ["--name", zonefile.PATTERN, "--names", records, "--scatter"]
        result = bench.measure(server, process, *names, "--seconds", bench.options.seconds)
        result.update(load_s=end - begin, resident=machine.resident_bytes(process.pid))
        if with_reload:
            timed = [*names, "--rate", RELOAD_RATE, "--window", 2048, "--seconds", max(4, 4 * (end - begin))]
            pairs = [(bench.measure(server, process, *timed), during_reload(bench, process, path, timed))
                     for _ in range(RELOAD_TURNS)]
            result["steady"], result["reload"] = (middle(runs, "p999_us") for runs in zip(*pairs))
        return result
    finally:
        machine.stop(process)


def middle(runs, key):
    """The run whose number is the median."""
    return sorted(runs, key=lambda run: run[key])[len(runs) // 2]


def during_reload(bench, process, path, arguments):
    """The load, with a new serial of the zone half a second after its start, and whether it was taken up."""
    command = [PROGRAMS / "bench_load", "--server", f"127.0.0.1@{PORT}", *arguments]
    with machine.start(command, bench.load, prompt=True, stdout=subprocess.PIPE, text=True) as load:
        time.sleep(.5)
        serial = zonefile.next_serial(path)
        begin = time.monotonic()
        process.send_signal(signal.SIGHUP)
        taken = wait_answer(process, query_name(zonefile.APEX), SOA, 60, pause=.05,
                            good=lambda reply: struct.pack("!I", serial) in reply)
        result = json.loads(load.communicate()[0])
    result["reload_s"] = taken - begin if taken else None
    return result


STEPS = {"ports": ports, "walks": walks, "mix": mix, "tcp": tcp, "open_loop": open_loop, "delay": delay, "dnssec": dnssec,
         "flood": flood, "workers": workers, "own_zone": own_zone, "start": start, "million": million}


def run_all(bench, chosen):
    """{workload: {server: [numbers of each round]}}"""
    return {name: STEPS[name](bench) for name in chosen}


def run_count(options):
    """How many lines of progress the chosen workloads make."""
    per_round = {"ports": 4, "walks": 2 * WALK_TURNS, "mix": 4, "tcp": 3, "open_loop": 3, "delay": 3,
                 "dnssec": 4 * SIGNED_TURNS, "flood": 3, "workers": 2, "own_zone": 4, "start": 2}
    return sum(per_round[name] * options.rounds if name in per_round else 3 for name in options.workloads)
