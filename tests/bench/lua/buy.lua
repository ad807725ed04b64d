-- What SECKILL.BUY does, by hand: the same checks in the same order, with the same replies.
-- KEYS: sale, orders, buyers, deadlines, events [, lock]    ARGV: buyer, order, qty [, token [, RELEASE]]
local buyer, order, qty = ARGV[1], ARGV[2], tonumber(ARGV[3])
local locked = not KEYS[6] or redis.call('GET', KEYS[6]) == ARGV[4]

local function decide()
    local record = redis.call('HGET', KEYS[2], order)
    if record then
        local state, units, owner = record:match('^(%u+) (%d+) %d+ %d+ (.*)$')
        if owner ~= buyer or tonumber(units) ~= qty then
            return redis.error_reply('MISMATCH the order exists with other particulars')
        end
        return redis.status_reply(state)
    end
    if not locked then
        return redis.status_reply('LOCKLOST')
    end
    local sale = redis.call('HMGET', KEYS[1], 'stock', 'limit', 'hold', 'opens', 'closes')
    local stock, limit, hold = tonumber(sale[1]), tonumber(sale[2]), tonumber(sale[3])
    local opens, closes = tonumber(sale[4]), tonumber(sale[5])
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    if now < opens then
        return redis.status_reply('UPCOMING')
    end
    if closes > 0 and now >= closes then
        return redis.status_reply('CLOSED')
    end
    if limit > 0 and tonumber(redis.call('HGET', KEYS[3], buyer) or 0) + qty > limit then
        return redis.status_reply('LIMIT')
    end
    if stock < qty then
        return redis.status_reply(stock > 0 and 'SHORT' or 'SOLDOUT')
    end

    local state, deadline = 'SOLD', 0
    if hold > 0 then
        state, deadline = 'HELD', now + hold
        redis.call('ZADD', KEYS[4], deadline, order)
    end
    redis.call('HINCRBY', KEYS[1], 'stock', -qty)
    redis.call('HSET', KEYS[2], order, table.concat({state, qty, now, deadline, buyer}, ' '))
    redis.call('HINCRBY', KEYS[3], buyer, qty)
    redis.call('XADD', KEYS[5], '*', 'event', state, 'order', order, 'buyer', buyer, 'qty', qty)
    return redis.status_reply(state)
end

local reply = decide()
if ARGV[5] and locked then
    redis.call('DEL', KEYS[6])
end
return reply
