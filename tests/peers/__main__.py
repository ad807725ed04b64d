"""Measures how a contended lock changes hands: SECKILL.LOCK with BLOCK beside other locks of Redis.

All clients of a peer are in one process, so that one clock times them, and each has a connection of its own. Each peer
runs once in each round with each number of clients, all on one server. Figures are medians of the rounds.
"""

import argparse
import collections
import json
import os
import platform

import programs
import server
from figures import figures, medians
from report import ABOUT, aims, aims_table, figures_table

CLIENTS = [2, 16, 256]
SECTION_MS = 1
WARM_UP_S = 0.5
# A measurement takes this long, and at least as long as sections for this many turns of each client.
SECONDS, TURNS = 2, 20
# Far above every wait that is measured.
LEASE_MS = PATIENCE_MS = 60_000
# Round trips are measured meanwhile, so rarely that they are not in the way.
PING_PAUSE_MS = 5


class Peer:
    """A way to lock: the commands that it sends, and those that its scripts run."""

    def __init__(self, language, way, sends, scripts=""):
        self.language, self.way = language, way
        self.sends, self.scripts = sends.split(), scripts.split()
        self.is_seckill = way == "seckill"


PEERS = {
    "SECKILL, redis-rs": Peer("rust", "seckill", "seckill.lock seckill.unlock"),
    "SECKILL, redis-py": Peer("python", "seckill", "seckill.lock seckill.unlock"),
    "BLPOP, redis-rs": Peer("rust", "blpop", "blpop lpush"),
    "redis-py Lock": Peer("python", "polling", "set evalsha", "get del"),
    "rslock": Peer("rust", "rslock", "set evalsha", "get del"),
    "node-redlock": Peer("node", "redlock", "evalsha", "exists set get del"),
}


def measure(redis, commands, peer, clients):
    """The figures of one peer in one round."""
    plan = {
        "way": peer.way,
        "socket": redis.socket,
        "key": "lock",
        "clients": clients,
        "warm_up_s": WARM_UP_S,
        "seconds": WARM_UP_S + max(SECONDS, TURNS * clients * SECTION_MS / 1000),
        "section_ms": SECTION_MS,
        "lease_ms": LEASE_MS,
        "patience_ms": PATIENCE_MS,
        "ping_pause_ms": PING_PAUSE_MS,
    }
    redis.clear()
    measured = json.loads(programs.run(*commands[peer.language], json.dumps(plan)))
    return figures(measured, plan, redis.calls(peer.sends), redis.calls(peer.scripts))


def measure_all(redis, commands, peers, count):
    """The figures of each peer with each number of clients, in each round."""
    rounds = collections.defaultdict(list)
    for number in range(count):
        # So that a change of the machine's speed affects all alike.
        order = list(peers) if number % 2 == 0 else list(reversed(peers))
        for clients in CLIENTS:
            for name in order:
                programs.progress(f"round {number + 1} of {count}: {clients} clients, {name}")
                rounds[name, clients].append(measure(redis, commands, peers[name], clients))
    programs.progress("")
    return rounds


def options():
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__.split("\n\n")[0])
    parser.add_argument("seckill", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3, help="how often all is measured")
    parser.add_argument("--only", default="", metavar="TEXT", help="leave out the peers without it in their name")
    parser.add_argument("--json", action="store_true", help="print one JSON object, with the figures of each round")
    return parser.parse_args()


def as_json(about, peers, rounds, results):
    measured = [
        {"peer": name, "clients": clients, "median": results[name, clients], "rounds": figures}
        for (name, clients), figures in rounds.items()
    ]
    verdicts = [
        {"clients": clients, **aim._asdict()} for clients in CLIENTS for aim in aims(peers, clients, results)
    ]
    return json.dumps({"about": about, "figures": measured, "aims": verdicts}, indent=2, ensure_ascii=False)


def main():
    chosen = options()
    peers = {name: peer for name, peer in PEERS.items() if chosen.only in name}
    peers or programs.fail(f"no peer is called so; there are {'; '.join(PEERS)}")
    commands, load = programs.prepare(), os.getloadavg()[0]
    with server.start(chosen.seckill) as redis:
        version = redis.info("server")["redis_version"]
        rounds = measure_all(redis, commands, peers, chosen.rounds)
    results = {key: medians(figures) for key, figures in rounds.items()}
    machine = f"{os.cpu_count()} cores ({platform.machine()}), kernel {platform.release()}"
    about = f"Redis {version} on {machine}; load before: {load:.2f}. Medians of {chosen.rounds} rounds."
    if chosen.json:
        print(as_json(about, peers, rounds, results))
        return
    tables = [figures_table(peers, clients, results) for clients in CLIENTS]
    if any(peer.is_seckill for peer in peers.values()):
        tables.append(aims_table(peers, CLIENTS, results))
    print("\n\n".join("\n".join(lines) for lines in [[about, ABOUT], *tables]))


try:
    main()
except KeyboardInterrupt:
    programs.fail("interrupted")
