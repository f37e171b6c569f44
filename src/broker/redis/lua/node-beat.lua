-- Says that a node is there, and answers which others are.
--
-- KEYS[1] directory: a hash of `<when it was last there, Unix milliseconds> <facts>` by node id; its field ''
--   names the directory: another name means that what was in Redis is gone
-- ARGV[1] node id, ARGV[2] facts, a JSON text
-- ARGV[3] a name, should the directory be new
-- ARGV[4] milliseconds after which the directory expires when no node is there
-- ARGV[5] milliseconds of silence after which a node may be removed
-- then pairs for each node that the caller takes for lost: its id, when it was last there.
--
-- Answers the directory's name, whether the node was in it, and a flat list of the others and what they said.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

redis.call('HSETNX', KEYS[1], '', ARGV[3])
local was_known = redis.call('HEXISTS', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now) .. ' ' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])

for index = 6, #ARGV, 2 do
  local said = redis.call('HGET', KEYS[1], ARGV[index]) or ''
  local last = string.match(said, '^%d+')
  -- It may have come back since the caller looked; and the clock may have been set back.
  if last == ARGV[index + 1] and math.abs(now - tonumber(last)) >= tonumber(ARGV[5]) then
    redis.call('HDEL', KEYS[1], ARGV[index])
  end
end

local entries = redis.call('HGETALL', KEYS[1])
local name
local others = {}
for index = 1, #entries, 2 do
  local id, said = entries[index], entries[index + 1]
  if id == '' then
    name = said
  elseif not string.find(said, '^%d+ ') or not string.find(id, '^[%w_-]+$') or #id ~= 12 then
    redis.call('HDEL', KEYS[1], id)
  elseif id ~= ARGV[1] then
    others[#others + 1] = id
    others[#others + 1] = said
  end
end
return { name, was_known, others }
