"""Buys one unit from a sale of many shards, and prints what became of the order.

    python3 sharded_sale.py redis://127.0.0.1:7000 bottles ann order-1

When it ends without an answer, run it again with the same order: nobody buys twice by that.
Needs redis-py 4.3 or later; in Debian: apt-get install python3-redis
"""

import sys
import time
import zlib

from redis.cluster import RedisCluster
from redis.exceptions import ClusterError, ConnectionError, RedisClusterException, TimeoutError

# Seconds before the second and each further attempt: a failover takes some.
PAUSES = [0.1, 0.2, 0.5, 1, 2, 5, 5, 5]
# What does not say whether the command was executed, or passes by itself.
TEMPORARY = (ClusterError, ConnectionError, RedisClusterException, TimeoutError)


class ShardedSale:
    def __init__(self, client, name):
        directory = client.hgetall(name)
        if directory.get("hash") != "crc32":
            raise LookupError(f"there is no sale {name} whose creation was finished and whose hash is known")
        self.client = client
        self.shards = [directory[str(number)] for number in range(int(directory["shards"]))]

    def home(self, buyer):
        """The key of the shard that has all orders of the buyer."""
        return self.shards[zlib.crc32(buyer.encode()) % len(self.shards)]

    def buy(self, buyer, order, qty=1):
        """The state of the order, or the reason why there is none."""
        return self.send("SECKILL.BUY", self.home(buyer), buyer, order, "QTY", qty)

    def confirm(self, buyer, order):
        """The state of the order then."""
        return self.send("SECKILL.CONFIRM", self.home(buyer), order)

    def send(self, command, key, *arguments):
        """Sends a command until there is an answer: if it was executed before, it is the same."""
        for pause in [*PAUSES, None]:
            try:
                # Without the node, redis-py would ask the server for the keys of each BUY first.
                node = self.client.get_node_from_key(key)
                return self.client.execute_command(command, key, *arguments, target_nodes=node)
            except TEMPORARY:
                if pause is None:
                    raise
                time.sleep(pause)


def main(url, name, buyer, order):
    sale = ShardedSale(RedisCluster.from_url(url, decode_responses=True, socket_timeout=1), name)
    state = sale.buy(buyer, order)
    if state == "HELD":
        # The units are reserved: this is where the buyer pays.
        state = sale.confirm(buyer, order)
    print(state)


if __name__ == "__main__":
    main(*sys.argv[1:])
