--[[
  Keeps jobs ours.

  A lock that is ours is prolonged. Where it ran out and the job is still active, it is set anew (when asked to):
  nobody else has taken the job, or its lock would be there.

  KEYS[1] the active list
  KEYS[2] the set of jobs that may be stalled
  ARGV[1] what the keys of jobs begin with
  ARGV[2] our token
  ARGV[3] milliseconds until a lock runs out
  ARGV[4] "1" to set anew what ran out
  ARGV[5…] ids of jobs

  Returns a word for each job:
    kept      the lock was ours
    retaken   it had run out and is ours again
    free      it had run out
    other     it is somebody else's
    waiting   the job went back to the queue
    finished  the job is over
    gone      there is no such job
]]
local active
local function is_active(id)
  if not active then
    active = {}
    for _, other in ipairs(redis.call("LRANGE", KEYS[1], 0, -1)) do
      active[other] = true
    end
  end
  return active[id]
end

local function hold(id)
  local job = ARGV[1] .. id
  local lock = job .. ":lock"
  local owner = redis.call("GET", lock)
  if owner == ARGV[2] then
    -- Not SET: this one is allowed also when memory has run out.
    redis.call("PEXPIRE", lock, ARGV[3])
    redis.call("SREM", KEYS[2], id)
    return "kept"
  elseif owner then
    return "other"
  elseif redis.call("EXISTS", job) == 0 then
    return "gone"
  elseif is_active(id) then
    if ARGV[4] ~= "1" then
      return "free"
    end
    redis.call("SET", lock, ARGV[2], "PX", ARGV[3])
    redis.call("SREM", KEYS[2], id)
    return "retaken"
  elseif redis.call("HEXISTS", job, "finishedOn") == 1 then
    return "finished"
  end
  return "waiting"
end

local words = {}
for i = 5, #ARGV do
  words[i - 4] = hold(ARGV[i])
end
return words
