// The requests of cases.json, judged by an evaluator of IAM policies that this project did not write. The embedded AWS
// judges the same table in `cargo test`; both have to say what the column `allowed` says. Its argument is this folder.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const [, , here] = process.argv
const json = (path) => JSON.parse(readFileSync(join(here, path), 'utf8'))
const shipped = (name) => ({ name, policy: json(`../../deploy/iam/${name}.json`) })

let wrong = 0
const cases = json('cases.json')
for (const one of cases) {
  const [, , , , accountId] = one.resource.split(':')
  const answer = await runSimulation(
    {
      request: {
        action: one.action,
        principal: one.principal,
        resource: { resource: one.resource, accountId },
        contextVariables: one.context
      },
      identityPolicies: (one.identity ?? []).map(shipped),
      resourcePolicy: one.trust ? shipped(one.trust).policy : undefined,
      sessionPolicy: one.session,
      permissionBoundaryPolicies: one.boundary ? [{ name: 'boundary', policy: one.boundary }] : undefined,
      serviceControlPolicies: [],
      resourceControlPolicies: []
    },
    {}
  )
  const ignored = answer.result?.ignoredContextKeys ?? []
  const said = answer.resultType === 'error' ? JSON.stringify(answer.errors) : answer.overallResult
  if ((said === 'Allowed') !== one.allowed || answer.resultType === 'error' || ignored.length > 0) {
    wrong += 1
    console.log(`${one.name}: expected ${one.allowed ? 'Allowed' : 'a denial'}, got ${said}`)
    if (ignored.length > 0) console.log(`  no such condition key for ${one.action}: ${ignored.join(', ')}`)
  }
}
console.log(`${cases.length} requests, ${wrong} judged differently`)
process.exit(wrong === 0 && cases.length > 0 ? 0 : 1)
