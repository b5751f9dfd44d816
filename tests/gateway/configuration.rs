//! The configuration as it is shipped, and everything that can be wrong with one.

use crate::stage::{key, stranger_key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use studio_gateway::clock::Clock;
use studio_gateway::config::{Config, Problems, Sources, nothing_remote};
use studio_gateway::demo::idp::metadata::metadata_xml;
use toml::{Table, Value};

const SHIPPED: &str = include_str!("../../config/gateway.toml");
const DEMO: &str = include_str!("../../config/demo.toml");
const ENTITY: &str = "https://idp.example.com/metadata";

/// Commented keys that show an example, because there is no default.
const EXAMPLES: &[&str] = &[
    "gateway.contact",
    "gateway.seal_keys",
    "gateway.tls",
    "brand.name",
    "brand.logo",
    "brand.colour",
    "saml.audiences",
    "saml.key",
    "idp.name",
    "idp.metadata_url",
    "idp.metadata_certificate",
    "idp.entity_id",
    "idp.request_binding",
    "idp.sign_requests",
    "idp.authn_context",
    "idp.name_id_format",
    "aws.sts_endpoint",
    "aws.sagemaker_endpoint",
    "aws.iam_endpoint",
    "aws.service_quotas_endpoint",
    "admin.listen",
    "audit.pseudonymise",
    "audit.cloudwatch_logs",
    "audit.firehose",
    "audit.eventbridge",
    "traces.endpoint",
    "replay.dynamodb",
    "replay.redis",
    "domain.name",
    "domain.description",
    "domain.provisioner",
    "domain.execution_role",
    "domain.profile.execution_role",
    "domain.profile.security_groups",
    "domain.profile.settings.StudioWebPortal",
    "domain.profile.settings.JupyterLabAppSettings",
    "domain.profile.settings.SpaceStorageSettings",
    "domain.profile.settings.StudioWebPortalSettings",
    "domain.profile.tags.\"cost-center\"",
    "domain.profile.tags.\"managed-by\"",
    "domain.profile.tags.\"team\"",
    "domain.profile.lifecycle",
    "destination",
    "rule",
    "rule.idps",
    "rule.roles",
    "rule.attributes",
    "rule.profile",
    "policies.gateway_role",
    "policies.instance_types",
    "policies.images",
    "policies.ip_ranges",
    "policies.vpc_endpoints",
    "policies.kms_keys",
    "policies.administrators",
    "policies.api_principals",
    "policies.notebook_groups",
];

fn file(path: &Path) -> io::Result<String> {
    match path.to_str().unwrap() {
        "idp-metadata.xml" => Ok(metadata_xml(ENTITY, "https://idp.example.com/sso", &[key()]).unwrap()),
        "other.xml" => {
            Ok(metadata_xml("https://other.example", "https://other.example/sso", &[key()]).unwrap())
        }
        "seal.key" | "pseudonyms.key" => Ok(STANDARD.encode([7; 32])),
        "short.key" => Ok(STANDARD.encode([7; 16])),
        "redis-ca.crt" | "sp.crt" | "tls.crt" | "federation.crt" => Ok(key().certificate_pem().unwrap()),
        "sp.key" | "tls.key" => Ok(key().private_key_pem().unwrap()),
        "other.key" => Ok(stranger_key().private_key_pem().unwrap()),
        "text.txt" => Ok("just a text".into()),
        "long.sh" => Ok(format!("#!/bin/sh\n{}", "x".repeat(13_000))),
        "logo.svg" => Ok(include_str!("../../templates/icon.svg").into()),
        "lifecycle/jupyterlab/git-config.sh" => Ok("#!/bin/bash\ntrue\n".into()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    file(path).map(String::into_bytes)
}

fn variable(name: &str) -> Option<String> {
    (name == "STUDIO_GATEWAY_OLD_SEAL_KEY").then(|| STANDARD.encode([8; 32]))
}

fn parse(text: &str) -> Result<Config, Problems> {
    let sources = Sources { file: &file, bytes: &bytes, variable: &variable, remote: &nothing_remote };
    Config::parse(text, &sources, Clock::system().now())
}

/// What is commented out: a key, or a table with its keys.
struct Commented {
    /// Such as `gateway.contact`.
    path: String,
    lines: Vec<usize>,
}

fn setting(line: &str) -> Option<&str> {
    let text = line.strip_prefix("# ")?;
    let (name, _) = text.split_once(" = ")?;
    let named = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-\"".contains(&b));
    named(name).then_some(name)
}

fn commented() -> Vec<Commented> {
    let mut found: Vec<Commented> = Vec::new();
    let mut table = String::new();
    let mut hidden_table = false;
    for (number, line) in SHIPPED.lines().enumerate() {
        let bare = line.trim_start_matches("# ");
        let header = bare.starts_with('[') && bare.ends_with(']');
        if header {
            bare.trim_matches(['[', ']']).clone_into(&mut table);
            hidden_table = line.starts_with("# ");
            let within = |last: &Commented| table.starts_with(&format!("{}.", last.path));
            if hidden_table && let Some(parent) = found.last_mut().filter(|last| within(last)) {
                parent.lines.push(number);
            } else if hidden_table {
                found.push(Commented { path: table.clone(), lines: vec![number] });
            }
        } else if let Some(name) = setting(line) {
            if hidden_table {
                found.last_mut().unwrap().lines.push(number);
            } else {
                found.push(Commented { path: format!("{table}.{name}"), lines: vec![number] });
            }
        }
    }
    found
}

/// The lines of all that is commented out, but for what excludes another.
fn at_once() -> Vec<usize> {
    let all = commented().into_iter().filter(|one| one.path != "domain.execution_role");
    all.flat_map(|one| one.lines).collect()
}

fn uncommented(lines: &[usize]) -> String {
    let lines: Vec<_> = SHIPPED
        .lines()
        .enumerate()
        .map(|(number, line)| if lines.contains(&number) { line.trim_start_matches("# ") } else { line })
        .collect();
    lines.join("\n")
}

#[test]
fn the_shipped_configuration_is_usable() {
    let config = parse(SHIPPED).expect("usable");
    assert_eq!(config.warnings.len(), 1, "{:?}", config.warnings);
    assert!(config.warnings[0].starts_with("gateway.seal_keys: none"));
}

#[test]
fn every_commented_key_exists() {
    let all = at_once();
    assert!(all.len() > 30, "{}", all.len());
    let config = parse(&uncommented(&all)).expect("usable");
    assert_eq!(config.gateway.seal_keys.len(), 2);
    assert_eq!(config.domains[0].profile.lifecycle.len(), 1);
}

#[test]
fn every_commented_key_shows_its_default_or_is_an_example() {
    let shipped = format!("{:?}", parse(SHIPPED).unwrap());
    let mut examples = BTreeSet::new();
    for one in commented() {
        let changed =
            parse(&uncommented(&one.lines)).unwrap_or_else(|problems| panic!("{}: {problems}", one.path));
        if EXAMPLES.contains(&one.path.as_str()) {
            examples.insert(one.path);
        } else {
            let changed = format!("{changed:?}");
            assert_eq!(changed, shipped, "{} is not the default", one.path);
        }
    }
    let listed: BTreeSet<_> = EXAMPLES.iter().map(ToString::to_string).collect();
    assert_eq!(examples, listed);
}

#[test]
fn a_ledger_needs_to_know_where_it_is() {
    for (replay, problem) in [
        ("ledger = 'dynamodb'", "replay.dynamodb.table: missing"),
        ("ledger = 'redis'", "replay.redis.urls: at least one is needed"),
        ("redis.urls = ['redis://a', 'redis://b']", "replay.redis.urls: several, but cluster is not true"),
    ] {
        let text = SHIPPED.replace("[replay]", &format!("[replay]\n{replay}"));
        let problems = parse(&text).unwrap_err();
        assert!(problems.lines().iter().any(|line| line.starts_with(problem)), "{problems}");
    }
    let plain = "[replay]\nledger = 'redis'\nredis.urls = ['redis://redis.example.com']";
    let config = parse(&SHIPPED.replace("[replay]", plain)).unwrap();
    assert!(config.warnings.iter().any(|line| line.contains("without TLS")), "{:?}", config.warnings);
}

#[test]
fn every_key_of_the_demo_is_in_the_reference() {
    fn keys(prefix: &str, value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Table(table) if prefix != ".domain.profile.tags" => {
                for (key, value) in table {
                    keys(&format!("{prefix}.{key}"), value, found);
                }
            }
            Value::Array(items) if items.iter().any(Value::is_table) => {
                for item in items {
                    keys(prefix, item, found);
                }
            }
            _ => {
                found.insert(prefix.to_owned());
            }
        }
    }
    let all = at_once();
    let mut documented = BTreeSet::new();
    keys("", &Value::Table(uncommented(&all).parse().unwrap()), &mut documented);
    let mut used = BTreeSet::new();
    keys("", &Value::Table(DEMO.parse().unwrap()), &mut used);
    let unknown: Vec<_> = used.difference(&documented).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// A value at a path such as `domain.0.region`, or none to take it away; and the line that tells what is wrong.
type Wrong = (&'static str, Option<&'static str>, &'static str);

/// Every kind of problem that a value can have. No two are at the same place, so that all fit into one file.
const WRONG: &[Wrong] = &[
    ("surprise", Some("1"), "surprise: unknown key"),
    ("gateway.listen", Some("'here'"), "gateway.listen: expected an address and port, got \"here\""),
    (
        "gateway.public_url",
        Some("'http://studio.example.com'"),
        "gateway.public_url: expected an https URL without a path, got \"http://studio.example.com\"",
    ),
    ("gateway.contact", Some("7"), "gateway.contact: expected a text, got 7"),
    (
        "gateway.sign_in_seconds",
        Some("4"),
        "gateway.sign_in_seconds: expected a whole number from 5 to 120, got 4",
    ),
    (
        "gateway.preparing_after_milliseconds",
        Some("2000"),
        "gateway.preparing_after_milliseconds: expected a whole number from 100 to 1800, got 2000",
    ),
    (
        "gateway.preparing_pages",
        Some("0"),
        "gateway.preparing_pages: expected a whole number from 1 to 100000, got 0",
    ),
    (
        "gateway.seal_keys",
        Some(
            "['AAECAwQFBgcICQoLDA0ODw==', 'file:none.key', 'env:NONE', 'file:text.txt', 'file:short.key', 3]",
        ),
        "gateway.seal_keys[4]: the key has 16 bytes, not 32",
    ),
    ("gateway.port", Some("80"), "gateway.port: unknown key"),
    (
        "saml.clock_skew_seconds",
        Some("181"),
        "saml.clock_skew_seconds: expected a whole number from 0 to 180, got 181",
    ),
    ("brand.name", Some("' '"), "brand.name: expected a text, got \" \""),
    ("brand.logo", Some("'text.txt'"), "brand.logo: \"text.txt\" is neither SVG nor PNG"),
    ("brand.colour", Some("'blue'"), "brand.colour: expected a colour such as \"#0b5fad\", got \"blue\""),
    ("saml.audiences", Some("'urn:x'"), "saml.audiences: expected a list, got a string"),
    ("saml.entity_id", Some("''"), "saml.entity_id: expected a text, got \"\""),
    (
        "saml.key",
        Some("[{ certificate = 'file:sp.crt', private_key = 'file:other.key' }]"),
        "saml.key[0].private_key: ",
    ),
    ("idp.0.key", Some("'Corp IdP'"), "idp[0].key: expected a key of a-z, 0-9 and \"-\", got \"Corp IdP\""),
    ("idp.0.metadata_file", Some("'none.xml'"), "idp[0].metadata_file: cannot read \"none.xml\""),
    ("idp.0.metadata_url", Some("'http://idp.example.com'"), "idp[0].metadata_url: expected an https URL"),
    (
        "idp.0.saml_providers",
        Some("['arn:aws:iam::111122223333:role/corp']"),
        "idp[0].saml_providers[0]: expected the ARN of an IAM SAML provider",
    ),
    ("idp.0.idp_initiated", Some("'yes'"), "idp[0].idp_initiated: expected true or false, got \"yes\""),
    (
        "idp.0.request_binding",
        Some("'artifact'"),
        "idp[0].request_binding: expected \"redirect\" or \"post\"",
    ),
    ("idp.0.attributes", Some("'groups'"), "idp[0].attributes: expected a table, got \"groups\""),
    ("aws.sts_endpoint", Some("'sts'"), "aws.sts_endpoint: expected an http(s) URL, got \"sts\""),
    ("aws.attempts", Some("0"), "aws.attempts: expected a whole number from 1 to 10, got 0"),
    (
        "aws.call_milliseconds",
        Some("1.5"),
        "aws.call_milliseconds: expected a whole number from 50 to 60000, got 1.5",
    ),
    (
        "replay.ledger",
        Some("'paper'"),
        "replay.ledger: expected \"memory\", \"dynamodb\" or \"redis\", got \"paper\"",
    ),
    ("replay.dynamodb.table", Some("'a b'"), "replay.dynamodb.table: expected a DynamoDB table name"),
    (
        "replay.redis.urls",
        Some("['redis://:hunter2@redis.example.com']"),
        "replay.redis.urls[0]: expected a redis or rediss URL; one with a password as \"file:PATH\" or \"env:NAME\"",
    ),
    ("replay.capacity", Some("1"), "replay.capacity: expected a whole number from 1000 to 10000000, got 1"),
    ("audit.format", Some("'xml'"), "audit.format: expected \"native\" or \"ocsf\", got \"xml\""),
    ("audit.pseudonymise", Some("'file:short.key'"), "audit.pseudonymise: the key has 16 bytes, not 32"),
    ("audit.queue", Some("1"), "audit.queue: expected a whole number from 100 to 1000000, got 1"),
    ("audit.firehose.stream", Some("'a b'"), "audit.firehose.stream: expected the name of a Firehose stream"),
    (
        "audit.cloudwatch_logs.stream",
        Some("'a:b'"),
        "audit.cloudwatch_logs.stream: expected the name of a log stream",
    ),
    (
        "audit.cloudwatch_logs.stream",
        Some("'a?b'"),
        "audit.cloudwatch_logs.stream: expected the name of a log stream without ?",
    ),
    (
        "audit.cloudwatch_logs.stream",
        Some("'a${aws:username}'"),
        "audit.cloudwatch_logs.stream: expected the name of a log stream without ?",
    ),
    ("audit.eventbridge.bus", Some("''"), "audit.eventbridge.bus: expected the name or ARN of an event bus"),
    (
        "audit.eventbridge.bus",
        Some("'a:b'"),
        "audit.eventbridge.bus: expected the name or ARN of an event bus",
    ),
    (
        "audit.eventbridge.bus",
        Some("'arn:aws:events:ap-northeast-2:111122223333:rule/b'"),
        "audit.eventbridge.bus: expected the name or ARN of an event bus",
    ),
    (
        "audit.eventbridge.bus",
        Some("'arn:aws:events:ap-northeast-2::event-bus/b'"),
        "audit.eventbridge.bus: expected the name or ARN of an event bus",
    ),
    ("limits.address_per_second", Some("0"), "limits.address_per_second: expected a whole number from 1"),
    (
        "limits.address_burst",
        Some("1000001"),
        "limits.address_burst: expected a whole number from 1 to 1000000",
    ),
    ("limits.all_per_second", Some("-1"), "limits.all_per_second: expected a whole number from 1"),
    ("limits.all_burst", Some("4294967296"), "limits.all_burst: expected a whole number from 1"),
    ("traces.endpoint", Some("'collector:4318'"), "traces.endpoint: expected an http(s) URL"),
    ("traces.sample", Some("1.5"), "traces.sample: expected a number from 0 to 1, got 1.5"),
    ("domain.0.key", None, "domain[0].key: missing"),
    (
        "domain.0.domain_id",
        Some("'research'"),
        "domain[0].domain_id: expected a domain ID such as \"d-abcdefghijkl\", got \"research\"",
    ),
    ("domain.0.region", Some("'Seoul'"), "domain[0].region: expected an AWS region, got \"Seoul\""),
    (
        "domain.0.roles",
        Some("['arn:aws:iam::111122223333:role/A', 'arn:aws:iam::444455556666:role/B']"),
        "domain[0].roles: all have to be of one account",
    ),
    ("domain.0.owner_tag", Some("'aws:owner'"), "domain[0].owner_tag: expected a tag key, got \"aws:owner\""),
    ("domain.0.session_tag", Some("'a*'"), "domain[0].session_tag: expected a tag key, got \"a*\""),
    (
        "domain.0.presign_by",
        Some("'anybody'"),
        "domain[0].presign_by: expected \"person\" or \"service\", got \"anybody\"",
    ),
    (
        "domain.0.provisioner.external_id",
        Some("'a'"),
        "domain[0].provisioner.external_id: expected an external ID of 2",
    ),
    ("domain.0.provisioner.role_arn", None, "domain[0].provisioner.role_arn: missing"),
    (
        "domain.0.provisioner.session_name",
        Some("'a b'"),
        "domain[0].provisioner.session_name: expected a session name",
    ),
    (
        "domain.0.execution_role.permissions_boundary",
        None,
        "domain[0].execution_role.permissions_boundary: missing",
    ),
    (
        "domain.0.execution_role.path",
        Some("'studio'"),
        "domain[0].execution_role.path: expected a path such as",
    ),
    (
        "domain.0.execution_role.name_prefix",
        Some("'a.'"),
        "domain[0].execution_role.name_prefix: expected up to 32",
    ),
    (
        "domain.0.execution_role.policies",
        Some("['arn:aws:iam::111122223333:role/A']"),
        "domain[0].execution_role.policies[0]: expected the ARN of a managed policy",
    ),
    (
        "domain.0.execution_role.tags.StudioUserId",
        Some("'x'"),
        "domain[0].execution_role.tags.StudioUserId: this tag is set by the gateway",
    ),
    (
        "domain.0.execution_role.policy",
        Some("[{ arns = [] }]"),
        "domain[0].execution_role.policy[0].arns: at least one is needed",
    ),
    ("domain.0.landing_uri", Some("'https://evil.example'"), "domain[0].landing_uri: expected a landing URI"),
    (
        "domain.0.session_seconds",
        Some("1799"),
        "domain[0].session_seconds: expected a whole number from 1800 to 43200, got 1799",
    ),
    (
        "domain.0.link_seconds",
        Some("301"),
        "domain[0].link_seconds: expected a whole number from 5 to 300, got 301",
    ),
    ("domain.0.session_policy", Some("'no'"), "domain[0].session_policy: expected true or false, got \"no\""),
    (
        "domain.0.ready_seconds",
        Some("-1"),
        "domain[0].ready_seconds: expected a whole number from 0 to 120, got -1",
    ),
    (
        "domain.0.poll_milliseconds",
        Some("0"),
        "domain[0].poll_milliseconds: expected a whole number from 1 to 10000, got 0",
    ),
    (
        "domain.0.profile.execution_role",
        Some("'StudioExecution'"),
        "domain[0].profile.execution_role: expected the ARN of an IAM role, got \"StudioExecution\"",
    ),
    (
        "domain.0.profile.security_groups",
        Some("['sg-1', 'sg-2', 'sg-3', 'sg-4', 'sg-5', 'sg-6']"),
        "domain[0].profile.security_groups: five at most",
    ),
    (
        "domain.0.provisioning",
        Some("'always'"),
        "domain[0].provisioning: expected \"create-only\", \"report\" or \"reconcile\", got \"always\"",
    ),
    (
        "domain.0.profile.settings",
        Some(
            "{ DefaultLandingUri = 1979-05-27, JupyterLabAppSettings = { DefaultResourceSpec = { InstanceType = 'm5.large' } } }",
        ),
        "domain[0].profile.settings.JupyterLabAppSettings.DefaultResourceSpec.InstanceType: \"m5.large\" is none of",
    ),
    (
        "domain.0.profile.tags",
        Some(
            "{ team = { attribute = 'a', value = 'b' }, StudioUserId = { value = 'x' }, 'a#b' = { value = 'c' } }",
        ),
        "domain[0].profile.tags.team: expected { attribute = \"...\" }, { attribute",
    ),
    (
        "domain.0.profile.lifecycle",
        Some(
            "[{ app = 'Emacs', script = 'text.txt' }, { app = 'JupyterLab', script = 'long.sh' }, { app = 'JupyterLab' }]",
        ),
        "domain[0].profile.lifecycle[1].script: \"long.sh\" has ",
    ),
    (
        "policies.instance_types",
        Some("['m1.t3.medium']"),
        "policies.instance_types[0]: expected an instance type such as \"ml.t3.medium\", got \"m1.t3.medium\"",
    ),
    (
        "policies.images",
        Some("['arn:aws:ecr:ap-northeast-2:111122223333:repository/x']"),
        "policies.images[0]: expected the ARN of a SageMaker image",
    ),
    ("policies.ip_ranges", Some("['203.0.113.0/33']"), "policies.ip_ranges[0]: expected an address range"),
    (
        "policies.vpc_endpoints",
        Some("['vpc-012345678']"),
        "policies.vpc_endpoints[0]: expected the ID of a VPC",
    ),
    ("policies.kms_keys", Some("['alias/studio']"), "policies.kms_keys[0]: expected the ARN of a KMS key"),
    ("policies.administrators", Some("['*']"), "policies.administrators[0]: expected the ARN of an IAM role"),
    (
        "policies.api_principals",
        Some("['arn:aws:iam::111122223333:user/*']"),
        "policies.api_principals[0]: expected the ARN of an IAM user or role",
    ),
    (
        "policies.gateway_role",
        Some("'StudioGateway'"),
        "policies.gateway_role: expected the ARN of an IAM role",
    ),
    (
        "policies.notebook_groups",
        Some("['ml team']"),
        "policies.notebook_groups[0]: expected the name of an IAM",
    ),
    (
        "destination",
        Some(
            "[{ key = 'lab', domain = 'nowhere' }, { key = 'Lab', domain = 'research', landing_uri = 'lab' }]",
        ),
        "destination[0].domain: no domain has the key \"nowhere\"",
    ),
    ("rule.0.name", None, "rule[0].name: missing"),
    ("rule.0.idps", Some("['corporate']"), "rule[0].idps[0]: no IdP has the key \"corporate\""),
    (
        "rule.0.roles",
        Some("['DataScientist']"),
        "rule[0].roles[0]: expected the ARN of an IAM role, or { like = \"...\" }, got \"DataScientist\"",
    ),
    ("rule.0.groups", Some("[]"), "rule[0].groups: an empty list matches nothing"),
    (
        "rule.0.attributes",
        Some("{ site = { like = 'Seoul' }, level = 3, team = [{ unlike = 'x' }] }"),
        "rule[0].attributes.site: \"Seoul\" has no * or ?: write it as a plain text",
    ),
    ("rule.0.everyone", Some("true"), "rule[0].everyone: true, but the rule has conditions"),
    ("rule.0.allow", Some("['nowhere']"), "rule[0].allow[0]: no destination has the key \"nowhere\""),
    ("rule.0.deny", Some("7"), "rule[0].deny: expected a text, got 7"),
    (
        "rule.0.profile",
        Some("{ execution_role = 'Vision', colour = 'blue' }"),
        "rule[0].profile.execution_role: expected the ARN of an IAM role, got \"Vision\"",
    ),
];

fn base() -> Table {
    SHIPPED.parse().unwrap()
}

fn apply(table: &mut Table, (path, value, _): &Wrong) {
    let value = value.map(|value| format!("v = {value}").parse::<Table>().unwrap().remove("v").unwrap());
    let mut parts: Vec<_> = path.split('.').collect();
    let last = parts.pop().unwrap();
    let mut place = table;
    let mut parts = parts.into_iter().peekable();
    while let Some(part) = parts.next() {
        let entry = place.entry(part).or_insert_with(|| Value::Table(Table::new()));
        let entry = match parts.peek().and_then(|next| next.parse::<usize>().ok()) {
            Some(index) => {
                parts.next();
                &mut entry.as_array_mut().unwrap()[index]
            }
            None => entry,
        };
        place = entry.as_table_mut().unwrap();
    }
    match value {
        Some(value) => place.insert(last.to_owned(), value),
        None => place.remove(last),
    };
}

fn problems(table: &Table) -> Vec<String> {
    let sources = Sources { file: &file, bytes: &bytes, variable: &variable, remote: &nothing_remote };
    let problems = Config::from_table(table, &sources, Clock::system().now()).unwrap_err();
    problems.lines().to_vec()
}

#[test]
fn each_problem_is_told_with_its_path() {
    for wrong in WRONG {
        let mut table = base();
        apply(&mut table, wrong);
        let lines = problems(&table);
        assert!(lines.iter().any(|line| line.starts_with(wrong.2)), "{}: {lines:#?}", wrong.0);
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let mut table = base();
    for wrong in WRONG {
        apply(&mut table, wrong);
    }
    let lines = problems(&table);
    for wrong in WRONG {
        assert!(lines.iter().any(|line| line.starts_with(wrong.2)), "{}: {lines:#?}", wrong.0);
    }
    // What a list or a table holds is told item by item.
    for more in [
        "gateway.seal_keys[0]: expected \"file:PATH\", \"env:NAME\", \"secretsmanager:ID\" or \"ssm:NAME\"",
        "gateway.seal_keys[1]: cannot read \"none.key\"",
        "gateway.seal_keys[2]: the variable \"NONE\" is not set",
        "gateway.seal_keys[3]: the key is not base64",
        "gateway.seal_keys[5]: expected \"file:PATH\", \"env:NAME\", \"secretsmanager:ID\" or \"ssm:NAME\"",
        "domain[0].profile.tags.StudioUserId: the owner tag is set by the gateway",
        "domain[0].profile.tags.a#b: not a usable tag key",
        "domain[0].profile.lifecycle[0].app: expected JupyterLab",
        "domain[0].profile.lifecycle[0].script: \"text.txt\" does not begin with \"#!\"",
        "domain[0].profile.lifecycle[2].script: missing",
        "destination[1].key: expected a key of a-z",
        "destination[1].landing_uri: expected a landing URI",
        "rule[0].attributes.level: expected a text or { like = \"...\" }, got 3",
        "rule[0].attributes.team[0]: expected a text or { like = \"...\" }, got { unlike = \"x\" }",
        "rule[0].profile.colour: unknown key",
    ] {
        assert!(lines.iter().any(|line| line.starts_with(more)), "{more}: {lines:#?}");
    }
    let text = lines.join("\n");
    assert!(!text.contains("AAECAwQF"), "a key in the wrong place is not repeated");
}

#[test]
fn repeated_tables_are_told_beside_other_problems() {
    let mut table: Table = base();
    let idp = table["idp"][0].clone();
    let domain = table["domain"][0].clone();
    let mut broken = domain.clone();
    broken.as_table_mut().unwrap().insert("region".into(), "Seoul".into());
    table["idp"].as_array_mut().unwrap().push(idp);
    let domains = table["domain"].as_array_mut().unwrap();
    domains.insert(0, broken);
    domains.push(domain);
    let lines = problems(&table);
    assert_eq!(
        lines,
        [
            "domain[0].region: expected an AWS region, got \"Seoul\"",
            "idp[1].key: \"corp\" occurs twice",
            &format!("idp[1].metadata_file: \"{ENTITY}\" occurs twice"),
            "domain[2].key: \"research\" occurs twice",
        ]
    );
}

/// The shipped configuration with these rules in place of its own, and further tables.
fn with_rules(more: &str) -> Result<Config, Problems> {
    let mut table = base();
    table.remove("rule");
    let more: Table = more.parse().unwrap();
    table.extend(more);
    let sources = Sources { file: &file, bytes: &bytes, variable: &variable, remote: &nothing_remote };
    Config::from_table(&table, &sources, Clock::system().now())
}

#[track_caller]
fn only_problem(more: &str, expected: &str) {
    assert_eq!(with_rules(more).unwrap_err().lines(), [expected]);
}

/// Warnings beside those that the shipped configuration has.
fn warnings(more: &str) -> Vec<String> {
    let warnings = with_rules(more).unwrap().warnings;
    warnings.into_iter().filter(|line| !line.starts_with("gateway.seal_keys")).collect()
}

const EVERYONE: &str = "[[rule]]\nname = 'Everyone'\neveryone = true\nallow = 'research'\n";

#[test]
fn rules_that_can_never_do_what_they_say() {
    only_problem(
        "[[rule]]\nname = 'a'\nallow = 'research'",
        "rule[0].everyone: a rule without a condition has to say everyone = true",
    );
    only_problem("[[rule]]\nname = 'a'\neveryone = true", "rule[0].allow: missing (or deny)");
    only_problem(
        "[[rule]]\nname = 'a'\neveryone = true\nallow = 'research'\ndeny = 'research'",
        "rule[0].deny: \"research\" is named by this rule already",
    );
    only_problem(
        "[[rule]]\nname = 'a'\nroles = 'arn:aws:iam::111122223333:role/Other'\nallow = 'research'",
        "rule[0].allow: \"research\" is opened by none of the roles that the rule is for",
    );
    only_problem(
        "[[rule]]\nname = 'a'\neveryone = true\ndeny = 'research'\nprofile = { tags = {} }",
        "rule[0].profile: the rule allows nothing that a profile would be made for",
    );
    only_problem(&EVERYONE.repeat(2), "rule[1].name: \"Everyone\" occurs twice");
    let mut table = base();
    table["idp"][0]["saml_providers"] = vec!["arn:aws:iam::444455556666:saml-provider/corp"].into();
    assert_eq!(
        problems(&table),
        ["rule[0].allow: \"research\" has no SAML provider of an IdP that the rule is for in its account"]
    );
}

#[test]
fn keys_of_domains_and_destinations_are_one_name_space() {
    let destination = |key: &str| format!("[[destination]]\nkey = '{key}'\ndomain = 'research'\n");
    only_problem(
        &format!("{EVERYONE}{}", destination("research")),
        "destination[0].key: \"research\" is the key of a domain",
    );
    only_problem(
        &format!("{EVERYONE}{}", destination("lab").repeat(2)),
        "destination[1].key: \"lab\" occurs twice",
    );
}

#[test]
fn two_sections_for_one_domain_agree_on_whose_a_profile_is() {
    let mut table = base();
    let mut second = table["domain"][0].as_table().unwrap().clone();
    second.insert("key".into(), "again".into());
    table["domain"].as_array_mut().unwrap().push(second.into());
    let sources = Sources { file: &file, bytes: &bytes, variable: &variable, remote: &nothing_remote };
    assert!(Config::from_table(&table, &sources, Clock::system().now()).is_ok());
    table["domain"][1].as_table_mut().unwrap().insert("owner_tag".into(), "owner".into());
    assert_eq!(
        problems(&table),
        ["domain[1].owner_tag: domain[0] is the same domain, and has the owner tag \"studiouserid\""]
    );
}

/// A destination in a space of these keys.
fn in_space(key: &str, space: &str) -> String {
    format!("[[destination]]\nkey = '{key}'\ndomain = 'research'\n[destination.space]\n{space}\n")
}

#[test]
fn the_short_keys_of_a_space_are_members_of_its_settings() {
    let space = "sharing = 'Private'\nname = '{profile}-lab'\napp = 'CodeEditor'\ninstance_type = 'ml.t3.medium'\n\
        ebs_gb = 20\n[destination.space.settings]\nRemoteAccess = 'ENABLED'\n\
        CodeEditorAppSettings.AppLifecycleManagement.IdleSettings.IdleTimeoutInMinutes = 60";
    let config = with_rules(&format!("{EVERYONE}{}", in_space("lab", space))).unwrap();
    let destination = config.destination("lab").unwrap();
    let destination = destination.studio().unwrap();
    assert_eq!(destination.landing_uri.as_str(), "app:CodeEditor:");
    let settings = &destination.space.as_ref().unwrap().settings;
    assert_eq!(
        settings.get("CodeEditorAppSettings"),
        Some(&serde_json::json!({
            "DefaultResourceSpec": { "InstanceType": "ml.t3.medium" },
            "AppLifecycleManagement": { "IdleSettings": { "IdleTimeoutInMinutes": 60 } },
        }))
    );
    assert_eq!(settings.get("RemoteAccess"), Some(&"ENABLED".into()));
    let storage = serde_json::json!({ "EbsStorageSettings": { "EbsVolumeSizeInGb": 20 } });
    assert_eq!(settings.get("SpaceStorageSettings"), Some(&storage));
}

#[test]
fn a_space_is_checked_at_start_up() {
    let private = "sharing = 'Private'\nname = '{profile}-lab'\n";
    for (space, problem) in [
        ("name = 'nlp'", "sharing: missing"),
        ("sharing = 'private'\nname = 'nlp'", "sharing: expected \"Private\" or \"Shared\""),
        ("sharing = 'Shared'", "name: missing"),
        (
            "sharing = 'Shared'\nname = '{profile}-lab'",
            "name: expected the name of a shared space: letters, digits and \"-\", 63 at most, without {profile}, \
             got \"{profile}-lab\"",
        ),
        (
            "sharing = 'Private'\nname = 'lab'",
            "name: expected the name of a private space: {profile}, with a-z, 0-9 and \"-\" around it, 40 at most, \
             got \"lab\"",
        ),
        (&format!("{private}owner = 'ann'"), "owner: a private space is its person's"),
        (
            &format!("{private}instance_type = 'ml.t3.medium'"),
            "instance_type: app has to be one of JupyterLab, CodeEditor, JupyterServer, KernelGateway",
        ),
        (
            &format!("{private}app = 'JupyterLab'\nsettings.AppType = 'JupyterLab'"),
            "settings.AppType: a short key of the space says it too",
        ),
        (
            &format!("{private}settings.SpaceStorageSettings.EbsStorageSettings.EbsVolumeSizeInGb = 4"),
            "settings.SpaceStorageSettings.EbsStorageSettings.EbsVolumeSizeInGb: expected a whole number from 5 to \
             16384, got 4",
        ),
        (&format!("{private}tags.StudioUserId = 'x'"), "tags: the owner tag is set by the gateway"),
        (
            &format!("{private}tags.team = 7"),
            "tags.team: expected a tag: a usable key, and a text that a tag can have",
        ),
        (&format!("{private}surprise = 1"), "surprise: unknown key"),
    ] {
        only_problem(
            &format!("{EVERYONE}{}", in_space("lab", space)),
            &format!("destination[0].space.{problem}"),
        );
    }
}

#[test]
fn spaces_that_could_be_taken_for_each_other_are_problems() {
    let two = |one: &str, other: &str| {
        let all = format!("{EVERYONE}{}{}", in_space("one", one), in_space("two", other));
        with_rules(&all).map(|_| ()).map_err(|problems| problems.lines().to_vec())
    };
    let clash = "destination[1].space.name: the space of destination \"one\" could have the same name";
    let lab = "sharing = 'Private'\nname = '{profile}-lab'";
    assert_eq!(two(lab, "sharing = 'Private'\nname = '{profile}'").unwrap_err(), [clash]);
    assert_eq!(two(lab, "sharing = 'Shared'\nname = 'nlp-lab'").unwrap_err(), [clash]);
    assert_eq!(two(lab, &format!("{lab}\nebs_gb = 5")).unwrap_err(), [clash], "which of the two is made?");
    two(lab, lab).unwrap();
    two(lab, "sharing = 'Private'\nname = '{profile}-code'").unwrap();
}

#[test]
fn what_a_rule_lays_over_a_profile_is_checked_with_what_is_below() {
    let laid = |profile: &str| format!("{EVERYONE}[rule.profile]\n{profile}\n");
    only_problem(
        &laid("tags = { StudioUserId = { value = 'x' } }"),
        "rule[0].profile.tags.StudioUserId: the owner tag is set by the gateway",
    );
    let config = with_rules(&laid("security_groups = ['sg-1']\ntags = { team = { value = 'x' } }")).unwrap();
    let allowed = &config.rules[0].allow[0];
    let template = allowed.template.as_ref().unwrap();
    assert_eq!(template.settings.get("SecurityGroups"), Some(&serde_json::json!(["sg-1"])));
    assert_eq!(template.tags.len(), 1);
    assert_eq!(config.domains[0].profile.tags.len(), 0, "the domain's own stays");
    // Half of the tags here and half there are too many together.
    let tags = |from: usize| {
        let tags = (from..from + 25).map(|number| format!("t{number} = {{ value = 'x' }}"));
        format!("tags = {{ {} }}", tags.collect::<Vec<_>>().join(", "))
    };
    let mut table = base();
    let half: Table = tags(0).parse().unwrap();
    table["domain"][0].as_table_mut().unwrap().insert("profile".into(), half.into());
    let rules: Table = laid(&tags(25)).parse().unwrap();
    table.extend(rules);
    assert_eq!(
        problems(&table),
        ["rule[0].profile.tags: a profile has 50 tags at most, the owner tag included"]
    );
}

#[test]
fn what_looks_like_a_mistake_is_a_warning() {
    assert_eq!(warnings(EVERYONE), [""; 0]);
    let denied = EVERYONE.replace("allow", "deny");
    assert_eq!(warnings(&denied), ["domain \"research\": no rule allows anybody to go there"]);
    let destination = "[[destination]]\nkey = 'lab'\ndomain = 'research'\n";
    assert_eq!(
        warnings(&format!("{EVERYONE}{destination}")),
        ["destination \"lab\": no rule allows anybody to go there"]
    );
    let lab = EVERYONE.replace("'research'", "'lab'");
    assert_eq!(warnings(&format!("{lab}{destination}")), [""; 0], "a domain may be for links only");
    let later = "[[rule]]\nname = 'b'\ngroups = 'ml-*'\ndeny = 'research'\n";
    assert_eq!(
        warnings(&format!("{EVERYONE}{later}")),
        [
            "rule[1].groups: \"ml-*\" is compared as it stands; a pattern is written { like = \"ml-*\" }",
            "rule \"b\": it never decides about \"research\", since \"Everyone\" is for everyone and comes before it",
        ]
    );
}

#[test]
fn only_attributes_that_are_asked_for_are_kept() {
    let rules = "[[rule]]\nname = 'a'\nattributes = { site = 'x' }\nallow = 'research'\n\
         [rule.profile.tags]\nteam = { attribute = 'team' }\n";
    let config = with_rules(rules).unwrap();
    assert_eq!(config.attributes.iter().collect::<Vec<_>>(), ["site", "team"]);
}

#[test]
fn too_many_tags_are_told_with_the_path_of_their_domain() {
    let mut table = base();
    let tags: Table = (0..50)
        .map(|number| (format!("tag{number}"), Table::from_iter([("value".to_owned(), "x".into())]).into()))
        .collect();
    table["domain"][0]["profile"].as_table_mut().unwrap().insert("tags".into(), tags.into());
    assert_eq!(
        problems(&table),
        ["domain[0].profile.tags: a profile has 50 tags at most, the owner tag included"]
    );
}

#[test]
fn an_empty_file_is_told_what_it_needs() {
    let problems = parse("").unwrap_err();
    for needed in [
        "gateway.listen: missing",
        "gateway.public_url: missing",
        "idp: at least one is needed",
        "domain: at least one is needed",
        "rule: at least one is needed: without a rule, nobody may come",
    ] {
        assert!(problems.lines().iter().any(|line| line == needed), "{needed}: {problems}");
    }
}

#[test]
fn what_is_not_toml_is_told_with_its_line() {
    let problems = parse("[gateway\nlisten = 1").unwrap_err();
    assert!(problems.to_string().contains("line 1"), "{problems}");
}

/// What somebody may paste where a reference belongs.
#[test]
fn a_key_in_the_wrong_place_is_not_repeated() {
    const PASTED: &str =
        r#"[{ certificate = "file:sp.crt", private_key = "-----BEGIN PRIVATE KEY-----\nMIIsecret\n" }]"#;
    for wrong in [
        ("saml.key", Some(PASTED), ""),
        ("gateway.seal_keys", Some("'MIIsecret'"), ""),
        ("gateway.seal_keys", Some("['MIIsecret']"), ""),
    ] {
        let mut table = base();
        apply(&mut table, &wrong);
        let lines = problems(&table).join("\n");
        assert!(lines.contains(wrong.0) && !lines.contains("MIIsecret"), "{lines}");
    }
    let sources = Sources { file: &file, bytes: &bytes, variable: &variable, remote: &nothing_remote };
    let broken = "[gateway]\nseal_keys = [MIIsecret\n";
    let fault = Config::parse(broken, &sources, Clock::system().now()).unwrap_err().to_string();
    assert!(fault.starts_with("line 2: ") && !fault.contains("MIIsecret"), "{fault}");
}

/// A domain that makes roles, as it is written in the reference but for `change`.
fn with_roles(change: &str, to: &str) -> Result<Config, Problems> {
    let one = commented().into_iter().find(|one| one.path == "domain.execution_role").unwrap();
    let text = uncommented(&one.lines);
    assert!(text.contains(change), "{change}");
    parse(&text.replacen(change, to, 1))
}

#[test]
fn policies_of_another_account_cannot_be_attached() {
    let problems =
        with_roles("111122223333:policy/StudioBoundary", "444455556666:policy/StudioBoundary").unwrap_err();
    let expected =
        "arn:aws:iam::444455556666:policy/StudioBoundary is neither of the domain's account nor AWS's";
    assert_eq!(problems.lines(), [format!("domain[0].execution_role.permissions_boundary: {expected}")]);
}

#[test]
fn tags_of_a_role_are_told_apart_without_their_case() {
    let tag = |more: &str| {
        with_roles("[domain.execution_role.tags]\n", &format!("[domain.execution_role.tags]\n{more}\n"))
    };
    let problems = tag("Project = 'a'\nproject = 'b'").unwrap_err();
    let expected =
        "domain[0].execution_role.tags.project: IAM ignores case, so this is another of these tags";
    assert_eq!(problems.lines(), [expected]);
    let problems = tag("Studio-Gateway-Domain = 'a'").unwrap_err();
    assert!(problems.lines()[0].ends_with("this tag is set by the gateway"), "{problems}");
}

#[test]
fn a_policy_for_everybody_is_not_written_as_one_for_some() {
    let problems = with_roles(
        "groups = [\"nlp\", { like = \"nlp-*\" }]\nattributes = { \"costcenter\" = \"4711\" }\n",
        "",
    )
    .unwrap_err();
    assert!(
        problems.lines()[0].contains("domain[0].execution_role.policy[0].groups: a condition is needed"),
        "{problems}"
    );
}

#[test]
fn everybodys_role_and_ones_own_exclude_each_other() {
    let role = "\n[domain.profile]\nexecution_role = \"arn:aws:iam::111122223333:role/StudioExecution\"";
    let problems = with_roles("\n[domain.profile]", role).unwrap_err();
    assert!(
        problems.lines()[0].starts_with("domain[0].execution_role: profile.execution_role gives everybody"),
        "{problems}"
    );
}

#[test]
fn more_policies_than_a_role_can_have() {
    let arns = |count: usize| {
        let arns: Vec<_> = (0..count).map(|n| format!("\"arn:aws:iam::111122223333:policy/P{n}\"")).collect();
        with_roles("arns = [", &format!("arns = [{}, ", arns.join(", ")))
    };
    let warned =
        |config: &Config| config.warnings.iter().any(|warning| warning.contains("a role can have 10 unless"));
    assert!(!warned(&arns(8).unwrap()));
    assert!(warned(&arns(9).unwrap()));
    assert!(arns(19).unwrap_err().lines()[0].contains("20 managed policies at most"));
}

#[test]
fn two_domains_of_an_account_do_not_make_roles_of_the_same_name() {
    let one = commented().into_iter().find(|one| one.path == "domain.execution_role").unwrap();
    let text = uncommented(&one.lines);
    let more = |account: &str, prefix: &str| {
        parse(&format!(
            "{text}\n[[domain]]\nkey = \"second\"\ndomain_id = \"d-second\"\nregion = \"us-east-1\"\n\
             roles = [\"arn:aws:iam::{account}:role/X\"]\n[domain.execution_role]\nname_prefix = \"{prefix}\"\n\
             permissions_boundary = \"arn:aws:iam::aws:policy/Boundary\"\n"
        ))
    };
    for prefix in ["studio-", "Studio-", "studio-b-", "stud"] {
        let problems = more("111122223333", prefix).unwrap_err();
        assert!(
            problems.lines()[0].starts_with("domain[1].execution_role.name_prefix: role names could be"),
            "{problems}"
        );
    }
    assert!(more("111122223333", "second-").is_ok());
    assert!(more("444455556666", "studio-").is_ok());
}
#[test]
fn what_is_said_twice_is_a_problem() {
    let twice = format!(
        "{SHIPPED}\n[[domain.profile.lifecycle]]\napp = \"JupyterLab\"\nscript = \"lifecycle/jupyterlab/git-config.sh\"\n"
    );
    let mut table: Table = twice.parse().unwrap();
    let profile: Table = r#"
        execution_role = "arn:aws:iam::111122223333:role/StudioExecution"
        security_groups = ["sg-1"]
        settings.ExecutionRole = "arn:aws:iam::111122223333:role/Other"
        settings.SecurityGroups = ["sg-2"]
        settings.JupyterLabAppSettings.LifecycleConfigArns = []
        settings.JupyterLabAppSettings.DefaultResourceSpec.LifecycleConfigArn = "None"
        settings.JupyterLabAppSettings.DefaultResourceSpec.InstanceType = "ml.t3.medium"
        settings.CodeEditorAppSettings.LifecycleConfigArns = []
    "#
    .parse()
    .unwrap();
    table["domain"][0]["profile"].as_table_mut().unwrap().extend(profile);
    let sources = Sources { file: &file, bytes: &bytes, variable: &variable, remote: &nothing_remote };
    let problems = Config::from_table(&table, &sources, Clock::system().now()).unwrap_err();
    assert_eq!(
        problems.lines(),
        [
            "domain[0].profile.settings.ExecutionRole: \"execution_role\" says it too",
            "domain[0].profile.settings.SecurityGroups: \"security_groups\" says it too",
            "domain[0].profile.settings.JupyterLabAppSettings.LifecycleConfigArns: a script of domain[0].profile.lifecycle sets it too",
            "domain[0].profile.settings.JupyterLabAppSettings.DefaultResourceSpec.LifecycleConfigArn: a script of domain[0].profile.lifecycle sets it too",
        ]
    );
}

#[test]
fn notebook_instances_are_said_in_one_way_and_have_an_owner_unless_they_are_shared() {
    let notebook = |keys: &str| {
        format!(
            "{EVERYONE}[[destination]]\nkey = 'n'\n[destination.notebook]\nregion = 'eu-west-1'\n\
             roles = ['arn:aws:iam::111122223333:role/DataScientist']\n{keys}\n"
        )
    };
    let begins = |text: &str, expected: &str| {
        let found = with_rules(text).unwrap_err();
        assert!(matches!(found.lines(), [line] if line.starts_with(expected)), "{expected}\n{found}");
    };
    for good in
        ["name = '{user_id}-x'", "names = ['a', 'B-1']\nshared = true", "tag = 'owner'\nname_contains = 'a-'"]
    {
        let config = with_rules(&notebook(good)).unwrap();
        let place = config.destination("n").unwrap().notebooks().unwrap();
        assert_eq!(place.owner_tag.is_none(), good.contains("shared"), "{good}");
    }
    for (wrong, problem) in [
        ("", "destination[0].notebook.name: one of name, names and tag is needed"),
        (
            "name = '{user_id}'\ntag = 'owner'",
            "destination[0].notebook.name: one of name, names and tag is needed",
        ),
        ("names = []", "destination[0].notebook.names: 1 to 50 are needed"),
        ("names = ['a', 'A']", "destination[0].notebook.names: one occurs twice"),
        ("tag = 'owner'\nowner_tag = 'other'", "destination[0].notebook.owner_tag: tag says it already"),
        (
            "names = ['a']\nshared = true\nowner_tag = 'x'",
            "destination[0].notebook.owner_tag: tag says it already",
        ),
        ("name = '{user_id}'\nshared = true", "destination[0].notebook.shared: only a list of names"),
        ("names = ['a']\nname_contains = 'a'", "destination[0].notebook.name_contains: only with tag"),
        ("tag = 'owner'\npresign_by = 'service'", "destination[0].notebook.presign_by: unknown"),
        (
            "name = '{user_id}'\nprovisioner = { role_arn = 'arn:aws:iam::444455556666:role/P' }",
            "destination[0].notebook.provisioner.role_arn: not of the account",
        ),
    ] {
        begins(&notebook(wrong), problem);
    }
    for key in ["domain = 'research'", "landing_uri = 'studio::'"] {
        let text = notebook("name = '{user_id}'").replace("key = 'n'", &format!("key = 'n'\n{key}"));
        let name = key.split(' ').next().unwrap();
        begins(&text, &format!("destination[0].{name}: notebook instances are in no domain"));
    }
    let profile =
        "[[rule]]\nname = 'r'\neveryone = true\nallow = 'n'\n[rule.profile]\nsecurity_groups = ['sg-1']\n";
    let text = notebook("name = '{user_id}'").replace(EVERYONE, profile);
    begins(&text, "rule[0].profile: the rule allows nothing that a profile would be made for");
}
