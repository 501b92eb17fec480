"""Says from the RFCs, with dnspython's readers and none of cairn's code, which outcome a client's message is due."""
import struct

import dns.exception
import dns.message
import dns.name
import dns.rdata
import dns.wire

SILENCE, ANSWER = "silence", "answer"
FORMERR, NOTIMP, REFUSED, BADVERS, BADCOOKIE = "FORMERR", "NOTIMP", "REFUSED", "BADVERS", "BADCOOKIE"

IN, CH = 1, 3
OPT, TKEY, TSIG, IXFR, AXFR, MAILB, MAILA, ANY = 41, 249, 250, 251, 252, 253, 254, 255
COOKIE, KEEPALIVE = 10, 11
POINTER = 0xC0
IDENTITY = ("version.server.", "version.bind.", "id.server.", "hostname.bind.")

DS = 43

# Answered by the resolver itself, recursion desired or not (RFC 6303, 6761, 6762, 7686, 7793, 8375, 8880, 9462, 9476, 9665).
SPECIAL = ["localhost.", "test.", "invalid.", "local.", "onion.", "alt.", "internal.", "home.arpa.", "service.arpa.",
           "resolver.arpa.", "ipv4only.arpa."]
SPECIAL += [f"{zone}.in-addr.arpa." for zone in (
    "0", "127", "10", "168.192", "254.169", "2.0.192", "100.51.198", "113.0.203", "255.255.255.255", "170.0.0.192", "171.0.0.192",
    *(f"{n}.172" for n in range(16, 32)), *(f"{n}.100" for n in range(64, 128)))]
SPECIAL += [f"{zone}.ip6.arpa." for zone in (
    ".".join("0" * 32), ".".join("1" + "0" * 31), "d.f", "8.e.f", "9.e.f", "a.e.f", "b.e.f", "8.b.d.0.1.0.0.2")]


class Malformed(Exception):
    pass


def classify(wire, tcp=False, own_zone="dev.test."):
    """The set of outcomes that are right; more than one only where the standards leave it open."""
    if len(wire) < 12:
        return {SILENCE}
    flags, questions, answers, authorities, additionals = struct.unpack("!5H", wire[2:12])
    if flags & 0x8000:  # a reply
        return {SILENCE}
    if flags & 0x7800:  # another opcode
        return {NOTIMP}
    if questions > 1:  # RFC 9619
        return {FORMERR}
    parser = dns.wire.Parser(wire, 12)
    try:
        question = read_question(parser) if questions else None
        version, options, open_to_taste = read_records(parser, answers + authorities, additionals)
    except Malformed:
        return {FORMERR}
    cookie = next((data for code, data in options if code == COOKIE), None)
    if cookie is not None and len(cookie) != 8 and not 16 <= len(cookie) <= 40:  # RFC 7873 5.2.2
        return {FORMERR}
    if tcp and any(code == KEEPALIVE and data for code, data in options):  # RFC 7828 3.1
        return {FORMERR}
    if question is None and cookie is None:
        return {FORMERR}
    if version:
        due = {BADVERS}
    elif question is None:  # RFC 7873 5.4; no server cookie of these tests is a valid one
        due = {ANSWER if len(cookie) == 8 else BADCOOKIE}
    else:
        due = {outcome(*question, bool(flags & 0x0100), own_zone)}
    return due | {FORMERR} if open_to_taste else due


def read_question(parser):
    start = parser.current
    try:
        name = dns.name.from_wire_parser(parser)
        rdtype, rdclass = parser.get_struct("!HH")
    except dns.exception.DNSException:
        raise Malformed from None
    if has_pointer(parser.wire, start):  # there is nothing before it that it could point to
        raise Malformed
    return name.to_text().lower(), rdtype, rdclass


def has_pointer(wire, at):
    while wire[at] != 0:
        if wire[at] >= POINTER:
            return True
        at += wire[at] + 1
    return False


