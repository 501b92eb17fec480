"""The zones of the signed lab with which all is well: every algorithm, tool, kind of denial and step of a roll-over."""
from signed.case import Case, Table, all_of
from signed.keys import ALGORITHMS
from signed.spec import APEX, LEAF, Zone

TOP = [
    Zone(".", keys="ksk:8 zsk:8", server="root", text=APEX),
    Zone("nsec", keys="ksk zsk", server="tld", text=APEX),
    Zone("nsec3", keys="ksk zsk", denial="nsec3", server="tld", text=APEX),
    Zone("optout", keys="ksk zsk", denial="nsec3 salt=beef opt-out", tool="bind", server="tld", text=APEX),
    Zone("costly", keys="ksk zsk", denial="nsec3 iterations=51", server="tld", text=APEX),
    Zone("knot", tool="knot", server="tld", text=APEX),
    Zone("plain", keys="", server="tld", text=APEX),
    Zone("lax", keys="ksk zsk", server="knot", text=APEX),  # for what newer versions of nsd refuse to load
]
PRESENT = ("www A", "www MX", "@ A", "@ SOA", "@ NS", "@ DNSKEY", "alias A", "alias CNAME", "alias MX", "ent A",
           "deep.ent A", "exists.wild A", "*.wild A", "old DNAME", "old A", "www.old A")
DENIED = ("missing A", "a.missing A", "x.exists.wild A", "missing.old A", "x.wild A", "x.wild MX", "x.alias.wild A")
SHA1 = "RFC 9905: SHA-1 is not accepted, where dnssec.accept-sha1 does not say so"
SHA1_DIFFERS = {"unbound": "secure", "bind": "secure"}

CASES = case = Table()


def everything(status, denied=None):
    """All that LEAF can be asked; `denied` is the status of what needs a proof that a name does not exist."""
    return all_of(PRESENT, status) + "; " + all_of(DENIED, denied or status)


SECURE, INSECURE = everything("secure"), everything("insecure")
BRIEF_SECURE, BRIEF_INSECURE = (all_of(("www A", "www MX", "missing A"), status) for status in ("secure", "insecure"))

# ---- algorithms, layouts of keys, tools

for number, algorithm in ALGORITHMS.items():
    zone, keys = f"{algorithm.lower().replace('-', '')}.nsec", f"ksk:{number} zsk:{number}"
    if algorithm.startswith("RSASHA1"):
        case(zone, INSECURE, SHA1, 1, SHA1_DIFFERS, keys=keys)
    else:
        case(zone, SECURE, keys=keys)
case("csk.nsec", SECURE)
case("nosep.nsec", SECURE, "RFC 4034 2.1.1: the SEP flag is a hint", keys="zsk", ds="zsk")
case("manykeys.nsec", BRIEF_SECURE, "DNSKEY needs TCP", keys="csk " + " ".join(f"zsk{n}:14" for n in range(16)),
     signers="csk")
for tool, keys in ("ldns", "ksk zsk"), ("bind", "ksk zsk"), ("knot", "csk"):
    case(f"{tool}.knot", SECURE, tool=tool, keys=keys)
    case(f"{tool}.nsec3", SECURE, tool=tool, keys=keys, denial="nsec3")
    case(f"{tool}.optout", everything("secure", denied="insecure"), tool=tool, keys=keys, denial="nsec3 opt-out",
         why="RFC 5155 9.2: no AD where an opt-out span may hide something")
case("salted.nsec3", SECURE, tool="bind", denial="nsec3 salt=" + "ab" * 255)
case("iterated.nsec3", SECURE, denial="nsec3 iterations=50 salt=cafe")

# ---- DS

case("sha384.nsec", BRIEF_SECURE, ds="csk/4")
case("digests.nsec", BRIEF_SECURE, ds="csk/1 csk/2 csk/4")
case("sha1ds.nsec", BRIEF_INSECURE, SHA1, 2, SHA1_DIFFERS, ds="csk/1")
case("standby.nsec", BRIEF_SECURE, "a DS may wait for its key", ds="csk csk2")
case("island.nsec", BRIEF_INSECURE, "signed, but the parent does not say so", ds="")

# ---- roll-overs (RFC 6781 4.1, RFC 7583 2)

