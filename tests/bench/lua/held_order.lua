-- The beginning of confirm.lua and cancel.lua: finds an order that is held, or replies why there is none.
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
