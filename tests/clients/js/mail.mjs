// What needs a mailbox: verification and recovery.
import assert from "node:assert/strict"
import {
  courier, digits, envelope, identities, mailTo, messages, node, open, person, refused, signIn, time, uuid,
} from "./service.mjs"

export const mail = {
  async "an address is verified with the code of a mail"() {
    const { email, id } = await person()
    const { data: flow } = await open.createNativeVerificationFlow()
    assert.equal(flow.state, "choose_method")
    const submit = (updateVerificationFlowBody) => open.updateVerificationFlow({ flow: flow.id, updateVerificationFlowBody })
    const { data: sent } = await submit({ method: "code", email })
    assert.equal(sent.state, "sent_email")
    assert.deepEqual(messages(sent), [1080003])
    const code = digits(await mailTo(email, "verification_code_valid"))
    const wrong = await submit({ method: "code", code: code === "000000" ? "000001" : "000000" })
    assert.deepEqual(messages(wrong.data), [4070006])
    const { data: passed } = await submit({ method: "code", code })
    assert.equal(passed.state, "passed_challenge")
    const { data: identity } = await identities.getIdentity({ id })
    const [address] = identity.verifiable_addresses
    assert.deepEqual([address.value, address.verified, address.status], [email, true, "completed"])
    assert.ok(time(address.verified_at) > new Date(Date.now() - 60_000))
  },

  async "an account is recovered with the code of a mail"() {
    const { email } = await person()
    const { data: flow } = await open.createNativeRecoveryFlow()
    const submit = (updateRecoveryFlowBody) => open.updateRecoveryFlow({ flow: flow.id, updateRecoveryFlowBody })
    const { data: sent } = await submit({ method: "code", email })
    assert.equal(sent.state, "sent_email")
    const code = digits(await mailTo(email, "recovery_code_valid"))
    const { data: passed } = await submit({ method: "code", code })
    assert.equal(passed.state, "passed_challenge")
    const settings = passed.continue_with.find((it) => it.action === "show_settings_ui")
    const token = passed.continue_with.find((it) => it.action === "set_ory_session_token")
    assert.match(settings.flow.id, uuid)
    const xSessionToken = token.ory_session_token
    const { data: form } = await open.getSettingsFlow({ id: settings.flow.id, xSessionToken })
    assert.ok(node(form, "password"))
    await open.updateSettingsFlow({
      flow: form.id, xSessionToken, updateSettingsFlowBody: { method: "password", password: "recovered-Lighthouse-44" },
    })
    assert.equal((await signIn(email, "recovered-Lighthouse-44")).session.active, true)
  },

  async "the administration hands out a recovery code and a link"() {
    const { id } = await person()
    const { data, status } = await identities.createRecoveryCodeForIdentity({
      createRecoveryCodeForIdentityBody: { identity_id: id, expires_in: "1h" },
    })
    assert.equal(status, 201)
    assert.match(data.recovery_code, /^\d{6}$/)
    assert.match(data.recovery_link, /flow=/)
    assert.ok(time(data.expires_at) > new Date(Date.now() + 3_000_000))
    const { data: link } = await identities.createRecoveryLinkForIdentity({
      createRecoveryLinkForIdentityBody: { identity_id: id },
    }).catch((error) => ({ data: error.response.data }))
    assert.ok(link.recovery_link || link.error.code === 404, JSON.stringify(link))
    const createRecoveryCodeForIdentityBody = { identity_id: "11111111-2222-4333-8444-555555555555" }
    const nobody = identities.createRecoveryCodeForIdentity({ createRecoveryCodeForIdentityBody })
    envelope(await refused(nobody, 404), 404)
  },

  async "mails are listed and read"() {
    const { email } = await person()
    const { data: flow } = await open.createNativeRecoveryFlow()
    await open.updateRecoveryFlow({ flow: flow.id, updateRecoveryFlowBody: { method: "code", email } })
    const mail = await mailTo(email, "recovery_code_valid")
    assert.match(mail.id, uuid)
    assert.deepEqual([mail.type, mail.recipient], ["email", email])
    assert.ok(["queued", "processing", "sent", "abandoned"].includes(mail.status), mail.status)
    assert.ok(time(mail.created_at) <= new Date(Date.now() + 1000))
    const { data: one } = await courier.getCourierMessage({ id: mail.id })
    assert.equal(one.subject, mail.subject)
    const { headers } = await courier.listCourierMessages({ pageSize: 1 })
    assert.match(headers.link, /rel="next"/)
    const id = "11111111-2222-4333-8444-555555555555"
    envelope(await refused(courier.getCourierMessage({ id }), 404), 404)
  },
}
