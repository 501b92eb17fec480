"""The zones of the signed lab whose replies are tampered with on their way, as by an attacker or a broken server."""
from signed.case import SLOW_BIND, Table
from signed.spec import APEX, LEAF, Zone
from signed.tampering import (NOERROR, NXDOMAIN, asked, below, denials_edited, doubled, made_denial, no_data, no_name,
                              of_zone, renamed, replaced, then, unchanged, unsigned_denial, upper_case, with_ds,
                              without, without_ds, without_nsec3, without_signatures)

TOP = [
    Zone("mitm", keys="ksk zsk", server="tld", relayed=True, text=APEX),
    Zone("mitm3", keys="ksk zsk", denial="nsec3", server="tld", relayed=True, text=APEX),
    Zone("mitmout", keys="ksk zsk", denial="nsec3 opt-out", tool="bind", server="tld", relayed=True, text=APEX),
]
WILDCARD_ANSWER = replaced(NOERROR, ["*.wild A"], ["exists.wild NSEC"])

CASES = case = Table()


def tampered(zone, question, status, why, change, errors=(), differs=None, **options):
    """Another reply to one question; what else there is stays secure. What is told of a name that is missing, or an
    alias, holds for all types."""
    owner = question.split()[0]
    changed = below(owner, change) if owner in ("missing", "alias", "www.old") else asked(question, change)
    case(zone, f"{question} {status}; other A secure", why, errors, differs, change=changed, **options)


def secure(zone, question, why, change, **options):
    tampered(zone, question, "secure", why, change, **options)


def bogus(zone, question, why, change, errors=12, **options):
    tampered(zone, question, "bogus", why, change, errors, **options)


# ---- nothing that matters is changed

secure("relayed.nsec", "www A", "as it is", unchanged)
secure("relayed.nsec3", "missing A", "as it is", unchanged, denial="nsec3")
secure("duplicates.nsec", "www A", "RFC 2181 5: a set has no duplicates", doubled)
secure("uppertarget.nsec", "alias CNAME", "RFC 4034 6.2", upper_case("target"))
secure("uppersigner.nsec", "www A", "RFC 4034 6.2, RFC 6840 5.1", upper_case("signer"))
secure("upperhash.nsec3", "missing A", "RFC 4034 6.1: the case of an owner does not matter", upper_case(),
       denial="nsec3")
secure("retargeted.nsec", "alias A", "a target can be asked for by itself", without_signatures("A"))

# ---- something is taken away

bogus("stripped.nsec", "www A", "the signature", without_signatures(), 10)
bogus("strippedalias.nsec", "alias A", "the signature of the alias", without_signatures("CNAME"), 10,
      differs=SLOW_BIND)
bogus("strippeddname.nsec", "www.old A", "RFC 6672 5.3.1: the DNAME that the alias is made from", without("DNAME"), 10,
      differs=SLOW_BIND)
bogus("strippeddenial.nsec", "missing A", "RFC 4035 5.4", without("NSEC"))
bogus("strippednodata.nsec", "www MX", "RFC 4035 5.4", without("NSEC"))
bogus("strippedname.nsec", "missing A", "what denies the name", without("NSEC", "deep.ent"))
bogus("strippedwildcard.nsec", "missing A", "what denies the wildcard", without("NSEC", "@"))
bogus("wildcardalone.nsec", "x.wild A", "RFC 4035 5.3.4: what denies the name", without("NSEC"))
bogus("wildcardname.nsec", "x.wild MX", "what denies the name", without("NSEC", "exists.wild"))
bogus("wildcardtypes.nsec", "x.wild MX", "what the wildcard has", without("NSEC", "*.wild"))

# ---- a proof that proves something else

bogus("typepresent.nsec", "www A", "the NSEC has the type", no_data("www NSEC"))
bogus("aliaspresent.nsec", "alias MX", "RFC 6840 4.3: the NSEC has CNAME", no_data("alias NSEC"))
bogus("wildcardpresent.nsec", "x.wild A", "the wildcard's NSEC has the type",
      no_data("*.wild NSEC", "exists.wild NSEC"))
