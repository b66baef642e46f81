// Where the identity service is, and the official SDK talking to it.
import { Configuration, FrontendApi } from "@ory/client"

/** The address that people see in their browser. From the configuration, never from a request. */
export const origin = process.env.ORIGIN ?? "http://localhost:4455"

/** The identity service below it. */
export const identityUrl = `${origin}/auth`

export const identity = new FrontendApi(
  new Configuration({ basePath: identityUrl, baseOptions: { timeout: 5_000 } }),
)

/** The address at which a flow begins; what is undefined is left out. */
export function beginning(flow, parameters = {}) {
  const url = new URL(`${identityUrl}/self-service/${flow}/browser`)
  for (const [name, value] of Object.entries(parameters)) {
    if (value) url.searchParams.set(name, value)
  }
  return url.toString()
}
