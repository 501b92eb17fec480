"""Random and mutated client messages, the same for the same seed."""
import random
import struct

import dns.edns
import dns.flags
import dns.message
import dns.name

NAMES = ["www.example.com.", "example.com.", "missing.example.com.", "chain1.alias.com.", "any.wild.example.com.",
         "www.old.dname.net.", "www.signed.org.", "big.example.com.", "api.dev.test.", "dev.test.", "absent.dev.test.",
         ".", "com.", "version.server.", "id.server.", "localhost.", "two.ttl.lab."]
TYPES = [1, 1, 1, 28, 15, 16, 2, 6, 5, 12, 33, 43, 48, 46, 47, 50, 64, 65, 255, 252, 251, 253, 254, 250, 249, 41, 0,
         128, 65280, 65535]
CLASSES = [1] * 20 + [3, 3, 4, 254, 255, 0, 99]


def valid_query(rng):
    """A well-formed query, of any kind."""
    query = dns.message.Message(id=rng.randrange(65536))
    query.flags = dns.flags.RD if rng.random() < 0.8 else 0
    if rng.random() < 0.2:
        query.flags |= rng.choice([dns.flags.AD, dns.flags.CD, dns.flags.TC, dns.flags.AA, dns.flags.RA, 0x0040])
    name = dns.name.from_text(rng.choice(NAMES) if rng.random() < 0.8 else random_name(rng))
    query.find_rrset(query.question, name, rng.choice(CLASSES), rng.choice(TYPES), create=True, force_unique=True)
    if rng.random() < 0.6:
        options = [dns.edns.GenericOption(rng.choice([3, 8, 10, 11, 12, 15, 65001]), rng.randbytes(rng.randrange(20)))
                   for _ in range(rng.randrange(4))]
        version = 0 if rng.random() < 0.9 else rng.randrange(1, 256)
        query.use_edns(version, dns.flags.DO if rng.random() < 0.5 else 0, rng.choice([0, 512, 1232, 4096, 65535]),
                       options=options)
    return query.to_wire()


def random_name(rng):
    labels = ["".join(rng.choices("abcdefgh-_XYZ0", k=rng.randrange(1, 12))) for _ in range(rng.randrange(1, 5))]
    return ".".join(labels) + rng.choice([".", ".com.", ".example.com.", ".dev.test."])


def flip_bits(rng, wire):
    wire = bytearray(wire)
    for _ in range(rng.randrange(1, 6)):
        wire[rng.randrange(len(wire))] ^= 1 << rng.randrange(8)
    return bytes(wire)


def set_octets(rng, wire):
    wire = bytearray(wire)
    for _ in range(rng.randrange(1, 4)):
        wire[rng.randrange(len(wire))] = rng.choice([0, 1, 63, 64, 127, 128, 192, 255, rng.randrange(256)])
    return bytes(wire)


def cut(rng, wire):
    return wire[:rng.randrange(len(wire))]


def extend(rng, wire):
    return wire + rng.randbytes(rng.randrange(1, 80))


def set_count(rng, wire):
    at = rng.choice([4, 6, 8, 10])
    return wire[:at] + struct.pack("!H", rng.choice([0, 1, 2, 3, 255, 65535])) + wire[at + 2:]


def set_flags(rng, wire):
    return wire[:2] + rng.randbytes(2) + wire[4:]


def add_record(rng, wire):
    """Another record in the additional section, often one too many."""
    count = struct.unpack("!H", wire[10:12])[0] + 1
    owner = rng.choice([b"\0", b"\xc0\x0c", b"\xc0\xff", b"\x01a\0", b"\x40", b"\xc0"])
    record = owner + struct.pack("!HHIH", rng.choice([41, 41, 1, 250]), 1232, rng.choice([0, 0x8000, 1 << 16]), 4)
    return wire[:10] + struct.pack("!H", count & 0xFFFF) + wire[12:] + record + rng.randbytes(rng.choice([4, 4, 3, 0]))


def splice(rng, wire):
    other = valid_query(rng)
    return wire[:rng.randrange(len(wire))] + other[rng.randrange(len(other)):]


MUTATIONS = [flip_bits, flip_bits, set_octets, set_octets, cut, extend, set_count, set_flags, add_record, splice]
WITH_HEADER = (set_count, set_flags, add_record)


def mutate(rng, wire):
    mutation = rng.choice(MUTATIONS)
    return wire if not wire or (mutation in WITH_HEADER and len(wire) < 12) else mutation(rng, wire)


def messages(seed, count):
    rng = random.Random(seed)
    for _ in range(count):
        kind = rng.random()
        if kind < 0.1:
            yield rng.randbytes(rng.randrange(0, 600))
        elif kind < 0.2:
            yield valid_query(rng)
        else:
            wire = valid_query(rng)
            for _ in range(rng.choice([1, 1, 1, 2, 3])):
                wire = mutate(rng, wire)
            yield wire
