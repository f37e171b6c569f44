-- Forgets a topic; it goes on in a new epoch.
--
-- KEYS position hash, stream, idempotency keys, their ages, kept publications; ARGV[1] channel
-- Answers how many of them there were.

local count = redis.call('DEL', unpack(KEYS))
if count > 0 then
  redis.call('PUBLISH', ARGV[1], 'e')
end
return count
