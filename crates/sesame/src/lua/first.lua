--[[
  Puts the waiting jobs of some names before all others. Only those that were added last are looked at.

  KEYS[1] the waiting list; the next job to be taken is its last
  ARGV[1] what the keys of jobs begin with
  ARGV[2] how many jobs are looked at
  ARGV[3…] the names

  Returns how many there were.
]]
local wanted = {}
for i = 3, #ARGV do
  wanted[ARGV[i]] = true
end

local moved = 0
-- From the newest to the oldest: the oldest of them is taken first.
for _, id in ipairs(redis.call("LRANGE", KEYS[1], 0, ARGV[2] - 1)) do
  local name = redis.call("HGET", ARGV[1] .. id, "name")
  if name and wanted[name] then
    redis.call("LREM", KEYS[1], 1, id)
    redis.call("RPUSH", KEYS[1], id)
    moved = moved + 1
  end
end
return moved
