import { session } from "../../session.js"

export default async function Account() {
  const { identity } = await session()
  return (
    <>
      <h1>Your account</h1>
      <p>{identity.traits.email}</p>
    </>
  )
}
