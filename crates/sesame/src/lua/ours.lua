--[[
  Lists the active jobs whose lock is ours.

  KEYS[1] the active list
  ARGV[1] what the keys of jobs begin with
  ARGV[2] our token
]]
local ours = {}
for _, id in ipairs(redis.call("LRANGE", KEYS[1], 0, -1)) do
  if redis.call("GET", ARGV[1] .. id .. ":lock") == ARGV[2] then
    ours[#ours + 1] = id
  end
end
return ours
