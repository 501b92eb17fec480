"""What a resolver said to a question, reduced to what others must agree on: rcode, TC, AD, the answer's records without
order, and the owner of the SOA that a negative answer brings. Reads messages itself, because dnspython takes too long
for tens of thousands."""
import collections
import struct

# `answer`: frozenset of (owner, type, RDATA), names in lower case; `soa`: owners of SOA records in AUTHORITY; `ttls`:
# the lowest TTL of each (owner, type) of the answer.
Opinion = collections.namedtuple("Opinion", "rcode tc ad answer soa ttls")
FACETS = ("rcode", "tc", "ad", "answer", "soa")
TTL_SLACK = 120  # seconds that a run takes at most, with one resolver asked long before another

# Where names stand in the RDATA of types that may be compressed (RFC 3597 4): octets before, names, octets after.
LAYOUTS = {2: (0, 1, 0), 5: (0, 1, 0), 6: (0, 2, 20), 12: (0, 1, 0), 14: (0, 2, 0), 15: (2, 1, 0), 17: (0, 2, 0),
           18: (2, 1, 0), 21: (2, 1, 0), 33: (6, 1, 0), 36: (2, 1, 0), 39: (0, 1, 0)}
OPT, SOA = 41, 6
SERVFAIL = 2
AGREEING_MIN = 2


class Malformed(Exception):
    pass


def read_name(wire, at):
    """The name in wire format and lower case, and where it ends."""
    labels, end, jumps = [], None, 0
    while True:
        length = wire[at]
        if length >= 0xc0:
            if end is None:
                end = at + 2
            at = (length & 0x3f) << 8 | wire[at + 1]
            jumps += 1
            if jumps > 127:
                raise Malformed("compression loop")
            continue
        labels.append(wire[at:at + length + 1])
        at += length + 1
        if length == 0:
            return b"".join(labels).lower(), end or at


def read_rdata(wire, rdtype, at, length):
    layout = LAYOUTS.get(rdtype)
    if layout is None:
        return wire[at:at + length]
    before, names, after = layout
    parts, position = [wire[at:at + before]], at + before
    for _ in range(names):
        name, position = read_name(wire, position)
        parts.append(name)
    parts.append(wire[position:position + after])
    if position + after != at + length:
        raise Malformed("RDATA of wrong length")
    return b"".join(parts)


def read_records(wire, at, count):
    records = []
    for _ in range(count):
        owner, at = read_name(wire, at)
        rdtype, _, ttl, length = struct.unpack_from("!HHIH", wire, at)
        at += 10
        if at + length > len(wire):
            raise Malformed("record beyond the message")
        records.append((owner, rdtype, ttl, read_rdata(wire, rdtype, at, length)))
        at += length
    return records, at


def read_opinion(wire):
    try:
        return read_message(wire)
    except (IndexError, struct.error) as error:
        raise Malformed(str(error)) from error


def read_message(wire):
    _, flags, questions, *counts = struct.unpack_from("!6H", wire)
    at = 12
    for _ in range(questions):
        _, at = read_name(wire, at)
        at += 4
    sections = []
    for count in counts:
        records, at = read_records(wire, at, count)
        sections.append(records)
    answer, authority, additional = sections
    rcode = flags & 15
    ttls = {}
    for owner, rdtype, ttl, _ in answer:
        ttls[owner, rdtype] = min(ttl, ttls.get((owner, rdtype), ttl))
    for _, rdtype, ttl, _ in additional:
        if rdtype == OPT:
            rcode |= ttl >> 24 << 4
    return Opinion(rcode, bool(flags & 0x0200), bool(flags & 0x20),
                   frozenset((owner, rdtype, rdata) for owner, rdtype, _, rdata in answer),
                   frozenset(owner for owner, rdtype, *_ in authority if rdtype == SOA), ttls)


def opinion(udp, tcp):
    """From the replies over UDP and, where that was truncated, over TCP. None: no whole answer."""
    if udp is None:
        return None
    first = read_opinion(udp)
    if not first.tc:
        return first
    return None if tcp is None else read_opinion(tcp)._replace(tc=True)


def is_above(ours, theirs):
    """A record is said to live longer than any of them says."""
    return any(ttl > TTL_SLACK + max(peer.ttls.get(key, ttl) for peer in theirs) for key, ttl in ours.ttls.items())


def differences(ours, theirs):
    """The facets in which `theirs` agree with each other but not with `ours`, and whether they agree: on the rcode, as
    else the rest says nothing. One that failed where two others did not has no opinion."""
    answered = [peer for peer in theirs if peer is not None and peer.rcode != SERVFAIL]
    theirs = answered if len(answered) >= AGREEING_MIN else theirs
    if None in theirs or len({peer.rcode for peer in theirs}) > 1:
        return [], False
    if ours is None:
        return ["silence"], True
    found = [facet for facet in FACETS if {getattr(peer, facet) for peer in theirs} == {getattr(theirs[0], facet)} and
             getattr(ours, facet) != getattr(theirs[0], facet)]
    return found + (["ttls"] if is_above(ours, theirs) else []), True
