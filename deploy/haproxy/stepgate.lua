-- Asks Stepgate whether a request may pass: forward-auth for HAProxy 2.6 and later.
--
--   global    lua-load-per-thread /etc/haproxy/stepgate.lua
--             tune.bufsize 65536
--   frontend  http-request  lua.stepgate http://127.0.0.1:4456/check
--             http-request  deny deny_status 503 unless { var(txn.stepgate) -m str allowed }
--             http-response lua.stepgate_cookies
--
-- The deny is not an ornament: HAProxy goes on with a request when a Lua action fails or runs out
-- of time. The variable is set at the very end of what has to be done for a request that may pass.

-- How long an answer may take, in milliseconds. Stepgate gives up on its identity service sooner
-- and says so itself. HAProxy 2.6 tries four times; in newer versions `httpclient.retries 0` in
-- the section `global` makes it one.
local PATIENCE_MS = 5000

local function set(...)
  local names = {}
  for _, name in ipairs({ ... }) do
    names[name] = true
  end
  return names
end

-- Of the connection between client and HAProxy, or of a body: Stepgate gets none.
local NOT_ASKED = set(
  "connection", "content-length", "expect", "host", "http2-settings", "keep-alive",
  "proxy-connection", "te", "trailer", "transfer-encoding"
)

-- Where a request came from is for HAProxy to say, not for clients. So is what begins with
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

-- Headers of a refusal that HAProxy writes anew.
local OF_THE_CONNECTION = set("connection", "content-length", "keep-alive", "transfer-encoding")

-- HAProxy counts the lines of a header from 0.
local function each(lines)
  local index = -1
  return function()
    index = index + 1
    return lines and lines[index]
  end
end

local function is_hearsay(name)
  return HEARSAY[name] or name:find("^x%-forwarded%-") or name:find("^x%-original%-")
end

-- Leaves of `Upgrade` and `Connection` what makes a WebSocket. No client has a say in which headers
-- the next hop drops, and nothing else is a protocol to change to.
local function settle_connection(txn)
  local http = txn.http
  local upgrade = txn.sf:req_fhdr("upgrade"):lower() == "websocket"
    and txn.sf:req_fhdr("connection"):lower():find("upgrade", 1, true)
    and txn.sf:method() == "GET"
  http:req_del_header("connection")
  if upgrade then
    http:req_set_header("connection", "upgrade")
  else
    http:req_del_header("upgrade")
    http:req_del_header("http2-settings")
  end
end

-- Takes out what only HAProxy may say, and says it.
local function tell_the_way(txn)
  local http = txn.http
  for name in pairs(http:req_get_headers()) do
    if is_hearsay(name) then
      http:req_del_header(name)
    end
  end
  http:req_set_header("x-forwarded-for", txn.sf:src())
  http:req_set_header("x-forwarded-host", txn.sf:req_fhdr("host"))
  http:req_set_header("x-forwarded-proto", txn.f:ssl_fc() == 1 and "https" or "http")
end

-- The question: the client's headers, and what it asked for.
local function ask(txn, url)
  local headers = {}
  for name, lines in pairs(txn.http:req_get_headers()) do
    if not NOT_ASKED[name] then
      headers[name] = {}
      for line in each(lines) do
        table.insert(headers[name], line)
      end
    end
  end
  headers["x-forwarded-method"] = { txn.sf:method() }
  headers["x-forwarded-uri"] = { txn.sf:pathq() }
  return core.httpclient():get({ url = url, headers = headers, timeout = PATIENCE_MS })
end

-- Whether the answer came back whole: a decision that was cut short is none.
local function is_whole(answer)
  local length = answer.headers["content-length"]
  return not length or tonumber(length[0]) == #(answer.body or "")
end

-- Makes the request what the application is to see.
local function admit(txn, answer)
  local http = txn.http
  for list in each(answer.headers["x-stepgate-remove"]) do
    for name in list:lower():gmatch("[^%s,]+") do
      if not CARRIES[name] then
        http:req_del_header(name)
      end
    end
  end
  -- Cookies are said again in the answer, without Stepgate's own.
  http:req_del_header("cookie")
  for name, lines in pairs(answer.headers) do
    if not OF_THE_ANSWER[name] then
      http:req_del_header(name)
      for line in each(lines) do
        -- Empty: there is nobody, so there is no such header.
        if line ~= "" then
          http:req_add_header(name, line)
        end
      end
    end
  end
  -- What was judged is what goes on: `GET http://host/path` becomes `GET /path`.
  http:req_set_uri(txn.sf:pathq())
  txn:set_priv(answer.headers["set-cookie"])
  txn:set_var("txn.stepgate", "allowed")
end

-- Hands a refusal on as it came: status, headers and body.
local function refuse(txn, answer)
  local reply = txn:reply({ status = answer.status, reason = answer.reason })
  for name, lines in pairs(answer.headers) do
    if not OF_THE_CONNECTION[name] then
      for line in each(lines) do
        reply:add_header(name, line)
      end
    end
  end
  reply:set_body(answer.body or "")
  txn:done(reply)
end

core.register_action("stepgate", { "http-req" }, function(txn, url)
  txn:set_var("txn.stepgate", "unknown")
  settle_connection(txn)
  tell_the_way(txn)
  local asked, answer = pcall(ask, txn, url)
  if not asked then
    txn:Warning("stepgate: " .. tostring(answer))
  elseif answer.status < 200 or answer.status > 599 or not is_whole(answer) then
    txn:Warning("stepgate: no answer from " .. url)
  elseif answer.status < 300 then
    admit(txn, answer)
  elseif answer.headers["x-request-id"] then
    refuse(txn, answer)
  else
    -- Whatever Stepgate says has an id. This is what HAProxy says of a call that failed.
    txn:Warning("stepgate: " .. answer.status .. " instead of an answer from " .. url)
  end
end, 1)

-- Cookies that Stepgate sets on the way: a session that was extended, or renewed.
core.register_action("stepgate_cookies", { "http-res" }, function(txn)
  for line in each(txn:get_priv()) do
    txn.http:res_add_header("set-cookie", line)
  end
end, 0)
