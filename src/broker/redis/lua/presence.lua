-- Begins the scripts that change presence. A topic's presence is a hash; a field is a user id ('' is everybody, with
-- or without one), its value `<node>:<connections>,…`.

-- What the value says of all nodes but one, and whether it named that one. No value: ''.
local function without(value, node)
  local padded = ',' .. value
  local from = string.find(padded, ',' .. node .. ':', 1, true)
  if not from then
    return value, false
  end
  local next_entry = string.find(padded, ',', from + 1, true)
  local others = string.sub(padded, 1, from - 1) .. (next_entry and string.sub(padded, next_entry) or '')
  return string.sub(others, 2), true
end
