"""Signs a part of the synthetic tree beforehand: keys, digests and signatures of the root, the ten top-level domains
and the first N zones, in one file that bench_tree maps (signed.h has its form). Every zone has a key of its own."""
import hashlib
import math
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

RSASHA256, ECDSAP256SHA256 = 8, 13
A, DS, DNSKEY, TTL = 1, 43, 48, 86400
INCEPTION, EXPIRATION = 1704067200, 2019686400  # 2024 to 2034
FIRST = 198 << 24 | 18 << 16  # as in question.h
PRIME_BITS = 1024


class EcdsaKeys:
    """Keys of algorithm 13."""
    algorithm = ECDSAP256SHA256

    def __init__(self, _count):
        pass

    def make(self, _nth):
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_numbers()

        def sign(data):
            r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return public.x.to_bytes(32, "big") + public.y.to_bytes(32, "big"), sign


class RsaKeys:
    """Keys of algorithm 8, 2048 bits. Looking for primes takes long, so all moduli are products of a few: no use as
    secrets, but different keys to whoever verifies."""
    algorithm = RSASHA256

    def __init__(self, count):
        pairs = [rsa.generate_private_key(65537, 2 * PRIME_BITS).private_numbers()
                 for _ in range(math.isqrt(count) + 1)]
        self.primes = [(n.p, n.q) for n in pairs]

    def make(self, nth):
        p, q = self.primes[nth // len(self.primes)][0], self.primes[nth % len(self.primes)][1]
        d = pow(65537, -1, (p - 1) * (q - 1))
        public = rsa.RSAPublicNumbers(65537, p * q)
        numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
        key = numbers.private_key(unsafe_skip_rsa_key_validation=True)

        def sign(data):
            return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return b"\3\1\0\1" + (p * q).to_bytes(256, "big"), sign


class Zone:
    """A name and its key."""

    def __init__(self, name, keys, nth):
        self.wire = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"
        self.algorithm = keys.algorithm
        public, self.sign = keys.make(nth)
        self.dnskey = struct.pack("!HBB", 257, 3, keys.algorithm) + public
        total = sum(octet << 8 if at % 2 == 0 else octet for at, octet in enumerate(self.dnskey))
        self.tag = (total + (total >> 16)) & 0xffff
        digest = hashlib.sha256(self.wire + self.dnskey).digest()
        self.ds = struct.pack("!HBB", self.tag, keys.algorithm, 2) + digest

    def rrsig(self, owner, kind, data):
        """RRSIG RDATA over one record, without the signer's name, which the tree puts between."""
        labels, at = 0, 0
        while owner[at] != 0:
            labels, at = labels + 1, at + 1 + owner[at]
        fixed = struct.pack("!HBBIIIH", kind, self.algorithm, labels, TTL, EXPIRATION, INCEPTION, self.tag)
        record = owner + struct.pack("!HHIH", kind, 1, TTL, len(data)) + data
        return fixed + self.sign(fixed + self.wire + record)


def make(path, algorithm, zones, tell=lambda text: None):
    """Writes the file unless it is there. Returns the root's DS record as text."""
    if not path.exists():
        count = 1 + 10 + zones
        keys = (RsaKeys if algorithm == RSASHA256 else EcdsaKeys)(count)
        part = path.with_suffix(".part")
        with open(part, "wb") as out:
            write_all(out, keys, zones, tell)
        part.rename(path)
    with open(path, "rb") as f:
        f.seek(16)
        tag, algorithm, digest_type = struct.unpack("!HBB", f.read(4))
        return f". DS {tag} {algorithm} {digest_type} {f.read(32).hex().upper()}"


def write_all(out, keys, zones, tell):
    root = Zone("", keys, 0)
    domains = [Zone(f"t{k}", keys, 1 + k) for k in range(10)]
    out.write(struct.pack("=8sIHH", b"cairnsig", zones, len(root.dnskey), len(root.sign(b""))) + root.ds)
    nothing = bytes(18 + len(root.sign(b"")))
    out.write(root.dnskey + root.ds + root.rrsig(root.wire, DNSKEY, root.dnskey) + nothing + nothing)
    for d in domains:
        out.write(d.dnskey + d.ds + d.rrsig(d.wire, DNSKEY, d.dnskey) + root.rrsig(d.wire, DS, d.ds) + nothing)
    for n in range(zones):
        if n % 1000 == 0:
            tell(f"signing the tree, algorithm {keys.algorithm}: {n} of {zones} zones")
        z, domain = Zone(f"z{n:08}.t{n % 10}", keys, 11 + n), domains[n % 10]
        address = (FIRST + (n & 0x1ffff)).to_bytes(4, "big")
        out.write(z.dnskey + z.ds + z.rrsig(z.wire, DNSKEY, z.dnskey) + domain.rrsig(z.wire, DS, z.ds)
                  + z.rrsig(b"\1w" + z.wire, A, address))
