"""The signing tools: one function each for ldns-signzone, dnssec-signzone (bind) and kzonesign (knot). They write
FILE.signed beside the zone's file."""
import os
import re
import subprocess
import time

ENVIRONMENT = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
KNOT_CONFIGURATION = """
server:
  rundir: {home}
database:
  storage: {home}
policy:
  - id: lab
    algorithm: ecdsap256sha256
    single-type-signing: on
    rrsig-lifetime: 14d
    nsec3: {nsec3}
    nsec3-iterations: 0
    nsec3-salt-length: 8
    nsec3-opt-out: {opt_out}
zone:
  - domain: {name}
    file: {file}
    dnssec-signing: on
    dnssec-policy: lab
"""


def run(*command, cwd):
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, env=ENVIRONMENT)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def nsec3_options(denial):
    """"nsec3 iterations=5 salt=cafe opt-out" as (iterations, salt, opt-out), or None for "nsec"."""
    if not denial.startswith("nsec3"):
        return None
    options = dict(re.findall(r"(\w+)=(\w+)", denial))
    return options.get("iterations", "0"), options.get("salt", ""), "opt-out" in denial


def sign_with_ldns(file, spec, keys, window, keys_home):
    options = ["-d", "-i", window[0], "-e", window[1]]
    if nsec3 := nsec3_options(spec.denial):
        iterations, salt, opt_out = nsec3
        options += ["-n", "-t", iterations, *(["-s", salt] if salt else []), *(["-p"] if opt_out else [])]
    run("ldns-signzone", *options, "-f", f"{file}.signed", file, *(key.file for key in keys), cwd=keys_home)


def sign_with_bind(file, spec, keys, window, keys_home):
    options = ["-q", "-o", spec.name, "-K", keys_home, "-d", keys_home, "-s", utc(window[0]), "-e", utc(window[1])]
    if nsec3 := nsec3_options(spec.denial):
        iterations, salt, opt_out = nsec3
        options += ["-3", salt or "-", "-H", iterations, *(["-A"] if opt_out else [])]
    entries = [word for key in keys if key.is_entry for word in ("-k", key.file)]
    others = [key.file for key in keys if not key.is_entry]
    run("dnssec-signzone", *options, "-x" if others else "-z", *entries, "-f", f"{file}.signed", file, *others,
        cwd=keys_home)


def sign_with_knot(file, spec, keys_home):
    """Knot makes the key as well, one for everything. Returns the DS records."""
    home = keys_home / f"knot.{spec.name}"
    home.mkdir()
    nsec3 = nsec3_options(spec.denial)
    word = {True: "on", False: "off"}
    (home / "knot.conf").write_text(KNOT_CONFIGURATION.format(
        home=home, name=spec.name, file=file, nsec3=word[nsec3 is not None], opt_out=word[bool(nsec3 and nsec3[2])]))
    run("kzonesign", "-c", "knot.conf", "-o", home, spec.name, cwd=home)
    (home / file.name).rename(f"{file}.signed")
    lines = run("keymgr", "-c", "knot.conf", spec.name, "ds", cwd=home).splitlines()
    return [line.partition(" DS ")[2] for line in lines]


def utc(seconds):
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(seconds))
