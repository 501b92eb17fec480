"""Keys of the signed lab: made by ldns-keygen, and used here only for what no signing tool would sign."""
import base64
import dataclasses
import hashlib
import re
import struct
import subprocess

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdatatype
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ALGORITHMS = {5: "RSASHA1", 7: "RSASHA1-NSEC3-SHA1", 8: "RSASHA256", 10: "RSASHA512", 13: "ECDSAP256SHA256",
              14: "ECDSAP384SHA384", 15: "ED25519", 16: "ED448"}
RSA_BITS = "2048"
DIGESTS = {1: hashlib.sha1, 2: hashlib.sha256, 4: hashlib.sha384}
LABEL = re.compile(r"(ksk|zsk|csk)\d*(?::(\d+))?$")


def rdata(rdtype, text):
    return dns.rdata.from_text("IN", rdtype, text)


@dataclasses.dataclass(frozen=True)
class Ds:
    """A DS record that may be as wrong as it likes."""
    key_tag: int
    algorithm: int
    digest_type: int
    digest: bytes

    def replace(self, **changes):
        return dataclasses.replace(self, **changes)

    def __str__(self):
        return f"{self.key_tag} {self.algorithm} {self.digest_type} {self.digest.hex()}"


def edited(item, changes):
    """A record with changed fields; a function gets the old value."""
    return item.replace(**{field: value(getattr(item, field)) if callable(value) else value
                           for field, value in changes.items()})


@dataclasses.dataclass
class Key:
    """One key; `label` says its role, a number where there are several, and its algorithm: ksk, zsk2, csk:15."""
    label: str
    zone: dns.name.Name
    file: str  # as the tools name it, in the directory of keys
    dnskey: dns.rdata.Rdata
    private: str

    @property
    def tag(self):
        return dns.dnssec.key_id(self.dnskey)

    @property
    def is_entry(self):
        """Whether a DS may point to it, and whether it signs the DNSKEY set."""
        return not self.label.startswith("zsk")

    def with_dnskey(self, **changes):
        """The same key pair under another DNSKEY record."""
        return dataclasses.replace(self, dnskey=edited(self.dnskey, changes))

    def ds(self, digest=2):
        octets = self.zone.to_digestable() + self.dnskey.to_digestable()
        return Ds(self.tag, self.dnskey.algorithm, digest, DIGESTS[digest](octets).digest())

    def sign_octets(self, octets):
        number = re.search(r"^PrivateKey: (.*)$", self.private, re.M)[1]
        pair = ec.derive_private_key(int.from_bytes(base64.b64decode(number), "big"), ec.SECP256R1())
        r, s = decode_dss_signature(pair.sign(octets, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def make_key(zone, label, directory):
    role, number = LABEL.match(label).groups()
    algorithm = int(number or 13)
    options = ["-b", RSA_BITS] if algorithm < 13 else []
    options += [] if role == "zsk" else ["-k"]
    file = subprocess.run(["ldns-keygen", *options, "-a", ALGORITHMS[algorithm], zone], cwd=directory, check=True,
                          capture_output=True, text=True).stdout.strip()
    text = (directory / f"{file}.key").read_text().partition(";")[0]
    private = (directory / f"{file}.private").read_text()
    return Key(label, dns.name.from_text(zone), file, rdata("DNSKEY", text.partition("DNSKEY")[2]), private)


def signed_octets(rrset, rrsig):
    """What a signature covers (RFC 4034 3.1.8.1)."""
    owner = rrset.name
    if rrsig.labels < len(owner) - 1:
        owner = dns.name.Name((b"*",) + owner.labels[-rrsig.labels - 1:])
    head = owner.to_digestable() + struct.pack("!HHI", rrset.rdtype, rrset.rdclass, rrsig.original_ttl)
    bodies = sorted(item.to_digestable() for item in rrset)
    template = rrsig.replace(signature=b"").to_digestable()
    return template + b"".join(head + struct.pack("!H", len(body)) + body for body in bodies)


def sign(rrset, key, window, **changes):
    """An RRSIG over `rrset`, good but for what `changes` says of its fields before it is signed."""
    inception, expiration = window
    labels = len(rrset.name) - 1 - rrset.name.is_wild()
    rrsig = rdata("RRSIG", f"{dns.rdatatype.to_text(rrset.rdtype)} {key.dnskey.algorithm} {labels} {rrset.ttl} "
                           f"{expiration} {inception} {key.tag} {key.zone} AA==").replace(**changes)
    return rrsig.replace(signature=key.sign_octets(signed_octets(rrset, rrsig)))
