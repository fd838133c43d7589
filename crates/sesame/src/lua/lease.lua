--[[
  Serves a queue, or says who does.

  KEYS[1] who serves
  ARGV[1] we
  ARGV[2] milliseconds until nobody does any more
  ARGV[3] we, as earlier versions wrote it
]]
local owner = redis.call("GET", KEYS[1])
if not owner or owner == ARGV[3] then
  redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
  return ARGV[1]
end
if owner == ARGV[1] then
  redis.call("PEXPIRE", KEYS[1], ARGV[2])
end
return owner
