// Every policy that the command prints, asked the requests of its table by a program that is not ours.
//
// simulate.mjs BINARY ROOT
// policies/requests has the tables of what is printed for deploy/iam/example.toml, its folders those for the examples in
// folders of the same name there. After them come the requests of cases.json, which are asked of several policies at once
// (trust, identity, session, boundary); the embedded AWS answers those too, in `cargo test`.
//
// For each statement there has to be a request that it allows or lets pass, and one that is denied. An allowed request of
// an Allow, and a denied one of a Deny, has to be decided by that very statement. A context key that the action does not
// have is a mistake in the table.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { runSimulation } from "@cloud-copilot/iam-simulate";

const [binary, root] = process.argv.slice(2);
const json = (...path) => JSON.parse(readFileSync(join(root, ...path), "utf8"));
const command = (config, ...args) =>
  execFileSync(binary, ["policies", "--config", config, ...args], { encoding: "utf8" });
// The account of an ARN; SageMaker's lists are of none, and asked for in that of the principal.
const accountOf = (arn) => arn.split(":")[4];
const everything = {
  Version: "2012-10-17",
  Statement: [{ Sid: "Everything", Effect: "Allow", Action: "*", Resource: "*" }],
};

// What another account says, which has to agree too.
const consent = {
  Version: "2012-10-17",
  Statement: [{ Sid: "Consent", Effect: "Allow", Principal: { AWS: "*" }, Action: "*", Resource: "*" }],
};

// Where the policy stands in a request; what it does not decide about is allowed, if the table says so.
function place(policy, kind, everythingElse, elsewhere) {
  const identityPolicies = [];
  if (everythingElse) identityPolicies.push({ name: "everything", policy: everything });
  const base = { identityPolicies, serviceControlPolicies: [], resourceControlPolicies: [] };
  switch (kind) {
    case "guardrail": {
      const organization = [
        { name: "FullAWSAccess", policy: everything },
        { name: "policy", policy },
      ];
      return { ...base, serviceControlPolicies: [{ orgIdentifier: "r-root", policies: organization }] };
    }
    case "endpoint":
      return { ...base, vpcEndpointPolicies: [{ name: "policy", policy }] };
    case "trust":
      return { ...base, resourcePolicy: policy };
    case "key":
      return {
        ...base,
        identityPolicies: [{ name: "everything", policy: everything }],
        resourcePolicy: policy,
      };
    default:
      identityPolicies.push({ name: "policy", policy });
      return elsewhere ? { ...base, resourcePolicy: consent } : base;
  }
}

function decisive(analysis) {
  const found = { Allow: new Set(), Deny: new Set() };
  const visit = (value) => {
    if (!value || typeof value !== "object") return;
    for (const [key, inner] of Object.entries(value)) {
      const effect = { allowStatements: "Allow", denyStatements: "Deny" }[key];
      if (effect) for (const one of inner) found[effect].add(one.explain?.identifier);
      else visit(inner);
    }
  };
  visit(analysis);
  return found;
}

// The simulator does not know keys of kms:EncryptionContext; another key that holds an ARN stands in for it.
function renamed(value) {
  return JSON.parse(JSON.stringify(value).replaceAll("kms:EncryptionContext:aws:logs:arn", "aws:SourceArn"));
}

