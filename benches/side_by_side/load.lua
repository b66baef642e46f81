-- wrk script: COUNT distinct session cookies, picked at random ("random") or each once, after which
-- it ends ("each"); asked of a gateway ("proxy") or of a decision service ("check") at a target.
local requests, count = {}, 100000

function init(args)
  count = tonumber(args[1])
  local check = args[3] == "check"
  for i = 0, count - 1 do
    local target = "/api/items/" .. (i % 100)
    requests[i] = wrk.format("GET", check and args[4] or target, {
      ["X-Forwarded-Method"] = check and "GET" or nil,
      ["X-Forwarded-Proto"] = check and "https" or nil,
      ["X-Forwarded-Host"] = check and "app.example.test" or nil,
      ["X-Forwarded-Uri"] = check and target or nil,
      ["X-Forwarded-For"] = check and "192.0.2.7" or nil,
      ["Host"] = "app.example.test",
      ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
      ["Accept"] = "application/json",
      ["Accept-Language"] = "en-US,en;q=0.5",
      ["Accept-Encoding"] = "gzip, deflate, br",
      ["Cookie"] = "theme=dark; ory_kratos_session=" .. string.format("s%031d", i * 7919),
    })
  end
  if args[2] == "each" then each_once() end
end

-- 64 questions are under way at any time: when 64 more than all are answered, all are.
function each_once()
  local answered, next_index = 0, -1
  function request()
    next_index = (next_index + 1) % count
    return requests[next_index]
  end
  function response()
    answered = answered + 1
    if answered == count + 64 then os.exit(0) end
  end
end

function request()
  return requests[math.random(0, count - 1)]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT requests=%d micros=%d p50=%d p99=%d errors=%d\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
