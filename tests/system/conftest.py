"""What the system tests share: namespaces, the lab, and cairnd processes that must end cleanly."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import namespace  # noqa: E402
from daemon import Cairnd, merge  # noqa: E402

LAB = ROOT / "tools" / "lab"
ADDRESS = "127.0.0.1"


def pytest_addoption(parser):
    parser.addoption("--cairnd", default=str(ROOT / "build" / "dev" / "cairnd"), help="the daemon to test")
    parser.addoption("--plain-cairnd", help="one without sanitizers for what they cannot live through")
    parser.addoption("--seed", type=int, default=1, help="of what is generated (test_differential.py)")


def pytest_configure(config):
    # Before anything has started a thread: a user namespace can only be entered by a single-threaded process.
    config.no_namespace = namespace.enter_network()
    config.no_mounts = config.no_namespace or namespace.enter_mounts()


def pytest_report_header(config):
    state = f"none ({config.no_namespace}); tests that need one are skipped" if config.no_namespace else "own"
    return f"cairnd: {config.getoption('--cairnd')}; network namespace: {state}"


@pytest.fixture(scope="session")
def isolated(pytestconfig):
    """Port 53 and capture; skips the test where a network namespace is not to be had."""
    if pytestconfig.no_namespace:
        pytest.skip(f"needs root or user namespaces: {pytestconfig.no_namespace}")


@pytest.fixture(scope="session")
def ports(pytestconfig):
    """The port of cairnd, and of the lab; without a network of their own, others than those of a run beside this."""
    first = 20000 + os.getpid() % 6000 * 2
    return (first, first + 1) if pytestconfig.no_namespace else (53, 53)


class Lab:
    def __init__(self, directory, port):
        self.directory, self.port = directory, port
        self.hints = directory / "root.hints"
        self.servers = {entry["name"]: entry["addresses"]
                        for entry in json.loads((directory / "lab.json").read_text())["processes"]}
        out = subprocess.run([LAB, "cases"], check=True, capture_output=True, text=True).stdout
        self.cases = [tuple(line.split("\t")) for line in out.splitlines()]

    def configuration(self):
        """What makes cairnd resolve in the lab; without the queries that only warm its cache."""
        return {"recursion": {"root-hints": str(self.hints), "upstream-port": self.port,
                              "allow-upstream": ["127.0.0.0/8"], "priming": False},
                "cache": {"prefetch": False}}

    def validation(self):
        """What makes cairnd validate from the lab's root as well."""
        return {"dnssec": {"validation": True, "trust-anchors": (self.directory / "root.ds").read_text().splitlines()}}


@pytest.fixture(scope="session")
def lab(tmp_path_factory, ports):
    directory = tmp_path_factory.mktemp("lab")
    subprocess.run([LAB, "start", "--dir", directory, "--port", str(ports[1])], check=True)
    yield Lab(directory, ports[1])
    subprocess.run([LAB, "stop", "--dir", directory], check=True)


@pytest.fixture
def make_cairnd(pytestconfig, tmp_path, ports):
    """Makes daemons, not yet started, from a configuration; all are stopped and checked at the end."""
    made = []
    program, unsanitized = (pytestconfig.getoption(option) for option in ("--cairnd", "--plain-cairnd"))
    if not unsanitized or not pathlib.Path(unsanitized).exists():
        unsanitized = program

    def make(*configurations, address=ADDRESS, port=None, plain=False):
        configuration = {}
        for part in configurations:
            configuration = merge(configuration, part)
        directory = tmp_path / f"cairnd{len(made)}"
        directory.mkdir()
        made.append(Cairnd(unsanitized if plain else program, directory, configuration, address, port or ports[0]))
        return made[-1]

    yield make
    errors = []
    for daemon in made:
        try:
            daemon.stop()
        except AssertionError as error:
            errors.append(error)
    if errors:
        raise errors[0]


@pytest.fixture
def cairnd(make_cairnd, lab):
    """A started daemon that resolves in the lab, with an empty cache."""
    return make_cairnd(lab.configuration()).start()
