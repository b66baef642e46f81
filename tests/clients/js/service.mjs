// The service under test, and what its clients need: people, codes, refusals, cookies.
import { createHmac, randomUUID } from "node:crypto"
import assert from "node:assert/strict"
import { Configuration, CourierApi, FrontendApi, IdentityApi, MetadataApi } from "@ory/client"

const configured = (basePath) => new Configuration({ basePath })
export const open = new FrontendApi(configured(process.env.KRATOS_PUBLIC_URL))
export const identities = new IdentityApi(configured(process.env.KRATOS_ADMIN_URL))
export const courier = new CourierApi(configured(process.env.KRATOS_ADMIN_URL))
export const metadata = new MetadataApi(configured(process.env.KRATOS_ADMIN_URL))

export const password = "tangerine-Lighthouse-42"
export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
export const address = () => `js-${randomUUID()}@clients.example`

/** A time that is written as Go does, in UTC. */
export function time(text) {
  assert.match(text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
  return new Date(text)
}

/** The answer to a request that must be refused. */
export async function refused(request, status) {
  const answer = await request.then(
    (good) => assert.fail(`${good.status} instead of ${status}`),
    (error) => error.response ?? Promise.reject(error),
  )
  assert.equal(answer.status, status, JSON.stringify(answer.data))
  return answer.data
}

/** The envelope of an error. */
export function envelope(body, code, id) {
  assert.equal(body.error.code, code)
  assert.equal(typeof body.error.status, "string")
  assert.equal(typeof body.error.message, "string")
  if (id) assert.equal(body.error.id, id)
  return body.error
}

/** The ids of the messages about a form and its fields. */
export function messages(flow) {
  const fields = flow.ui.nodes.flatMap((node) => node.messages)
  return [...(flow.ui.messages ?? []), ...fields].map((message) => message.id)
}

/** The node of this name or id. */
export function node(flow, name) {
  const found = flow.ui.nodes.find(({ attributes: it }) => it.name === name || it.id === name)
  assert.ok(found, `no node ${name} in ${flow.ui.nodes.map((it) => it.attributes.name)}`)
  return found
}

/** The code of a secret in base 32, `later` steps of 30 seconds from now. */
export function totp(secret, later = 0) {
  const bits = [...secret].map((it) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(it))
  const text = bits.map((it) => it.toString(2).padStart(5, "0")).join("")
  const key = Buffer.from(text.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later))
  const mac = createHmac("sha1", key).update(step).digest()
  const number = mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, "0")
}

/** Somebody with a password, made by the administration. */
export async function person(more = {}) {
  const email = address()
  const { data } = await identities.createIdentity({
    createIdentityBody: {
      schema_id: "person",
      traits: { email },
      credentials: { password: { config: { password } } },
      ...more,
    },
  })
  return { email, id: data.id }
}

/** Signs in with a password as a native client does. */
export async function signIn(email, secret = password) {
  const { data: flow } = await open.createNativeLoginFlow()
  const body = { method: "password", identifier: email, password: secret }
  const { data } = await open.updateLoginFlow({ flow: flow.id, updateLoginFlowBody: body })
  return { ...data, flow, token: data.session_token }
}

/** Sets up an authenticator app and gives its secret. */
export async function enrol(xSessionToken) {
  const { data: flow } = await open.createNativeSettingsFlow({ xSessionToken })
  const secret = node(flow, "totp_secret_key").attributes.text.text
  const updateSettingsFlowBody = { method: "totp", totp_code: totp(secret) }
  const { data } = await open.updateSettingsFlow({ flow: flow.id, xSessionToken, updateSettingsFlowBody })
  return { secret, flow: data }
}

/** A person's newest mail of a kind, once it is there. */
export async function mailTo(email, template) {
  for (let round = 0; round < 100; round++) {
    const { data } = await courier.listCourierMessages({ recipient: email })
    const mail = data.find((it) => it.template_type === template)
    if (mail) return mail
    await new Promise((soon) => setTimeout(soon, 50))
  }
  assert.fail(`no ${template} to ${email}`)
}

/** The six digits in a mail. */
export function digits(mail) {
  const code = /\b\d{6}\b/.exec(mail.body)
  assert.ok(code, mail.body)
  return code[0]
}

/** What a browser keeps between requests. */
export class Jar {
  #cookies = new Map()

  /** Calls the SDK with the cookies, and keeps those of the answer. */
  async with(call, options = {}) {
    const answer = await call(this.toString(), options).catch((error) => {
      if (error.response) this.#keep(error.response)
      throw error
    })
    this.#keep(answer)
    return answer.data
  }

  #keep(answer) {
    for (const line of answer.headers["set-cookie"] ?? []) {
      const [, name, value, attributes] = /^([^=]+)=([^;]*)(.*)$/.exec(line)
      assert.match(attributes, /HttpOnly/i, line)
      if (/Max-Age=0/i.test(attributes)) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
  }

  has = (name) => this.#cookies.has(name)
  toString = () => [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ")
}
