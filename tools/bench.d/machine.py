"""What the benchmark needs of the machine: its own network, pinned processes, their use of processor and memory."""
import ctypes
import fcntl
import functools
import os
import pathlib
import platform
import re
import socket
import struct
import subprocess
import time

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x891c
IFF_UP, IFF_LOOPBACK = 0x1, 0x8


def enter_network():
    """Moves this process into a network namespace of its own, in which loopback holds 127/8 and the tree's 10/8:
    resolvers distrust name servers on 127/8. As another user than root it takes a user namespace as well."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWNET | (CLONE_NEWUSER if uid != 0 else 0)) != 0:
        raise RuntimeError(f"no network namespace ({os.strerror(ctypes.get_errno())}): run it as root")
    if uid != 0:
        pathlib.Path("/proc/self/setgroups").write_text("deny")
        pathlib.Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        pathlib.Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP | IFF_LOOPBACK))
        for request, address in ((SIOCSIFADDR, "10.0.0.1"), (SIOCSIFNETMASK, "255.0.0.0")):
            fcntl.ioctl(s, request, struct.pack("16sHH4s8x", b"lo:1", socket.AF_INET, 0, socket.inet_aton(address)))


@functools.cache
def cores():
    """The core of the server and the core of load and tree; the same one twice on a machine with only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[1 % len(allowed)]


def pin_here():
    """Keeps this program off the server's core, and from having to wait for the load it watches; whether that is
    allowed."""
    os.sched_setaffinity(0, {cores()[1]})
    return be_prompt()


def start(command, core, prompt=False, **options):
    """Starts a program pinned to one core, or to a set of them. A `prompt` one runs there as be_prompt says."""
    def prepare():
        os.sched_setaffinity(0, core if isinstance(core, set) else {core})
        if prompt and core == cores()[1]:
            be_prompt()
    return subprocess.Popen([str(c) for c in command], preexec_fn=prepare, **options)


def be_prompt():
    """Load generator and tree share a core and never sleep while they are needed, so they give it to each other by
    yielding. Only in a real-time class does that take microseconds: otherwise each keeps the core for milliseconds, in
    which the other's answers wait. Whatever else wants that core gets the twentieth of its time that the kernel keeps
    for it. What this program starts does not inherit it. False where it is not allowed, or would starve the server
    since there is only one core."""
    try:
        mine, load = cores()
        if mine != load:
            os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
        return mine != load
    except OSError:
        return False


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def family(pid):
    """A process and what it has started; some servers answer in a child."""
    members = [pid]
    for member in members:
        for task in pathlib.Path(f"/proc/{member}/task").glob("*/children"):
            members += [int(child) for child in task.read_text().split()]
    return members


def cpu_us(pid):
    """Microseconds of processor time of all threads of a process and its children."""
    tasks = [t for member in family(pid) for t in pathlib.Path(f"/proc/{member}/task").glob("*/schedstat")]
    return sum(int(t.read_text().split()[0]) for t in tasks) / 1000


def wakeups(pid):
    """How often the threads of a process have gone to sleep, which is how often they were woken."""
    total = 0
    for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status"):
        total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read_text(), re.M)[1])
    return total


def busy_us(which):
    """Microseconds in which the given cores were not idle, by the kernel's clock ticks."""
    tick_us = 1e6 / os.sysconf("SC_CLK_TCK")
    total = 0
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        fields = line.split()
        if fields[0] in {f"cpu{c}" for c in which}:
            user, nice, system, _idle, _wait, irq, softirq, steal = map(int, fields[1:9])
            total += (user + nice + system + irq + softirq + steal) * tick_us
    return total


def resident_bytes(pid):
    """Resident memory of a process and its children, mapped file pages included; what they share counts once."""
    maps = [pathlib.Path(f"/proc/{member}/smaps_rollup").read_text() for member in family(pid)]
    return sum(int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1]) for text in maps) * 1024


def written_bytes(pid):
    """Bytes a process caused to be written to disk so far, mapped file pages included."""
    for line in pathlib.Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    return 0


def describe():
    """The machine in the words of the report."""
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    release = pathlib.Path("/etc/os-release")
    lines = release.read_text().splitlines() if release.exists() else []
    names = dict(line.split("=", 1) for line in lines if "=" in line)
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(),
            "system": names.get("PRETTY_NAME", platform.system()).strip('"'), "date": time.strftime("%Y-%m-%d")}
