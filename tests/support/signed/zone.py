"""A signed zone as it can be bent: its sets and signatures by name, before it is served or while it is."""
import dns.dnssec
import dns.name
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.zone

from signed.keys import rdata, sign

RRSIG = dns.rdatatype.RRSIG
TTL = 3600  # of a set that was not there before


class SignedZone:
    """`built` has the zone's keys and knows the others of its tree; `window` is the validity of new signatures. Owners
    are given relative to the zone."""

    def __init__(self, name, text, built, window):
        self.name, self.built, self.window = dns.name.from_text(name), built, window
        self.data = dns.zone.from_text(text, self.name, relativize=False, check_origin=False)

    @property
    def keys(self):
        return self.built.keys

    @property
    def others(self):
        return self.built.others

    def write(self, file):
        self.data.to_file(str(file), relativize=False)

    def owner(self, owner):
        return owner if isinstance(owner, dns.name.Name) else dns.name.from_text(owner, self.name)

    def get(self, owner, rdtype):
        return self.data.get_rrset(self.owner(owner), rdtype)

    def signatures(self, owner, covered):
        return self.data.get_rrset(self.owner(owner), RRSIG, covered)

    def signed(self, owner, rdtype):
        """The set and its signatures, as they go into a message."""
        return [rrset for rrset in (self.get(owner, rdtype), self.signatures(owner, rdtype)) if rrset]

    def remove(self, owner, rdtype):
        self.data.delete_rdataset(self.owner(owner), rdtype)

    def remove_signature(self, owner, covered):
        self.data.delete_rdataset(self.owner(owner), RRSIG, covered)

    def owners(self, rdtype):
        return [name for name, _ in self.data.iterate_rdatasets(rdtype)]

    def put(self, owner, rdtype, texts):
        """Puts a set in place of what is there; its signatures stay as they are."""
        self.put_rdatas(owner, [rdata(rdtype, text) for text in texts])

    def put_rdatas(self, owner, rdatas):
        old = self.data.get_rdataset(self.owner(owner), rdatas[0].rdtype, rdatas[0].covers())
        new = dns.rdataset.from_rdata_list(old.ttl if old else TTL, rdatas)
        self.data.replace_rdataset(self.owner(owner), new)

    def change(self, owner, rdtype, edit):
        """Replaces each record of a set by edit(record)."""
        self.put_rdatas(owner, [edit(item) for item in self.get(owner, rdtype)])

    def sign(self, owner, rdtype, key=None, **changes):
        """Signs a set anew, over fields that may be wrong; the new signature replaces the old ones."""
        self.put_rdatas(owner, [sign(self.get(owner, rdtype), key or self.built.signing_key, self.window, **changes)])

    def sign_all(self):
        """The same for every set but DNSKEY."""
        for name, rdataset in list(self.data.iterate_rdatasets()):
            if rdataset.rdtype == RRSIG and rdataset.covers != dns.rdatatype.DNSKEY:
                self.sign(name, rdataset.covers)

    def nsec3_matching(self, owner):
        return self.owner(self.hash(owner))

    def nsec3_covering(self, owner):
        wanted, owners = self.hash(owner), sorted(self.nsec3_owners())
        below = [first for first in owners if first < wanted]
        return self.owner((below or owners)[-1])

    def nsec3_owners(self):
        return [name.labels[0].decode().upper() for name in self.owners(dns.rdatatype.NSEC3)]

    def hash(self, owner):
        parameters = self.get("@", "NSEC3PARAM")[0]
        return dns.dnssec.nsec3_hash(self.owner(owner), parameters.salt or None, parameters.iterations,
                                     parameters.algorithm)
