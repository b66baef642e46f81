// The pages that `ui: external` leads to: each shows a flow of the identity service.
import { Router } from "express"
import { escape, form, page } from "./html.js"
import { beginning, identity, origin } from "./service.js"

export const pages = Router()

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A page for a kind of flow: begins one, or shows the one that the address names. */
function show(kind, fetch, render) {
  return async (request, response) => {
    const { flow: id, return_to, aal, refresh } = request.query
    if (!uuid.test(id)) {
      // The service decides whether return_to may be gone to; this page need not know.
      return response.redirect(303, beginning(kind, { return_to, aal, refresh }))
    }
    const cookie = request.header("cookie")
    try {
      const { data: flow } = await fetch({ id, cookie })
      response.send(await render(flow, cookie))
    } catch (error) {
      const { status, data } = error.response ?? {}
      switch (status) {
        // Nobody is logged in any more: log in first, then come back here.
        case 401:
          return response.redirect(303, beginning("login", { return_to: `${origin}/${kind}` }))
        // A second step is left; or the flow belongs to another browser, or this one keeps no
        // cookies: beginning again without being asked could go round in circles.
        case 403:
          if (data.redirect_browser_to) return response.redirect(303, data.redirect_browser_to)
          return response.status(403).send(page("Please begin again", `
<p>This page was opened in another browser, or its cookies are gone.</p>
<p><a href="${escape(beginning(kind))}">Begin again</a></p>`))
        // The flow is gone or has expired: begin again, and keep where it was to lead.
        case 404:
        case 410:
          return response.redirect(303, beginning(kind, { return_to: data.error?.details?.return_to }))
        default:
          return response.status(503).send(page("One moment", "<p>Please try again.</p>"))
      }
    }
  }
}

pages.get("/login", show("login", (it) => identity.getLoginFlow(it), (flow) => {
  const isSecondStep = flow.requested_aal === "aal2"
  const again = beginning("registration", { return_to: flow.return_to })
  const other = isSecondStep ? "" : `<p><a href="${escape(again)}">Open an account</a></p>`
  return page(isSecondStep ? "The second step" : "Log in", form(flow) + other)
}))

pages.get("/registration", show("registration", (it) => identity.getRegistrationFlow(it), (flow) =>
  page("Open an account", form(flow))))

pages.get("/settings", show("settings", (it) => identity.getSettingsFlow(it), async (flow, cookie) => {
  const { data } = await identity.createBrowserLogoutFlow({ cookie, returnTo: `${origin}/` })
  const { email } = flow.identity.traits
  const who = `<p>${escape(email)} · <a id="logout" href="${escape(data.logout_url)}">Log out</a></p>`
  // After a change that somebody was sent here for, the way back.
  const back = flow.state === "success" && flow.return_to
    ? `<p><a id="back" href="${escape(flow.return_to)}">Go on</a></p>` : ""
  return page("Settings", who + back + form(flow))
}))

pages.get("/error", async (request, response) => {
  const { id } = request.query
  const found = uuid.test(id) && (await identity.getFlowError({ id }).catch(() => undefined))
  const reason = found?.data.error?.reason ?? found?.data.error?.message ?? "Something went wrong."
  response.status(400).send(page("That did not work", `<p>${escape(reason)}</p><p><a href="/">Home</a></p>`))
})
