"""RSA keys with exponents that no tool would make (RFC 3110)."""
import base64
import dataclasses
import hashlib
import math
import re

from signed.keys import Key

SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


@dataclasses.dataclass
class RsaKey(Key):
    """Signs with algorithm 8 by its numbers."""
    modulus: int = 0
    exponent: int = 0

    def sign_octets(self, octets):
        size = (self.modulus.bit_length() + 7) // 8
        digest = SHA256_PREFIX + hashlib.sha256(octets).digest()
        padded = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
        return pow(int.from_bytes(padded, "big"), self.exponent, self.modulus).to_bytes(size, "big")


def number(private, field):
    return int.from_bytes(base64.b64decode(re.search(rf"^{field}: (.*)$", private, re.M)[1]), "big")


def octets_of(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def with_exponent(wanted):
    """Gives an RSA key the smallest odd public exponent from `wanted` on that fits it."""
    def remake(key):
        first, second = number(key.private, "Prime1"), number(key.private, "Prime2")
        order, exponent = math.lcm(first - 1, second - 1), wanted
        while math.gcd(exponent, order) != 1:
            exponent += 2
        public = octets_of(exponent)
        length = bytes([len(public)]) if len(public) < 256 else b"\0" + len(public).to_bytes(2, "big")
        dnskey = key.dnskey.replace(key=length + public + octets_of(first * second))
        return RsaKey(key.label, key.zone, key.file, dnskey, key.private, first * second, pow(exponent, -1, order))
    return remake
