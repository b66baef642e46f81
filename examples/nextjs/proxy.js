// What Next.js calls its proxy (formerly middleware): runs before every route that it matches.
import { NextResponse } from "next/server"
import { beginning, identity, origin } from "./service.js"

/** The routes that need a session, and those that need a second factor as well. */
export const config = { matcher: ["/account/:path*", "/vault/:path*"] }

const needsSecondFactor = (path) => path === "/vault" || path.startsWith("/vault/")

export async function proxy(request) {
  const { pathname, search } = request.nextUrl
  // Put behind the fixed origin as text: the Host header of a request names whatever its sender likes.
  const return_to = origin + pathname + search
  const wanted = needsSecondFactor(pathname) ? "aal2" : "aal1"
  const found = await ask(request.headers.get("cookie"))

  if (found.outage) {
    // Sending people to log in would be wrong: they may well be logged in.
    return new NextResponse("Please try again in a moment.", {
      status: 503,
      headers: { "Retry-After": "5" },
    })
  }
  if (found.level === "aal2" || (found.level === "aal1" && wanted === "aal1")) {
    return NextResponse.next()
  }
  const next = whatIsMissing(found, return_to)
  if (request.method !== "GET" && request.method !== "HEAD") {
    return NextResponse.json({ error: next.error }, { status: 401 })
  }
  return NextResponse.redirect(next.url, 303)
}

/** Who is asking. Nobody, an unused second factor and an outage are three different things. */
async function ask(cookie) {
  if (!cookie) return {}
  try {
    const { data } = await identity.toSession({ cookie })
    return { level: data.authenticator_assurance_level }
  } catch (error) {
    switch (error.response?.status) {
      case 401:
        return {}
      case 403:
        return { secondFactorIsLeft: true }
      default:
        return { outage: true }
    }
  }
}

function whatIsMissing(found, return_to) {
  if (found.secondFactorIsLeft) {
    return { error: "session_aal2_required", url: beginning("login", { aal: "aal2", return_to }) }
  }
  if (found.level) {
    // The service says 403 to whoever has a second factor: this person has none yet.
    return { error: "second_factor_required", url: beginning("settings", { return_to }) }
  }
  return { error: "session_required", url: beginning("login", { return_to }) }
}
