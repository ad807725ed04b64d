-- What SECKILL.CANCEL does, by hand.
-- KEYS: sale, orders, buyers, deadlines, events    ARGV: order
local record = redis.call('HGET', KEYS[2], ARGV[1])
if not record then
    return redis.error_reply('NOORDER no such order')
end
local state, qty, at, deadline, buyer = record:match('^(%u+) (%d+) (%d+) (%d+) (.*)$')
if state ~= 'HELD' then
    return redis.status_reply(state)
end
local time = redis.call('TIME')
if time[1] * 1000 + math.floor(time[2] / 1000) >= tonumber(deadline) then
    return redis.status_reply('EXPIRED')
end
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('HINCRBY', KEYS[1], 'stock', qty)
redis.call('HINCRBY', KEYS[3], buyer, -qty)
redis.call('HSET', KEYS[2], ARGV[1], table.concat({'CANCELLED', qty, at, 0, buyer}, ' '))
redis.call('XADD', KEYS[5], '*', 'event', 'CANCELLED', 'order', ARGV[1], 'buyer', buyer, 'qty', qty)
return redis.status_reply('CANCELLED')
