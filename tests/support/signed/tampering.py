"""Ways to tamper with replies on their way: functions that return change(reply, zone)."""
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from signed.bends import edited
from signed.keys import rdata, sign

NOERROR, NXDOMAIN = dns.rcode.NOERROR, dns.rcode.NXDOMAIN
RRSIG = dns.rdatatype.RRSIG


# ---- when and how often

def asked(question, change):
    """The change happens to replies to one question: "owner TYPE"."""
    owner, rdtype = question.split()

    def changed(reply, zone):
        entry = reply.question[0]
        is_it = entry.name == zone.owner(owner) and entry.rdtype == dns.rdatatype.from_text(rdtype)
        return change(reply, zone) if is_it else reply
    return changed


def below(owner, change):
    """The change happens to replies to all questions at and below a name."""
    def changed(reply, zone):
        return change(reply, zone) if reply.question[0].name.is_subdomain(zone.owner(owner)) else reply
    return changed


def then(*changes):
    def changed(reply, zone):
        for change in changes:
            reply = change(reply, zone)
        return reply
    return changed


def unchanged(reply, _zone):
    return reply


# ---- something is taken away

def filtered(reply, keep):
    """Removes the sets for which keep(rrset) is false."""
    for section in (reply.answer, reply.authority, reply.additional):
        section[:] = [rrset for rrset in section if keep(rrset)]
    return reply


def kind(rrset):
    """The type of a set, or that which a signature is for."""
    return dns.rdatatype.to_text(rrset.covers if rrset.rdtype == RRSIG else rrset.rdtype)


def without(rdtype, owner=None):
    """Sets of a type, or only those of one owner, are left out with their signatures."""
    return lambda reply, zone: filtered(
        reply, lambda rrset: kind(rrset) != rdtype or (owner is not None and rrset.name != zone.owner(owner)))


def without_signatures(*rdtypes):
    """Signatures, or only those of some types, are left out."""
    return lambda reply, zone: filtered(
        reply, lambda rrset: rrset.rdtype != RRSIG or (rdtypes and kind(rrset) not in rdtypes))


def without_nsec3(which):
    """Leaves out the NSEC3 that matches ("=owner") or covers ("~owner") a name."""
    return lambda reply, zone: filtered(
        reply, lambda rrset: kind(rrset) != "NSEC3" or rrset.name != place_of(zone, which))


# ---- something else is said

def place_of(zone, owner):
    """The owner itself, or of the NSEC3 that matches ("=owner") or covers it ("~owner")."""
    places = {"=": zone.nsec3_matching, "~": zone.nsec3_covering}
    return places[owner[0]](owner[1:]) if owner[0] in places else zone.owner(owner)


def signed_sets(zone, pairs):
    """Sets of the zone and their signatures: "owner TYPE", with owners as for place_of."""
    return [rrset for owner, rdtype in map(str.split, pairs) for rrset in zone.signed(place_of(zone, owner), rdtype)]


def replaced(rcode, answer=(), authority=()):
    """Another reply, of signed sets of the zone."""
    def change(reply, zone):
        reply.set_rcode(rcode)
        reply.answer, reply.authority = signed_sets(zone, answer), signed_sets(zone, authority)
        reply.additional = []
        return reply
    return change


def no_data(*proofs):
    return replaced(NOERROR, authority=["@ SOA", *proofs])


def no_name(*proofs):
    return replaced(NXDOMAIN, authority=["@ SOA", *proofs])


def unsigned_denial(owner):
    """NXDOMAIN of a zone that begins at this owner, without any signature."""
    def change(reply, zone):
        reply = replaced(NXDOMAIN)(reply, zone)
        soa = zone.get("@", "SOA")
        reply.authority.append(again(soa, zone.owner(owner), soa))
        return reply
    return change


def of_zone(name, change):
    """The change is made with what another zone has."""
    return lambda reply, zone: change(reply, zone.others[name].signed)


def renamed(source, target):
    """Sets of one owner get another, with their signatures as they are."""
    def change(reply, zone):
        for rrset in reply.answer + reply.authority:
            if rrset.name == zone.owner(source):
                rrset.name = zone.owner(target)
        return reply
    return change


def doubled(reply, _zone):
    """Each record of the answer is there twice."""
    reply.answer *= 2
    return reply


def upper_case(*fields):
    """Names in these fields of the answer's records are in upper case, and so are owners."""
    def upper(name):
        return dns.name.Name([label.upper() for label in name.labels])

    def edit(item):
        return edited(item, {field: upper for field in fields if isinstance(getattr(item, field, 0), dns.name.Name)})

    def change(reply, _zone):
        reply.answer = [again(rrset, upper(rrset.name), map(edit, rrset)) for rrset in reply.answer]
        reply.authority = [again(rrset, upper(rrset.name), map(edit, rrset)) for rrset in reply.authority]
        return reply
    return change


def again(rrset, name, rdatas):
    return dns.rrset.from_rdata_list(name, rrset.ttl, list(rdatas))


# ---- the zone's own key signs something wrong

def denials_edited(**changes):
    """Each NSEC and NSEC3 of a reply has changed fields."""
    def change(reply, zone):
        proofs = [rrset for rrset in reply.authority if rrset.rdtype in (dns.rdatatype.NSEC, dns.rdatatype.NSEC3)]
        filtered(reply, lambda rrset: not kind(rrset).startswith("NSEC"))
        for rrset in proofs:
            reply.authority += signed_now(zone, again(rrset, rrset.name, [edited(item, changes) for item in rrset]))
        return reply
    return change


def made_denial(rcode, owner, next_owner, types):
    """One NSEC that is made when it is asked for (RFC 4470, RFC 9824)."""
    def change(reply, zone):
        nsec = dns.rrset.from_rdata(zone.owner(owner), 300, rdata("NSEC", f"{zone.owner(next_owner)} {types}"))
        reply = replaced(rcode, authority=["@ SOA"])(reply, zone)
        reply.authority += signed_now(zone, nsec)
        return reply
    return change


def signed_now(zone, rrset):
    signature = sign(rrset, zone.built.signing_key, zone.window)
    return [rrset, dns.rrset.from_rdata(rrset.name, rrset.ttl, signature)]


# ---- what a parent says of a delegation: functions that return change(reply, parent, owner)

def with_ds(**changes):
    """The DS has changed fields, and the signature that it had."""
    def change(reply, parent, owner):
        for section in (reply.answer, reply.authority):
            section[:] = [changed(rrset) if rrset.rdtype == dns.rdatatype.DS else rrset for rrset in section]
        return reply

    def changed(rrset):
        return again(rrset, rrset.name, [edited(item, changes) for item in rrset])
    return change


def without_ds(*proofs, referrals_only=False):
    """The DS and what denies it are left out; in their place stand signed sets of the parent, "OWNER" being the
    delegation, or of the child with "." before them."""
    def change(reply, parent, owner):
        if referrals_only and reply.question[0].rdtype == dns.rdatatype.DS:
            return reply
        child = parent.others[owner.to_text(omit_final_dot=True)]
        reply = filtered(reply, lambda rrset: kind(rrset) not in ("DS", "NSEC", "NSEC3"))
        for proof in proofs:
            zone = child.signed if proof.startswith(".") else parent
            reply.authority += signed_sets(zone, [proof.lstrip(".").replace("OWNER", str(owner))])
        return reply
    return change
