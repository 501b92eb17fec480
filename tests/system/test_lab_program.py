"""tools/lab itself: it needs no root, starts once, and stops what it started and nothing else."""
import json
import pathlib
import subprocess

import dns.message
import dns.query
import pytest

from conftest import LAB

BASE = "127.54.0.0"


@pytest.fixture
def run_lab(tmp_path, ports):
    """Runs tools/lab on addresses of its own; whatever it started is stopped at the end."""
    directory, port = tmp_path / "lab", ports[1] + 5400

    def run(command):
        return subprocess.run([LAB, command, "--dir", directory, "--port", str(port), "--base", BASE],
                              capture_output=True, text=True)

    run.directory, run.port = directory, port
    yield run
    run("stop")


def processes(run_lab):
    return [entry["pid"] for entry in json.loads((run_lab.directory / "lab.json").read_text())["processes"]]


def is_running(pid):
    stat = pathlib.Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_it_starts_answers_and_stops(run_lab):
    assert run_lab("status").returncode == 1
    assert run_lab("start").returncode == 0
    assert run_lab("status").returncode == 0
    query = dns.message.make_query("com.", "NS")
    reply = dns.query.udp(query, "127.54.0.1", port=run_lab.port, timeout=3)
    assert {str(rdata) for rdata in reply.authority[0]} == {"a.gtld-servers.net.", "b.gtld-servers.net."}
    pids = processes(run_lab)
    assert all(map(is_running, pids))
    assert run_lab("stop").returncode == 0
    assert not any(map(is_running, pids))


def test_starting_it_twice_starts_it_once(run_lab):
    run_lab("start")
    before = processes(run_lab)
    assert run_lab("start").returncode == 0
    assert processes(run_lab) == before


def test_a_process_that_got_the_number_of_an_ended_server_is_left_alone(run_lab):
    run_lab("start")
    stranger = subprocess.Popen(["sleep", "60"])
    state_file = run_lab.directory / "lab.json"
    state = json.loads(state_file.read_text())
    state["processes"].append({**state["processes"][0], "pid": stranger.pid, "started": 1})
    state_file.write_text(json.dumps(state))
    run_lab("stop")
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_directory_of_something_else_is_not_touched(run_lab):
    run_lab.directory.mkdir()
    (run_lab.directory / "thesis.txt").write_text("years of work")
    failed = run_lab("start")
    assert failed.returncode == 1
    assert "holds something else" in failed.stderr
    assert (run_lab.directory / "thesis.txt").exists()


def test_every_case_is_a_name_a_type_and_an_outcome(run_lab):
    lines = run_lab("cases").stdout.splitlines()
    assert len(lines) > 150
    outcomes = {line.split("\t")[2].split("/")[0] for line in lines}
    assert outcomes == {"NOERROR", "NODATA", "NXDOMAIN", "SERVFAIL", "YXDOMAIN"}
