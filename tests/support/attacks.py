"""Zones made to cause work, as scripts for the servers of hostile.py: each is a question and the bounds of what it may
cost."""
import dns.message

from hostile import Hostile, records


class Attack:
    """Zones with scripts for their servers, a question, and what its packets may not exceed: by default limits.sends;
    `most` maps words in names or addresses to smaller numbers."""

    def __init__(self, question, zones, scripts, most=None):
        self.question, self.zones, self.scripts = question, zones, scripts
        self.most = most or {}

    def packets(self, internet):
        """All it caused: at its addresses, and elsewhere about its names."""
        words = [zone.split(".")[0] for zone in self.zones]
        return [asked for asked in internet.asked
                if asked.address in self.scripts or any(word in asked.name for word in words)]


def at(zone, address):
    """A delegation to one server with glue."""
    return [f"ns.{zone}"], [(f"ns.{zone}", address)]


def nxns():
    """A referral to 100 servers without address under a victim's zone (NXNSAttack)."""
    names = [f"n{i}.nxnsvictim.mock." for i in range(100)]
    return Attack("www.sub.nxns.mock.",
                  {"nxns.mock.": at("nxns.mock.", "127.66.10.1"),
                   "nxnsvictim.mock.": at("nxnsvictim.mock.", "127.66.10.2")},
                  {"127.66.10.1": lambda q: q.refer("sub.nxns.mock.", names),
                   "127.66.10.2": lambda q: q.deny("nxnsvictim.mock.")},
                  {"127.66.10.2": 10})


def silent(servers=1500):
    """A referral to 1,500 servers that are all silent (NRDelegation)."""
    glue = [(f"n{i}.sub.silent.mock.", f"127.66.{64 + i // 250}.{i % 250 + 1}") for i in range(servers)]

    # Made once: it would keep the servers of all attacks busy for long.
    message = dns.message.make_response(dns.message.make_query("sub.silent.mock.", "A"))
    message.authority.append(records("sub.silent.mock.", "NS", *(name for name, _ in glue)))
    message.additional += [records(name, "A", address) for name, address in glue]
    octets = message.to_wire(max_size=65535)

    def refer(q):
        if q.transport == "udp":
            return q.cut()
        return q.same(octets) if q.text == "sub.silent.mock." else q.nothing("silent.mock.")

    return Attack("www.sub.silent.mock.", {"silent.mock.": at("silent.mock.", "127.66.11.1")}, {"127.66.11.1": refer},
                  {"sub.silent.mock.": 40})


def chain():
    """Aliases without end in one zone."""
    def link(q):
        number = q.text.split(".")[0][1:]
        target = f"l{int(number) + 1}.chain.mock." if number.isdigit() else "l0.chain.mock."
        return q.answer(records(q.text, "CNAME", target))

    return Attack("start.chain.mock.", {"chain.mock.": at("chain.mock.", "127.66.12.1")}, {"127.66.12.1": link},
                  {"127.66.12.1": 14})


def zones_of_a_chain():
    """Aliases without end, each in a zone of its own."""
    def link(q):
        labels = q.text.split(".")
        zone = ".".join(labels[-4:])
        if q.address == "127.66.13.1":
            return q.refer(zone, [f"ns.{zone}"], [(f"ns.{zone}", "127.66.13.2")])
        number = int(labels[-4][1:])
        return q.answer(records(q.text, "CNAME", f"www.x{number + 1}.across.mock."))

    return Attack("www.x0.across.mock.", {"across.mock.": at("across.mock.", "127.66.13.1")},
                  {"127.66.13.1": link, "127.66.13.2": link}, {"across": 40})


def rewriting():
    """DNAMEs without end."""
    def rewrite(q):
        labels = q.text.split(".")
        owner = ".".join(labels[-4:])
        number = int(labels[-4][1:])
        return q.answer(records(owner, "DNAME", f"s{number + 1}.rewrite.mock."))

    return Attack("www.s0.rewrite.mock.", {"rewrite.mock.": at("rewrite.mock.", "127.66.14.1")},
                  {"127.66.14.1": rewrite}, {"127.66.14.1": 30})


def circle():
    """Two zones that each have their server in the other (TsuNAME)."""
    return Attack("www.circlea.mock.",
                  {"circlea.mock.": (["ns.circleb.mock."], []), "circleb.mock.": (["ns.circlea.mock."], [])}, {},
                  {"circle": 20})


def loop():
    """Two aliases of each other."""
    def link(q):
        return q.answer(records(q.text, "CNAME", {"a.loop.mock.": "b.loop.mock."}.get(q.text, "a.loop.mock.")))

    return Attack("a.loop.mock.", {"loop.mock.": at("loop.mock.", "127.66.15.1")}, {"127.66.15.1": link},
                  {"127.66.15.1": 4})