def read_records(parser, before, additionals):
    """Reads the `before` records of the sections answer and authority, which few queries have, and the additional ones.
    Returns the EDNS version (0 without OPT), its options, and whether something is wrong that one may overlook, since
    nobody needs it: a name that leads nowhere, RDATA that is not what its type says."""
    version, options, seen, open_to_taste = 0, [], False, False
    for number in range(before + additionals):
        is_root = parser.remaining() > 0 and parser.wire[parser.current] == 0
        open_to_taste |= not skip_name(parser)
        try:
            rdtype, rdclass, ttl, length = parser.get_struct("!HHIH")
            start = parser.current
            rdata = parser.get_bytes(length)
        except dns.exception.DNSException:
            raise Malformed from None
        if rdtype == OPT:
            if seen or not is_root or number < before:  # RFC 6891 6.1.1, 6.1.2
                raise Malformed
            seen, version = True, ttl >> 16 & 0xFF
            if version == 0:
                options = read_options(rdata)
        else:
            open_to_taste |= not rdata_is_well_formed(parser.wire, rdtype, rdclass, start, length)
    return version, options, open_to_taste


def rdata_is_well_formed(wire, rdtype, rdclass, start, length):
    try:
        dns.rdata.from_wire(rdclass, rdtype, wire, start, length)
        return True
    except (dns.exception.DNSException, ValueError):
        return False


def skip_name(parser):
    """Goes behind a name. False if it leads through a pointer that dnspython rejects."""
    start = parser.current
    try:
        dns.name.from_wire_parser(parser)
        return True
    except (dns.exception.DNSException, ValueError):
        pass
    at, wire = start, parser.wire
    while at < len(wire) and 0 < wire[at] < 64:
        at += wire[at] + 1
    if at + 1 >= len(wire) or wire[at] < POINTER or at - start > 255:
        raise Malformed
    parser.current = at + 2
    return False


def read_options(rdata):
    """The options of an OPT record as (code, data)."""
    options = []
    while rdata:
        code, length = struct.unpack("!HH", rdata[:4]) if len(rdata) >= 4 else (0, len(rdata))
        if len(rdata) < 4 + length:
            raise Malformed
        options.append((code, rdata[4:4 + length]))
        rdata = rdata[4 + length:]
    return options


def outcome(name, rdtype, rdclass, recursion_desired, own_zone):
    if rdclass == CH:
        return ANSWER if name in IDENTITY[:2] else REFUSED
    if rdclass != IN:
        return REFUSED
    if rdtype in (AXFR, IXFR):
        return REFUSED
    if rdtype in (MAILA, MAILB):
        return NOTIMP
    if rdtype != ANY and (rdtype in (0, OPT) or 128 <= rdtype <= 255):  # not data (RFC 6895 3.1)
        return FORMERR
    is_own = any(name == zone or name.endswith("." + zone) for zone in [own_zone, *SPECIAL])
    if rdtype == DS and name in SPECIAL:  # its parent's to give
        is_own = False
    return ANSWER if recursion_desired or is_own else REFUSED


ANSWER_CODES = {0: ANSWER, 2: ANSWER, 3: ANSWER, 6: ANSWER, 1: FORMERR, 4: NOTIMP, 5: REFUSED}


def observe(query, reply):
    """What a reply is, after checking what holds for every reply. None stands for silence."""
    if reply is None:
        return SILENCE
    assert reply[:2] == query[:2], "another id"
    assert reply[2] & 0x80, "QR is not set"
    assert (reply[2] ^ query[2]) & 0x79 == 0, "opcode or RD differ"
    if reply[2] & 0x78:  # dnspython does not read the opcodes it does not know
        assert reply[3] & 0x0F == 4, "another opcode, but not NOTIMP"
        return NOTIMP
    message = dns.message.from_wire(reply)
    if message.rcode() in (16, 23):
        return BADVERS if message.rcode() == 16 else BADCOOKIE
    assert message.rcode() in ANSWER_CODES, f"rcode {message.rcode()}"
    return ANSWER_CODES[message.rcode()]
