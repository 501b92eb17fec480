"""A generated tree of zones beside those of the lab: every kind of delegation, alias, wildcard and denial that name
servers allow, hundreds of times in combinations that nobody has thought of. The same seed gives the same tree.

`write(tree, directory)` makes a description for `tools/lab --data`: the lab's own servers and zones and the tree's."""
import dataclasses
import pathlib
import random
import shutil

LAB = pathlib.Path(__file__).resolve().parents[2] / "tools" / "lab.d"
ZONES_PER_TLD = 60

# Process, software, address labels. The first two serve the top-level domains.
REGISTRIES = (("nic-a", "nsd", ("nic-a=101",)), ("nic-b", "knot", ("nic-b=102",)))
HOSTS = (("ash", "nsd", ("ash-a=111", "ash-b=112", "ash-c=113")), ("elm", "knot", ("elm-a=121", "elm-b=122")),
         ("fir", "nsd", ("fir-a=131",)), ("oak", "knot", ("oak-a=141", "oak-b=142", "oak-c=143")))
USELESS = ("lame", "dead", "gone")  # addresses of the lab
# Name, how it is signed, how the zones below it may be.
TLDS = (("plain", None, (None,)), ("other", None, (None, None, "nsec")), ("secure", "nsec", (None, "nsec", "nsec3")),
        ("hashed", "nsec3", (None, "nsec", "nsec3", "nsec3 opt-out")),
        ("loose", "nsec3 opt-out", (None, None, "nsec3")))
SIGNING_FAULTS = ("expired", "wrong-ds", "unknown-ds", "no-ds", "unsigned-www", "forged-www")
ALGORITHMS = tuple(f"algorithm={name}" for name in ("RSASHA256", "RSASHA512", "ECDSAP384SHA384", "ED25519", "ED448"))
SIGNING_VARIANTS = {"nsec": ALGORITHMS + SIGNING_FAULTS + ("no-denial", "algorithm=RSASHA1"),
                    "nsec3": ALGORITHMS + SIGNING_FAULTS + ("iterations=0", "iterations=20", "iterations=500")}

TYPES = (
    ("MX", "10 mail"), ("MX", "0 ."), ("SRV", "1 2 443 www"), ("TXT", '"one" "t\\"w\\\\o" "\\000\\255" ""'),
    ("PTR", "www"), ("HINFO", '"cpu" "os"'), ("RP", "someone txt"), ("AFSDB", "1 www"),
    ("LOC", "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m"), ("NAPTR", '100 10 "u" "E2U+sip" "!^.*$!sip:x!" .'),
    ("KX", "10 www"), ("CERT", "1 12345 8 MTIzNDU2Nzg5MA=="), ("SSHFP", "4 2 " + "0123456789abcdef" * 4),
    ("TLSA", "3 1 1 " + "0123456789abcdef" * 4), ("SMIMEA", "3 1 1 " + "0123456789abcdef" * 4),
    ("OPENPGPKEY", "MTIzNDU2Nzg5MA=="), ("URI", '10 1 "https://example/"'), ("CAA", '0 issue "ca.example"'),
    ("CAA", '128 iodef "mailto:x@example"'), ("SVCB", "1 www alpn=h2 port=8443"), ("SVCB", "0 www"),
    ("HTTPS", "1 . alpn=h2,h3 ipv4hint=198.18.0.80"), ("EUI48", "00-00-5e-00-53-2a"),
    ("EUI64", "00-00-5e-ef-10-00-00-2a"), ("TYPE65280", "\\# 4 0a000001"), ("TYPE65281", "\\# 0"),
    ("TYPE731", "\\# 6 abcdef012345"), ("AAAA", "2001:db8::80"), ("A", "198.18.0.80"), ("A", "0.0.0.0"),
    ("AAAA", "::ffff:198.18.0.1"), ("DS", "12345 13 2 " + "0123456789abcdef" * 4), ("NID", "10 0014:4fff:ff20:ee64"),
    ("L32", "10 10.1.2.0"), ("LP", "10 www"), ("CSYNC", "1 3 A NS AAAA"),
    ("APL", "1:192.168.32.0/21 !1:192.168.38.0/28"))
ODD_LABELS = ("a\\.b", "\\000nul", "sp\\032ace", "\\195\\188ber", "SHOUT", "miXed-Case", "under_score",
              "\\255\\254", "x" * 63, "-", "_", "0", "\\*", "a\\*", "\\007")
# Labels that ldns-signzone does not write as it read them.
UNSIGNABLE_LABELS = ("semi\\;colon", "quo\\\"te", "at\\@sign", "dol\\$lar", "back\\\\slash")


