"""The result of a run as a table on the terminal, a page of Markdown and a chart."""
import goals

CHART_WIDTH, BAR, LEFT = 720, 22, 130
COLOURS = {"reflector": "#9aa0a6", "cairn": "#2f7d6b"}
OTHER_COLOUR = "#7a8fb8"


def rows(result):
    """One list of cells per server; the first row is the head."""
    head = ["server", "cached CPU µs", "× reflector", "answers/s", "p50 / p99 µs", "uncached CPU µs", "names/s",
            "upstream", "memory", "written"]
    table = [head]
    for name, r in result["median"].items():
        cached, latency, walk = r["cached"], r["latency"], r.get("uncached")
        cells = [f"{name} {result['versions'][name]}".strip(), f"{cached['cpu_us']:.2f}", ratio(result, name),
                 thousands(cached["rate"]), f"{latency['p50_us']:.0f} / {latency['p99_us']:.0f}"]
        cells += [f"{walk['cpu_us']:.1f}", thousands(walk["rate"]), f"{walk['upstream']:.2f}",
                  kilobytes(walk["memory"]), kilobytes(walk["written"])] if walk else ["–"] * 5
        table.append(cells)
    return table


def ratio(result, name):
    """Processor time per cached answer in units of the reflector's, each round with its own."""
    ours, limit = result["all"][name], result["all"].get("reflector")
    if not limit:
        return "–"
    each = sorted(a["cached"]["cpu_us"] / b["cached"]["cpu_us"] for a, b in zip(ours, limit))
    return f"{each[len(each) // 2]:.2f}"


def thousands(number):
    return f"{number / 1000:.0f} k" if number >= 10000 else f"{number / 1000:.1f} k"


def kilobytes(number):
    return f"{number / 1000:.2f} kB"


def loads(numbers, title):
    """Every run of the load generator in the numbers of a round, with its place among them."""
    if "sent" in numbers:
        yield title, numbers
    for key, value in numbers.items():
        if isinstance(value, dict):
            yield from loads(value, f"{title}, {key}")


def warnings(result):
    """What makes the numbers less than they seem."""
    lines, others, totals = [], 0, {}
    for workload, servers in {"": result["all"], **result.get("workloads", {})}.items():
        for name, rounds in servers.items():
            for title, run in (found for r in rounds for found in loads(r, f"{name} {workload}".strip())):
                total = totals.setdefault(title, dict.fromkeys(("sent", "right", "failed", "empty", "wrong", "lost"), 0))
                others = max(others, run["others"] if "others" in run else 0)
                for key in total:
                    total[key] += run[key]
    for title, total in totals.items():
        bad = 1 - total["right"] / total["sent"]
        if bad > 1e-6:
            lines.append(f"{title}: {bad:.2%} of the questions got no right answer "
                         "({failed:.0f} failed, {empty:.0f} empty, {wrong:.0f} wrong, {lost:.0f} lost)".format(**total))
    if not result["is_prompt"]:
        lines.append("load generator and name servers got no real-time class (not allowed, or one core only): walks and "
                     "rates are up to a few milliseconds of waiting for each other worse than they could be")
    if others > .05:
        lines.append(f"the machine was not quiet: other programs used up to {others:.0%} of the two cores; "
                     "trust the ratios, not the numbers")
    return lines


def text_table(table):
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = ["  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths)))
             for row in table]
    lines.insert(1, "-" * len(lines[0]))
    return lines


def markdown_table(table):
    lines = ["| " + " | ".join(table[0]) + " |", "|---" * len(table[0]) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in table[1:]]


def as_text(result):
    lines = text_table(rows(result))
    if "workloads" in result:
        lines += ["", *text_table(goals.detail_rows(result)), "", *text_table(goals.goal_rows(result))]
    m = result["machine"]
    lines.append(f"\n{m['date']}, {m['cpu']}, {m['cores']} cores, Linux {m['kernel']}, {m['system']}; "
                 f"medians of {result['rounds']} rounds of {result['seconds']:g} s")
    return "\n".join(lines + [f"warning: {w}" for w in warnings(result)])


