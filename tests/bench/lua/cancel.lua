-- What SECKILL.CANCEL does, by hand. Follows held_order.lua.
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('HINCRBY', KEYS[1], 'stock', qty)
redis.call('HINCRBY', KEYS[3], buyer, -qty)
redis.call('HSET', KEYS[2], ARGV[1], table.concat({'CANCELLED', qty, at, 0, buyer}, ' '))
redis.call('XADD', KEYS[5], '*', 'event', 'CANCELLED', 'order', ARGV[1], 'buyer', buyer, 'qty', qty)
return redis.status_reply('CANCELLED')
