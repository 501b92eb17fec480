"""Zones of the signed lab with what can be asked of them and what is right to say."""
import collections
import dataclasses

from signed.spec import Zone

SLOW_BIND = {"bind": "not asked"}  # it says the right thing after many seconds

Question = collections.namedtuple("Question", "name rdtype status")


@dataclasses.dataclass
class Case:
    """`asked`: "OWNER TYPE STATUS; ...", owners relative to the zone, statuses as the RFCs have them; `why` says which.
    `errors`: Extended DNS Errors of which cairn sends one where the answer is not secure. `differs`: what a peer says
    to some of this instead, by peer; several words where its versions differ."""
    zone: Zone
    asked: str
    why: str = ""
    errors: tuple = ()
    differs: dict = dataclasses.field(default_factory=dict)

    @property
    def name(self):
        return self.zone.name

    @property
    def questions(self):
        zone = "" if self.zone.name == "." else f"{self.zone.name}."
        for text in filter(str.strip, self.asked.split(";")):
            owner, rdtype, status = text.split()
            yield Question((zone or ".") if owner == "@" else f"{owner}.{zone}", rdtype, status)


class Table(list):
    """Cases; calling it adds one."""

    def __call__(self, name, asked, why="", errors=(), differs=None, **zone):
        errors = (errors,) if isinstance(errors, int) else errors
        self.append(Case(Zone(name, **zone), asked, why, errors, differs or {}))


def all_of(owners_and_types, status):
    return "; ".join(f"{question} {status}" for question in owners_and_types)
