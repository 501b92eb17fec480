"""The signed lab: a tree of zones, signed by real tools, bent where their descriptions say so, and served by nsd and
knot on loopback addresses."""
import concurrent.futures
import contextlib
import functools
import importlib.machinery
import importlib.util
import pathlib
import time

import dns.name

from signed.built import Built
from signed.relay import Relay
from signed.spec import BASE, RELAYS, SERVERS

ROOT = pathlib.Path(__file__).resolve().parents[3]
START_SECONDS = 20
AT_ONCE = 4


class Tree:
    """All zones, built in `directory`; a context that serves them."""

    def __init__(self, zones, directory, port):
        self.directory, self.port = directory, port
        for name in ("zones", "keys"):
            (directory / name).mkdir(parents=True)
        self.zones = {}
        self.zones.update({zone.name: Built(zone, directory, self.zones) for zone in zones})
        self.build()

    def parent_of(self, name):
        while name != ".":
            name = name.partition(".")[2] or "."
            if name in self.zones:
                return self.zones[name]
        return None

    def build(self):
        """From the leaves up, so that each DS is in its parent before that is signed."""
        depths = sorted({built.spec.depth for built in self.zones.values()}, reverse=True)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(Built.make_keys, self.zones.values()))
            for depth in depths:
                level = [built for built in self.zones.values() if built.spec.depth == depth]
                list(pool.map(Built.write, level))
                for built in level:
                    self.tell_parent(built)
        for built in self.zones.values():
            self.bend_parent(built)
        self.write_anchors()

    def tell_parent(self, built):
        parent = self.parent_of(built.spec.name)
        if parent:
            built.delegate_in(parent)

    def bend_parent(self, built):
        if built.spec.bend_parent:
            parent = self.parent_of(built.spec.name)
            built.spec.bend_parent(parent.signed, dns.name.from_text(built.spec.name))
            parent.signed.write(parent.file)

    def write_anchors(self):
        """The root's hints and its DS, in the ways that resolvers want them."""
        self.hints, self.anchor = self.directory / "root.hints", self.directory / "root.ds"
        root = self.zones["."]
        self.hints.write_text(f". 3600000 NS ns.\nns. 3600000 A {root.spec.address}\n")
        self.anchor.write_text("".join(f". 3600 IN DS {ds}\n" for ds in root.ds))

    def configuration(self):
        """What makes cairnd resolve and validate in the tree, without the queries that only warm its cache."""
        anchors = [f". DS {ds}" for ds in self.zones["."].ds]
        return {"recursion": {"root-hints": str(self.hints), "upstream-port": self.port,
                              "allow-upstream": ["127.0.0.0/8"], "priming": False},
                "cache": {"prefetch": False}, "dnssec": {"validation": True, "trust-anchors": anchors}}

    # ---- serving

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.serve(stack)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        return self.stack.__exit__(*error)

    def serve(self, stack):
        lab, running = load_lab(), []
        for name, (software, octet) in SERVERS.items():
            zones = " ".join(zone for zone, built in self.zones.items() if built.spec.server == name)
            server = lab.Server(f"{name} {software} {name}={octet} {zones}", BASE)
            running.append((server, lab.launch(server, self.directory, self.port, True)))
            stack.callback(end, running[-1][1])
        deadline = time.monotonic() + START_SECONDS
        for server, process in running:
            lab.wait_ready(server, process, self.directory, self.port, deadline)
        for name, octet in RELAYS.items():
            stack.enter_context(Relay(str(BASE + octet), self.port, str(BASE + SERVERS[name][1]), self.changes(name)))

    def changes(self, server):
        """What the relay in front of a server does to replies, by zone."""
        found = {}
        for built in self.zones.values():
            name = dns.name.from_text(built.spec.name)
            parent = self.parent_of(built.spec.name)
            if built.spec.change and built.spec.server == server:
                found[name] = functools.partial(built.spec.change, zone=built.signed)
            if built.spec.change_parent and parent.spec.server == server:
                found[name] = functools.partial(built.spec.change_parent, parent=parent.signed, owner=name)
        return found


def end(process):
    process.terminate()
    process.wait()


def load_lab():
    """tools/lab as a module: it knows how to start name servers."""
    loader = importlib.machinery.SourceFileLoader("lab", str(ROOT / "tools" / "lab"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("lab", loader))
    loader.exec_module(module)
    return module