def as_markdown(result):
    m = result["machine"]
    lines = ["# Benchmarks", "", "Written by `tools/bench --write-docs`; run it to see your own machine's numbers.", "",
             f"Measured on {m['date']}: {m['cpu']}, {m['cores']} cores, Linux {m['kernel']}, {m['system']}; medians of "
             f"{result['rounds']} interleaved rounds of {result['seconds']:g} s.", "",
             *markdown_table(rows(result)), "", "![Processor time per answer](benchmarks.svg)", ""]
    if "workloads" in result:
        lines += ["## Goals", "", *markdown_table(goals.goal_rows(result)), "",
                  "## All workloads", "", *markdown_table(goals.detail_rows(result)), ""]
    lines += [f"> {w}" for w in warnings(result)]
    return "\n".join(lines) + "\n" + METHOD.format(hosts=result["hosts"], names=result["names"])


METHOD = """
## What the columns mean

| column | meaning |
|---|---|
| cached CPU µs | processor time of the server process per answer, all threads, user and kernel, with 10,000 cached names asked in turn at full load. The stable figure: rates vary with the machine, this much less |
| × reflector | the same in units of the reflector, which returns each datagram without looking at it and so costs what the kernel alone takes; each round compared with itself |
| answers/s | answers per second of one thread on one core in that run |
| p50 / p99 µs | latency of cached answers while questions come on a schedule of 50,000 per second, counted from the moment each was due |
| uncached CPU µs, names/s | the same two figures for names never asked before, with 128 questions on the way |
| upstream | queries to name servers per such name |
| memory, written | growth of the resident set (mapped pages included) per such name (answer, delegation and glue), and bytes written to disk |

## Method

- **One server at a time**, in a network namespace with nothing but loopback, pinned to one core; load generator and name
  servers are pinned to another. Each starts on an empty cache in every round; the rounds are interleaved.
- **Equal terms**: one thread, IPv4 only, 512 MiB of cache, no DNSSEC validation, no query name minimisation, no logging of
  queries. Everything else is each server's default, which means random case of names (0x20) for cairn and knot-resolver but not
  for unbound. IPv4 only matters most to unbound: with IPv6 on, as its package comes, it looks for an IPv6 address of each
  name server of the tree and so sends three times as many queries.
- **The load generator** (`tools/bench.d/load.c`) keeps 128 questions on the way over 8 sockets and asks the next when an answer
  comes, or follows a schedule. It checks every answer: id, question, rcode, and the very address. On a schedule a latency counts
  from the moment the question was due to the moment the kernel took the answer from the network. The generator never waits for
  a server, so when it has had no processor for a while (over 0.25 ms), that was other programs' doing: the schedule moves by as much.
- **Generator and name servers share a core** and never sleep while they are busy, since waking them would cost the server that is
  measured. So they run in a real-time class (SCHED_FIFO, lowest priority) where that is allowed, in which yielding the core takes
  microseconds instead of a slice of milliseconds; the kernel keeps a twentieth of the core for everything else. No server runs in
  such a class. Without the right to it the rest of the method is the same, and the report says so.
- **The tree** (`tools/bench.d/answer.h`) is answered from arithmetic: a root, ten top-level domains, and a zone of its own for
  every name on {hosts} addresses, with two in-zone name servers each. A name never asked before costs a referral from a
  top-level domain and an answer from its zone.
- **The reflector** (`tools/bench.d/reflect.c`) does the receiving and sending every server must do, and nothing else. Where it is
  undercut, questions came from few ports: of such, cairn gives the kernel several answers at a time
  ([decisions/answers-in-runs.md](decisions/answers-in-runs.md)). "Each question from its own port" is the same load without that.

## The workloads of `tools/bench --all`

| workload | what happens |
|---|---|
| never asked before | as in the first table, on an empty cache, cairn and knot-resolver in turns of two seconds, eight in each round: what else the machine does comes and goes within seconds, and hits both servers of a pair alike |
| realistic mix | names by Zipf's law (exponent 1) out of 100,000; A 60 %, AAAA 25 %, HTTPS 15 %; one in ten asks for an alias into another zone, one in ten for a name that does not exist, one in twenty for DNSSEC records. All servers get the same questions, the first half of them uncounted |
| large set | {names:,} names are asked for once (filling), then all in an order that jumps about, each server beside the reflector; then the server is stopped and started again on the stored cache |
| start | from just before exec to the first answer about a stored name, the name servers not being asked for it; two seconds later the wake-ups of all threads are counted for ten seconds |
| 80 % of the best peer's rate | questions on a schedule; the rate is that of the fastest peer in the first table, times 0.8 |
| TCP | 100 connections with 10 questions on the way in each |
| two workers | one worker and two in turn, both free to use both cores, which they share with the load generator: the processor time counts, not the rate |
| 10 ms per name server | names never asked before, one after the other; what is over is the latency less 10 ms for each query to a name server |
| validated | names never asked before in 20,000 signed zones, each with a key of its own, two turns in each round; answer, DNSKEY and DS are validated from a trust anchor for the tree's root. Keys and signatures are made beforehand (`tools/bench.d/sign.py`) |
| flood | 12,000 questions per second for 1,000 names, then the same with 6,000 new names per second in between, 200,000 in all, on a cache of 48 MiB; then each of the 1,000 is asked once more, and those that reach the name servers are the misses |
| own zone | a zone of 10,000 records and one of {names:,}; loading is from exec to the first answer; the reload is by SIGHUP with a new serial, at 30,000 questions per second, compared with the same run without, three times in turn in each round: the rise is that of the medians. Memory per record is the difference of the two zones |
"""


