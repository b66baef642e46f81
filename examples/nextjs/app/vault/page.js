import { session } from "../../session.js"

export default async function Vault({ searchParams }) {
  const { authenticator_assurance_level: level, identity } = await session()
  if (level !== "aal2") throw new Error("the second factor is missing")
  const { shelf } = await searchParams
  return (
    <>
      <h1>The vault</h1>
      <p>
        Good day, {identity.traits.email}. This is shelf {shelf}.
      </p>
    </>
  )
}
