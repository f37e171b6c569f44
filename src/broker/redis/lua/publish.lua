-- Gives a batch of publications their offsets, stores it as one entry and passes it on, in one step.
-- position.lua stands before it.
--
-- KEYS[5] kept publications
-- ARGV[5] channel, ARGV[6] now (Unix milliseconds)
-- ARGV[7], ARGV[8], ARGV[9] publications, milliseconds and bytes of history
-- ARGV[10], ARGV[11] milliseconds for which a key is remembered, and keys at most
-- ARGV[12] publications that are kept whatever their age
-- then either "whole", the number of publications, and all lines as one text,
-- or "each" and a pair for each publication: its idempotency key ("": none), its line.
--
-- Answers the epoch, and "whole": the offset of the first; "each": all offsets, those of repeats negative.

local channel, now = ARGV[5], tonumber(ARGV[6])
local size, age_ms, bytes_max = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local first = top + 1
local reply = { epoch }
local payload

local function remember(key, offset)
  redis.call('HSET', KEYS[3], key, offset)
  redis.call('ZADD', KEYS[4], now, key)
end

local function forget_old_keys()
  local key_age_ms, keys_max = tonumber(ARGV[10]), tonumber(ARGV[11])
  local old = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', now - key_age_ms, 'LIMIT', 0, 1000)
  local beyond = redis.call('ZCARD', KEYS[4]) - #old - keys_max
  if beyond > 0 then
    for _, key in ipairs(redis.call('ZRANGE', KEYS[4], #old, #old + math.min(beyond, 1000) - 1)) do
      old[#old + 1] = key
    end
  end
  if #old > 0 then
    redis.call('HDEL', KEYS[3], unpack(old))
    redis.call('ZREM', KEYS[4], unpack(old))
  end
  redis.call('PEXPIRE', KEYS[3], key_age_ms + 60000)
  redis.call('PEXPIRE', KEYS[4], key_age_ms + 60000)
end

local function keep(line, offset)
  if string.sub(line, 1, 1) ~= '-' then
    redis.call('RPUSH', KEYS[5], epoch .. ' ' .. string.format('%.0f', offset) .. ' ' .. line)
  end
end

local function offset_of_key(key)
  local offset = redis.call('HGET', KEYS[3], key)
  if not offset then
    return nil
  end
  local used_at = redis.call('ZSCORE', KEYS[4], key)
  if used_at and tonumber(used_at) > now - tonumber(ARGV[10]) then
    return tonumber(offset)
  end
  return nil
end

if ARGV[13] == 'whole' then
  top = top + tonumber(ARGV[14])
  payload = ARGV[15]
  reply[2] = first
else
  local lines = {}
  local has_keys, keep_count = false, tonumber(ARGV[12])
  for index = 14, #ARGV, 2 do
    local key, line = ARGV[index], ARGV[index + 1]
    local repeated = key ~= '' and offset_of_key(key)
    if repeated then
      reply[#reply + 1] = -repeated
    else
      top = top + 1
      lines[#lines + 1] = line
      reply[#reply + 1] = top
      if key ~= '' then
        has_keys = true
        remember(key, top)
      end
      if keep_count > 0 then
        keep(line, top)
      end
    end
  end
  if has_keys then
    forget_old_keys()
  end
  if keep_count > 0 then
    redis.call('LTRIM', KEYS[5], -keep_count, -1)
  end
  payload = table.concat(lines, '\n')
end

if top < first then
  return reply
end

-- Drops what is beyond the bounds. Not at every publish: each time an eighth of a bound has been added.
local function trim()
  local minimum
  local from = '-'
  repeat
    local entries = redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', 32)
    local all_old = #entries > 0
    for _, entry in ipairs(entries) do
      local last = tonumber(string.match(entry[1], '^%d+'))
      local fields = entry[2]
      local is_old = last <= top - size or tonumber(fields[4]) <= now - age_ms
      if is_old or bytes - tonumber(fields[6]) > bytes_max then
        minimum = last + 1
        from = '(' .. entry[1]
      else
        all_old = false
        break
      end
    end
  until not all_old
  if minimum then
    redis.call('XTRIM', KEYS[2], 'MINID', string.format('%.0f', minimum))
  end
  redis.call('HSET', KEYS[1], 'trim_at', top + math.ceil(size / 8), 'trim_bytes', bytes + bytes_max / 8)
end

if size > 0 then
  local bytes_before = bytes
  bytes = bytes + string.len(payload) + 64
  local id = string.format('%.0f', top) .. '-0'
  redis.call('XADD', KEYS[2], id, 'n', top - first + 1, 't', now, 'b', bytes_before, 'p', payload)
end
redis.call('HSET', KEYS[1], 'top', top, 'bytes', bytes)

local ttl_ms = tonumber(ARGV[4])
if is_new or now - (tonumber(state[5]) or 0) > ttl_ms / 4 then
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  redis.call('HSET', KEYS[1], 'renewed', now)
  if size > 0 then
    redis.call('PEXPIRE', KEYS[2], math.ceil(age_ms + ttl_ms / 2))
  end
end
if size > 0 and (top >= (tonumber(state[6]) or size) or bytes >= (tonumber(state[7]) or bytes_max)) then
  trim()
end

redis.call('PUBLISH', channel, 'p' .. epoch .. ' ' .. string.format('%.0f', first) .. ' ' .. (top - first + 1) .. '\n' .. payload)
return reply
