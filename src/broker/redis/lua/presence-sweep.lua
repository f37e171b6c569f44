-- Takes a lost node out of a part of a presence hash. presence.lua stands before it.
--
-- KEYS[1] presence hash
-- ARGV[1] id of the lost node
-- ARGV[2] the channel on which members' going is told ('': it is not)
-- ARGV[3] where to go on ('0': at the beginning), ARGV[4] about how many fields to look at
--
-- Answers where to go on; '0': it is done.

local key, node, channel = KEYS[1], ARGV[1], ARGV[2]

local function take_out(field, value)
  local others, was_there = without(value, node)
  if not was_there then
    return
  end
  if others ~= '' then
    redis.call('HSET', key, field, others)
    return
  end
  redis.call('HDEL', key, field)
  if channel ~= '' and field ~= '' then
    redis.call('PUBLISH', channel, 'l' .. field)
  end
end

local reply = redis.call('HSCAN', key, ARGV[3], 'COUNT', ARGV[4])
local cursor, fields = reply[1], reply[2]
for index = 1, #fields, 2 do
  if fields[index] ~= '' then
    take_out(fields[index], fields[index + 1])
  end
end

-- It leaves the sum last: as long as it is there, others see that there is work left.
if cursor == '0' then
  take_out('', redis.call('HGET', key, '') or '')
end
return cursor
