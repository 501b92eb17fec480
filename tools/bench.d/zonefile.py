"""A master file of as many address records as wanted, whose answers the load generator can check."""
import ipaddress

APEX = "own.test"
PATTERN = "h########.own.test"
HEAD = f"$ORIGIN {APEX}.\n$TTL 3600\n@ SOA ns1 host {{serial:010}} 3600 600 86400 300\n@ NS ns1\nns1 A 192.0.2.1\n"
FIRST = int(ipaddress.ip_address("198.18.0.0"))  # as in question.h
SERIAL_AT = HEAD.index("{serial")


def make(path, records):
    """Writes the file unless it is there, and returns its path."""
    if not path.exists():
        part = path.with_suffix(".part")
        with open(part, "w", encoding="ascii") as out:
            out.write(HEAD.format(serial=0x2a3b4c5d))
            for i in range(records):
                a = FIRST + (i & 0x1ffff)
                out.write(f"h{i:08} A {a >> 24}.{a >> 16 & 255}.{a >> 8 & 255}.{a & 255}\n")
        part.rename(path)
    return path


def next_serial(path):
    """Counts the zone's serial up, in place; returns the new one."""
    with open(path, "r+b") as f:
        f.seek(SERIAL_AT)
        serial = int(f.read(10)) + 1
        f.seek(SERIAL_AT)
        f.write(b"%010d" % serial)
    return serial
