"""A name server in front of another: replies may be changed on their way."""
import dns.flags
import dns.message
import dns.query

from mock_server import MockServer

SECONDS = 5


class Relay(MockServer):
    """`changes` maps a zone to change(reply), which returns what is sent instead; the deepest zone above a question
    has its say."""

    def __init__(self, address, port, backend, changes):
        super().__init__(address, port, {}, self.changed)
        self.backend, self.changes = backend, changes

    def answer(self, query):
        return dns.query.udp_with_fallback(query, self.backend, port=self.port, timeout=SECONDS)[0]

    def changed(self, query, reply, transport):
        name = query.question[0].name
        zones = [zone for zone in self.changes if name.is_subdomain(zone)]
        if zones:
            reply = self.changes[max(zones, key=len)](reply)
        return cut(query, reply) if transport == "udp" else reply


def cut(query, reply):
    """TC and nothing else, where the client has no room for the message."""
    room = query.payload if query.edns >= 0 else 512
    if not isinstance(reply, dns.message.Message) or len(reply.to_wire(max_size=65535)) <= room:
        return reply
    truncated = dns.message.make_response(query)
    truncated.flags |= dns.flags.TC | dns.flags.AA
    return truncated