bogus("wildcardalias.nsec", "x.alias.wild MX", "the wildcard's NSEC has CNAME", no_data("*.alias.wild NSEC"))
# Unbound corrects the rcode by the proof, BIND 9.20 takes no such reply even where checking is disabled.
CONTRADICTION = {"bind": "unreachable"}
NODATA_INSTEAD = {"unbound": "secure", **CONTRADICTION}
bogus("asnxdomain.nsec", "www MX", "the name exists", no_name("www NSEC", "@ NSEC"), differs=NODATA_INSTEAD)
bogus("asnodata.nsec", "missing A", "the name does not exist", no_data("deep.ent NSEC", "@ NSEC"))
bogus("emptyasnxdomain.nsec", "ent A", "an empty non-terminal exists", no_name("alias NSEC", "@ NSEC"),
      differs=NODATA_INSTEAD)
bogus("dnameasnxdomain.nsec", "www.old A", "RFC 6840 4.1: the NSEC has DNAME", no_name("old NSEC", "@ NSEC"))
bogus("wildcardreplay.nsec", "exists.wild A", "the name exists",
      then(WILDCARD_ANSWER, renamed("*.wild", "exists.wild")))
bogus("wildcardtoohigh.nsec", "x.exists.wild A", "RFC 4592 3.3.1: another name is closer",
      then(WILDCARD_ANSWER, renamed("*.wild", "x.exists.wild")))
bogus("ownsoa.nsec", "missing A", "the SOA is of a zone that is none", unsigned_denial("missing"), (6, 9, 10, 12))
bogus("expandednsec.nsec", "b.wild MX", "no wildcard makes an NSEC",
      then(no_data("*.wild NSEC"), renamed("*.wild", "b.wild")), (6, 12))
bogus("siblingnsec.nsec", "missing A", "a proof of the zone beside",
      of_zone("relayed.nsec", no_name("deep.ent NSEC", "@ NSEC")), (6, 10, 12))
bogus("parentnsec.nsec", "missing A", "RFC 6840 4.1: the parent's NSEC at the delegation",
      lambda reply, zone: of_zone("nsec", no_name(f"{zone.name} NSEC"))(reply, zone), (6, 10, 12))
CUT = LEAF + f"sub NS ns.sub\nns.sub A 127.70.0.99\nsub DS 12345 13 2 {'5A' * 32}\n"
case("ancestor.nsec", "www.sub A bogus; other A secure", "RFC 6840 4.1: an NSEC with NS denies nothing below", 12,
     text=CUT, change=below("sub", no_name("sub NSEC", "@ NSEC")))
case("ancestornodata.nsec", "sub A bogus; other A secure", "RFC 6840 4.1: an NSEC with NS denies no types but DS", 12,
     text=CUT, change=below("sub", no_data("sub NSEC")))

# ---- a proof that is made when it is asked for

secure("whitelies.nsec", "www MX", "RFC 4470", made_denial(NOERROR, "www", "\\000.www", "A TXT RRSIG NSEC"))
secure("compact.nsec", "missing A", "RFC 9824 3.2: NXNAME",
       made_denial(NOERROR, "missing", "\\000.missing", "RRSIG NSEC TYPE128"))
secure("wholezone.nsec", "missing A", "RFC 4034 4.1.1: the apex is the only name",
       made_denial(NXDOMAIN, "@", "@", "A NS SOA RRSIG NSEC DNSKEY"))
bogus("outofzone.nsec", "missing A", "RFC 4034 4.1.1: the next name is not in the zone",
      made_denial(NXDOMAIN, "@", "zzz.nsec.", "A NS SOA RRSIG NSEC DNSKEY"))
bogus("uppernext.nsec", "www MX", "RFC 6840 5.1: the case of an NSEC's next name is signed", upper_case("next"), 6)

# ---- NSEC3


def bogus3(label, question, why, change, errors=12, **options):
    bogus(f"{label}.nsec3", question, why, change, errors, denial="nsec3", **options)