CHARTS = [("cached answer: CPU µs", "base", ("cached", "cpu_us")),
          ("uncached name: CPU µs", "base", ("uncached", "cpu_us")),
          ("cached, large set: CPU µs", "million", ("cached", "cpu_us")),
          ("realistic mix: CPU µs", "mix", ("cpu_us",)),
          ("TCP: CPU µs", "tcp", ("cpu_us",)),
          ("own zone: CPU µs", "own_zone", ("small", "cpu_us")),
          ("uncached and validated, algorithm 13: CPU µs", "dnssec", ("algorithm 13", "cpu_us")),
          ("uncached and validated, algorithm 8: CPU µs", "dnssec", ("algorithm 8", "cpu_us"))]


def as_svg(result):
    """A group of bars for each workload: processor time per answer."""
    view, parts, y = goals.View(result), [], 10
    for title, workload, path in CHARTS:
        bars = [(name, view.median(workload, name, *path)) for name in goals.COLUMNS]
        bars = [(name, value) for name, value in bars if value is not None]
        if not bars:
            continue
        most = max(value for _, value in bars)
        y += 24
        parts.append(f'<text x="{LEFT}" y="{y - 8}" class="title">{title}</text>')
        for name, value in bars:
            parts += bar(name, value, most, y)
            y += BAR
        y += 8
    style = "text{font:13px sans-serif;fill:#808488}.title{font-weight:bold}"
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{CHART_WIDTH}" height="{y}" role="img" '
            f'aria-label="Processor time per answer">\n<style>{style}</style>\n' + "\n".join(parts) + "\n</svg>\n")


def bar(name, value, most, y):
    width = max(1.0, (CHART_WIDTH - LEFT - 70) * value / most)
    return [f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end">{name}</text>'
            f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR - 4}" fill="{COLOURS.get(name, OTHER_COLOUR)}"/>'
            f'<text x="{LEFT + width + 6:.1f}" y="{y + 15}">{value:.1f}</text>']


def write_docs(result, docs):
    docs.mkdir(exist_ok=True)
    (docs / "benchmarks.md").write_text(as_markdown(result))
    (docs / "benchmarks.svg").write_text(as_svg(result))