case("zskpublished.nsec", BRIEF_SECURE, keys="ksk zsk zsk2", signers="ksk zsk")
case("zskswitched.nsec", BRIEF_SECURE, keys="ksk zsk zsk2", signers="ksk zsk2")
case("zskdouble.nsec", BRIEF_SECURE, keys="ksk zsk zsk2")
case("kskdouble.nsec", BRIEF_SECURE, keys="ksk ksk2 zsk", ds="ksk")
case("kskdoubleds.nsec", BRIEF_SECURE, keys="ksk zsk", ds="ksk ksk2")
case("kskswitched.nsec", BRIEF_SECURE, keys="ksk2 zsk", ds="ksk ksk2")
case("cskdouble.nsec", BRIEF_SECURE, keys="csk csk2", ds="csk2")
case("algorithmfirst.nsec", BRIEF_SECURE, "RFC 6781 4.1.4: signatures before keys", keys="ksk zsk",
     signers="ksk zsk zsk:15")
case("algorithmsecond.nsec", BRIEF_SECURE, keys="ksk zsk ksk:15 zsk:15", ds="ksk")
case("algorithmthird.nsec", BRIEF_SECURE, keys="ksk zsk ksk:15 zsk:15", ds="ksk ksk:15")
case("algorithmfourth.nsec", BRIEF_SECURE, keys="ksk zsk ksk:15 zsk:15", ds="ksk:15")
case("algorithmlast.nsec", BRIEF_SECURE, "RFC 6781 4.1.4: signatures after keys", keys="ksk:15 zsk:15",
     signers="ksk:15 zsk:15 zsk")

# ---- delegations

for parent in ("nsec", "nsec3", "optout", "costly", "knot"):
    case(f"unsigned.{parent}", INSECURE, keys="")
    case(f"signed.{parent}", SECURE)
    case(f"unsigned.ent.{parent}", BRIEF_INSECURE, "an empty non-terminal between", keys="")
case("signed.plain", INSECURE, "no chain of trust leads there")
case("unsigned.plain", BRIEF_INSECURE, keys="")
for parent in ("nsec", "nsec3", "optout", "knot"):
    case(f"signed.ent.{parent}", BRIEF_SECURE, "an empty non-terminal between")
case("signed.ent.costly", BRIEF_SECURE, "the DS is there, and signed; unbound asks for that of ent.costly first",
     differs={"unbound": "insecure"})
for parent in ("signed.nsec", "signed.nsec3", "signed.optout"):
    case(f"sub.{parent}", SECURE, "parent and child on one server: no referral")
    case(f"far.{parent}", BRIEF_SECURE, server="knot")
    case(f"plainsub.{parent}", BRIEF_INSECURE, keys="")
    case(f"plainfar.{parent}", BRIEF_INSECURE, keys="", server="knot")
    case(f"signed.plainsub.{parent}", BRIEF_INSECURE, "an island below an unsigned zone")
case("a.b.c.d.sub.signed.nsec", BRIEF_SECURE, "four labels below the cut above")
case.append(Case(TOP[0], """@ SOA secure; @ NS secure; @ DNSKEY secure; @ DS secure; missing A secure;
     a.missing A secure; nsec DS secure; nsec NS secure; nsec A secure; plain DS secure; plain A insecure;
     missing.nsec A secure; missing.nsec3 A secure; missing.optout A insecure; missing.plain A insecure;
     unsigned.nsec DS secure; unsigned.nsec3 DS secure; unsigned.optout DS insecure; signed.nsec DS secure;
     signed.optout DS secure; signed.costly DS secure; ent.nsec A secure; ent.nsec3 A secure"""))
case.append(Case(TOP[4], "unsigned DS insecure; missing A insecure",
                 "RFC 9276 3.2: over fifty iterations; BIND accepts 150", differs={"bind": "secure"}))

# ---- names, data and times

