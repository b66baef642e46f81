-- wrk script: COUNT distinct session cookies, picked at random ("random") or each once ("each").
local requests, count, each, next_index = {}, 100000, false, -1

function init(args)
  count = tonumber(args[1])
  each = args[2] == "each"
  for i = 0, count - 1 do
    requests[i] = wrk.format("GET", "/api/items/" .. (i % 100), {
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
