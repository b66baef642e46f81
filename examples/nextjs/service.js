// Where the identity service and this application are. From the configuration, never from a request.
import { Configuration, FrontendApi } from "@ory/client"

export const origin = process.env.ORIGIN ?? "http://localhost:3000"
export const identityUrl = process.env.IDENTITY_URL ?? "http://localhost:4433"

export const identity = new FrontendApi(
  new Configuration({ basePath: identityUrl, baseOptions: { timeout: 5_000 } }),
)

/** The address at which a flow begins. */
export function beginning(flow, parameters) {
  const url = new URL(`${identityUrl}/self-service/${flow}/browser`)
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url
}
