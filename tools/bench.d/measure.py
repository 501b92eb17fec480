"""One measurement: a load on a running server, and what it cost the server."""
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import time

import machine
from servers import ADDRESS, PORT, RELEASE

WORK = pathlib.Path(__file__).resolve().parents[2] / "build" / "bench"
PROGRAMS = RELEASE / "tools" / "bench.d"
WINDOW = 128  # questions on the way: few enough for every server's default receive buffer


class Progress:
    """One line that is rewritten on a terminal, or one line per step elsewhere."""

    def __init__(self, steps):
        self.steps, self.done, self.started = steps, 0, time.monotonic()
        self.terminal = sys.stderr.isatty()

    def step(self, text):
        self.note(text)
        self.done += 1

    def note(self, text):
        line = f"[{self.done:2}/{self.steps}] {time.monotonic() - self.started:4.0f} s  {text}"
        before, after = ("\r\033[K", "") if self.terminal else ("", "\n")
        print(before + line, end=after, file=sys.stderr, flush=True)

    def finish(self):
        if self.terminal:
            print("\r\033[K", end="", file=sys.stderr)


class Tree:
    """The synthetic tree on the load's core, and its count of the queries it has had."""

    def __init__(self, core, hosts=1000, delay=0, loss=0, signatures=None):
        command = [PROGRAMS / "bench_tree", "--hosts", hosts, "--delay", delay, "--loss", loss]
        command += ["--signed", signatures] if signatures else []
        self.process = machine.start(command, core, prompt=True, stdout=subprocess.PIPE, text=True)
        time.sleep(.2)
        if self.process.poll() is not None:
            raise RuntimeError("the synthetic tree could not start")

    def queries_by_level(self):
        self.process.send_signal(signal.SIGUSR1)
        return json.loads(self.process.stdout.readline())

    def queries(self):
        return sum(self.queries_by_level().values())


def run_load(core, echo, *arguments, port=PORT):
    """What one run of the load generator says."""
    command = [PROGRAMS / "bench_load", "--server", f"{ADDRESS}@{port}", *(["--echo"] if echo else []),
               "--window", WINDOW, *arguments]
    with machine.start(command, core, prompt=True, stdout=subprocess.PIPE, text=True) as load:
        output = load.communicate()[0]
    if load.returncode != 0:
        raise RuntimeError(f"the load generator failed: {output}")
    result = json.loads(output)
    if result["answered"] == 0:
        raise RuntimeError("no question was answered")
    return result


def measure(process, tree, core, echo, *arguments, port=PORT):
    """Runs one load and adds what it cost the server: per answer, in microseconds, bytes and upstream queries."""
    both = {*(core if isinstance(core, set) else {core}), *os.sched_getaffinity(process.pid)}
    queries = tree.queries()
    ours = [process.pid, tree.process.pid]
    start = time.monotonic()
    memory, written = machine.resident_bytes(process.pid), machine.written_bytes(process.pid)
    busy, cpu, used = machine.busy_us(both), machine.cpu_us(process.pid), sum(map(machine.cpu_us, ours))
    result = run_load(core, echo, *arguments, port=port)
    cpu, used = machine.cpu_us(process.pid) - cpu, sum(map(machine.cpu_us, ours)) - used
    others = machine.busy_us(both) - busy - used - result["load_cpu_us"] * result["sent"]
    answered = result["answered"]
    result.update(cpu_us=cpu / answered, upstream=(tree.queries() - queries) / answered,
                  memory=(machine.resident_bytes(process.pid) - memory) / answered,
                  written=(machine.written_bytes(process.pid) - written) / answered,
                  others=max(0.0, others / len(both) / 1e6 / (time.monotonic() - start)))
    return result


def medians(rounds):
    """One result per workload: the median of every number over the rounds."""
    return {workload: {key: statistics.median(r[workload][key] for r in rounds)
                       for key, value in rounds[0][workload].items() if isinstance(value, (int, float))}
            for workload in rounds[0]}
