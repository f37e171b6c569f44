-- Takes a lost node out of presence hashes, a part at a time. presence.lua stands before it.
--
-- KEYS presence hashes
-- ARGV[1] id of the lost node, ARGV[2] about how many fields to look at in all
-- then for each key: the channel on which members' going is told ('': it is not), where to go on ('0': at the
-- beginning).
--
-- Answers for each key where to go on; '': it is done.

local node, fields_max = ARGV[1], tonumber(ARGV[2])
local looked_at = 0

local function take_out(key, channel, field, value)
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

local function take_out_of(key, channel, cursor)
  local reply = redis.call('HSCAN', key, cursor, 'COUNT', fields_max)
  local fields = reply[2]
  looked_at = looked_at + #fields / 2
  for index = 1, #fields, 2 do
    if fields[index] ~= '' then
      take_out(key, channel, fields[index], fields[index + 1])
    end
  end
  if reply[1] ~= '0' then
    return reply[1]
  end
  -- It leaves the sum last: as long as it is there, others see that there is work left.
  take_out(key, channel, '', redis.call('HGET', key, '') or '')
  return ''
end

local cursors = {}
for number, key in ipairs(KEYS) do
  local channel, cursor = ARGV[1 + 2 * number], ARGV[2 + 2 * number]
  cursors[number] = looked_at < fields_max and take_out_of(key, channel, cursor) or cursor
end
return cursors
