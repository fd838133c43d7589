--[[
  Serves a queue, or says who does.

  KEYS[1] who serves
  ARGV[1] we
  ARGV[2] milliseconds until nobody does any more
  ARGV[3] what those begin with who were in our place before us: they are over
  ARGV[4…] we, as earlier versions wrote it
]]
local owner = redis.call("GET", KEYS[1])
if owner == ARGV[1] then
  redis.call("PEXPIRE", KEYS[1], ARGV[2])
  return owner
end

local free = not owner or string.sub(owner, 1, #ARGV[3]) == ARGV[3]
for i = 4, #ARGV do
  free = free or owner == ARGV[i]
end
if free then
  redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
  return ARGV[1]
end
return owner
