"""Locks taken from Python: each client is a thread with a connection of redis-py."""

import functools
import json
import os
import sys
import threading
import time

import redis
from redis.lock import Lock


class Polling:
    """The lock of redis-py, as it is by default except that it has a lease."""

    def __init__(self, connection, plan, _):
        self.lock = Lock(connection, plan["key"], timeout=plan["lease_ms"] / 1000)

    def take(self):
        self.lock.acquire()

    def give(self):
        self.lock.release()


class Seckill:
    """SECKILL.LOCK with BLOCK."""

    def __init__(self, connection, plan, number):
        self.connection = connection
        self.unlock = ["SECKILL.UNLOCK", plan["key"], f"client-{number}"]
        self.lock = ["SECKILL.LOCK", *self.unlock[1:], plan["lease_ms"], "BLOCK", plan["patience_ms"]]

    def take(self):
        if self.connection.execute_command(*self.lock) is None:
            raise TimeoutError("the lock was not granted")

    def give(self):
        if self.connection.execute_command(*self.unlock) != 1:
            raise RuntimeError("the lock was lost")


WAYS = {"polling": Polling, "seckill": Seckill}


def ping(connection, plan, began, pings):
    """Times round trips, until the time is up."""
    while time.monotonic_ns() - began < plan["seconds"] * 1e9:
        time.sleep(plan["ping_pause_ms"] / 1000)
        sent = time.monotonic_ns()
        connection.ping()
        pings.append(time.monotonic_ns() - sent)


def compete(number, lock, plan, began, grants):
    """Takes the lock and gives it, until the time is up."""
    try:
        granted = began
        while granted - began < plan["seconds"] * 1e9:
            asked = time.monotonic_ns()
            lock.take()
            granted = time.monotonic_ns()
            time.sleep(plan["section_ms"] / 1000)
            released = time.monotonic_ns()
            lock.give()
            grants.append([number, asked - began, granted - began, released - began])
    except Exception as error:
        # Without this client the others could wait forever.
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)


def main():
    plan = json.loads(sys.argv[1])
    connect = functools.partial(redis.Redis, unix_socket_path=plan["socket"], single_connection_client=True)
    locks = [WAYS[plan["way"]](connect(), plan, number) for number in range(plan["clients"])]
    pinging, pings, grants = connect(), [], []
    began = time.monotonic_ns()
    threads = [threading.Thread(target=ping, args=(pinging, plan, began, pings))]
    for number, lock in enumerate(locks):
        threads.append(threading.Thread(target=compete, args=(number, lock, plan, began, grants)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump({"pings": pings, "grants": grants}, sys.stdout)


main()
