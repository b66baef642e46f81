-- wrk script: COUNT distinct session cookies, picked at random ("random") or each once ("each");
-- asked of a gateway ("proxy") or of a decision listener ("check").
local requests, count, each, next_index = {}, 100000, false, -1

function init(args)
  count = tonumber(args[1])
  each = args[2] == "each"
  local check = args[3] == "check"
  for i = 0, count - 1 do
    local target = "/api/items/" .. (i % 100)
    requests[i] = wrk.format("GET", check and "/check" or target, {
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
end

function request()
  if each then
    next_index = (next_index + 1) % count
    return requests[next_index]
  end
  return requests[math.random(0, count - 1)]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT requests=%d micros=%d p50=%d p99=%d errors=%d\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
