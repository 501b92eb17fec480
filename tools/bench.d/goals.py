"""What tools/bench --all found, beside what cairn should reach."""
import statistics


class View:
    """Access to a result: medians of numbers, and of ratios that each round makes with its own numbers."""

    def __init__(self, result):
        self.rounds = {"base": result["all"], **result.get("workloads", {})}

    def each(self, workload, server, *path):
        """The number of every round; [] if it was not measured."""
        found = []
        for value in self.rounds.get(workload, {}).get(server, []):
            for key in path:
                value = value.get(key) if isinstance(value, dict) else None
            if value is not None:
                found.append(value)
        return found

    def median(self, workload, server, *path):
        found = self.each(workload, server, *path)
        return statistics.median(found) if found else None

    def ratio(self, workload, server, other, *path, other_path=None):
        """Of two servers, or of two numbers of one."""
        pairs = list(zip(self.each(workload, server, *path), self.each(workload, other, *(other_path or path))))
        return statistics.median(a / b for a, b in pairs) if pairs else None

    def less(self, workload, *path):
        """How much cheaper cairn is than the best of the peers: their smallest ratio to it."""
        ratios = [self.ratio(workload, peer, "cairn", *path) for peer in ("unbound", "knot-resolver")]
        return min((r for r in ratios if r is not None), default=None)

    def rise_ms(self, workload, path, before):
        """How much later the last thousandth of the answers comes than in the run before: the difference of the two
        numbers that the table of workloads shows. One disturbed round moves neither; the median of the rounds'
        differences it would."""
        after, first = (self.median(workload, "cairn", *p, "p999_us") for p in (path, before))
        return None if after is None or first is None else (after - first) / 1000

    def p99_to_best(self):
        """cairn's p99 in units of that of the peer with the highest rate."""
        rates = {peer: self.median("base", peer, "cached", "rate") or 0 for peer in ("unbound", "knot-resolver")}
        return self.ratio("open_loop", "cairn", max(rates, key=rates.get), "p99_us")


def scaled(value, factor):
    return None if value is None else value * factor


AT_MOST, AT_LEAST = "≤", "≥"

# What, how it is found, and what it should be.
GOALS = [
    ("cached, 10,000 names: CPU, × reflector",
     lambda v: v.ratio("base", "cairn", "reflector", "cached", "cpu_us"), AT_MOST, 1.3),
    ("cached, 10,000 names: CPU of the best peer, × cairn",
     lambda v: v.less("base", "cached", "cpu_us"), AT_LEAST, 1.4),
    ("cached, large set: CPU, × reflector",
     lambda v: v.ratio("million", "cairn", "cairn", "cached", "cpu_us", other_path=("limit", "cpu_us")), AT_MOST, 1.6),
    ("cached, large set: CPU of the best peer, × cairn",
     lambda v: v.less("million", "cached", "cpu_us"), AT_LEAST, 1.4),
    ("cached at 80 % of the best peer's rate: p99, × that peer", View.p99_to_best, AT_MOST, 1.0),
    ("two workers: CPU, × one", lambda v: v.ratio("workers", "2", "1", "cpu_us"), AT_MOST, 1.15),
    ("uncached: CPU, × knot-resolver",
     lambda v: v.ratio("walks", "cairn", "knot-resolver", "cpu_us"), AT_MOST, .8),
    ("uncached: queries to name servers, × knot-resolver",
     lambda v: v.ratio("base", "cairn", "knot-resolver", "uncached", "upstream"), AT_MOST, 1.0),
    ("uncached, 10 ms per server: latency beyond the round trips, ms",
     lambda v: scaled(v.median("delay", "cairn", "over_us"), .001), AT_MOST, 1.0),
    ("uncached and validated, algorithm 13: CPU, × knot-resolver",
     lambda v: v.ratio("dnssec", "cairn", "knot-resolver", "algorithm 13", "cpu_us"), AT_MOST, .9),
    ("uncached and validated, algorithm 8: CPU, × knot-resolver",
     lambda v: v.ratio("dnssec", "cairn", "knot-resolver", "algorithm 8", "cpu_us"), AT_MOST, .9),
    ("own zone, 10,000 records: CPU, × reflector",
     lambda v: v.ratio("own_zone", "cairn", "reflector", "small", "cpu_us"), AT_MOST, 1.15),
    ("own zone, large: time to load, × nsd",
     lambda v: v.ratio("own_zone", "cairn", "nsd", "large", "load_s"), AT_MOST, 1.0),
    ("own zone, large: memory per record, × nsd",
     lambda v: v.ratio("own_zone", "cairn", "nsd", "large", "per_record"), AT_MOST, 1.0),
    ("own zone, large: rise of p99.9 by a reload, ms",
     lambda v: v.rise_ms("own_zone", ("large", "reload"), ("large", "steady")), AT_MOST, 1.0),
    ("TCP, 100 connections with 10 questions each: answers per second, × unbound",
     lambda v: v.ratio("tcp", "cairn", "unbound", "rate"), AT_LEAST, 1.0),
    ("memory per cached name, kB", lambda v: scaled(v.median("million", "cairn", "fill", "memory"), .001), AT_MOST, .6),
    ("start to first cached answer, large set stored, ms",
     lambda v: scaled(v.median("million", "cairn", "restart", "start_s"), 1000), AT_MOST, 200),
    ("start to first cached answer, 10,000 names stored, ms",
     lambda v: scaled(v.median("start", "cairn", "start_s"), 1000), AT_MOST, 100),
    ("idle: wake-ups per second", lambda v: v.median("start", "cairn", "wakeups"), AT_MOST, 1.0),
    ("flood of new names: share of the hot set that still hits",
     lambda v: v.median("flood", "cairn", "hits"), AT_LEAST, .95),
    ("flood of new names: rise of the hot set's p99.9, ms",
     lambda v: v.rise_ms("flood", ("within",), ("alone",)), AT_MOST, 1.0),
]

