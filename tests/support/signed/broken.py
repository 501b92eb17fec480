"""The zones of the signed lab with which something is wrong, or nearly so, before they are served."""
from signed.bends import (all_signed_with, all_unsigned, days_from_now, ds_digest, ds_of, ds_set, flip,
                          hidden_in_parent, key_becomes, parent_nsec_says, records_put, removed, signature_changed,
                          signature_moved, signatures_preceded, signed_by_zone, signed_with, unsigned)
from signed.case import SLOW_BIND, Table, all_of
from signed.healthy import BRIEF_INSECURE, BRIEF_SECURE
from signed.rsa import with_exponent

PAST = {"inception": days_from_now(-30), "expiration": days_from_now(-10)}
FUTURE = {"inception": days_from_now(10), "expiration": days_from_now(30)}
# What breaks a whole zone shows with two questions.
BOGUS = all_of(("www A", "www MX"), "bogus")
ONE_SET = "www A bogus; www TXT secure; other A secure"

CASES = case = Table()

# ---- times of signatures (RFC 4035 5.3.1)

case("expired.nsec", BOGUS, "its time has passed", 7, days=(-30, -10))
case("early.nsec", BOGUS, "its time has not come", 8, days=(10, 30))
case("expiredset.nsec", ONE_SET, "one signature is old", 7, bend=signed_with("www A", **PAST))
case("earlyset.nsec", ONE_SET, "one signature is of the future", 8, bend=signed_with("www A", **FUTURE))
case("expiredkeys.nsec", BOGUS, "the signature of the keys is old", 7, bend=signed_with("@ DNSKEY", "csk", **PAST))
case("expireddenial.nsec", "www A secure; www MX bogus; missing A bogus; x.wild A bogus", "those of NSEC are old", 7,
     bend=all_signed_with("NSEC", **PAST))
case("expireddenial.nsec3", "www A secure; www MX bogus; missing A bogus; x.wild A bogus", "those of NSEC3 are old", 7,
     denial="nsec3", bend=all_signed_with("NSEC3", **PAST))
case("inverted.nsec", ONE_SET, "it ends before it begins", (7, 25),
     bend=signed_with("www A", inception=days_from_now(10), expiration=days_from_now(-10)))
case("wrapped.nsec", ONE_SET, "RFC 4034 3.1.5: 69 years ahead is the past", (7, 25),
     bend=signed_with("www A", inception=days_from_now(-1), expiration=days_from_now(69 * 365.25) % 2**32))

# ---- keys

case("nokeys.nsec", BOGUS, "a DS, but no DNSKEY", (9, 10), bend=removed("@ DNSKEY"))
case("unsignedkeys.nsec", BOGUS, "RFC 4035 5.2", (9, 10), bend=unsigned("@ DNSKEY"))
case("keysbyzsk.nsec", BOGUS, "RFC 4035 5.2: a key that a DS matches has to sign the keys", (9, 10),
     keys="ksk zsk", bend=signed_with("@ DNSKEY", "zsk"))
case("wrongkey.nsec", ONE_SET, "the key is not published", (6, 9), spare="csk2", bend=signed_with("www A", "csk2"))
case("zskgone.nsec", BOGUS, "the ZSK went before its signatures", (6, 9), keys="ksk zsk2", signers="ksk zsk")
case("kskgone.nsec", BOGUS, "the KSK went before its DS", 9, keys="ksk2 zsk", ds="ksk")
REVOKED = "RFC 5011 2.1: a revoked key counts for nothing else; unbound heeds that of trust anchors only"
case("revoked.nsec", BOGUS, REVOKED, 9, {"unbound": "secure"}, bend=key_becomes("csk", flags=0x181),
     bend_ds=ds_of("csk"))
case("revokedzsk.nsec", BOGUS, REVOKED, (6, 9), {"unbound": "secure"}, keys="ksk zsk",
     bend=key_becomes("zsk", flags=0x180))
case("nozonebit.nsec", BOGUS, "RFC 4034 2.1.1: no zone key", (9, 11), bend=key_becomes("csk", flags=0x001),
     bend_ds=ds_of("csk"))
case("nozonebitzsk.nsec", BOGUS, "RFC 4034 2.1.1: no zone key", (6, 9, 11), keys="ksk zsk",
     bend=key_becomes("zsk", flags=0x000))
case("protocol.nsec", BOGUS, "RFC 4034 2.1.2: it has to be 3", 9, bend=key_becomes("csk", protocol=2),
     bend_ds=ds_of("csk"))
case("strangebits.nsec", BRIEF_SECURE, "RFC 4034 2.1.1: reserved flags are ignored; BIND reads them as of RFC 2535",
     differs={"bind": "bogus"}, bend=key_becomes("csk", flags=0x5F7D), bend_ds=ds_of("csk"))
case("shortkey.nsec", BOGUS, "RFC 6605 4: 64 octets", (6, 9), bend=key_becomes("csk", key=lambda octets: octets[:-1]),
     bend_ds=ds_of("csk"))
