--[[
  Takes the waiting jobs of some names before all others. Only those are looked at that were added since the last look.

  It stands behind a function `take`, which takes the last job of the waiting list (`script.rs`).

  KEYS[1…11], ARGV[1…3] as `take` wants them
  ARGV[4] how many jobs are looked at
  ARGV[5] so many of the newest were looked at by the call before
  ARGV[6] the newest of the last look, or ""
  ARGV[7…] the names

  Returns the newest of this look that still waits, or ""; 1 when there is no more to look at; the jobs.
]]
local wanted = {}
for i = 7, #ARGV do
  wanted[ARGV[i]] = true
end

local skipped, many = tonumber(ARGV[5]), tonumber(ARGV[4])
local ids = redis.call("LRANGE", KEYS[1], skipped, skipped + many - 1)
local found, newest, done = {}, "", #ids < many and 1 or 0
for _, id in ipairs(ids) do
  if id == ARGV[6] then
    done = 1
    if newest == "" then
      newest = id
    end
    break
  end
  local name = redis.call("HGET", ARGV[1] .. id, "name")
  if name and wanted[name] then
    found[#found + 1] = id
  elseif newest == "" then
    newest = id
  end
end

local taken = {}
-- The list begins with the newest: the oldest is taken first.
for i = #found, 1, -1 do
  redis.call("LREM", KEYS[1], 1, found[i])
  redis.call("RPUSH", KEYS[1], found[i])
  local job = take(KEYS, ARGV)
  if job[2] ~= found[i] then
    -- The queue is paused, or limited. It is the next one when that is over.
    break
  end
  taken[#taken + 1] = job
end
return { newest, done, taken }
