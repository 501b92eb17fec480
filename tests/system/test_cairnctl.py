"""cairnctl as a program: its help, its exit codes, and what it does without a daemon."""
import json
import os
import pathlib
import re
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAN = ROOT / "docs" / "man"


@pytest.fixture
def ctl(pytestconfig, tmp_path):
    program = pathlib.Path(pytestconfig.getoption("--cairnd")).resolve().with_name("cairnctl")

    def run(*arguments, **environment):
        kept = {k: v for k, v in os.environ.items() if k not in ("CAIRN_SOCKET", "NO_COLOR")}
        return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=20, cwd=tmp_path,
                              env={**kept, **environment})
    return run


def command_names(ctl):
    lines = ctl("--help").stdout.splitlines()
    return [re.match(r"  ((?:[a-z]+ ?)+)", line).group(1).strip() for line in lines if re.match(r"  [a-z]", line)]


def test_every_command_has_help_with_an_example(ctl):
    names = command_names(ctl)
    assert {"status", "cache get", "zone check", "config schema"} <= set(names)
    for name in names:
        done = ctl(*name.split(), "--help")
        assert done.returncode == 0
        assert f"example: cairnctl {name}" in done.stdout


def test_every_command_is_in_the_manual(ctl):
    manual = (MAN / "cairnctl.1").read_text()
    for name in command_names(ctl):
        assert re.search(rf"^\.BR? {name}\b", manual, re.MULTILINE), name


def test_the_manual_shows_a_configuration_that_is_right(ctl, tmp_path):
    example = (MAN / "cairn.yaml.5").read_text().split(".nf\n")[1].split(".fi\n")[0]
    (tmp_path / "cairn.yaml").write_text(example)
    (tmp_path / "dev.test.zone").write_text("$TTL 60\n@ SOA ns h 1 60 60 60 60\n@ NS ns\nns A 10.0.0.1\n")
    done = ctl("config", "check", "cairn.yaml")
    assert (done.returncode, done.stdout) == (0, "cairn.yaml: ok\n"), done.stderr


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", sorted(p.name for p in MAN.parent.glob("*.md") if blocks(p, "yaml")))
def test_the_pages_show_configurations_that_are_right(ctl, tmp_path, page):
    for name in ("dev.test", "lan"):
        (tmp_path / f"{name}.zone").write_text("$TTL 60\n@ SOA ns h 1 60 60 60 60\n@ NS ns\nns A 10.0.0.1\n")
    for block in blocks(MAN.parent / page, "yaml"):
        if "services:" not in block:  # Compose's, not ours
            (tmp_path / "cairn.yaml").write_text(block)
            done = ctl("config", "check", "cairn.yaml")
            assert (done.returncode, done.stdout) == (0, "cairn.yaml: ok\n"), done.stderr


def test_the_page_on_own_zones_shows_a_zone_that_is_right(ctl, tmp_path):
    zone = next(b for b in blocks(MAN.parent / "dev-records.md", "") if "$ORIGIN" in b)
    (tmp_path / "dev.test.zone").write_text(zone)
    done = ctl("zone", "check", "dev.test.zone")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


@pytest.mark.parametrize("command", ["explain", "record", "tail"])
def test_commands_to_come_say_so(ctl, command):
    done = ctl(command, "www.example.com")
    assert done.returncode == 2
    assert "not available in this version" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["cache"], ["cache", "get"], ["cache", "get", "a", "b", "c"],
                                       ["status", "x"], ["--bogus"], ["status", "--limit", "1"], ["cache", "ls", "--limit"],
                                       ["status", "--json=1"], ["a", "b", "c", "d", "e", "f", "g"], ["nothing"]])
def test_wrong_usage_ends_with_2(ctl, arguments):
    done = ctl(*arguments)
    assert done.returncode == 2
    assert done.stderr and not done.stdout


def test_a_mistyped_command_is_recognised(ctl):
    assert "did you mean 'cache flush'?" in ctl("cache", "flsh", "x").stderr
    assert "did you mean 'status'?" in ctl("sttaus").stderr


@pytest.mark.parametrize("word", ["cach", "zon", "x"])
def test_help_on_what_is_no_group_of_commands_is_wrong_usage(ctl, word):
    done = ctl(word, "--help")
    assert done.returncode == 2
    assert f"unknown command '{word}'" in done.stderr and not done.stdout


@pytest.mark.parametrize("arguments, text", [
    (["-x", "status"], "unknown option '-x'"), (["status", "-v"], "unknown option '-v'"),
    (["status", "extra"], "usage: cairnctl status\n"), (["nta", "add", "x", "--for", "8d"], "7d at most"),
])
def test_wrong_usage_says_what_is_wrong(ctl, arguments, text):
    done = ctl(*arguments)
    assert done.returncode == 2
    assert text in done.stderr


