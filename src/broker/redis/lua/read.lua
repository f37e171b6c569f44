-- Says where a topic stands, with some of its history. position.lua stands before it.
--
-- ARGV[5] channel
-- ARGV[6] "none", "after" or "newest"
-- ARGV[7], ARGV[10] the offset after which to read, and its epoch; of another epoch: from the oldest
-- ARGV[8], ARGV[9] publications and bytes to read: the first entry that reaches one of them is the last
--
-- Answers epoch, top, and for each entry its last offset, number of publications and lines; the newest first
-- if they were asked for.

redis.call('PEXPIRE', KEYS[1], ARGV[4])
if is_new then
  -- Those who follow the topic know of an epoch that is gone.
  redis.call('PUBLISH', ARGV[5], 'e')
end

local reply = { epoch, top }
if ARGV[6] == 'none' then
  return reply
end

local publications, bytes_left = tonumber(ARGV[8]), tonumber(ARGV[9])
local newest = ARGV[6] == 'newest'
local after = epoch == ARGV[10] and tonumber(ARGV[7]) or 0
local from = newest and '+' or string.format('%.0f', after + 1) .. '-0'
while publications > 0 and bytes_left > 0 do
  local entries
  if newest then
    entries = redis.call('XREVRANGE', KEYS[2], from, '-', 'COUNT', 64)
  else
    entries = redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', 64)
  end
  for _, entry in ipairs(entries) do
    if publications <= 0 or bytes_left <= 0 then
      break
    end
    local fields = entry[2]
    reply[#reply + 1] = string.match(entry[1], '^%d+')
    reply[#reply + 1] = fields[2]
    reply[#reply + 1] = fields[8]
    publications = publications - tonumber(fields[2])
    bytes_left = bytes_left - string.len(fields[8])
    from = '(' .. entry[1]
  end
  if #entries < 64 then
    break
  end
end
return reply
