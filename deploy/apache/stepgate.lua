-- Asks Stepgate whether a request may pass: forward-auth for Apache 2.4 with mod_lua and LuaSocket.
-- stepgate.conf says where it is called. A request passes only after an answer of 2xx that came
-- back whole; every other answer goes to the client as it is, and where there is none it gets 503.

local socket = require "socket"

-- Stepgate's decision listener, and how long it may take to connect and to answer, in seconds.
local DECISION = "127.0.0.1:4456"
local PATIENCE_S = 10
-- Paths that are Stepgate's own, and all below them; stepgate.conf sends them to its proxy listener.
local OWN = { "/auth", "/.well-known/stepgate" }
-- Bounds for what an answer may be, in bytes and lines.
local MAX_BODY, MAX_LINES = 1048576, 100

local function set(...)
  local names = {}
  for _, name in ipairs({ ... }) do
    names[name] = true
  end
  return names
end

-- Of the connection between client and Apache, or of a body: Stepgate gets none.
local NOT_ASKED = set(
  "connection", "content-length", "expect", "host", "http2-settings", "keep-alive",
  "proxy-connection", "te", "trailer", "transfer-encoding"
)

-- Where a request came from is for Apache to say, not for clients. So is what begins with
-- `x-forwarded-` or `x-original-`.
local HEARSAY = set(
  "cf-connecting-ip", "fastly-client-ip", "forwarded", "true-client-ip", "x-client-ip",
  "x-cluster-client-ip", "x-forwarded", "x-real-ip", "x-request-id"
)

-- What carries the request to the application; nobody's list of headers to remove reaches it.
local CARRIES = set(
  "connection", "content-length", "content-type", "host", "te", "trailer", "transfer-encoding",
  "upgrade"
)

-- Headers of a 200 that speak of the answer itself. All others are for the application.
local OF_THE_ANSWER = set(
  "cache-control", "connection", "content-length", "content-type", "date", "keep-alive", "server",
  "set-cookie", "transfer-encoding", "vary", "x-stepgate-remove"
)

-- Headers of a refusal that Apache writes by itself or that go another way.
local NOT_HANDED_ON = set(
  "connection", "content-length", "content-type", "date", "keep-alive", "server", "set-cookie",
  "transfer-encoding"
)

-- One connection for each of Apache's threads (LuaScope thread), used again and again.
local kept

local function connect()
  local connection = assert(socket.tcp())
  connection:settimeout(PATIENCE_S)
  local done, why = connection:connect(DECISION:match("^%[?(.-)%]?:(%d+)$"))
  if not done then
    connection:close()
    error(why)
  end
  connection:setoption("tcp-nodelay", true)
  return connection
end

-- The head of an answer: its status, and lists of values by name in lower case.
local function read_head(connection)
  local status = tonumber(assert(connection:receive("*l")):match("^HTTP/1%.1 (%d%d%d) ?"))
  assert(status and status >= 200, "no final answer")
  local headers = {}
  for _ = 1, MAX_LINES do
    local line = assert(connection:receive("*l"))
    if line == "" then
      return status, headers
    end
    local name, value = line:match("^([%w%-]+):[ \t]*(.-)[ \t]*$")
    assert(name, "a header that isn't one")
    name = name:lower()
    headers[name] = headers[name] or {}
    table.insert(headers[name], value)
  end
  error("too many headers")
end

