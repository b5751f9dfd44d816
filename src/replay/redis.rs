//! The ledger in Redis or Valkey, for many instances: `SET key claimant NX` decides, and the entry expires by itself.
//!
//! Redis replicates after it has answered: a failover can forget the last entries. Who cannot live with that uses
//! DynamoDB, or a Redis that writes durably.

use super::fresh::Use;
use super::{Answer, unanswered, unavailable};
use crate::aws::{self, Bounded};
use crate::config::{RedisNode, RedisServers};
use crate::error::Refusal;
use crate::random;
use chrono::{DateTime, TimeDelta, Utc};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{
    Client, ErrorKind, ExistenceCheck, RedisError, RedisResult, SetExpiry, SetOptions, TlsCertificates, Value,
};
use std::fmt;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// What claims are called in metrics.
const API: &str = "redis:SET";
/// Longest time for a claim, connecting included: the ACS answers within two seconds.
const CLAIM: Duration = Duration::from_millis(1_400);
/// Longest time for one answer.
const ANSWER: Duration = Duration::from_millis(600);
/// Attempts at a claim that nobody waits for.
const PATIENT_CLAIMS: u32 = 3;
/// How much longer than necessary entries are kept, because clocks differ.
const CLOCKS: TimeDelta = TimeDelta::minutes(5);

/// Remembers used assertions in Redis.
pub struct RedisLedger {
    servers: RedisServers,
    bounded: Bounded,
    /// `None`: not connected yet, or not to be used any longer.
    connection: Mutex<Option<Connection>>,
}

#[derive(Clone)]
enum Connection {
    One(ConnectionManager),
    Cluster(ClusterConnection),
}

impl RedisLedger {
    pub(super) fn new(servers: RedisServers, bounded: Bounded) -> Self {
        Self { servers, bounded, connection: Mutex::default() }
    }

    /// A claim of a sign-in.
    pub(super) async fn claim(&self, first_use: &Use, now: DateTime<Utc>) -> Result<Answer, Refusal> {
        let call = self.bounded.begin(API, Instant::now()).map_err(|turned_away| {
            let reason = format!("redis: {turned_away}");
            unanswered(turned_away.into(), reason)
        })?;
        let (claimed, usable) = self.claimed(first_use, &claimant()?, now).await;
        call.end(usable, Instant::now());
        claimed
    }

    /// The same again if it fails, since the first may have too little time to connect, and without a breaker that takes
    /// notice.
    pub(super) async fn patient_claim(&self, first_use: &Use, now: DateTime<Utc>) -> Result<Answer, Refusal> {
        let claimant = claimant()?;
        let mut claimed = self.claimed(first_use, &claimant, now).await.0;
        for _ in 1..PATIENT_CLAIMS {
            if claimed.is_err() {
                claimed = self.claimed(first_use, &claimant, now).await.0;
            }
        }
        claimed
    }

