-- Says where topics stand, and keeps them from being forgotten. `generation` stands before it.
--
-- KEYS position hashes; ARGV[1] milliseconds after which an unused topic is forgotten
-- Answers epoch and top of each; an empty epoch where there is none that is valid.

local reply = {}
for index, key in ipairs(KEYS) do
  local state = redis.call('HMGET', key, 'epoch', 'top', 'generation')
  local is_valid = state[1] and state[3] == generation
  reply[2 * index - 1] = is_valid and state[1] or ''
  reply[2 * index] = is_valid and tonumber(state[2]) or 0
  if is_valid then
    redis.call('PEXPIRE', key, ARGV[1])
  end
end
return reply