MIXED = """
@ SOA NS HostMaster 1 1800 900 604800 300
@ NS NS
NS A {address}
WwW A 198.51.100.2
AliaS CNAME wWw
*.WiLd A 198.51.100.4
mail MX 10 WWW.Example.
srv SRV 1 2 3 WWW.Example.
naptr NAPTR 1 2 "U" "E2U+sip" "" WWW.Example.
ptr PTR WWW.Example.
rp RP Post.Example. Text.Example.
afsdb AFSDB 1 WWW.Example.
kx KX 1 WWW.Example.
svcb SVCB 1 www.example. alpn=h2
https HTTPS 1 www.example. alpn=h2,h3 ipv4hint=198.51.100.2
"""
MIXED_ASKED = all_of(("www A", "alias A", "x.wild A", "mail MX", "srv SRV", "naptr NAPTR", "ptr PTR", "rp RP",
                      "afsdb AFSDB", "kx KX", "svcb SVCB", "https HTTPS", "missing A", "zzz A", "www MX"), "secure")
case("mixedcase.nsec", MIXED_ASKED, "RFC 4034 6.2: names in RDATA are signed in lower case", text=MIXED)
case("mixedcase.nsec3", MIXED_ASKED, text=MIXED, tool="bind", denial="nsec3")
ODD = r"""
@ SOA ns hostmaster 1 1800 900 604800 300
@ NS ns
ns A {address}
caa CAA 0 issue "ca.example"
far TYPE65280 \# 4 0A000001
\000nul A 198.51.100.2
a\.b A 198.51.100.2
\200high A 198.51.100.2
under_score A 198.51.100.2
*.\000.deep A 198.51.100.2
"""
ODD_ASKED = all_of(("caa CAA", "caa MX", "far TYPE65280", "far A", r"\000nul A", r"\000 A", r"a\.b A", "a.b A", "b A",
                    r"\200high A", r"\255 A", r"\201 MX", "under_score A", r"x.\000.deep A", r"\001.deep A",
                    "deep A", ".".join("deep" * 30)[:119] + " A"), "secure")
for odd, denial in ("odd.nsec", "nsec"), ("odd.nsec3", "nsec3"), ("odditerated.nsec3", "nsec3 iterations=50 salt=cafe"):
    case(odd, ODD_ASKED, "octets, types and depths out of the ordinary", text=ODD, denial=denial)
case("meta.nsec", all_of(("www NSEC", "@ NSEC", "missing NSEC", "@ CDS", "www ANY"), "secure"))
case("meta.nsec3", all_of(("@ NSEC3PARAM", "www NSEC", "www NSEC3", "www ANY"), "secure"), denial="nsec3")
case("signatures.nsec", "www RRSIG insecure", "RFC 4035 2.2: RRSIG is not signed itself", differs={"bind": "secure"})
case("longlived.nsec", BRIEF_SECURE, "RFC 4034 3.1.5: times are serial numbers", days=(-20 * 365, 40 * 365))
case("transient.nsec", BRIEF_SECURE, text="$TTL 0\n" + LEAF)

# ---- aliases

ALIASES_IN_A_ROW = 11
CHAIN = "many aliases, each in a zone of its own"


def chain_zone(number):
    return f"chain{number}.{('nsec', 'nsec3')[number % 2]}"


for number in range(ALIASES_IN_A_ROW):
    case(chain_zone(number), "www A secure", CHAIN, text=APEX + f"www CNAME www.{chain_zone(number + 1)}.\n")
case(chain_zone(ALIASES_IN_A_ROW), "www A secure")
LEAST = "an answer is as secure as the least of its links"
case("aliases.nsec", "good A secure; plain A insecure; bad A bogus; gone A secure; plaingone A insecure;"
     "none MX secure; www.dname A secure; www.plaindname A insecure; x.plainwild A insecure; x.wild A secure",
     LEAST, 7, text=APEX + """
good CNAME www.csk.nsec.
plain CNAME www.unsigned.nsec.
bad CNAME www.expired.nsec.
gone CNAME missing.csk.nsec.
plaingone CNAME missing.unsigned.nsec.
none CNAME www.csk.nsec.
dname DNAME csk.nsec.
plaindname DNAME unsigned.nsec.
*.plainwild CNAME www.unsigned.nsec.
*.wild CNAME www.csk.nsec.
""")
case("aliases.plain", "good A insecure; bad A bogus; www.dname A insecure", LEAST, 7, keys="", text=APEX + """
good CNAME www.csk.nsec.
bad CNAME www.expired.nsec.
dname DNAME csk.nsec.
""")