-- The body, which Stepgate always tells the length of.
local function read_body(connection, status, headers)
  if status == 204 or status == 304 then
    return ""
  end
  local lengths = headers["content-length"] or {}
  assert(#lengths == 1 and lengths[1]:match("^%d+$"), "an answer without a length")
  local length = tonumber(lengths[1])
  assert(length <= MAX_BODY, "an answer that is too long")
  return length == 0 and "" or assert(connection:receive(length))
end

local function exchange(connection, question)
  assert(connection:send(question))
  local status, headers = read_head(connection)
  local body = read_body(connection, status, headers)
  if (headers["connection"] or {})[1] == "close" then
    connection:close()
    connection = nil
  end
  return connection, { status = status, headers = headers, body = body }
end

-- Asks. A connection that was kept may have been closed meanwhile; a new one gets a second try.
local function ask(question)
  local connection = kept
  kept = nil
  if connection then
    local done, again, answer = pcall(exchange, connection, question)
    if done then
      kept = again
      return answer
    end
    connection:close()
  end
  connection = connect()
  local done, again, answer = pcall(exchange, connection, question)
  if not done then
    connection:close()
    error(again)
  end
  kept = again
  return answer
end

local function is_below(path)
  for _, place in ipairs(OWN) do
    if path == place or path:sub(1, #place + 1) == place .. "/" then
      return true
    end
  end
  return false
end

-- Whether a request goes to Stepgate's proxy listener. ProxyPass chooses by the path as Apache reads
-- it; it must be the same as the path is written, or `/auth/../account` would go elsewhere, unasked.
local function is_own(r)
  return is_below(r.unparsed_uri:match("^[^?]*")) and is_below(r.uri)
end

-- Leaves of `Connection` and `Upgrade` what makes a WebSocket, and whether the connection stays. No
-- client has a say in which headers the next hop drops, and nothing else is a protocol to change to.
local function settle_connection(r)
  local connection = (r.headers_in["Connection"] or ""):lower()
  local function has(option)
    return connection:find(option, 1, true) ~= nil
  end
  local upgrade = (r.headers_in["Upgrade"] or ""):lower()
  if upgrade == "websocket" and has("upgrade") and r.method == "GET" then
    r.headers_in["Connection"] = "upgrade"
  else
    r.headers_in["Upgrade"] = nil
    r.headers_in["HTTP2-Settings"] = nil
    r.headers_in["Connection"] = has("close") and "close" or has("keep-alive") and "keep-alive" or nil
  end
end

-- Takes out what only Apache may say, and says it. Names with other characters than letters, digits
-- and `-` go too: X_User_Id and X.User.Id are X-User-Id to many an application.
local function tell_the_way(r)
  local host = r.headers_in["Host"]
  for name in pairs(r:headers_in_table()) do
    local folded = name:lower()
    if HEARSAY[folded] or folded:find("^x%-forwarded%-") or folded:find("^x%-original%-")
      or folded:find("[^%w%-]") then
      r.headers_in[name] = nil
    end
  end
  r.headers_in["X-Forwarded-For"] = r.useragent_ip
  r.headers_in["X-Forwarded-Host"] = host
  r.headers_in["X-Forwarded-Proto"] = r.is_https and "https" or "http"
end

-- The question: the client's headers, and what it asked for.
local function question(r)
  local lines = { "GET /check HTTP/1.1", "Host: " .. DECISION }
  for name, value in pairs(r:headers_in_table()) do
    if not NOT_ASKED[name:lower()] then
      table.insert(lines, name .. ": " .. value)
    end
  end
  table.insert(lines, "X-Forwarded-Method: " .. r.method)
  table.insert(lines, "X-Forwarded-Uri: " .. r.unparsed_uri)
  for _, line in ipairs(lines) do
    assert(not line:find("[%z\r\n]"), "a header with a line break")
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

-- Cookies that Stepgate sets: a session that was extended, a guard against loops. mod_lua's tables
-- have one value for a name, and two of them reach the client.
local function hand_on_cookies(r, answer)
  local cookies = answer.headers["set-cookie"] or {}
  r.headers_out["Set-Cookie"] = cookies[1]
  r.err_headers_out["Set-Cookie"] = cookies[2]
  if #cookies > 2 then
    r:err("stepgate: " .. #cookies .. " cookies to set, of which Apache can set two")
  end
end

-- Makes the request what the application is to see.
local function admit(r, answer)
  for _, list in ipairs(answer.headers["x-stepgate-remove"] or {}) do
    for name in list:lower():gmatch("[^%s,]+") do
      if not CARRIES[name] then
        r.headers_in[name] = nil
      end
    end
  end
  -- Cookies are said again in the answer, without Stepgate's own.
  r.headers_in["Cookie"] = nil
  for name, values in pairs(answer.headers) do
    if not OF_THE_ANSWER[name] then
      local value = table.concat(values, ", ")
      -- Empty: there is nobody, so there is no such header.
      r.headers_in[name] = value ~= "" and value or nil
    end
  end
  hand_on_cookies(r, answer)
  r.subprocess_env["STEPGATE"] = "allowed"
  return apache2.OK
end

-- Hands a refusal on as it came: status, headers and body.
local function refuse(r, answer)
  hand_on_cookies(r, answer)
  for name, values in pairs(answer.headers) do
    if not NOT_HANDED_ON[name] then
      r.headers_out[name] = table.concat(values, ", ")
    end
  end
  if answer.headers["content-type"] then
    r.content_type = answer.headers["content-type"][1]
  end
  r.status = answer.status
  r:puts(answer.body)
  return apache2.DONE
end

local function judge(r)
  settle_connection(r)
  tell_the_way(r)
  if is_own(r) then
    r.subprocess_env["STEPGATE"] = "own"
    return apache2.OK
  end
  local answer = ask(question(r))
  if answer.status <= 299 then
    return admit(r, answer)
  end
  return refuse(r, answer)
end

function stepgate(r)
  local done, result = pcall(judge, r)
  if done then
    return result
  end
  r:err("stepgate: " .. tostring(result) .. "; answered 503")
  r.err_headers_out["Retry-After"] = "5"
  r.err_headers_out["Cache-Control"] = "no-store"
  return 503
end
