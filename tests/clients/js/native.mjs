// Flows of a native client: tokens, no cookies.
import assert from "node:assert/strict"
import {
  address, enrol, envelope, messages, node, open, password, person, refused, signIn, time, totp, uuid,
} from "./service.mjs"

export const native = {
  async "a flow has a form, a state and its times"() {
    const { data: flow } = await open.createNativeLoginFlow()
    assert.match(flow.id, uuid)
    assert.deepEqual([flow.type, flow.state, flow.requested_aal], ["api", "choose_method", "aal1"])
    assert.ok(time(flow.expires_at) > time(flow.issued_at))
    assert.equal(flow.ui.method, "POST")
    assert.ok(flow.ui.action.endsWith(`/self-service/login?flow=${flow.id}`), flow.ui.action)
    const field = node(flow, "identifier")
    assert.deepEqual([field.type, field.group, field.attributes.node_type], ["input", "default", "input"])
    assert.deepEqual([field.attributes.required, field.messages], [true, []])
    const { data: again } = await open.getLoginFlow({ id: flow.id })
    assert.deepEqual(again, flow)
  },

  async "registration refuses field by field and then opens a session"() {
    const { data: flow } = await open.createNativeRegistrationFlow()
    const email = address()
    const submit = (traits, secret) => open.updateRegistrationFlow({
      flow: flow.id,
      updateRegistrationFlowBody: { method: "password", password: secret, traits },
    })
    const short = await refused(submit({ email }, "1234567"), 400)
    assert.ok(messages(short).includes(4000032), messages(short))
    const wrong = await refused(submit({ email, nick: "x" }, password), 400)
    assert.deepEqual(node(wrong, "traits.nick").messages.map((it) => it.type), ["error"])
    assert.equal(node(wrong, "traits.email").attributes.value, email)
    const { data } = await submit({ email, age: 42, news: true }, password)
    assert.deepEqual(data.identity.traits, { email, age: 42, news: true })
    assert.match(data.session_token, /^ory_st_/)
    assert.equal(data.session.active, true)
    const actions = data.continue_with.map((it) => it.action)
    assert.ok(actions.includes("show_verification_ui"), actions)
    const { data: session } = await open.toSession({ xSessionToken: data.session_token })
    assert.equal(session.identity.id, data.identity.id)
    const taken = await open.createNativeRegistrationFlow()
    const twice = await refused(open.updateRegistrationFlow({
      flow: taken.data.id,
      updateRegistrationFlowBody: { method: "password", password, traits: { email } },
    }), 400)
    assert.ok(messages(twice).some((id) => id === 4000007 || id === 4000027), messages(twice))
  },

  async "a wrong password is a message of the flow"() {
    const { email } = await person()
    const flow = await refused(signIn(email, "not-the-right-one"), 400)
    assert.deepEqual(messages(flow), [4000006])
    assert.equal(flow.ui.messages[0].type, "error")
  },

  async "a session tells who, how and until when"() {
    const { email, id } = await person({ metadata_public: { plan: "gold" } })
    const { token, session } = await signIn(email)
    const { data, headers } = await open.toSession({ xSessionToken: token })
    assert.equal(data.id, session.id)
    assert.equal(data.authenticator_assurance_level, "aal1")
    assert.deepEqual(data.authentication_methods.map((it) => it.method), ["password"])
    assert.ok(time(data.authentication_methods[0].completed_at) <= new Date(Date.now() + 1000))
    assert.ok(time(data.expires_at) > new Date())
    assert.deepEqual([data.identity.id, data.identity.schema_id, data.identity.state], [id, "person", "active"])
    assert.match(data.identity.schema_url, /^http.*\/schemas\//)
    assert.deepEqual(data.identity.metadata_public, { plan: "gold" })
    assert.equal(data.identity.metadata_admin, undefined)
    assert.equal(data.identity.verifiable_addresses[0].via, "email")
    assert.equal(data.devices.length, 1)
    assert.match(headers["content-type"], /^application\/json/)
  },

  async "nobody is not a session"() {
    for (const xSessionToken of [undefined, "ory_st_nonsense"]) {
      envelope(await refused(open.toSession({ xSessionToken }), 401), 401)
    }
  },

  async "an authenticator app raises the session and is asked for at the next login"() {
    const { email } = await person()
    const first = await signIn(email)
    const { secret, flow } = await enrol(first.token)
    assert.equal(flow.state, "success")
    assert.ok(node(flow, "totp_unlink"))
    const raised = await open.toSession({ xSessionToken: first.token })
    assert.equal(raised.data.authenticator_assurance_level, "aal2")

    const { token: xSessionToken, session } = await signIn(email)
    assert.equal(session.identity, null)
    const missing = await refused(open.toSession({ xSessionToken }), 403)
    envelope(missing, 403, "session_aal2_required")
    assert.match(missing.redirect_browser_to, /aal=aal2/)
    const { data: second } = await open.createNativeLoginFlow({ aal: "aal2", xSessionToken })
    assert.equal(second.requested_aal, "aal2")
    assert.equal(node(second, "totp_code").group, "totp")
    const submit = (totp_code) => open.updateLoginFlow({
      flow: second.id, xSessionToken, updateLoginFlowBody: { method: "totp", totp_code },
    })
    const wrong = await refused(submit("000000"), 400)
    assert.deepEqual(messages(wrong), [4000008])
    const { data } = await submit(totp(secret, 1))
    assert.equal(data.session_token, xSessionToken)
    const { data: both } = await open.toSession({ xSessionToken })
    assert.equal(both.authenticator_assurance_level, "aal2")
    assert.deepEqual(both.authentication_methods.map((it) => it.method), ["password", "totp"])
    assert.deepEqual(both.authentication_methods.map((it) => it.aal), ["aal1", "aal2"])
  },

  async "recovery codes are shown, confirmed and used once"() {
    const { email } = await person()
    const { token } = await signIn(email)
    const { data: flow } = await open.createNativeSettingsFlow({ xSessionToken: token })
    const change = (updateSettingsFlowBody) => open.updateSettingsFlow({
      flow: flow.id, xSessionToken: token, updateSettingsFlowBody,
    })
    const made = await change({ method: "lookup_secret", lookup_secret_regenerate: true })
    const shown = node(made.data, "lookup_secret_codes").attributes
    assert.equal(shown.node_type, "text")
    const codes = shown.text.context.secrets.map((it) => it.text)
    assert.equal(codes.length, 12)
    const confirmed = await change({ method: "lookup_secret", lookup_secret_confirm: true })
    assert.equal(confirmed.data.state, "success")

    const { token: xSessionToken } = await signIn(email)
    const use = async (lookup_secret) => {
      const { data: second } = await open.createNativeLoginFlow({ aal: "aal2", refresh: true, xSessionToken })
      return open.updateLoginFlow({
        flow: second.id, xSessionToken, updateLoginFlowBody: { method: "lookup_secret", lookup_secret },
      })
    }
    await use(codes[3])
    const { data: session } = await open.toSession({ xSessionToken })
    assert.deepEqual(session.authentication_methods.at(-1).method, "lookup_secret")
    assert.deepEqual(messages(await refused(use(codes[3]), 400)), [4000012])
    assert.deepEqual(messages(await refused(use("nonsense"), 400)), [4000016])
  },

  async "a password and a profile are changed"() {
    const { email } = await person()
    const { token: xSessionToken } = await signIn(email)
    const change = async (updateSettingsFlowBody) => {
      const { data: flow } = await open.createNativeSettingsFlow({ xSessionToken })
      return open.updateSettingsFlow({ flow: flow.id, xSessionToken, updateSettingsFlowBody })
    }
    const profile = await change({ method: "profile", traits: { email, nick: "Addie" } })
    assert.equal(profile.data.identity.traits.nick, "Addie")
    assert.deepEqual(messages(profile.data), [1050001])
    await change({ method: "password", password: "another-Lighthouse-43" })
    await refused(signIn(email), 400)
    const { session } = await signIn(email, "another-Lighthouse-43")
    assert.equal(session.active, true)
  },

  async "other sessions are listed and ended"() {
    const { email } = await person()
    const [one, two, three] = [await signIn(email), await signIn(email), await signIn(email)]
    const mine = { xSessionToken: three.token }
    const { data: others } = await open.listMySessions(mine)
    assert.deepEqual(new Set(others.map((it) => it.id)), new Set([one.session.id, two.session.id]))
    const ended = await open.disableMySession({ id: one.session.id, ...mine })
    assert.equal(ended.status, 204)
    await refused(open.toSession({ xSessionToken: one.token }), 401)
    const { data: rest } = await open.disableMyOtherSessions(mine)
    assert.equal(rest.count, 1)
    assert.deepEqual((await open.listMySessions(mine)).data, [])
  },

  async "a native logout ends the token"() {
    const { email } = await person()
    const { token } = await signIn(email)
    const logout = () => open.performNativeLogout({ performNativeLogoutBody: { session_token: token } })
    assert.equal((await logout()).status, 204)
    envelope(await refused(open.toSession({ xSessionToken: token }), 401), 401)
    assert.equal((await logout()).status, 204)
    const performNativeLogoutBody = { session_token: "ory_st_nonsense" }
    envelope(await refused(open.performNativeLogout({ performNativeLogoutBody }), 403), 403)
  },

  async "what is not there is told in the shape of an error"() {
    const id = "11111111-2222-4333-8444-555555555555"
    envelope(await refused(open.getLoginFlow({ id }), 404), 404)
    envelope(await refused(open.getFlowError({ id }), 404), 404)
  },
}
