-- What SECKILL.BUYALL does without LOCK, by hand: the checks of buy.lua in every sale, and then all orders or none.
-- KEYS: of each sale: sale, orders, buyers, deadlines, events    ARGV: buyer, order, qty of each sale …
local buyer, order, sales = ARGV[1], ARGV[2], #KEYS / 5
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- The state of the order, or nil and why there is none, or nil and nil and its hold if it would be accepted.
local function check(sale, orders, buyers, qty)
    local record = redis.call('HGET', orders, order)
    if record then
        local state, units, owner = record:match('^(%u+) (%d+) %d+ %d+ (.*)$')
        if owner ~= buyer or tonumber(units) ~= qty then
            state = 'MISMATCH'
        end
        return state
    end
    local rules = redis.call('HMGET', sale, 'stock', 'limit', 'hold', 'opens', 'closes')
    local stock, limit = tonumber(rules[1]), tonumber(rules[2])
    local opens, closes = tonumber(rules[4]), tonumber(rules[5])
    if now < opens then
        return nil, 'UPCOMING'
    end
    if closes > 0 and now >= closes then
        return nil, 'CLOSED'
    end
    if limit > 0 and tonumber(redis.call('HGET', buyers, buyer) or 0) + qty > limit then
        return nil, 'LIMIT'
    end
    if stock < qty then
        return nil, stock > 0 and 'SHORT' or 'SOLDOUT'
    end
    return nil, nil, tonumber(rules[3])
end

local replies, holds, known, refused = {}, {}, 0, false
for i = 1, sales do
    local key = 5 * i - 4
    local state, refusal, hold = check(KEYS[key], KEYS[key + 1], KEYS[key + 2], tonumber(ARGV[2 + i]))
    if state == 'MISMATCH' then
        return redis.error_reply('MISMATCH the order exists with other particulars')
    end
    if state then
        known = known + 1
    end
    if refusal then
        refused = true
    end
    replies[i] = redis.status_reply(state or refusal or 'FREE')
    holds[i] = hold
end
if known > 0 and known < sales then
    return redis.error_reply('MISMATCH the order exists in some of the sales only')
end
if known > 0 or refused then
    return replies
end

for i = 1, sales do
    local sale, orders, buyers, deadlines, events = unpack(KEYS, 5 * i - 4, 5 * i)
    local qty, state, deadline = ARGV[2 + i], 'SOLD', 0
    if holds[i] > 0 then
        state, deadline = 'HELD', now + holds[i]
        redis.call('ZADD', deadlines, deadline, order)
    end
    redis.call('HINCRBY', sale, 'stock', -qty)
    redis.call('HSET', orders, order, table.concat({state, qty, now, deadline, buyer}, ' '))
    redis.call('HINCRBY', buyers, buyer, qty)
    redis.call('XADD', events, '*', 'event', state, 'order', order, 'buyer', buyer, 'qty', qty)
    replies[i] = redis.status_reply(state)
end
return replies
