// Every policy that the command prints, asked the requests of its table by a program that is not ours.
//
// simulate.mjs BINARY CONFIG TABLES
// For each statement there has to be a request that it allows or lets pass, and one that is denied. An allowed request of
// an Allow, and a denied one of a Deny, has to be decided by that very statement. A context key that the action does not
// have is a mistake in the table.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { runSimulation } from "@cloud-copilot/iam-simulate";

const ACCOUNT = "111122223333";
const [binary, config, tables] = process.argv.slice(2);
const command = (...args) =>
  execFileSync(binary, ["policies", "--config", config, ...args], { encoding: "utf8" });
const everything = {
  Version: "2012-10-17",
  Statement: [{ Sid: "Everything", Effect: "Allow", Action: "*", Resource: "*" }],
};

// Where the policy stands in a request; what it does not decide about is allowed, if the table says so.
function place(policy, kind, everythingElse) {
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
      return base;
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
  const simulation = {
    request: { principal, action, resource: { resource, accountId: ACCOUNT }, contextVariables: context },
    ...place(policy, kind, table.everythingElseAllowed),
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
const names = command("--list")
  .trim()
  .split("\n")
  .map((line) => line.split(/\s/)[0]);
for (const name of names) {
  const policy = JSON.parse(command("--only", name));
  const kind = JSON.parse(readFileSync(join(tables, "..", `${name}.json`), "utf8")).kind;
  const table = JSON.parse(readFileSync(join(tables, `${name}.json`), "utf8"));
  const statements = new Map(policy.Statement.map((statement) => [statement.Sid, statement]));
  const seen = new Set();
  for (const request of table.requests) {
    const where = `${name}: ${request.sid}: ${request.action} ${JSON.stringify(request.context)}`;
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
      if (!seen.has(`${sid} ${expect}`)) mistakes.push(`${name}: ${sid}: no request is ${expect}`);
}
for (const file of readdirSync(tables))
  if (!names.includes(file.replace(".json", ""))) mistakes.push(`${file}: a table without a policy`);
for (const mistake of mistakes) console.error(mistake);
console.log(`${names.length} policies, ${asked} requests`);
console.log(`policies: ${asked - mistakes.length} passed, ${mistakes.length} failed`);
process.exit(mistakes.length === 0 ? 0 : 1);
