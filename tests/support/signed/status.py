"""What a resolver says of a name: secure, insecure or bogus."""
import collections
import time

import dns.edns
import dns.flags
import dns.rcode

FINE = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
TRIES = 3
PAUSE_SECONDS = 6  # for so long resolvers remember that a server was late

Verdict = collections.namedtuple("Verdict", "status rcode reply")


def verdict(resolver, question, expected=()):
    """Of anything with ask(). A failure that is not expected may come from a busy machine; what is really bogus is so
    again."""
    for last in (False,) * (TRIES - 1) + (True,):
        found = judged(resolver, question)
        if last or found.status in ("secure", "insecure", question.status, *expected):
            return found
        time.sleep(PAUSE_SECONDS)


def judged(resolver, question):
    """Bogus is a failure that goes away where checking is disabled."""
    reply = ask(resolver, question)
    if reply.rcode() in FINE:
        word = "secure" if reply.flags & dns.flags.AD else "insecure"
    else:
        unchecked = ask(resolver, question, dns.flags.CD)
        word = "bogus" if reply.rcode() == dns.rcode.SERVFAIL and unchecked.rcode() in FINE else "unreachable"
    return Verdict(word, dns.rcode.to_text(reply.rcode()), reply)


def ask(resolver, question, flags=0):
    return resolver.ask(question.name, question.rdtype, flags=dns.flags.RD | flags, use_edns=0, want_dnssec=True)


def errors(reply):
    """The Extended DNS Errors of a reply: code to text."""
    return {int(option.code): option.text or "" for option in reply.options
            if option.otype == dns.edns.OptionType.EDE}
