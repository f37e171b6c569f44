-- Keeps presence hashes from expiring, and looks whether they are as they should be.
--
-- KEYS presence hashes
-- ARGV[1] node id, ARGV[2] milliseconds until a hash expires that nobody renews
-- ARGV[3] ids of the nodes that are there, with a comma behind each
-- then for each key: the connections that the node has said to have there ('': not to be compared).
--
-- Answers the numbers of the keys that do not say so, and a flat list of nodes that should not be there: the number
-- of the key, the node's id.

local node, lease_ms = ARGV[1], ARGV[2]
local is_live = {}
for live in string.gmatch(ARGV[3], '[^,]+') do
  is_live[live] = true
end

local wrong, strangers = {}, {}
for number, key in ipairs(KEYS) do
  local value, connections = redis.call('HGET', key, '') or '', ARGV[number + 3]
  local entry = ',' .. node .. ':' .. connections .. ','
  if connections ~= '' and not string.find(',' .. value .. ',', entry, 1, true) then
    wrong[#wrong + 1] = number
  end
  for other in string.gmatch(value, '([^,:]+):') do
    if not is_live[other] then
      strangers[#strangers + 1] = number
      strangers[#strangers + 1] = other
    end
  end
  redis.call('PEXPIRE', key, lease_ms)
end
return { wrong, strangers }
