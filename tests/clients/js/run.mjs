// The official JavaScript SDK against Stepgate. Prints a line for each claim that it checks.
import { admin } from "./admin.mjs"
import { browser } from "./browser.mjs"
import { mail } from "./mail.mjs"
import { native } from "./native.mjs"

let failed = false
for (const [name, claim] of Object.entries({ ...native, ...browser, ...admin, ...mail })) {
  try {
    await claim()
    console.log(`ok ${name}`)
  } catch (error) {
    failed = true
    const answer = error.response ? JSON.stringify(error.response.data) : ""
    console.log(`FAILED ${name}: ${error.stack} ${answer}`)
  }
}
process.exit(failed ? 1 : 0)