bogus3("stripped", "missing A", "RFC 5155 8.4", without("NSEC3"))
bogus3("strippednodata", "www MX", "RFC 5155 8.5", without("NSEC3"))
bogus3("strippedencloser", "missing A", "RFC 5155 8.3: the closest encloser", without_nsec3("=@"))
bogus3("strippedname", "missing A", "RFC 5155 8.3: what denies the next closer name", without_nsec3("~missing"))
bogus3("strippedwildcard", "missing A", "RFC 5155 8.4: what denies the wildcard", without_nsec3("~*"))
bogus3("wildcardalone", "x.wild A", "RFC 5155 8.8", without("NSEC3"))
bogus3("wildcardname", "x.wild MX", "RFC 5155 8.7: what denies the name", without_nsec3("~x.wild"))
bogus3("wildcardtypes", "x.wild MX", "RFC 5155 8.7: what the wildcard has", without_nsec3("=*.wild"))
bogus3("typepresent", "www A", "RFC 5155 8.5", no_data("=www NSEC3"))
bogus3("aliaspresent", "alias MX", "RFC 5155 8.5: CNAME counts", no_data("=alias NSEC3"))
bogus3("asnxdomain", "www MX", "the name exists", no_name("=www NSEC3", "=@ NSEC3", "~* NSEC3"),
       differs=CONTRADICTION)
bogus3("asnodata", "missing A", "the name does not exist", no_data("=@ NSEC3", "~missing NSEC3", "~* NSEC3"))
bogus3("emptyasnxdomain", "ent A", "an empty non-terminal exists", no_name("=ent NSEC3", "=@ NSEC3", "~* NSEC3"),
       differs=CONTRADICTION)
bogus3("wildcardreplay", "exists.wild A", "the name exists",
       then(replaced(NOERROR, ["*.wild A"], ["~x.wild NSEC3"]), renamed("*.wild", "exists.wild")))
bogus3("strangehash", "missing A", "RFC 5155 8.1: is ignored", denials_edited(algorithm=2))
bogus3("strangeflags", "missing A", "RFC 5155 8.2: is ignored, but not by BIND", denials_edited(flags=0x82),
       differs={"bind": "secure"})
bogus3("othersalt", "missing A", "the hashes are not of this salt", denials_edited(salt=b"salt"))
bogus3("sibling", "missing A", "a proof of the zone beside",
       of_zone("relayed.nsec3", no_name("=@ NSEC3", "~missing NSEC3", "~* NSEC3")), (6, 10, 12))

# ---- what the parent says of the delegation


def delegation(zone, why, change, errors=(10, 12), **options):
    case(zone, "www A bogus", why, errors, change_parent=change, **options)


case("referral.mitm", "www A secure", "the DS can be asked for", change_parent=without_ds(referrals_only=True))
for parent in ("mitm", "mitm3", "mitmout"):
    delegation(f"stripped.{parent}", "RFC 4035 5.2: neither DS nor denial", without_ds())
    delegation(f"unproven.{parent}", "RFC 4035 5.2: neither DS nor denial", without_ds(), keys="")
delegation("newalgorithm.mitm", "the DS had another algorithm when it was signed", with_ds(algorithm=200), 6)
delegation("newdigest.mitm", "the DS had another digest type when it was signed", with_ds(digest_type=200), 6)
delegation("childnsec.mitm", "RFC 6840 4.4: the child's NSEC", without_ds(".@ NSEC"))
delegation("dsbit.mitm", "the NSEC has DS", without_ds("OWNER NSEC"))
delegation("othernsec.mitm", "the NSEC of the delegation beside", without_ds("dsbit NSEC"))
delegation("childnsec3.mitm3", "RFC 5155 8.9: the child's NSEC3", without_ds(".=@ NSEC3"), denial="nsec3")
delegation("dsbit.mitm3", "RFC 5155 8.9: the NSEC3 has DS", without_ds("=OWNER NSEC3"))
delegation("othernsec3.mitm3", "the NSEC3 of the delegation beside", without_ds("=dsbit NSEC3"))
delegation("noname.mitm3", "RFC 5155 8.9: no opt-out", without_ds("=@ NSEC3", "~x NSEC3", "~y NSEC3"))
delegation("misused.mitmout", "RFC 5155 8.9: the opt-out span is around another name",
           without_ds("=@ NSEC3", "~missing NSEC3"))
