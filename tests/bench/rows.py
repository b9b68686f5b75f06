# SPDX-License-Identifier: MIT
"""What is measured: the rows of the table, and what each aims at."""

from dataclasses import dataclass, field

FLOOR = "floor"
BARE = "bare-upgrade"
FULCRA = "fulcra"


@dataclass
class Row:
    name: str
    title: str
    load: list  # options and mode of tests/bench/load
    brief: list  # options that come last where it only has to run
    paths: dict  # options that say where, for each server
    beside: str = FLOOR
    loops: int = 1
    value: str = "server_us_per"  # of the figures that load prints
    unit: str = "µs"
    needs: str = None  # a module without which there is nothing to measure
    serial: bool = False
    ratio: float = None  # at most so many times the other
    more: float = None  # at most so much more than the other
    most: float = None  # at most this, in its unit
    group: str = field(default="")

    def __post_init__(self):
        self.group = self.name.split("-")[0]

    def aim(self):
        if self.ratio is not None:
            return f"at most {self.ratio:.2f} times"
        if self.more is not None:
            return f"at most {self.more:g} {self.unit} more"
        if self.most is not None:
            return f"at most {self.most:g} {self.unit}"
        return ""

    def is_met(self, best, beside):
        if self.ratio is not None:
            return best <= self.ratio * beside
        if self.more is not None:
            return best <= self.more + beside
        return self.most is None or best <= self.most


def echo(name, title, *load, serial=False, **aim):
    path = "/serial/echo" if serial else "/demo/echo"
    return Row(name, title, ["-c", "100", *load, "echo"], ["-c", "8"],
               {FLOOR: ["-u", "/echo"], FULCRA: ["-u", path]},
               serial=serial, **aim)


def fanout(name, title, *load, **aim):
    return Row(name, title, ["-s", "128", *load, "fanout"], ["-c", "40"],
               {FLOOR: ["-u", "/sub", "-U", "/pub"],
                FULCRA: ["-u", "/topic/bench", "-U", "/topic/bench"]},
               needs="topics", **aim)


def idle(name, title, *load, own):
    return Row(name, title, ["-c", "10000", *load, "idle"], ["-c", "100"],
               {FLOOR: ["-u", "/echo"], FULCRA: ["-u", "/demo/echo"]},
               value="rss_per_conn", unit="B", most=512 + own)


# A socket may keep what is its own besides: of a browser that load plays, this.
COOKIE = len("cookie") + len("session=0123456789abcdef0123456789abcdef; "
                             "_ga=GA1.1.1234567890.170000")

ROWS = [
    echo("echo-64", "echo, 64 B, 1 outstanding", "-s", "64", "-d", "1", ratio=1.10),
    echo("echo-1k", "echo, 1 KiB, 1 outstanding", "-s", "1024", "-d", "1", ratio=1.20),
    echo("echo-16", "echo, 64 B, 16 outstanding", "-s", "64", "-d", "16", more=0.5),
    echo("serial-1", "echo by a serial endpoint, 1 outstanding",
         "-s", "64", "-d", "1", serial=True, more=7),
    echo("serial-16", "echo by a serial endpoint, 16 outstanding",
         "-s", "64", "-d", "16", serial=True, more=1),
    fanout("fanout-1000", "to 1,000 sockets, one message at a time",
           "-c", "1000", "-W", "1", ratio=1.10),
    fanout("fanout-10000", "to 10,000 sockets, one message at a time",
           "-c", "10000", "-W", "1", ratio=1.10),
    fanout("fanout-16", "to 1,000 sockets, 16 messages in flight",
           "-c", "1000", "-W", "16", ratio=1.50),
    fanout("publish-http", "to 1,000 sockets, published by POST",
           "-c", "1000", "-W", "1", "-H", ratio=1.10),
    idle("idle-short", "memory of a socket, short handshake", own=0),
    idle("idle-browser", "memory of a socket, a browser's handshake", "-B",
         own=COOKIE),
    Row("churn", "connect, upgrade, NEW, DELETE, close", ["-c", "32", "churn"],
        ["-c", "4"], {BARE: [], FULCRA: ["-u", "/demo/echo"]}, beside=BARE,
        ratio=1.25),
    echo("loops-echo", "echo, 64 B, 16 outstanding, two loops",
         "-s", "64", "-d", "16", loops=2),
    fanout("loops-fanout", "to 1,000 sockets on two loops, one at a time",
           "-c", "1000", "-W", "1", loops=2),
]

# Cases of tests/bench/kernel: title, ns at most, bytes at most.
KERNEL = {
    "request": ("a root request made, not issued", None, None),
    "resolve": ("resolution: 4 spaces of 20 endpoints, the last", None, None),
    "dispatch": ("resolution and dispatch, not cached, by a module", 1e9 / 1.5e6, None),
    "dispatch-root": ("the same, a root request", None, None),
    "dispatch-sink": ("the same, SINK", None, None),
    "hit": ("SOURCE in the cache, by a module", 1e9 / 5e6, None),
    "hit-root": ("the same, a root request", None, None),
    "miss": ("SOURCE evaluated and turned away: the cache is full", None, None),
    "miss-twice": ("the same asked twice: then kept, and another evicted", None, None),
    "chain-warm": ("a chain of three, in the cache", None, None),
    "chain-cold": ("a chain of three, cut before", None, None),
    "match-simple": ("a grammar with one slot", None, None),
    "match-active": ("a grammar with two arguments", None, None),
    "match-pattern": ("a grammar with a regular expression", None, None),
    "build": ("an identifier built from two slots", None, None),
    "fulcrum": ("a fulcrum spawned and released", 500, 300),
}

GROUPS = [*dict.fromkeys(row.group for row in ROWS), "kernel"]
