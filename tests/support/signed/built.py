"""A zone of the signed lab while its tree is built: keys, signing, bending."""
import functools
import time

import dns.name

from signed.keys import make_key
from signed.spec import DAY
from signed.tools import sign_with_bind, sign_with_knot, sign_with_ldns
from signed.zone import SignedZone


class Built:
    """`others` are the zones of the tree by name. Its keys, the DS records for its parent and its signed form come in
    this order, the last two when all zones below have told their delegations."""

    def __init__(self, spec, directory, others):
        self.spec, self.others, self.keys, self.ds = spec, others, {}, []
        self.file = directory / "zones" / ("root.zone" if spec.name == "." else f"{spec.name}.zone")
        self.keys_home = directory / "keys"
        self.delegations = ""
        now = int(time.time())
        self.window = tuple(now + int(days * DAY) for days in spec.days)  # begin and end of the tool's signatures

    def make_keys(self):
        spec = self.spec
        if spec.tool == "knot":
            return
        labels = f"{spec.keys} {spec.signers or ''} {strip_digests(spec.ds or '')} {spec.spare}".split()
        self.keys = {label: make_key(spec.name, label, self.keys_home) for label in dict.fromkeys(labels)}

    def write(self):
        origin = "." if self.spec.name == "." else self.spec.name + "."
        text = f"$ORIGIN {origin}\n$TTL 3600\n" + self.spec.text.format(address=self.spec.address) + self.delegations
        if self.spec.tool != "knot":
            text += "".join(f"@ DNSKEY {self.keys[label].dnskey}\n" for label in self.spec.keys.split())
        self.file.write_text(text)
        if self.spec.keys:
            self.sign()

    def sign(self):
        self.ds = self.sign_by_tool()
        self.file.with_name(self.file.name + ".signed").rename(self.file)
        if self.spec.bend:
            self.spec.bend(self.signed)
            self.signed.write(self.file)
        if self.spec.bend_ds:
            self.ds = self.spec.bend_ds(self.signed)

    def sign_by_tool(self):
        """Returns the DS records."""
        if self.spec.tool == "knot":
            return sign_with_knot(self.file, self.spec, self.keys_home)
        signers = [self.keys[label] for label in (self.spec.signers or self.spec.keys).split()]
        tool = {"ldns": sign_with_ldns, "bind": sign_with_bind}[self.spec.tool]
        tool(self.file, self.spec, signers, self.window, self.keys_home)
        return self.default_ds()

    def default_ds(self):
        labels = self.spec.ds
        if labels is None:
            labels = " ".join(label for label in self.spec.keys.split() if self.keys[label].is_entry)
        pairs = (item.partition("/") for item in labels.split())
        return [self.keys[label].ds(int(digest or 2)) for label, _, digest in pairs]

    @property
    def signing_key(self):
        """The one that signs what is not the DNSKEY set."""
        return next(self.keys[label] for role in ("zsk", "csk") for label in self.keys if label.startswith(role))

    @functools.cached_property
    def signed(self):
        window = (int(time.time()) - DAY, int(time.time()) + 14 * DAY)
        return SignedZone(self.spec.name, self.file.read_text(), self, window)

    def delegate_in(self, parent):
        label = dns.name.from_text(self.spec.name).relativize(dns.name.from_text(parent.spec.name))
        lines = [f"{label} NS ns.{label}", f"ns.{label} A {self.spec.address}"]
        parent.delegations += "\n".join(lines + [f"{label} DS {ds}" for ds in self.ds]) + "\n"


def strip_digests(labels):
    return " ".join(label.partition("/")[0] for label in labels.split())
