"""Questions about a generated tree (tree.py) and about the lab: what exists, what does not, and what lies beside, below
and above it, in any case, with any options. The same tree and seed give the same questions."""
import collections
import random

import dns.edns
import dns.message
import dns.name
import dns.rdatatype

# `edns`: the size offered, or None for no OPT; `flags`: of "AD", "CD", "DO", and names of OPTIONS; `tcp`: asked over
# TCP at once.
Question = collections.namedtuple("Question", "name rdtype edns flags tcp")

COMMON_TYPES = ("A",) * 8 + ("AAAA",) * 3 + ("MX", "TXT", "NS", "SOA", "CNAME", "DS", "SRV", "HTTPS")
META_TYPES = (
    "ANY", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "OPT", "TYPE0", "TYPE128", "AXFR", "IXFR", "MAILB", "TSIG")
RARE_TYPES = ("DNAME", "DNSKEY", "PTR", "CAA", "SVCB", "TYPE65280", "TYPE65281", "NSEC3PARAM", "CDS", "TLSA", "NAPTR")
LABELS = ("missing", "www", "a", "x", "*", "a.b.c", "zzz", "~", "_tcp", "\\000", "\\255", "any", "mail", "x.ent", "ns1")
SIZES = (None, None, None, 0, 512, 600, 700, 1000, 1232, 1232, 1232, 1400, 4096, 65535)
OPTIONS = {"NSID": (3, b""), "COOKIE": (10, b"12345678"), "PADDING": (12, bytes(20)), "UNKNOWN": (65001, b"x"),
           "SUBNET": (8, bytes.fromhex("00011800c61200")), "KEEPALIVE": (11, b"")}
# Names that resolvers may answer themselves (RFC 6303, 6761, 6762, 7686, 8375, 8880, 9462).
SPECIAL = ("localhost", "x.localhost", "1.0.0.127.in-addr.arpa", "x.test", "invalid", "x.invalid", "x.local", "x.onion",
           "10.in-addr.arpa", "1.2.168.192.in-addr.arpa", "1.1.16.172.in-addr.arpa", "1.1.254.169.in-addr.arpa",
           "x.home.arpa", "ipv4only.arpa", "resolver.arpa", "_dns.resolver.arpa", "255.255.255.255.in-addr.arpa",
           "0.in-addr.arpa", "8.e.f.ip6.arpa", "d.f.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa", "64.100.in-addr.arpa",
           "www.turned", "z1.turned", "turned", "x.alt", "x.example", "x.internal")
BROKEN_MAX = 60  # questions about zones that take their time to fail
NAME_MAX = 255


class Maker:
    def __init__(self, tree, cases, seed):
        self.rng = random.Random(seed)
        self.cases = cases
        self.working = [zone for zone in tree.zones if not zone.is_broken]
        self.broken = [zone for zone in tree.zones if zone.is_broken]
        self.owners = {zone.name: list(zone.nodes) for zone in tree.zones}

    def make(self, count):
        """Different questions; those that resolvers will be slow about come first."""
        found = dict.fromkeys(self.options(*self.draw(self.rng.choice(self.broken))) for _ in range(BROKEN_MAX))
        found.update(dict.fromkeys(self.options(name, rdtype) for name, rdtype, *_ in self.cases))
        while len(found) < count:
            found[self.options(*self.draw_anywhere())] = None
        return list(found)[:count]

    def draw_anywhere(self):
        kind = self.rng.random()
        if kind < 0.03:
            name, rdtype, *_ = self.rng.choice(self.cases)
            return self.vary(name), self.rng.choice((rdtype, self.rng.choice(COMMON_TYPES)))
        if kind < 0.04:
            return self.vary(self.rng.choice(SPECIAL)), self.rng.choice(COMMON_TYPES + ("PTR",) * 3)
        return self.draw(self.rng.choice(self.working))

    def draw(self, zone):
        owner = self.rng.choice(self.owners[zone.name])
        types = sorted(zone.nodes[owner])
        kind = self.rng.random()
        if kind < 0.35:
            return self.vary(zone.full(owner)), self.rng.choice(types)
        if kind < 0.55:
            return self.vary(zone.full(owner)), self.rng.choice(COMMON_TYPES)
        if kind < 0.60:
            return self.vary(zone.full(owner)), self.rng.choice(RARE_TYPES if kind < 0.59 else META_TYPES)
        return self.vary(self.neighbour(zone.full(owner), kind)), self.rng.choice(COMMON_TYPES)

    def neighbour(self, name, kind):
        """A name below, beside or above; what a wildcard stands for."""
        label = self.rng.choice(LABELS) if kind < 0.9 else f"n{self.rng.randrange(1000)}"
        if name.startswith("*."):
            return f"{label}.{name[2:]}"
        if kind < 0.80:
            return f"{label}.{name}"
        above = dns.name.from_text(name).parent().to_text()
        return f"{label}.{above}" if kind < 0.95 else above

    def vary(self, name):
        """Sometimes in another case."""
        if self.rng.random() < 0.85 or "\\" in name:
            return name
        return "".join(c.upper() if self.rng.random() < 0.5 else c.lower() for c in name)

    def options(self, name, rdtype):
        edns = self.rng.choice(SIZES)
        flags = [flag for flag, share in (("AD", 0.1), ("CD", 0.1)) if self.rng.random() < share]
        if edns is not None and self.rng.random() < 0.4:
            flags.append("DO")
        if edns is not None and self.rng.random() < 0.05:
            flags.append(self.rng.choice(tuple(OPTIONS)))
        return Question(name, rdtype, edns, tuple(flags), self.rng.random() < 0.05)


def make_questions(tree, cases, seed, count):
    return [q for q in Maker(tree, cases, seed).make(count * 11 // 10) if fits(q.name)][:count]


def fits(name):
    try:
        return len(dns.name.from_text(name).to_wire()) <= NAME_MAX
    except dns.exception.DNSException:
        return False


def to_wire(question, ident):
    query = dns.message.Message(id=ident)
    query.flags = 0x0100 | (0x20 if "AD" in question.flags else 0) | (0x10 if "CD" in question.flags else 0)
    query.find_rrset(query.question, dns.name.from_text(question.name), 1, dns.rdatatype.from_text(question.rdtype),
                     create=True, force_unique=True)
    if question.edns is not None:
        options = [dns.edns.GenericOption(*OPTIONS[flag]) for flag in question.flags if flag in OPTIONS]
        query.use_edns(0, 0x8000 if "DO" in question.flags else 0, question.edns, options=options)
    return query.to_wire(max_size=65535)
