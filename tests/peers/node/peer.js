// The lock of node-redlock: each client has a connection of ioredis, and all share the event loop.
'use strict';

const { setTimeout: sleep } = require('node:timers/promises');
const { Redis } = require('ioredis');
const Redlock = require('redlock');

const now = () => Number(process.hrtime.bigint());

// Times round trips, until the time is up.
async function ping(connection, plan, began, pings) {
  while (now() - began < plan.seconds * 1e9) {
    await sleep(plan.ping_pause_ms);
    const sent = now();
    await connection.ping();
    pings.push(now() - sent);
  }
}

// Takes the lock and gives it, until the time is up.
async function compete(number, redlock, plan, began, grants) {
  let granted = began;
  while (granted - began < plan.seconds * 1e9) {
    const asked = now();
    const lock = await redlock.lock(plan.key, plan.lease_ms);
    granted = now();
    await sleep(plan.section_ms);
    const released = now();
    await lock.unlock();
    grants.push([number, asked - began, granted - began, released - began]);
  }
}

async function main() {
  const plan = JSON.parse(process.argv[2]);
  const connections = Array.from({ length: plan.clients + 1 }, () => new Redis(plan.socket));
  await Promise.all(connections.map((connection) => connection.ping()));
  const [pinging, ...locking] = connections;
  // As it is by default, except that it never gives up.
  const locks = locking.map((connection) => new Redlock([connection], { retryCount: -1 }));
  const [pings, grants] = [[], []];
  const began = now();
  const clients = locks.map((lock, number) => compete(number, lock, plan, began, grants));
  await Promise.all([ping(pinging, plan, began, pings), ...clients]);
  connections.forEach((connection) => connection.disconnect());
  process.stdout.write(JSON.stringify({ pings, grants }));
}

main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