# Title, workload, path to the number, factor, decimals.
DETAILS = [
    ("cached, each question from its own port: CPU µs", "ports", ("cpu_us",), 1, 2),
    ("never asked before, in short turns: CPU µs", "walks", ("cpu_us",), 1, 1),
    ("realistic mix: CPU µs", "mix", ("cpu_us",), 1, 2),
    ("realistic mix: queries to name servers per answer", "mix", ("upstream",), 1, 3),
    ("cached, large set: CPU µs", "million", ("cached", "cpu_us"), 1, 2),
    ("cached, large set: k answers/s", "million", ("cached", "rate"), .001, 0),
    ("filling the large set: CPU µs", "million", ("fill", "cpu_us"), 1, 1),
    ("filling the large set: memory per name, kB", "million", ("fill", "memory"), .001, 2),
    ("filling the large set: written per name, kB", "million", ("fill", "written"), .001, 2),
    ("start with the large set stored, ms", "million", ("restart", "start_s"), 1000, 0),
    ("start with 10,000 names stored, ms", "start", ("start_s",), 1000, 0),
    ("idle: wake-ups per second", "start", ("wakeups",), 1, 1),
    ("80 % of the best peer's rate: p99 µs", "open_loop", ("p99_us",), 1, 0),
    ("TCP: k answers/s", "tcp", ("rate",), .001, 0),
    ("TCP: CPU µs", "tcp", ("cpu_us",), 1, 2),
    ("10 ms per name server: latency, ms", "delay", ("p50_us",), .001, 2),
    ("uncached and validated, algorithm 13: CPU µs", "dnssec", ("algorithm 13", "cpu_us"), 1, 0),
    ("uncached and validated, algorithm 8: CPU µs", "dnssec", ("algorithm 8", "cpu_us"), 1, 0),
    ("flood: p99.9 of the hot set before, µs", "flood", ("alone", "p999_us"), 1, 0),
    ("flood: p99.9 of the hot set meanwhile, µs", "flood", ("within", "p999_us"), 1, 0),
    ("flood: share of the hot set that still hits", "flood", ("hits",), 1, 3),
    ("own zone, 10,000 records: CPU µs", "own_zone", ("small", "cpu_us"), 1, 2),
    ("own zone, large: CPU µs", "own_zone", ("large", "cpu_us"), 1, 2),
    ("own zone, large: time to load, s", "own_zone", ("large", "load_s"), 1, 2),
    ("own zone, large: memory per record, B", "own_zone", ("large", "per_record"), 1, 0),
    ("own zone, large: p99.9 before a reload, µs", "own_zone", ("large", "steady", "p999_us"), 1, 0),
    ("own zone, large: p99.9 during a reload, µs", "own_zone", ("large", "reload", "p999_us"), 1, 0),
]
COLUMNS = ["reflector", "cairn", "unbound", "knot-resolver", "nsd", "knot"]


def goal_rows(result):
    """What, measured, goal, whether it is reached; the first row is the head."""
    view, rows = View(result), [["what", "measured", "goal", ""]]
    for text, find, sense, wanted in GOALS:
        found = find(view)
        if found is not None:
            shown = round(found, 2)
            reached = shown <= wanted if sense == AT_MOST else shown >= wanted
            rows.append([text, f"{shown:.2f}", f"{sense} {wanted:g}", "reached" if reached else "missed"])
    return rows


def detail_rows(result):
    """Numbers of all servers; the first row is the head."""
    view, rows = View(result), [["workload", *COLUMNS]]
    for title, workload, path, factor, decimals in DETAILS:
        found = [scaled(view.median(workload, name, *path), factor) for name in COLUMNS]
        if any(value is not None for value in found):
            rows.append([title, *("–" if value is None else f"{value:.{decimals}f}" for value in found)])
    return rows
