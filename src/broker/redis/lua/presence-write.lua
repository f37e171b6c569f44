-- Says how many connections a node has in topics. The counts are absolute: saying them again changes nothing.
-- presence.lua stands before it.
--
-- KEYS presence hashes
-- ARGV[1] node id, ARGV[2] milliseconds until a hash expires that nobody renews
-- then for each key: the channel on which members' coming and going is told ('': it is not), the node's connections,
-- the number of users that follow, and for each of these: user id, connections.
--
-- Answers a flat list of the keys in which the node was not and others were: the number of the key, what its field ''
-- said before.

local node, lease_ms = ARGV[1], ARGV[2]
local met = {}
local at = 3

for number, key in ipairs(KEYS) do
  local channel, users = ARGV[at], tonumber(ARGV[at + 2])
  local fields, counts = { '' }, { ARGV[at + 1] }
  for index = 1, users do
    fields[index + 1] = ARGV[at + 1 + 2 * index]
    counts[index + 1] = ARGV[at + 2 + 2 * index]
  end
  at = at + 3 + 2 * users

  local values = redis.call('HMGET', key, unpack(fields))
  local changed, emptied = { key }, { key }
  local function change(field, value)
    changed[#changed + 1] = field
    changed[#changed + 1] = value
  end
  local function tell(kind, user)
    if channel ~= '' and user ~= '' then
      redis.call('PUBLISH', channel, kind .. user)
    end
  end

  for index, field in ipairs(fields) do
    local before = values[index]
    local others, was_there = without(before or '', node)
    if counts[index] ~= '0' then
      local entry = node .. ':' .. counts[index]
      if not was_there or not string.find(',' .. before .. ',', ',' .. entry .. ',', 1, true) then
        change(field, others == '' and entry or others .. ',' .. entry)
      end
      if not before then
        tell('j', field)
      end
    elseif was_there and others ~= '' then
      change(field, others)
    elseif was_there then
      emptied[#emptied + 1] = field
      tell('l', field)
    end
    if index == 1 and before and not was_there then
      met[#met + 1] = number
      met[#met + 1] = before
    end
  end

  if #changed > 1 then
    redis.call('HSET', unpack(changed))
  end
  if #emptied > 1 then
    redis.call('HDEL', unpack(emptied))
  end
  redis.call('PEXPIRE', key, lease_ms)
end
return met