    /// Claims, and tells whether there was an answer.
    async fn claimed(
        &self,
        first_use: &Use,
        claimant: &str,
        now: DateTime<Utc>,
    ) -> (Result<Answer, Refusal>, aws::Answer) {
        let kept = (first_use.until + CLOCKS - now).num_milliseconds();
        // Whatever is verified is acceptable for a while still; a clock that jumped makes it no shorter than this.
        let kept = u64::try_from(kept).unwrap_or_default().max(60_000);
        let key = format!("{}{}", self.servers.prefix, first_use.key);
        let claim = async {
            match self.set(&key, claimant, kept).await {
                Err(fault) if is_lost(&fault) => self.set(&key, claimant, kept).await,
                answer => answer,
            }
        };
        let claimed = timeout(CLAIM, claim).await;
        let usable = usable(&claimed);
        let claimed = match claimed {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(fault)) => {
                if !is_lost(&fault) {
                    // A manager that was answered with nonsense, or with "no" (loading, wrong password), while it connected
                    // repeats that for ever. The next claim connects anew.
                    *self.connection.lock().await = None;
                }
                Err(unavailable(format!("redis: {}", explain(&fault))))
            }
            Err(_) => Err(unavailable("redis: no answer in time")),
        };
        (claimed, usable)
    }

    /// `SET key claimant NX PX kept`, and if the key is taken already, `GET key`: an attempt of ours whose answer got lost
    /// has written our own claimant.
    async fn set(&self, key: &str, claimant: &str, kept: u64) -> RedisResult<Answer> {
        let mut connection = self.connection().await?;
        let options =
            SetOptions::default().conditional_set(ExistenceCheck::NX).with_expiration(SetExpiry::PX(kept));
        let mut set = redis::cmd("SET");
        set.arg(key).arg(claimant).arg(&options);
        match connection.query(&set).await? {
            Value::Okay => return Ok(Answer::First),
            Value::Nil => {}
            _ => return Err((ErrorKind::UnexpectedReturnType, "SET answered neither OK nor nil").into()),
        }
        let mut get = redis::cmd("GET");
        get.arg(key);
        let holder: String = redis::from_redis_value(connection.query(&get).await?)?;
        Ok(if holder == claimant { Answer::First } else { Answer::Repeated })
    }

    /// The connection that all claims share.
    async fn connection(&self) -> RedisResult<Connection> {
        let mut shared = self.connection.lock().await;
        if let Some(connection) = &*shared {
            return Ok(connection.clone());
        }
        let connection = self.connect().await?;
        *shared = Some(connection.clone());
        Ok(connection)
    }

    async fn connect(&self) -> RedisResult<Connection> {
        let nodes: Vec<_> = self.servers.nodes.iter().map(RedisNode::expose_url).collect();
        let certificates = self
            .servers
            .ca
            .as_ref()
            .map(|ca| TlsCertificates { client_tls: None, root_cert: Some(ca.clone().into_bytes()) });
        if self.servers.cluster {
            let mut builder =
                ClusterClient::builder(nodes).connection_timeout(ANSWER).response_timeout(ANSWER).retries(1);
            if let Some(certificates) = certificates {
                builder = builder.certs(certificates);
            }
            return builder.build()?.get_async_connection().await.map(Connection::Cluster);
        }
        let Some(node) = nodes.first().copied() else {
            return Err((ErrorKind::InvalidClientConfig, "no server").into());
        };
        let client = match certificates {
            Some(certificates) => Client::build_with_tls(node, certificates)?,
            None => Client::open(node)?,
        };
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(ANSWER))
            .set_response_timeout(Some(ANSWER))
            .set_number_of_retries(1);
        ConnectionManager::new_lazy_with_config(client, config).map(Connection::One)
    }
}

impl Connection {
    async fn query(&mut self, command: &redis::Cmd) -> RedisResult<Value> {
        match self {
            Self::One(connection) => command.query_async(connection).await,
            Self::Cluster(connection) => command.query_async(connection).await,
        }
    }
}

/// A mark that finds an entry of one's own again.
fn claimant() -> Result<String, Refusal> {
    random::hex::<16>().map_err(|fault| unavailable(fault.to_string()))
}

/// Whether there was an answer that can be used, be it that Redis is loading or does not let us in.
fn usable<T>(claimed: &Result<RedisResult<Answer>, T>) -> aws::Answer {
    match claimed {
        Ok(Ok(_)) => aws::Answer::Usable,
        Ok(Err(fault)) if fault.code().is_some() => aws::Answer::Usable,
        Ok(Err(_)) | Err(_) => aws::Answer::None,
    }
}

/// Whether a second attempt can help: the connection broke, and the next one is new.
fn is_lost(fault: &RedisError) -> bool {
    fault.is_connection_dropped() || fault.is_io_error() || fault.is_timeout()
}

/// What is wrong, without the address: a password may stand in it.
fn explain(fault: &RedisError) -> String {
    format!("{:?}{}", fault.kind(), fault.code().map(|code| format!(", {code}")).unwrap_or_default())
}

impl fmt::Debug for RedisLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLedger").field("servers", &self.servers.nodes.len()).finish_non_exhaustive()
    }
}
