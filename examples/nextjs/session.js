import { headers } from "next/headers"
import { identity } from "./service.js"

/** The session of this request. A page asks itself: what runs before it is the first check only. */
export async function session() {
  const cookie = (await headers()).get("cookie") ?? undefined
  const { data } = await identity.toSession({ cookie })
  return data
}