def test_no_daemon_ends_with_3_and_names_the_socket(ctl, tmp_path):
    (tmp_path / "cairn.yaml").write_text("control: {socket: from-config.sock}\n")
    assert "flag.sock" in ctl("status", "--socket", "flag.sock", CAIRN_SOCKET="env.sock").stderr
    assert "env.sock" in ctl("status", CAIRN_SOCKET="env.sock").stderr
    done = ctl("--config", "cairn.yaml", "status", CAIRN_SOCKET="env.sock")
    assert done.returncode == 3
    assert "from-config.sock" in done.stderr


def test_config_check_reads_the_zones_as_well(ctl, tmp_path):
    (tmp_path / "cairn.yaml").write_text("zones: [{name: dev.test, file: dev.zone}]\n")
    (tmp_path / "dev.zone").write_text("@ 60 SOA ns h 1 60 60 60 60\n@ 60 NS ns\nns 60 A 10.0.0\n")
    assert "dev.zone:3:" in ctl("config", "check", "cairn.yaml").stderr
    done = ctl("--json", "config", "check", "cairn.yaml")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["ok"] is False
    assert [(p["line"], p["level"]) for p in report["problems"]] == [(3, "error")]


def test_zone_check_takes_the_origin_from_the_option(ctl, tmp_path):
    (tmp_path / "x").write_text("@ 60 SOA ns h 7 60 60 60 60\n@ 60 NS ns\nns 60 A 10.0.0.1\n")
    assert "zone dev.test., serial 7, 3 records" in ctl("zone", "check", "x", "--origin", "dev.test").stdout
    assert ctl("zone", "check", "x", "--origin", "a..b").returncode == 1
    assert ctl("zone", "check", "missing", "--origin", "a").returncode == 1


def test_config_show_prints_a_file_with_and_without_defaults(ctl, tmp_path):
    (tmp_path / "cairn.yaml").write_text("log: {level: debug}\n")
    assert ctl("config", "show", "cairn.yaml").stdout == "log:\n  level: debug\n"
    effective = yaml.safe_load(ctl("config", "show", "cairn.yaml", "--effective").stdout)
    assert effective["log"] == {"level": "debug", "format": "logfmt"}
    assert effective["server"]["listen"] == ["127.0.0.1@53", "::1@53"]


def fits(schema, value):
    """As much of JSON Schema as the configuration's uses."""
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int}
    known = {"type", "properties", "additionalProperties", "required", "items", "minItems", "maxItems", "pattern",
             "minLength", "maxLength", "minimum", "maximum", "enum", "const", "anyOf"}
    assert set(schema) <= known | {"description", "default", "$schema", "title"}
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(isinstance(value, kinds[n]) and not (n == "integer" and isinstance(value, bool)) for n in names):
        return False
    if isinstance(value, dict):
        other = schema.get("additionalProperties", True)
        members = schema.get("properties", {})
        if any(k not in members and (other is False or (isinstance(other, dict) and not fits(other, v)))
               for k, v in value.items()):
            return False
        return all(k in value for k in schema.get("required", [])) and all(
            fits(members[k], v) for k, v in value.items() if k in members) and all(
            any(fits(s, value) for s in schema[k]) for k in ("anyOf",) if k in schema)
    checks = {
        "items": lambda s: all(fits(s, v) for v in value),
        "minItems": lambda n: len(value) >= n, "maxItems": lambda n: len(value) <= n,
        "pattern": lambda p: re.search(p, value) is not None,
        "minLength": lambda n: len(value) >= n, "maxLength": lambda n: len(value) <= n,
        "minimum": lambda n: value >= n, "maximum": lambda n: value <= n,
        "enum": lambda all_: value in all_, "const": lambda v: value == v,
        "anyOf": lambda all_: any(fits(s, value) for s in all_),
    }
    return all(check(schema[k]) for k, check in checks.items() if k in schema)


def test_the_schema_takes_what_the_daemon_takes(ctl):
    schema = json.loads(ctl("config", "schema").stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert fits(schema, yaml.safe_load(ctl("config", "show", "/dev/null", "--effective").stdout))
    assert fits(schema, {"server": None, "zones": [{"name": "dev.test", "file": "z", "reverse": True}]})
    assert fits(schema, {"recursion": {"root-hints": {"a.test": ["192.0.2.1", "2001:db8::1"]}}})
    assert fits(schema, {"server": {"workers": 3}, "limits": {"depth": 4}})
    for wrong in ({"servers": {}}, {"server": {"workers": "many"}}, {"cache": {"size": "1MB"}}, {"zones": [{"name": "x"}]},
                  {"recursion": {"priming": "yes"}}, {"limits": {"depth": 0}}, {"log": {"level": "loud"}},
                  {"cache": {"max-ttl": 3600}}, {"server": {"listen": []}}):
        assert not fits(schema, wrong), wrong


def test_the_defaults_of_the_schema_are_those_in_force(ctl):
    schema = json.loads(ctl("config", "schema").stdout)
    in_force = yaml.safe_load(ctl("config", "show", "/dev/null", "--effective").stdout)

    def compare(part, value):
        if "default" in part:
            assert part["default"] == value
            return
        for name, inner in part["properties"].items():
            compare(inner, value[name])
    compare(schema, in_force)
