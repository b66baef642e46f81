// Guards a route of the application itself, with the SDK. (What the gateway's rules guard needs
// none of this.)
import { beginning, identity, origin } from "./service.js"

/** Lets a request through only with a session; `aal2` asks for a second factor as well. */
export function requireSession({ aal = "aal1" } = {}) {
  return async (request, response, next) => {
    // The path is put behind the fixed origin as text. Resolving it as a URL would let a request
    // for //evil.example name another host.
    const returnTo = origin + request.originalUrl
    const answer = await ask(request.header("cookie"))
    if (answer.session && (aal === "aal1" || isSecond(answer.session))) {
      response.locals.session = answer.session
      return next()
    }
    if (answer.outage) {
      // Not a reason to log in again: whoever is logged in would be sent in circles.
      return response.status(503).set("Retry-After", "5").send("Please try again in a moment.")
    }
    const missing = whatIsMissing(answer)
    if (request.method !== "GET" || !request.accepts("html")) {
      // A form or a script can't be led through a login and keep what it was about to send.
      return response.status(401).json({ error: missing.error, continue: missing.url(undefined) })
    }
    response.redirect(303, missing.url(returnTo))
  }
}

const isSecond = (session) => session.authenticator_assurance_level === "aal2"

/** Who is asking: three things that must not be mixed up, besides a session. */
async function ask(cookie) {
  if (!cookie) return { nobody: true }
  try {
    const { data } = await identity.toSession({ cookie })
    return { session: data }
  } catch (error) {
    const status = error.response?.status
    if (status === 401) return { nobody: true }
    // There is a session, and a second factor that it has not used yet. Not the same as 401: the
    // password was given already, only the second step is left.
    if (status === 403) return { secondFactorIsLeft: true }
    return { outage: error }
  }
}

function whatIsMissing(answer) {
  if (answer.nobody) {
    const url = (return_to) => beginning("login", { return_to })
    return { error: "session_required", url }
  }
  if (answer.secondFactorIsLeft) {
    const url = (return_to) => beginning("login", { aal: "aal2", return_to })
    return { error: "session_aal2_required", url }
  }
  // The service would have said 403 had this person a second factor: the first one is to be set up.
  const url = (return_to) => beginning("settings", { return_to })
  return { error: "second_factor_required", url }
}
