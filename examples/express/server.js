// A small application with pages of its own for everything that people do about their accounts.
import express from "express"
import { page, escape } from "./html.js"
import { pages } from "./pages.js"
import { requireSession } from "./require-session.js"

const app = express()
app.disable("x-powered-by")
app.use((_, response, next) => {
  response.set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'none'")
  response.set("Cache-Control", "no-store")
  next()
})
app.use(pages)

app.get("/style.css", (_, response) => response.sendFile("style.css", { root: import.meta.dirname }))

app.get("/", (_, response) => response.send(page("Notes", `
<p>A public page.</p>
<ul>
<li><a href="/vault">The vault</a>, guarded by the gateway</li>
<li><a href="/diary?day=today">The diary</a>, guarded by the application</li>
<li><a href="/settings">Settings</a></li>
</ul>`)))

// The gateway let nobody in without a second factor, and says who it is. A client can't set these
// headers itself; the application must listen where only the gateway can reach it.
app.get("/vault", (request, response) => {
  const who = escape(request.header("x-user-email") ?? request.header("x-user-id"))
  response.send(page("The vault", `<p>Good day, ${who}.</p>`))
})

// The same for a route that no rule guards.
app.get("/diary", requireSession({ aal: "aal2" }), (request, response) => {
  const { email } = response.locals.session.identity.traits
  response.send(page("The diary", `<p>The diary of ${escape(email)} for ${escape(request.query.day)}.</p>`))
})

app.post("/diary", requireSession({ aal: "aal2" }), (_, response) => response.status(204).end())

// Loopback: whoever reaches the application past the gateway could claim to be anybody.
const listener = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`listening on ${listener.address().port}`)
})
