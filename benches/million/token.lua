-- whoami with another session token each time.
local requests, at = {}, 0
function init(args)
  for line in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", "/sessions/whoami", { ["X-Session-Token"] = line })
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
