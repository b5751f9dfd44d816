//! Section `[replay]`: where used assertions are remembered.

use super::Sources;
use super::problems::{Section, boolean, kind, number, string};
use super::sources::referred;
use std::fmt;
use toml::Value;
use url::Url;

/// The replay ledger.
#[derive(Debug, PartialEq, Eq)]
pub enum Replay {
    /// In this process.
    Memory {
        /// Most unexpired assertions that it holds.
        capacity: usize,
    },
    /// In DynamoDB.
    DynamoDb(DynamoDbTable),
    /// In Redis or Valkey.
    Redis(RedisServers),
}

/// Section `[replay.dynamodb]`.
#[derive(Debug, PartialEq, Eq)]
pub struct DynamoDbTable {
    /// `TableName`. Its partition key is the string `id`.
    pub name: String,
    /// Region of the table.
    pub region: String,
    /// Endpoint, if not the regional one.
    pub endpoint: Option<Url>,
}

/// Section `[replay.redis]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisServers {
    /// Where to connect; the first one is the server, or all of them know the cluster. Never empty.
    pub nodes: Vec<RedisNode>,
    /// Whether they are a cluster.
    pub cluster: bool,
    /// Certificates (PEM) of the authorities that the servers' certificates are checked with, if not the machine's own.
    pub ca: Option<String>,
    /// What every key begins with.
    pub prefix: String,
}

impl Replay {
    /// Whether what one ledger remembers is what the other remembers. Passwords and authorities of servers may differ.
    #[must_use]
    pub fn remembers_in_the_same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Redis(one), Self::Redis(other)) => {
                let places = |servers: &RedisServers| {
                    let nodes = servers.nodes.iter().map(|node| format!("{node:?}{}", node.0.path()));
                    (nodes.collect::<Vec<_>>(), servers.cluster, servers.prefix.clone())
                };
                places(one) == places(other)
            }
            _ => self == other,
        }
    }
}

/// Address of a server. Debug shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisNode(Url);

impl RedisNode {
    /// The URL, with the password if there is one.
    #[must_use]
    pub fn expose_url(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for RedisNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.host_str().unwrap_or_default(), self.0.port().unwrap_or(6379))
    }
}

/// Reads the section. `region`: where DynamoDB is if nothing else is said.
pub(super) fn read(
    mut section: Section<'_>,
    region: Option<&str>,
    sources: &Sources<'_>,
    warnings: &mut Vec<String>,
) -> Option<Replay> {
    let ledger = section.optional(
        "ledger",
        kind("\"memory\", \"dynamodb\" or \"redis\"", |text| {
            ["memory", "dynamodb", "redis"].into_iter().find(|known| *known == text)
        }),
    );
    let ledger = ledger.unwrap_or("memory");
    let capacity = section.optional("capacity", number(1_000..=10_000_000)).unwrap_or(100_000);
    // What is there is checked, used or not: it may be used tomorrow.
    let mut used = |name| (name == ledger || section.has(name)).then(|| section.section(name));
    let dynamodb = used("dynamodb").and_then(|section| table(section, region));
    let redis = used("redis").and_then(|section| servers(section, sources, warnings));
    let replay = match ledger {
        "dynamodb" => dynamodb.map(Replay::DynamoDb),
        "redis" => redis.map(Replay::Redis),
        _ => Some(Replay::Memory { capacity: usize::try_from(capacity).unwrap_or(usize::MAX) }),
    };
    section.finish();
    replay
}

fn table(mut section: Section<'_>, region: Option<&str>) -> Option<DynamoDbTable> {
    // `TableName` of the DynamoDB API.
    let name = section.required(
        "table",
        kind("a DynamoDB table name", |text| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
            ((3..=255).contains(&text.len()) && text.bytes().all(known)).then(|| text.to_owned())
        }),
    );
    let own_region = section.optional("region", string);
    let endpoint = section.optional(
        "endpoint",
        kind("an http(s) URL", |text| {
            Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
        }),
    );
    section.finish();
    let region = own_region.or_else(|| region.map(str::to_owned))?;
    Some(DynamoDbTable { name: name?, region, endpoint })
}

fn servers(
    mut section: Section<'_>,
    sources: &Sources<'_>,
    warnings: &mut Vec<String>,
) -> Option<RedisServers> {
    let nodes = section.list("urls", |value| node(value, sources));
    let cluster = section.optional("cluster", boolean).unwrap_or(false);
    let ca = section.optional("ca", |value| referred(value, sources));
    let prefix = section.optional("prefix", string).unwrap_or_else(|| "studio-gateway:".into());
    if nodes.is_empty() {
        section.problem("urls", "at least one is needed");
    } else if nodes.len() > 1 && !cluster {
        section.problem("urls", "several, but cluster is not true");
    }
    for node in nodes.iter().filter(|node| node.0.scheme() == "redis" && !is_loopback(&node.0)) {
        warnings.push(format!("replay.redis.urls: {node:?} is reached without TLS: use rediss"));
    }
    section.finish();
    (!nodes.is_empty()).then_some(RedisServers { nodes, cluster, ca, prefix })
}

fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

/// A URL, itself if there is no password in it, or by reference.
fn node(value: &Value, sources: &Sources<'_>) -> Result<RedisNode, String> {
    let expected = "expected a redis or rediss URL; one with a password as \"file:PATH\" or \"env:NAME\"";
    let parse = |text: &str| {
        let url = Url::parse(text.trim()).ok()?;
        (matches!(url.scheme(), "redis" | "rediss") && url.has_host()).then_some(RedisNode(url))
    };
    match value.as_str().and_then(parse) {
        Some(RedisNode(url)) if url.password().is_some() => Err(expected.into()),
        Some(node) => Ok(node),
        None => parse(&referred(value, sources).map_err(|_| expected)?).ok_or_else(|| expected.into()),
    }
}
