-- Takes a unit of the stock, if there is one.
if tonumber(redis.call('HGET', KEYS[1], 'stock')) > 0 then
    redis.call('HINCRBY', KEYS[1], 'stock', -1)
    return 1
end
return 0
