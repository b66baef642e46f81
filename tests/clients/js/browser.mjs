// Flows of a single-page application: cookies and JSON.
import assert from "node:assert/strict"
import {
  Jar, enrol, envelope, messages, node, open, password, person, refused, signIn, totp, uuid,
} from "./service.mjs"

const SESSION = "ory_kratos_session"

/** The anti-forgery token of a flow. */
const csrf = (flow) => node(flow, "csrf_token").attributes.value

async function submitLogin(jar, flow, fields) {
  return jar.with((cookie) => open.updateLoginFlow({
    flow: flow.id, cookie, updateLoginFlowBody: { csrf_token: csrf(flow), ...fields },
  }))
}

/** Signs a browser in; what was asked for beyond the password is refused with 422. */
async function signInBrowser(jar, email) {
  const flow = await jar.with(() => open.createBrowserLoginFlow())
  return submitLogin(jar, flow, { method: "password", identifier: email, password })
}

export const browser = {
  async "a browser signs in, is known and signs out"() {
    const { email } = await person()
    const jar = new Jar()
    const { session } = await signInBrowser(jar, email)
    assert.ok(jar.has(SESSION))
    assert.equal(session.identity.traits.email, email)
    const known = await jar.with((cookie) => open.toSession({ cookie }))
    assert.equal(known.id, session.id)
    const back = "http://127.0.0.1:4455/app"
    const logout = await jar.with((cookie) => open.createBrowserLogoutFlow({ cookie, returnTo: back }))
    const url = new URL(logout.logout_url)
    assert.equal(url.searchParams.get("token"), logout.logout_token)
    const left = await jar.with((cookie) => open.updateLogoutFlow({ token: logout.logout_token, cookie }))
    assert.equal(left, "")
    assert.ok(!jar.has(SESSION))
    await refused(jar.with((cookie) => open.createBrowserLogoutFlow({ cookie })), 401)
  },

  async "the second step is told with 422 and taken"() {
    const { email } = await person()
    const { secret } = await enrol((await signIn(email)).token)
    const jar = new Jar()
    const next = await refused(signInBrowser(jar, email), 422)
    assert.equal(next.error.id, "browser_location_change_required")
    assert.match(next.redirect_browser_to, /aal=aal2/)
    envelope(await refused(jar.with((cookie) => open.toSession({ cookie })), 403), 403, "session_aal2_required")
    const flow = await jar.with((cookie) => open.createBrowserLoginFlow({ aal: "aal2", cookie }))
    const wrong = await refused(submitLogin(jar, flow, { method: "totp", totp_code: "000000" }), 400)
    assert.deepEqual(messages(wrong), [4000008])
    const { session } = await submitLogin(jar, flow, { method: "totp", totp_code: totp(secret, 1) })
    assert.equal(session.authenticator_assurance_level, "aal2")
  },

  async "a submission without its anti-forgery token is refused"() {
    const { email } = await person()
    const jar = new Jar()
    const flow = await jar.with(() => open.createBrowserLoginFlow())
    const fields = { method: "password", identifier: email, password, csrf_token: "wrong" }
    const error = envelope(await refused(submitLogin(jar, flow, fields), 403), 403)
    assert.equal(error.id, "security_csrf_violation")
  },

  async "a flow belongs to the browser that opened it"() {
    const jar = new Jar()
    const flow = await jar.with(() => open.createBrowserLoginFlow({ returnTo: "http://127.0.0.1:4455/app" }))
    assert.equal(flow.return_to, "http://127.0.0.1:4455/app")
    const seen = await jar.with((cookie) => open.getLoginFlow({ id: flow.id, cookie }))
    assert.equal(seen.id, flow.id)
    const error = envelope(await refused(open.getLoginFlow({ id: flow.id }), 403), 403)
    assert.equal(error.id, "security_csrf_violation")
    const elsewhere = { returnTo: "https://evil.example/" }
    envelope(await refused(new Jar().with(() => open.createBrowserLoginFlow(elsewhere)), 400), 400)
  },

  async "a browser changes its settings"() {
    const { email } = await person()
    const jar = new Jar()
    await signInBrowser(jar, email)
    const flow = await jar.with((cookie) => open.createBrowserSettingsFlow({ cookie }))
    assert.deepEqual([flow.state, flow.identity.traits.email], ["show_form", email])
    const done = await jar.with((cookie) => open.updateSettingsFlow({
      flow: flow.id,
      cookie,
      updateSettingsFlowBody: {
        method: "profile", csrf_token: csrf(flow), traits: { email, news: true },
      },
    }))
    assert.deepEqual([done.state, done.identity.traits.news], ["success", true])
    envelope(await refused(open.createBrowserSettingsFlow(), 401), 401, "session_inactive")
  },

  async "schemas and errors are public"() {
    const { data: schemas } = await open_schemas()
    assert.deepEqual(schemas.map((it) => it.id), ["person"])
    assert.equal(schemas[0].schema.title, "Person")
    const { data: stub } = await open.getFlowError({ id: "stub:500" })
    assert.match(stub.id, uuid)
    assert.equal(stub.error.code, 500)
  },
}

async function open_schemas() {
  const { IdentityApi, Configuration } = await import("@ory/client")
  const schemas = new IdentityApi(new Configuration({ basePath: process.env.KRATOS_PUBLIC_URL }))
  return schemas.listIdentitySchemas()
}
