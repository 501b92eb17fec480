"""Zones of the signed lab that want much work for little (CVE-2023-50387, "KeyTrap", and its relatives)."""
import os

import dns.dnssec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from signed.case import Table

COUNT = 100
ZONE_BIT, REVOKE_BIT = 0x0100, 0x0080


def new_point():
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    return point.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)[1:]


def colliding_key(dnskey):
    """Another key of the same tag. The reserved flags, which nobody heeds, make up the difference."""
    while True:
        other = dnskey.replace(key=new_point())
        missing = dns.dnssec.key_id(dnskey) - dns.dnssec.key_id(other) + other.flags
        for flags in (missing % 65536, missing % 65535):
            other = other.replace(flags=flags)
            if flags & ZONE_BIT and not flags & REVOKE_BIT and dns.dnssec.key_id(other) == dns.dnssec.key_id(dnskey):
                return other


def collisions(zone):
    """The DNSKEY set gets many keys of one tag, and is signed well."""
    csk = zone.keys["csk"].dnskey
    zone.put_rdatas("@", [csk, *(colliding_key(csk) for _ in range(COUNT))])
    zone.sign("@", "DNSKEY")


def bad_signatures(owner, rdtype):
    """As many signatures as there are keys, and each might be of each."""
    def bend(zone):
        good = zone.signatures(owner, rdtype)[0]
        zone.put_rdatas(owner, [good.replace(signature=os.urandom(len(good.signature))) for _ in range(COUNT)])
    return bend


def many_ds(zone):
    """Each DS might be of each key."""
    ds = zone.keys["csk"].ds()
    return [ds.replace(digest=os.urandom(len(ds.digest))) for _ in range(COUNT)]


def trapped(*steps):
    def bend(zone):
        collisions(zone)
        for step in steps:
            step(zone)
    return bend


CASES = case = Table()
case("answer.nsec", "www A bogus", "each signature is tried with each key", bend=trapped(bad_signatures("www", "A")))
case("keys.nsec", "www A bogus", "each signature of the keys is tried with each key",
     bend=trapped(bad_signatures("@", "DNSKEY")))
case("digests.nsec", "www A bogus", "each DS is tried with each key", bend=trapped(), bend_ds=many_ds)