case("offcurve.nsec", BOGUS, "no point of the curve", (6, 9), bend=key_becomes("csk", key=flip), bend_ds=ds_of("csk"))
case("newalgorithm.nsec", BRIEF_INSECURE, "RFC 4035 5.2: nothing of a known algorithm", 1,
     bend=key_becomes("csk", algorithm=200), bend_ds=ds_of("csk"))
EXPONENT = "RFC 3110 2: what the exponent is is the zone's affair; BIND 9.20 does not take 1"
for bits, exponent, differs in (1, 1, {"bind": "bogus"}), (2, 3, {}), (33, 2**32 + 1, {}):
    case(f"exponent{bits}.nsec", BRIEF_SECURE, EXPONENT, differs=differs, keys="csk:8",
         bend=key_becomes("csk:8", with_exponent(exponent)), bend_ds=ds_of("csk:8"))
case("exponent2047.nsec", BOGUS, "RFC 3110 2 allows it, but it costs more than it is worth; unbound pays", (6, 9),
     {"unbound": "secure"}, keys="csk:8", bend=key_becomes("csk:8", with_exponent(2**2046 + 1)), bend_ds=ds_of("csk:8"))

# ---- DS

case("otherds.nsec", BOGUS, "the DS is of another key", 9, ds="csk2")
case("badds.nsec", BOGUS, "the digest differs", 9, bend_ds=ds_digest("csk", 2, good=False))
case("dstag.nsec", BOGUS, "the tag differs", 9, bend_ds=ds_of("csk", key_tag=lambda tag: tag ^ 1))
case("dsalgorithm.nsec", BOGUS, "the algorithm differs", 9, bend_ds=ds_of("csk", algorithm=8))
case("shortds.lax", BOGUS, "the digest is cut short", 9, bend_ds=ds_of("csk", digest=lambda octets: octets[:20]))
case("strangedigest.nsec", BRIEF_INSECURE, "RFC 6840 5.2: no digest is known", 2, bend_ds=ds_of("csk", digest_type=200))
case("gost.nsec", BRIEF_INSECURE, "RFC 9906: GOST is withdrawn", 2, bend_ds=ds_of("csk", digest_type=3))
case("strangealgorithm.nsec", BRIEF_INSECURE, "RFC 4035 5.2: no algorithm is known", 1,
     bend_ds=ds_of("csk", algorithm=200))
case("privatealgorithm.nsec", BRIEF_INSECURE, "RFC 4035 5.2: no algorithm is known", 1,
     bend_ds=ds_of("csk", algorithm=254))
case("mixedds.nsec", BRIEF_SECURE, "RFC 6840 5.2: what is not known is not there",
     bend_ds=ds_set(ds_of("csk", digest_type=200), ds_of("csk", algorithm=200), ds_digest("csk", 2)))
case("mixedbadds.nsec", BOGUS, "RFC 6840 5.2: what is not known is not there", 9,
     bend_ds=ds_set(ds_of("csk", digest_type=200), ds_digest("csk", 2, good=False)))
case("sha1good.nsec", BOGUS, "RFC 4509 3: beside SHA-256 SHA-1 is ignored; unbound does so with harden-algo-downgrade",
     9, {"unbound": "secure"}, bend_ds=ds_set(ds_digest("csk", 1), ds_digest("csk", 2, good=False)))
case("sha384good.nsec", BRIEF_SECURE, "RFC 6840 5.11: one path is enough",
     bend_ds=ds_set(ds_digest("csk", 4), ds_digest("csk", 2, good=False)))
case("sha256good.nsec", BRIEF_SECURE, "RFC 6840 5.11: one path is enough",
     bend_ds=ds_set(ds_digest("csk", 4, good=False), ds_digest("csk", 2)))
case("twoalgorithms.nsec", BRIEF_SECURE, "RFC 6840 5.11: one of the DS set's algorithms is enough", ds="csk csk:15")

# ---- signatures (RFC 4035 5.3)

case("flipped.nsec", ONE_SET, "one bit", 6, bend=signature_changed("www A", signature=flip))
case("cut.nsec", ONE_SET, "an octet is missing", 6,
     bend=signature_changed("www A", signature=lambda octets: octets[:-1]))
case("longer.nsec", ONE_SET, "an octet is too many", 6,
     bend=signature_changed("www A", signature=lambda octets: octets + b"\0"))
case("swapped.nsec", ONE_SET, "it is of another owner", 6, bend=signature_moved("A", "other", "www"))
case("changed.nsec", ONE_SET, "the data was changed", 6, bend=records_put("www A", "203.0.113.1"))
case("added.nsec", ONE_SET, "a record was added", 6, bend=records_put("www A", "198.51.100.2", "203.0.113.1"))
case("keytag.nsec", ONE_SET, "no key has the tag", (6, 9),
     bend=signature_changed("www A", key_tag=lambda tag: tag ^ 1))
case("setalgorithm.nsec", ONE_SET, "no key has the algorithm", (6, 9), bend=signature_changed("www A", algorithm=14))
case("newsetalgorithm.nsec", ONE_SET, "RFC 4035 5.2: the zone is of a known algorithm, if the signature is not", 10,
     bend=signature_changed("www A", algorithm=200))
