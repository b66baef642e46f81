// The administration.
import assert from "node:assert/strict"
import { randomUUID } from "node:crypto"
import {
  address, enrol, envelope, identities, messages, metadata, open, password, person, refused, signIn, time, uuid,
} from "./service.mjs"

const HASHED = "$2b$04$E7Ejv3eAa3JDyNt9z0gLNuEmGVnQZXKSGTpKTT0gFx9lLEYBoXOWe"

export const admin = {
  async "the service has a version"() {
    assert.match((await metadata.getVersion()).data.version, /\d/)
  },

  async "an identity is made with what was imported"() {
    const email = address()
    const { data, status, headers } = await identities.createIdentity({
      createIdentityBody: {
        schema_id: "person",
        external_id: `ext-${email}`,
        traits: { email },
        state: "active",
        metadata_admin: { note: "imported" },
        verifiable_addresses: [{ value: email, verified: true, via: "email", status: "completed" }],
        credentials: { password: { config: { password } } },
      },
    })
    assert.equal(status, 201)
    assert.match(data.id, uuid)
    assert.ok(headers.location.endsWith(data.id))
    assert.ok(time(data.created_at) <= time(data.updated_at))
    assert.deepEqual(data.metadata_admin, { note: "imported" })
    assert.equal(data.verifiable_addresses[0].verified, true)
    const { data: found } = await identities.getIdentityByExternalID({ externalID: `ext-${email}` })
    assert.equal(found.id, data.id)
    assert.deepEqual(found.credentials.password.identifiers, [email])
    const { data: whole } = await identities.getIdentity({ id: data.id, includeCredential: ["password"] })
    assert.match(whole.credentials.password.config.hashed_password, /^\$2[aby]\$/)
    assert.equal((await signIn(email)).session.active, true)
  },

  async "a hash of another system is taken and signs in"() {
    const { createHash, randomBytes } = await import("node:crypto")
    const salt = randomBytes(16)
    const digest = createHash("sha256").update(salt).update(password).digest()
    const encoded = (bytes) => bytes.toString("base64")
    const hashed_password = `$sha256$pf=e1NBTFR9e1BBU1NXT1JEfQ==$${encoded(salt)}$${encoded(digest)}`
    const { email } = await person({ credentials: { password: { config: { hashed_password } } } })
    assert.equal((await signIn(email)).session.active, true)
    await refused(signIn(email, "not-the-right-one"), 400)
    const nonsense = { password: { config: { hashed_password: "nonsense" } } }
    envelope(await refused(person({ credentials: nonsense }), 400), 400)
    const { email: other } = await person({ credentials: { password: { config: { hashed_password: HASHED } } } })
    await refused(signIn(other, "not-the-right-one"), 400)
  },

  async "identities are listed page by page and found by what they sign in with"() {
    const people = [await person(), await person(), await person()]
    const seen = new Set()
    let pageToken
    for (;;) {
      const { data, headers } = await identities.listIdentities({ pageSize: 2, pageToken })
      assert.ok(data.length <= 2)
      data.forEach((it) => seen.add(it.id))
      const next = /<([^>]*)>; *rel="next"/.exec(headers.link)
      if (!next) break
      pageToken = new URL(next[1], "http://any").searchParams.get("page_token")
    }
    people.forEach(({ id }) => assert.ok(seen.has(id)))
    const byName = await identities.listIdentities({ credentialsIdentifier: people[1].email })
    assert.deepEqual(byName.data.map((it) => it.id), [people[1].id])
    const byId = await identities.listIdentities({ ids: [people[0].id, people[2].id] })
    assert.equal(byId.data.length, 2)
  },

  async "an identity is patched, replaced and deleted"() {
    const { email, id } = await person()
    const { data: patched } = await identities.patchIdentity({
      id, jsonPatch: [{ op: "add", path: "/traits/nick", value: "Addie" }],
    })
    assert.equal(patched.traits.nick, "Addie")
    const forbidden = [{ op: "replace", path: "/id", value: randomUUID() }]
    envelope(await refused(identities.patchIdentity({ id, jsonPatch: forbidden }), 400), 400)
    const { data: replaced } = await identities.updateIdentity({
      id,
      updateIdentityBody: { schema_id: "person", state: "inactive", traits: { email } },
    })
    assert.deepEqual([replaced.state, replaced.traits], ["inactive", { email }])
    assert.ok(time(replaced.state_changed_at) <= new Date(Date.now() + 1000))
    assert.deepEqual(messages(await refused(signIn(email), 400)), [4010011])
    assert.equal((await identities.deleteIdentity({ id })).status, 204)
    envelope(await refused(identities.getIdentity({ id }), 404), 404)
  },

  async "many identities are made at once, each with its own outcome"() {
    const { email } = await person()
    const [one, two] = [randomUUID(), randomUUID()]
    const create = (email) => ({ schema_id: "person", traits: { email } })
    const { data } = await identities.batchPatchIdentities({
      patchIdentitiesBody: {
        identities: [
          { create: create(address()), patch_id: one },
          { create: create(email), patch_id: two },
        ],
      },
    })
    const [made, failed] = data.identities
    assert.deepEqual([made.action, made.patch_id], ["create", one])
    assert.match(made.identity, uuid)
    assert.deepEqual([failed.action, failed.patch_id, failed.error.code], ["error", two, 409])
  },

  async "a second factor is taken away"() {
    const { email, id } = await person()
    await enrol((await signIn(email)).token)
    const gone = await identities.deleteIdentityCredentials({ id, type: "totp" })
    assert.equal(gone.status, 204)
    const { data } = await identities.getIdentity({ id })
    assert.ok(data.credentials.password && !data.credentials.totp, Object.keys(data.credentials))
    const { token: xSessionToken } = await signIn(email)
    assert.equal((await open.toSession({ xSessionToken })).data.authenticator_assurance_level, "aal1")
    envelope(await refused(identities.deleteIdentityCredentials({ id, type: "totp" }), 404), 404)
  },

  async "sessions are listed, extended and ended"() {
    const { email, id } = await person()
    const { token: xSessionToken, session } = await signIn(email)
    const { data: listed } = await identities.listIdentitySessions({ id })
    assert.deepEqual(listed.map((it) => it.id), [session.id])
    const { data: one } = await identities.getSession({ id: session.id, expand: ["identity", "devices"] })
    assert.deepEqual([one.identity.id, one.devices.length], [id, 1])
    const extended = await identities.extendSession({ id: session.id })
    assert.ok([200, 204].includes(extended.status))
    const { data: all } = await identities.listSessions({ active: true, pageSize: 500, expand: ["identity"] })
    assert.ok(all.some((it) => it.id === session.id && it.identity.id === id))
    assert.equal((await identities.disableSession({ id: session.id })).status, 204)
    await refused(open.toSession({ xSessionToken }), 401)
    const again = await signIn(email)
    assert.equal((await identities.deleteIdentitySessions({ id })).status, 204)
    await refused(open.toSession({ xSessionToken: again.token }), 401)
  },

  async "schemas are told as they are"() {
    const { data } = await identities.getIdentitySchema({ id: "person" })
    assert.equal(data.properties.traits.properties.email.format, "email")
    envelope(await refused(identities.getIdentitySchema({ id: "nobody" }), 404), 404)
  },

  async "a conflict is told"() {
    const { email } = await person()
    const createIdentityBody = { schema_id: "person", traits: { email } }
    envelope(await refused(identities.createIdentity({ createIdentityBody }), 409), 409)
  },
}
