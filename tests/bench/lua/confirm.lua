-- What SECKILL.CONFIRM does, by hand. Follows held_order.lua.
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], table.concat({'SOLD', qty, at, 0, buyer}, ' '))
redis.call('XADD', KEYS[5], '*', 'event', 'SOLD', 'order', ARGV[1], 'buyer', buyer, 'qty', qty)
return redis.status_reply('SOLD')
