-- The arithmetic of gcra.rs, on a bucket that several processes share, in one step that nobody can come between.
--
-- KEYS[1] is the bucket. ARGV: the burst, the interval in microseconds and, in tests alone, the time.
-- Answers in how many microseconds the next one may; when this one may, how many of the span are taken then, as a negative
-- number.
--
-- The time is the server's own, so that processes whose clocks differ still count alike. Microseconds since 1970 are
-- whole numbers below 2^53, which Lua's numbers hold exactly; as texts they need all of their digits.
local burst, interval = tonumber(ARGV[1]), tonumber(ARGV[2])
local now = tonumber(ARGV[3])
if not now then
  local time = redis.call('time')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local function keep(arrival)
  -- From then on it is as good as unused, so it may go by itself.
  redis.call('set', KEYS[1], string.format('%.0f', arrival), 'px', math.ceil((arrival - now) / 1000))
end

local span = burst * interval
-- Whatever else lies there is not ours, and as good as nothing.
local kept = tonumber(redis.call('get', KEYS[1]) or now) or now
local arrival = math.min(math.max(kept, now), now + span)
local wait = arrival + interval - now - span
if wait > 0 then
  -- Nothing to write, unless the clock was set back: then waiting has to begin to help.
  if arrival < kept then
    keep(arrival)
  end
  return wait
end
keep(arrival + interval)
return now - arrival - interval
