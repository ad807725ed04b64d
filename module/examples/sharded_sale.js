// Buys one unit from a sale of many shards, and prints what became of the order.
//
//     node sharded_sale.js redis://127.0.0.1:7000 bottles ann order-1
//
// When it ends without an answer, run it again with the same order: nobody buys twice by that.
// Needs node-redis 4.5 or later; in Debian: apt-get install node-redis
'use strict';

const { setTimeout: sleep } = require('node:timers/promises');
const { ErrorReply, createCluster } = require('redis');

// How long an answer may take, in ms.
const PATIENCE = 1000;
// The same for the first connections: a node that is dead may still be listed.
const CONNECT_PATIENCE = 10000;
// Ms before the second and each further attempt: a failover takes some seconds.
const PAUSES = [100, 200, 500, 1000, 2000, 5000, 5000, 5000];

class ShardedSale {
  static async open(client, name) {
    const directory = await persist(() => client.hGetAll(name));
    if (directory.hash !== 'crc32') {
      throw new Error(`there is no sale ${name} whose creation was finished and whose hash is known`);
    }
    return new ShardedSale(client, directory);
  }

  constructor(client, directory) {
    this.client = client;
    this.shards = Array.from({ length: Number(directory.shards) }, (_, number) => directory[number]);
  }

  // The key of the shard that has all orders of the buyer.
  home(buyer) {
    return this.shards[crc32(Buffer.from(buyer)) % this.shards.length];
  }

  // The state of the order, or the reason why there is none.
  buy(buyer, order, qty = 1) {
    return this.send('SECKILL.BUY', this.home(buyer), buyer, order, 'QTY', String(qty));
  }

  // The state of the order then.
  confirm(buyer, order) {
    return this.send('SECKILL.CONFIRM', this.home(buyer), order);
  }

  // Sends a command until there is an answer: if it was executed before, it is the same.
  send(command, key, ...args) {
    return persist(() => this.client.sendCommand(key, false, [command, key, ...args]));
  }
}

async function persist(ask) {
  for (const pause of [...PAUSES, null]) {
    try {
      return await inTime(ask());
    } catch (error) {
      if (pause === null || !isTemporary(error)) throw error;
      await sleep(pause);
    }
  }
}

// Whether an error passes by itself. One that is not the server's does not say whether the command was executed.
function isTemporary(error) {
  return !(error instanceof ErrorReply) || /^(CLUSTERDOWN|LOADING|MASTERDOWN|READONLY|TRYAGAIN)/.test(error.message);
}

async function inTime(answer, patience = PATIENCE) {
  const timer = new AbortController();
  const late = sleep(patience, null, timer).then(() => {
    throw new Error('no answer in time');
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    timer.abort();
  }
}

// That of zlib. Node.js has it only since 20.15 and 22.2.
function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

async function main(url, name, buyer, order) {
  const client = createCluster({ rootNodes: [{ url }] });
  // It connects again by itself. Without a listener the first error would end the program.
  client.on('error', () => {});
  await inTime(client.connect(), CONNECT_PATIENCE);
  const sale = await ShardedSale.open(client, name);
  let state = await sale.buy(buyer, order);
  if (state === 'HELD') {
    // The units are reserved: this is where the buyer pays.
    state = await sale.confirm(buyer, order);
  }
  console.log(state);
  await client.disconnect();
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(String(error));
  process.exit(1);
});