async function ask(printed, kind, table, request) {
  const policy = renamed(printed);
  const { action, resource, context } = renamed(request);
  const principal = request.principal ?? table.principal;
  const elsewhere = accountOf(resource) && accountOf(resource) !== accountOf(principal);
  const simulation = {
    request: { principal, action, resource: { resource, accountId: accountOf(resource) ?? accountOf(principal) }, contextVariables: context },
    ...place(policy, kind, table.everythingElseAllowed, elsewhere),
  };
  // A service and a SAML provider have no policies of their own.
  if (!/:(sts|iam)::\d+:(assumed-role|user|role)\//.test(principal)) simulation.identityPolicies = [];
  const answer = await runSimulation(simulation, {});
  if (answer.resultType === "error") throw new Error(JSON.stringify(answer.errors));
  const results = answer.resultType === "single" ? [answer.result] : answer.results;
  const ignored = results.flatMap((result) => result.ignoredContextKeys ?? []);
  if (ignored.length > 0) throw new Error(`${action} does not have the keys ${ignored.join(", ")}`);
  const by = decisive(results.map((result) => result.analysis));
  return { allowed: answer.overallResult === "Allowed", outcome: answer.overallResult, by };
}

let asked = 0;
const mistakes = [];

async function askTable(config, folder, name) {
  const policy = JSON.parse(command(config, "--only", name));
  const { kind } = json("policies", `${name}.json`);
  const table = json(folder, `${name}.json`);
  const statements = new Map(policy.Statement.map((statement) => [statement.Sid, statement]));
  const seen = new Set();
  for (const request of table.requests) {
    const where = `${folder}/${name}: ${request.sid}: ${request.action} ${JSON.stringify(request.context)}`;
    const statement = statements.get(request.sid);
    asked += 1;
    try {
      if (!statement) throw new Error("there is no such statement");
      const { allowed, outcome, by } = await ask(policy, kind, table, request);
      if (allowed !== (request.expect === "allowed")) throw new Error(`expected ${request.expect}, got ${outcome}`);
      const decides = (statement.Effect === "Allow") === allowed;
      if (decides && !by[statement.Effect].has(request.sid))
        throw new Error(`not decided by it, but by ${[...by[statement.Effect]]}`);
      seen.add(`${request.sid} ${request.expect}`);
    } catch (fault) {
      mistakes.push(`${where}: ${fault.message}`);
    }
  }
  for (const sid of statements.keys())
    for (const expect of ["allowed", "denied"])
      if (!seen.has(`${sid} ${expect}`)) mistakes.push(`${folder}/${name}: ${sid}: no request is ${expect}`);
}

async function askCase(one) {
  const shipped = (name) => ({ name, policy: json("deploy/iam", `${name}.json`) });
  const answer = await runSimulation(
    {
      request: {
        action: one.action,
        principal: one.principal,
        resource: { resource: one.resource, accountId: accountOf(one.resource) },
        contextVariables: one.context,
      },
      identityPolicies: (one.identity ?? []).map(shipped),
      resourcePolicy: one.trust ? shipped(one.trust).policy : undefined,
      sessionPolicy: one.session,
      permissionBoundaryPolicies: one.boundary ? [{ name: "boundary", policy: one.boundary }] : undefined,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  asked += 1;
  const ignored = answer.result?.ignoredContextKeys ?? [];
  const said = answer.resultType === "error" ? JSON.stringify(answer.errors) : answer.overallResult;
  if (ignored.length > 0) mistakes.push(`${one.name}: ${one.action} does not have the keys ${ignored.join(", ")}`);
  else if (answer.resultType === "error" || (said === "Allowed") !== one.allowed)
    mistakes.push(`${one.name}: expected ${one.allowed ? "Allowed" : "a denial"}, got ${said}`);
}

const examples = readdirSync(join(root, "policies/requests"), { withFileTypes: true });
const folders = [".", ...examples.filter((entry) => entry.isDirectory()).map((entry) => entry.name)];
const templates = readdirSync(join(root, "policies")).filter((file) => file.endsWith(".json"));
const tabled = new Set();
for (const folder of folders) {
  const tables = join("policies/requests", folder);
  const config = join(root, "deploy/iam", folder, "example.toml");
  for (const file of readdirSync(join(root, tables)).filter((file) => file.endsWith(".json"))) {
    tabled.add(file);
    await askTable(config, tables, file.replace(".json", ""));
  }
}
for (const file of templates) if (!tabled.has(file)) mistakes.push(`policies/${file}: no table asks it anything`);
const cases = json("tests/printed_policies/cases.json");
for (const one of cases) await askCase(one);
if (cases.length === 0) mistakes.push("cases.json: no cases");
for (const mistake of mistakes) console.error(mistake);
console.log(`${tabled.size} policies, ${asked} requests`);
console.log(`policies: ${asked - mistakes.length} passed, ${mistakes.length} failed`);
process.exit(mistakes.length === 0 ? 0 : 1);
