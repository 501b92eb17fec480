"""Zones of the signed lab as descriptions: what they hold, how they are signed, and what is wrong with them."""
import dataclasses
import ipaddress

BASE = ipaddress.IPv4Address("127.70.0.0")
# Servers by name: software and last octet of the address; and the relays that clients know in place of some of them,
# for zones whose replies are changed on their way.
SERVERS = {"root": ("nsd", 1), "tld": ("nsd", 2), "nsd": ("nsd", 3), "knot": ("knot", 4), "slow": ("nsd", 7)}
RELAYS = {"tld": 5, "nsd": 6}
DAY = 86400

LEAF = """
@ SOA ns hostmaster 1 1800 900 604800 300
@ NS ns
@ A 198.51.100.1
@ TXT "a leaf of the signed lab"
ns A {address}
www A 198.51.100.2
www TXT "www"
other A 198.51.100.3
alias CNAME www
*.wild A 198.51.100.4
exists.wild A 198.51.100.5
*.alias.wild CNAME www
deep.ent A 198.51.100.6
old DNAME new
www.new A 198.51.100.7
"""
APEX = """
@ SOA ns hostmaster 1 1800 900 604800 300
@ NS ns
ns A {address}
"""


@dataclasses.dataclass
class Zone:
    """A zone and what is wrong with it. `keys` are published, `signers` sign (all of them by default), `ds` are vouched
    for by the parent: labels of keys, for a DS followed by /DIGEST where that is not 2; `spare` keys only exist. No
    keys: unsigned.

    `bend(zone)` edits the signed zone, `bend_ds(zone)` returns other DS records, `bend_parent(parent, owner)` edits
    the signed parent; `change(reply, zone)` and `change_parent(reply, parent, owner)` replace replies of the zone and
    of its parent while they are served (the parent has to be `relayed`)."""
    name: str
    keys: str = "csk"
    signers: str = None
    ds: str = None
    spare: str = ""
    denial: str = "nsec"
    days: tuple = (-1, 14)
    tool: str = "ldns"
    server: str = "nsd"
    relayed: bool = False
    text: str = LEAF
    bend: callable = None
    bend_ds: callable = None
    bend_parent: callable = None
    change: callable = None
    change_parent: callable = None

    @property
    def address(self):
        octet = RELAYS[self.server] if self.relayed or self.change else SERVERS[self.server][1]
        return str(BASE + octet)

    @property
    def depth(self):
        return 0 if self.name == "." else self.name.count(".") + 1
