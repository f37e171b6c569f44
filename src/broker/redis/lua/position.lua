-- Begins every script that needs to know where a topic stands. `generation` stands before it.
--
-- KEYS[1] position hash, KEYS[2] stream, KEYS[3] idempotency keys, KEYS[4] their ages
-- ARGV[1] epoch to begin where none is valid
-- ARGV[2], ARGV[3] epoch and top that the caller knows of ("", 0: none)
-- ARGV[4] milliseconds after which an unused topic is forgotten

local state = redis.call('HMGET', KEYS[1], 'epoch', 'top', 'generation', 'bytes', 'renewed', 'trim_at', 'trim_bytes')
local epoch, top, bytes = state[1], tonumber(state[2]) or 0, tonumber(state[4]) or 0
local is_new = false

-- A Redis that was restarted, or has gone back in time, may have lost writes: it would hand out positions twice.
if not epoch or state[3] ~= generation or (epoch == ARGV[2] and top < tonumber(ARGV[3])) then
  is_new = true
  epoch, top, bytes = ARGV[1], 0, 0
  state = {}
  redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'top', 0, 'generation', generation)
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