case("manylabels.nsec", ONE_SET, "more labels than the owner has", 6, bend=signed_with("www A", labels=4))
case("fewlabels.nsec", ONE_SET, "it is not of the wildcard that it claims", 6,
     bend=signature_changed("www A", labels=2))
case("wildcard.nsec", ONE_SET, "RFC 4035 5.3.4: it is of a wildcard, and the name not proven absent", (6, 12),
     bend=signed_with("www A", labels=2))
case("signerparent.nsec", ONE_SET, "the parent did not sign it", (6, 9),
     bend=signature_changed("www A", signer=lambda name: name.parent()))
case("byparent.nsec", "www A secure", "RFC 4035 5.3.1 has it bogus, but the parent may say what it likes below it",
     bend=signed_by_zone("www A", "nsec"))
case("signersibling.nsec", ONE_SET, "the signer is a zone beside", (6, 10), bend=signed_by_zone("www A", "csk.nsec"))
case("signerowner.nsec", ONE_SET, "the signer is no zone", (6, 9, 10),
     bend=lambda zone: zone.sign("www", "A", signer=zone.owner("www")))
case("signerbelow.nsec", ONE_SET, "the signer is below the owner", (6, 10),
     bend=lambda zone: zone.sign("www", "A", signer=zone.owner("x.www")))
case("unsignedset.nsec", ONE_SET, "there is none", 10, bend=unsigned("www A"))
case("unsignedsoa.nsec", "@ SOA bogus; www A secure; www MX bogus; missing A bogus",
     "RFC 4035 3.1.3.1: the SOA of a denial is signed; BIND lets it pass, 9.18 without AD", 10,
     {"bind": "insecure secure"}, bend=unsigned("@ SOA"))
case("unsignednsec.nsec", "www A secure; www MX bogus; missing A bogus; x.wild A bogus", "the proofs have none",
     (10, 12), bend=all_unsigned("NSEC"))
case("unsignednsec3.nsec3", "www A secure; www MX bogus; missing A bogus; x.wild A bogus", "the proofs have none",
     (10, 12), SLOW_BIND, denial="nsec3", bend=all_unsigned("NSEC3"))
case("unsignedalias.nsec", "alias A bogus; alias CNAME bogus; www A secure", "an alias has none", 10,
     SLOW_BIND, bend=unsigned("alias CNAME"))
case("unsigneddname.nsec", "www.old A bogus; old DNAME bogus; www.new A secure", "RFC 6672 5.3.1: a DNAME has none", 10,
     bend=unsigned("old DNAME"))
case("unsignedtarget.nsec", "alias A bogus; www A bogus; other A secure", "the alias has one, its target has none", 10,
     bend=unsigned("www A"))
case("smallttl.nsec", "www A secure", "RFC 4035 5.3.3: the original TTL bounds the TTL",
     bend=signed_with("www A", original_ttl=60))
case("bigttl.nsec", "www A secure", "RFC 4034 3.1.4: the TTL may be less than the original",
     bend=signed_with("www A", original_ttl=86400))
case("ttlfield.nsec", ONE_SET, "the original TTL is signed", 6, bend=signature_changed("www A", original_ttl=60))
case("severalsignatures.nsec", "www A secure", "RFC 4035 5.3: one good signature is enough, not so for BIND",
     differs={"bind": "bogus"}, bend=signatures_preceded("www A", 2))

# ---- NSEC3 (RFC 9276)

OVER_FIFTY = "RFC 9276 3.2: over fifty iterations; BIND accepts 150"
for iterations in 51, 150:
    case(f"iterations{iterations}.nsec3", "www A secure; www MX insecure; missing A insecure; x.wild A insecure",
         OVER_FIFTY, 27, {"bind": "secure"}, denial=f"nsec3 iterations={iterations} salt=cafe")
# The name server works long for each question.
case("iterations65535.nsec3", "www A secure; missing A insecure", OVER_FIFTY, 27, server="slow",
     denial="nsec3 iterations=65535 salt=cafe")

# ---- what the parent says of the delegation

case("hidden.nsec3", "www A bogus; @ DS bogus", "RFC 5155 8.6: not in the chain, and no opt-out", (10, 12), keys="",
     bend_parent=hidden_in_parent)
case("nocut.nsec", "www A bogus; @ DS secure", "RFC 6840 4.4: the NSEC has no NS, so that the zone goes on", (10, 12),
     keys="", bend_parent=parent_nsec_says(drop="NS"))
case("soabit.nsec", "www A bogus; @ DS bogus", "RFC 6840 4.4: the NSEC has SOA, so that it is the child's", (10, 12),
     keys="", bend_parent=parent_nsec_says(add="SOA"))
case("dsbit.nsec", "www A bogus; @ DS bogus", "RFC 4035 5.2: the NSEC has DS", (10, 12), keys="",
     bend_parent=parent_nsec_says(add="DS"))
