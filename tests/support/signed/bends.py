"""Ways to bend signed zones, their DS sets and what their parents say of them, before they are served."""
import time

import dns.rdatatype

from signed.keys import edited, rdata
from signed.spec import DAY


def days_from_now(days):
    return int(time.time() + days * DAY)


def flip(octets):
    return octets[:10] + bytes([octets[10] ^ 0x20]) + octets[11:]


# ---- sets and signatures; a set is named "owner TYPE"

def removed(pair):
    owner, rdtype = pair.split()

    def bend(zone):
        zone.remove(owner, rdtype)
        zone.remove_signature(owner, rdtype)
    return bend


def records_put(pair, *texts):
    owner, rdtype = pair.split()
    return lambda zone: zone.put(owner, rdtype, texts)


def unsigned(pair):
    return lambda zone: zone.remove_signature(*pair.split())


def all_unsigned(rdtype):
    return lambda zone: [zone.remove_signature(owner, rdtype) for owner in zone.owners(rdtype)]


def signed_with(pair, key=None, **changes):
    """Signs a set anew, by the key of this label, over changed fields."""
    owner, rdtype = pair.split()
    return lambda zone: zone.sign(owner, rdtype, key and zone.keys[key], **changes)


def all_signed_with(rdtype, **changes):
    return lambda zone: [zone.sign(owner, rdtype, **changes) for owner in zone.owners(rdtype)]


def signed_by_zone(pair, name):
    """Signs a set by the key of another zone and in its name."""
    owner, rdtype = pair.split()
    return lambda zone: zone.sign(owner, rdtype, zone.others[name].signing_key)


def signature_changed(pair, **changes):
    """Changes fields of a signature that stays as it is."""
    owner, rdtype = pair.split()
    return lambda zone: zone.put_rdatas(owner, [edited(item, changes) for item in zone.signatures(owner, rdtype)])


def signature_moved(covered, source, target):
    """The signature of one owner's set stands at another's."""
    return lambda zone: zone.put_rdatas(target, list(zone.signatures(source, covered)))


def signatures_preceded(pair, count):
    """So many bad signatures are there as well."""
    owner, rdtype = pair.split()

    def bend(zone):
        good = zone.signatures(owner, rdtype)[0]
        bad = [good.replace(inception=good.inception - n, signature=flip(good.signature)) for n in range(count)]
        zone.put_rdatas(owner, [*bad, good])
    return bend


def key_becomes(label, remake=None, **changes):
    """Everything that the key signs is signed anew, under its changed DNSKEY record or by what remake(key) returns. A
    DS set that follows is made with ds_of."""
    def bend(zone):
        old = zone.keys[label]
        new = remake(old) if remake else old.with_dnskey(**changes)
        zone.change("@", "DNSKEY", lambda item: new.dnskey if item == old.dnskey else item)
        zone.keys[label] = new
        zone.sign("@", "DNSKEY", next(key for key in zone.keys.values() if key.is_entry))
        zone.sign_all()
    return bend


# ---- DS

def ds_of(label, **changes):
    """The DS of one key with changed fields."""
    return lambda zone: [edited(zone.keys[label].ds(), changes)]


def ds_digest(label, digest, good=True):
    """The DS of one key by a digest type, or one that matches no key."""
    changes = {} if good else {"digest": flip}
    return lambda zone: [edited(zone.keys[label].ds(digest), changes)]


def ds_set(*parts):
    return lambda zone: [item for part in parts for item in part(zone)]


# ---- the parent

def hidden_in_parent(parent, owner):
    """Takes a delegation out of the NSEC3 chain, as opt-out would, but without its flag."""
    hidden = parent.nsec3_matching(owner)
    following = parent.get(hidden, "NSEC3")[0].next
    removed(f"{hidden} NSEC3")(parent)
    before = parent.nsec3_covering(owner)
    parent.change(before, "NSEC3", lambda item: item.replace(next=following))
    parent.sign(before, "NSEC3")


def parent_nsec_says(drop="", add=""):
    """The parent's NSEC at the delegation has other types."""
    def bend(parent, owner):
        parent.change(owner, "NSEC", lambda item: with_types(item, drop, add))
        parent.sign(owner, "NSEC")
    return bend


def with_types(nsec, drop="", add=""):
    """An NSEC with other types in its bitmap."""
    following, *types = nsec.to_text().split()
    kept = [rdtype for rdtype in types if rdtype not in drop.split()]
    return rdata(dns.rdatatype.NSEC, " ".join([following, *kept, *add.split()]))
