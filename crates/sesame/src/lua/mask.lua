--[[
  Replaces the data of a job that is over: before, another worker could still run it and needs what is in it.

  KEYS[1] the job's hash
  ARGV[1] the data without its secrets
]]
if redis.call("HEXISTS", KEYS[1], "finishedOn") == 0 then
  return 0
end
redis.call("HSET", KEYS[1], "data", ARGV[1])
return 1