@dataclasses.dataclass
class Zone:
    name: str            # lower case, without the last dot
    signed: str = None   # flags of tools/lab
    servers: tuple = ()  # processes that serve it
    parent: "Zone" = None
    lines: list = dataclasses.field(default_factory=list)
    nodes: dict = dataclasses.field(default_factory=dict)  # owner relative to the zone ("@": apex) -> types
    features: set = dataclasses.field(default_factory=set)
    is_broken: bool = False  # resolvers spend seconds before they give up

    def add(self, owner, rdtype, rdata, ttl=None):
        self.lines.append(f"{owner} {'' if ttl is None else ttl} {rdtype} {rdata}")
        self.nodes.setdefault(owner, set()).add(rdtype)

    def full(self, owner):
        return f"{self.name}." if owner == "@" else f"{owner}.{self.name}."


class Tree:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.zones = []
        self.pool = {}  # name server names with addresses in the zones of hosting companies, by process
        self.tlds = [self.make_tld(*tld[:2]) for tld in TLDS]
        self.make_pool()
        for tld, (_, _, signings) in zip(self.tlds, TLDS):
            for number in range(ZONES_PER_TLD):
                self.make_zone(tld, f"z{number}", signings)
        self.link_zones()

    # ---- zones and how they are delegated

    def new_zone(self, name, signed=None, parent=None):
        zone = Zone(name, signed, parent=parent)
        self.zones.append(zone)
        minimum, ttl = self.rng.choice((0, 5, 60, 300, 3600, 86400)), self.rng.choice(("", "", "30", "600"))
        zone.lines.append(f"$TTL {self.rng.choice((60, 300, 3600, 86400, 604800))}")
        primary = self.rng.choice(("ns1", ".", "Primary.Example."))
        zone.lines.append(f"@ {ttl} SOA {primary} host\\.master.example. 1 1800 900 604800 {minimum}")
        zone.nodes["@"] = {"SOA"}
        return zone

    def make_tld(self, name, signed):
        zone = self.new_zone(name, signed)
        zone.servers = tuple(process for process, *_ in REGISTRIES)
        for process, _, addresses in REGISTRIES:
            zone.add("@", "NS", f"{process}.nic")
            zone.add(f"{process}.nic", "A", "{%s}" % addresses[0].partition("=")[0])
        return zone

    def make_pool(self):
        """Zones of hosting companies: what glueless delegations name. The second's own servers are in the first, the
        third's in the second."""
        previous = None
        for tld, name in zip((self.tlds[0], self.tlds[1], self.tlds[2]), ("pool", "pool2", "pool3")):
            zone = self.new_zone(f"{name}.{tld.name}", parent=tld)
            zone.servers = (HOSTS[0][0], HOSTS[1][0])
            for process, _, addresses in HOSTS:
                for label in (address.partition("=")[0] for address in addresses):
                    zone.add(label, "A", "{%s}" % label)
                    self.pool.setdefault(process, []).append(f"{label}.{zone.name}.")
                    zone.add(f"{label}-alias", "CNAME", label)
            if previous is None:
                self.delegate_with_glue(zone, tld, name, zone.servers)
            else:
                for label in ("ash-a", "elm-a"):
                    zone.add("@", "NS", f"{label}.{previous}.")
                    tld.add(name, "NS", f"{label}.{previous}.")
            previous = zone.name

    def make_zone(self, parent, label, signings, depth=0):
        signed = self.rng.choice(signings)
        if signed and self.rng.random() < 0.4:
            signed += " " + self.rng.choice(SIGNING_VARIANTS[signed[:5].strip()])
        zone = self.new_zone(f"{label}.{parent.name}", signed, parent)
        kinds = NESTED_DELEGATIONS if depth else DELEGATIONS
        kind = self.rng.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
        zone.features.add(kind.__name__)
        count = self.rng.choice((1, 1, 2, 3))
        zone.servers = tuple(process for process, *_ in self.rng.sample(HOSTS, count))
        if kind is Tree.delegate_to_parents_servers:
            zone.servers = parent.servers
        kind(self, zone, parent, label, zone.servers)
        features = ALWAYS + tuple(self.rng.sample(FEATURES, self.rng.randint(2, 5)))
        for feature in features:
            zone.features.add(feature.__name__)
            feature(self, zone)
        if depth < 3 and not zone.is_broken and self.rng.random() < 0.3:
            signings = (None,) if zone.signed is None else signings
            for number in range(self.rng.randint(1, 2)):
                child = self.rng.choice(("kid", "a.b.kid", "Sub", "x.y")) + str(number)
                self.make_zone(zone, child.lower(), signings, depth + 1)
        return zone

    def addresses(self, servers):
        labels = {process: [a.partition("=")[0] for a in addresses] for process, _, addresses in REGISTRIES + HOSTS}
        return [self.rng.choice(labels[process]) for process in servers]

    def delegate_with_glue(self, zone, parent, label, servers):
        for number, address in enumerate(self.addresses(servers), 1):
            for where, owner in ((zone, "@"), (parent, label)):
                where.add(owner, "NS", f"ns{number}.{zone.name}.")
            zone.add(f"ns{number}", "A", "{%s}" % address)
            parent.lines.append(f"ns{number}.{label} A {{{address}}}")

    def delegate_without_glue(self, zone, parent, label, servers):
        for process in servers:
            target = self.rng.choice(self.pool[process])
            zone.add("@", "NS", target)
            parent.add(label, "NS", target)

    def delegate_both_ways(self, zone, parent, label, servers):
        self.delegate_with_glue(zone, parent, label, servers)
        self.delegate_without_glue(zone, parent, label, servers)

    def delegate_to_sibling(self, zone, parent, label, servers):
        """Its servers have names in another zone of the same parent, which gives their addresses as glue."""
        siblings = [z for z in self.zones if z.parent is parent and "delegate_with_glue" in z.features]
        siblings = [z for z in siblings if set(z.servers) & set(servers)] or siblings
        if not siblings:
            self.delegate_with_glue(zone, parent, label, servers)
            return
        sibling = self.rng.choice(siblings)
        zone.servers = sibling.servers
        for number in range(len(sibling.servers)):
            zone.add("@", "NS", f"ns{number + 1}.{sibling.name}.")
            parent.add(label, "NS", f"ns{number + 1}.{sibling.name}.")

    def delegate_partly_lame(self, zone, parent, label, servers):
        self.delegate_with_glue(zone, parent, label, servers)
        for useless in self.rng.sample(USELESS, self.rng.choice((1, 1, 2))):
            for where, owner in ((zone, "@"), (parent, label)):
                where.add(owner, "NS", f"{useless}.{zone.name}.")
            zone.add(useless, "A", "{%s}" % useless)
            parent.lines.append(f"{useless}.{label} A {{{useless}}}")

    def delegate_to_others_than_child_says(self, zone, parent, label, servers):
        for number, address in enumerate(self.addresses(servers), 1):
            parent.add(label, "NS", f"old{number}.{label}.{parent.name}.")
            parent.lines.append(f"old{number}.{label} A {{{address}}}")
            zone.add(f"old{number}", "A", "{%s}" % address)
        self.delegate_without_glue(zone, self.new_nowhere(), label, servers)

    def delegate_to_some_that_do_not_exist(self, zone, parent, label, servers):
        self.delegate_with_glue(zone, parent, label, servers)
        for where, owner in ((zone, "@"), (parent, label)):
            where.add(owner, "NS", f"missing.{self.pool[HOSTS[0][0]][0].partition('.')[2]}")

    def delegate_to_an_alias(self, zone, parent, label, servers):
        """A name server's name that is an alias (RFC 2181 10.3 forbids it), beside others."""
        self.delegate_with_glue(zone, parent, label, servers)
        alias = self.pool[HOSTS[0][0]][0].replace(".", "-alias.", 1)
        for where, owner in ((zone, "@"), (parent, label)):
            where.add(owner, "NS", alias)

    def delegate_to_parents_servers(self, zone, parent, label, servers):
        self.delegate_with_glue(zone, parent, label, servers)

    def delegate_in_mixed_case(self, zone, parent, label, servers):
        for number, address in enumerate(self.addresses(servers), 1):
            for where, owner in ((zone, "@"), (parent, label.upper())):
                where.add(owner, "NS", f"Ns{number}.{zone.name.upper()}.")
            zone.add(f"NS{number}", "A", "{%s}" % address)
            parent.lines.append(f"nS{number}.{label} A {{{address}}}")

    def delegate_nowhere(self, zone, parent, label, servers):
        """No server answers for it, or none can be found."""
        zone.is_broken = True
        zone.add("@", "NS", f"ns1.{zone.name}.")
        parent.add(label, "NS", f"ns1.{zone.name}.")
        if self.rng.random() < 0.8:
            parent.lines.append(f"ns1.{label} A {{{self.rng.choice(USELESS)}}}")

    @staticmethod
    def new_nowhere():
        """A parent whose records are thrown away."""
        return Zone("nowhere")

    # ---- what is in a zone

    def hosts(self, zone):
        zone.add("@", "MX", "10 mail")
        zone.add("@", "TXT", '"v=spf1 -all"')
        zone.add("www", "A", self.ipv4())
        zone.add("www", "AAAA", "2001:db8::10")
        zone.add("mail", "A", self.ipv4())
        zone.add("v4only", "A", self.ipv4())
        zone.add("v6only", "AAAA", "2001:db8::11")

    def ipv4(self):
        return f"198.18.{self.rng.randrange(256)}.{self.rng.randrange(256)}"

    def types(self, zone):
        for number, (rdtype, rdata) in enumerate(self.rng.sample(TYPES, 8)):
            zone.add(f"t{number}", rdtype, rdata)
        for rdtype, rdata in dict(self.rng.sample(TYPES, 6)).items():
            if rdtype != "DS":
                zone.add("many", rdtype, rdata)

    def empty_names(self, zone):
        zone.add("x.ent", "A", self.ipv4())
        zone.add("a.b.c.d.deep", "A", self.ipv4())
        zone.add("a.q.c.d.deep", "TXT", '"deep"')
        zone.add(".".join("abcdefghijklmnopqrstuvwxyz" * 2), "A", self.ipv4())

    def wildcards(self, zone):
        zone.add("*.w", "A", self.ipv4())
        zone.add("*.w", "TXT", '"wild"')
        zone.add("exists.w", "A", self.ipv4())
        zone.add("x.under.w", "A", self.ipv4())
        zone.add("*.*.stars", "A", self.ipv4())
        zone.add("*.a.b.w2", "MX", "10 mail")
        zone.add("*.sub.*.w3", "A", self.ipv4())

    def wildcard_aliases(self, zone):
        zone.add("*.wc", "CNAME", "www")
        zone.add("*.wmissing", "CNAME", "missing")
        zone.add("*.wself", "CNAME", "x.wself")
        zone.add("*.wtld", "CNAME", "www.nosuchtld.")
        zone.add("*.wtowild", "CNAME", "any.wc")

    def wildcard_at_apex(self, zone):
        zone.add("*", self.rng.choice(("A", "A", "TXT")), '198.18.9.9')

    def aliases(self, zone):
        length = self.rng.randint(1, 12)
        for number in range(1, length):
            zone.add(f"c{number}", "CNAME", f"c{number + 1}")
        zone.add(f"c{length}", "CNAME", self.rng.choice(("www", "missing", "v4only", "www.nosuchtld.", "x.ent", "@")))
        zone.add("self", "CNAME", "self")
        zone.add("loop1", "CNAME", "loop2")
        zone.add("loop2", "CNAME", "loop1")
        zone.add("into-loop", "CNAME", "loop1")
        zone.add("upper", "CNAME", f"WWW.{zone.name.upper()}.")
        zone.add("to-tld", "CNAME", f"{self.rng.choice(self.tlds).name}.")
        zone.add("to-root", "CNAME", ".")
        zone.add("to-long", "CNAME", f"{'l' * 63}.{'o' * 63}.{'n' * 63}.{'g' * (251 - 3 * 64 - len(zone.name) - 2)}")

    def dnames(self, zone):
        target = self.rng.choice(self.zones)
        zone.add("d", "DNAME", target.full("@"))
        zone.add("d2", "DNAME", "d")
        zone.add("d", "TXT", '"beside a DNAME"')
        zone.add("dmissing", "DNAME", "missing")
        zone.add("droot", "DNAME", ".")
        zone.add("dgrow", "DNAME", f"{'g' * 63}.{'r' * 63}.{'o' * 63}")
        zone.add("dloop", "DNAME", "x.dloop")
        zone.add("dtwo1", "DNAME", "dtwo2")
        zone.add("dtwo2", "DNAME", "dtwo1")
        zone.add("cname-into-d", "CNAME", "www.d")
        zone.add("dwild", "DNAME", "w")

    def wildcard_dname(self, zone):
        zone.add("*.wd", "DNAME", "www")

    def wildcard_delegation(self, zone):
        zone.add("*.wns", "NS", self.rng.choice(self.pool[HOSTS[0][0]]))

    def big_sets(self, zone):
        for name, count in (("a30", 30), ("a60", 60), ("a90", 90), ("a200", 200)):
            for number in range(count):
                zone.add(name, "A", f"198.18.{count}.{number}")
        for number in range(self.rng.randint(8, 20)):  # knot 3.2 hangs when a wildcard has the addresses of over 40
            zone.add("mx", "MX", f"{number} mail{number}")
        for size in (400, 900, 1100, 1400, 4000, 20000, 60000):
            zone.add(f"txt{size}", "TXT", "{text %d}" % (size + self.rng.randrange(100)))
        zone.add("to-a90", "CNAME", "a90")
        zone.add("to-txt1100", "CNAME", "txt1100")

    def odd_names(self, zone):
        labels = ODD_LABELS + (() if zone.signed else UNSIGNABLE_LABELS)
        for label in self.rng.sample(labels, 8):
            zone.add(label, "A", self.ipv4())
            if self.rng.random() < 0.3:
                zone.add(f"below.{label}", "TXT", '"below"')
        zone.add(f"{'y' * 63}.{'y' * 63}.{'y' * 63}.{'y' * (251 - 3 * 64 - len(zone.name) - 2)}", "A", self.ipv4())
        zone.add(".".join("n" * ((251 - len(zone.name)) // 2)), "A", self.ipv4())
        zone.add("to-odd", "CNAME", self.rng.choice(labels))

    def lifetimes(self, zone):
        for ttl in (0, 1, 2, 86400, 2592000, 2147483647):
            zone.add(f"ttl{ttl}", "A", self.ipv4(), ttl)
            zone.add(f"to-ttl{ttl}", "CNAME", f"ttl{ttl}", self.rng.choice((0, 300)))

    def link_zones(self):
        """Chains of aliases across zones, up to twelve links; some end in a loop or at a zone that does not work."""
        working = [zone for zone in self.zones if not zone.is_broken and zone.parent]
        broken = [zone for zone in self.zones if zone.is_broken]
        for chain in range(120):
            path = self.rng.sample(working, self.rng.randint(2, 12))
            end = self.rng.choice(("www", "www", "missing", "v4only", "c1", "any.w", "www.d", "@"))
            for here, there in zip(path, path[1:]):
                here.add(f"link{chain}", "CNAME", there.full(f"link{chain}"))
            if chain % 20 == 0:
                path[-1].add(f"link{chain}", "CNAME", path[0].full(f"link{chain}"))
            else:
                last = self.rng.choice(broken if chain % 40 == 1 else working)
                path[-1].add(f"link{chain}", "CNAME", last.full(end))


DELEGATIONS = (
    (Tree.delegate_with_glue, 30), (Tree.delegate_without_glue, 20), (Tree.delegate_both_ways, 8),
    (Tree.delegate_to_sibling, 10), (Tree.delegate_partly_lame, 8), (Tree.delegate_to_others_than_child_says, 8),
    (Tree.delegate_to_some_that_do_not_exist, 5), (Tree.delegate_to_an_alias, 3), (Tree.delegate_in_mixed_case, 6),
    (Tree.delegate_nowhere, 3), (Tree.delegate_to_parents_servers, 4))
NESTED_DELEGATIONS = (
    (Tree.delegate_with_glue, 3), (Tree.delegate_without_glue, 2), (Tree.delegate_to_parents_servers, 4))
ALWAYS = (Tree.hosts,)
FEATURES = (
    Tree.types, Tree.empty_names, Tree.wildcards, Tree.wildcard_aliases, Tree.wildcard_at_apex, Tree.aliases,
    Tree.dnames, Tree.wildcard_dname, Tree.wildcard_delegation, Tree.big_sets, Tree.odd_names, Tree.lifetimes)


def write(tree, directory):
    shutil.copytree(LAB, directory)
    hosted = {}
    for zone in tree.zones:
        header = [f"; lab: signed {zone.signed}"] if zone.signed else []
        text = "\n".join([*header, f"$ORIGIN {zone.name}.", *zone.lines]) + "\n"
        (directory / "zones" / f"{zone.name}.zone").write_text(text)
        for process in zone.servers:
            hosted.setdefault(process, []).append(zone.name)
    with open(directory / "servers", "a") as file:
        for process, software, addresses in REGISTRIES + HOSTS:
            file.write(f"{process} {software} {','.join(addresses)} {' '.join(hosted[process])}\n")
    with open(directory / "zones" / "root.zone", "a") as file:
        file.write(f"turned DNAME {tree.tlds[0].name}.\n")
        for tld in tree.tlds:
            for process, _, addresses in REGISTRIES:
                label = addresses[0].partition("=")[0]
                file.write(f"{tld.name} NS {process}.nic.{tld.name}.\n{process}.nic.{tld.name}. A {{{label}}}\n")