def depths():
    """Referrals that go one label deeper each time."""
    def refer(q):
        labels = q.text.split(".")
        asked = len(labels) - 1
        zone = ".".join(labels[-min(asked, depths.seen + 1) - 1:])
        depths.seen = min(asked, depths.seen + 1)
        return q.refer(zone, [f"ns.{zone}"], [(f"ns.{zone}", "127.66.16.1")])

    depths.seen = 2
    return Attack("a." * 100 + "deep.mock.", {"deep.mock.": at("deep.mock.", "127.66.16.1")}, {"127.66.16.1": refer},
                  {"127.66.16.1": 64})


def product():
    """Aliases, each below a zone with ten servers without address, whose names are long and have servers without
    address in turn, and all over TCP only (CAMP)."""
    def link(q):
        labels = q.text.split(".")
        if len(labels) == 4:  # www.camp.mock.
            return q.answer(records(q.text, "CNAME", "a.b.c.d.e.f.g.h.l0.camp.mock."))
        zone = ".".join(labels[-4:])
        return q.refer(zone, [f"n{i}.p.q.r.s.t.u.{labels[-4]}.campns.mock." for i in range(10)])

    def server(q):
        labels = q.text.split(".")
        zone = ".".join(labels[-4:])
        return q.refer(zone, [f"m{i}.v.w.x.y.z.{labels[-4]}.campdeep.mock." for i in range(10)])

    def deny(q):
        return q.deny("campdeep.mock.")

    def over_tcp(script):
        return lambda q: script(q) if q.transport == "tcp" else q.cut()

    return Attack("www.camp.mock.",
                  {"camp.mock.": at("camp.mock.", "127.66.17.1"), "campns.mock.": at("campns.mock.", "127.66.17.2"),
                   "campdeep.mock.": at("campdeep.mock.", "127.66.17.3")},
                  {"127.66.17.1": link, "127.66.17.2": over_tcp(server), "127.66.17.3": over_tcp(deny)},
                  {"127.66.17.3": 20})


def one_address():
    """Fifty servers that are one silent address."""
    glue = [(f"n{i}.one.mock.", "127.66.18.2") for i in range(50)]
    return Attack("www.one.mock.", {"one.mock.": ([name for name, _ in glue], glue)}, {"127.66.18.2": lambda q: None},
                  {"127.66.18.2": 6})  # three tries by UDP, two by TCP


def many_addresses():
    """Thirteen servers with four addresses each that refuse."""
    glue = [(f"n{i}.many.mock.", f"127.66.19.{i * 4 + j + 1}") for i in range(13) for j in range(6)]
    return Attack("www.many.mock.", {"many.mock.": (sorted({name for name, _ in glue}), glue)},
                  {address: lambda q: q.fail(5) for _, address in glue}, {"127.66.19.": 40})


def closing():
    """A server that truncates everything and closes each connection."""
    return Attack("www.a.b.c.closing.mock.", {"closing.mock.": at("closing.mock.", "127.66.20.1")},
                  {"127.66.20.1": lambda q: q.cut() if q.transport == "udp" else Hostile.CLOSE}, {"127.66.20.1": 10})


def large():
    """Referrals that go on, 60 KiB each."""
    def refer(q):
        if q.transport == "udp":
            return q.cut()
        large.depth += 1
        zone = ".".join(["b"] * large.depth + ["large.mock."])
        reply = q.refer(zone, [f"ns.{zone}"], [(f"ns.{zone}", "127.66.21.1")])
        reply.additional += texts
        return reply

    texts = [records(f"t{i}.large.mock.", "TXT", "x" * 250) for i in range(220)]
    large.depth = 0
    return Attack("b." * 60 + "large.mock.", {"large.mock.": at("large.mock.", "127.66.21.1")}, {"127.66.21.1": refer},
                  {"127.66.21.1": 20})


def junk():
    """Nothing that is a message, by any transport."""
    return Attack("www.a.b.c.junk.mock.", {"junk.mock.": at("junk.mock.", "127.66.22.1")},
                  {"127.66.22.1": lambda q: q.wire[:2] + b"\x84\0" + b"\xff" * 40}, {"127.66.22.1": 10})


def servers_that_are_aliases():
    """Name servers whose names are chains of aliases."""
    names = [f"n{i}.alias.mock." for i in range(13)]

    def link(q):
        if q.text.endswith("sub.alias.mock."):
            return q.refer("sub.alias.mock.", names)
        return q.answer(records(q.text, "CNAME", f"{q.text.split('.')[0]}x.alias.mock."))

    return Attack("www.sub.alias.mock.", {"alias.mock.": at("alias.mock.", "127.66.23.1")}, {"127.66.23.1": link},
                  {"127.66.23.1": 80})


ATTACKS = [nxns, silent, chain, zones_of_a_chain, rewriting, circle, loop, depths, product, one_address, many_addresses,
           closing, large, junk, servers_that_are_aliases]


def internet_of(attacks):
    """One internet of them all, not yet started."""
    zones = {zone: what for attack in attacks for zone, what in attack.zones.items()}
    scripts = {address: script for attack in attacks for address, script in attack.scripts.items()}
    return Hostile(zones, scripts)
