//! What a whole sign-in costs: the real service in a process of its own, an AWS that costs nothing in another, and beside
//! it, in the same run, the least that a web service can do. docs/performance.md explains the figures.

pub mod aws;
mod child;
pub mod floor;
mod load;
mod report;
mod site;

pub use report::Report;

use child::Child;
use load::{post_all, post_first};
use report::{Costs, Pair};
use reqwest::Client;
use reqwest::redirect::Policy;
use site::Site;
use std::error::Error;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long STS, Describe and Presign are made to take where time is measured, in milliseconds.
const DELAYS: [u64; 3] = [80, 60, 150];
/// Everything is measured so many times, in turns: what disturbs a round disturbs all that is compared in it. The median
/// of the rounds counts.
const ROUNDS: usize = 5;
/// People in a small company and in a large one; also rules, and identity providers.
const FEW: usize = 10;
const MANY: usize = 10_000;
/// Sign-ins of which the mean CPU time is taken.
const COUNTED: usize = 400;
/// Posts to the handler that does nothing: it takes so little that more of them are needed.
const COUNTED_FLOOR: usize = 4_000;
/// Browsers at once.
const CROWD: u32 = 32;
/// Sign-ins of each browser of the crowd.
const EACH: u32 = 12;
/// Browsers at once where CPU time is measured, so that it is that of work, and not of waiting.
const SOME: u32 = 4;

type Measured<T> = Result<T, Box<dyn Error>>;

/// Measures everything, within minutes. `progress` is told what is being measured.
///
/// # Errors
/// When a part does not start, or an answer is not a redirect.
pub async fn run(progress: impl Fn(&str)) -> Measured<Report> {
    let client = Client::builder().redirect(Policy::none()).build()?;
    progress("10 and 10,000 people, 10,000 rules, 10,000 identity providers, and a handler that answers 303");
    let (costs, resident_kib) = costs(&client).await?;
    progress("starts");
    let starts = starts(&client).await?;
    progress("an AWS that takes its time");
    let (alone, crowds) = waiting(&client).await?;
    let calls = Duration::from_millis(DELAYS.iter().sum());
    Ok(Report { costs, resident_kib, starts, calls, alone, crowds })
}

/// Mean CPU time of a sign-in at several gateways, and of a post to the handler that does nothing; and the memory after as
/// many sign-ins as there are people.
async fn costs(client: &Client) -> Measured<(Vec<Costs>, u64)> {
    let stub = Stub::start([0; 3])?;
    let (floor, floor_url) = Child::part(&["floor"])?;
    let floor_url = format!("{floor_url}/saml/acs");
    let few = stub.gateway("few", 0, 0, client).await?;
    let people = stub.gateway("people", 0, 0, client).await?;
    let rules = stub.gateway("rules", MANY, 0, client).await?;
    let idps = stub.gateway("idps", 0, MANY, client).await?;
    // Forms are as large as the memory that is measured is small: so many at a time.
    for first in (0..MANY).step_by(COUNTED) {
        post_all(
            client,
            &people.site.acs(),
            people.site.forms(first..first + COUNTED)?,
            SOME,
            Duration::ZERO,
        )
        .await?;
    }
    let resident = people.child.resident()?;
    let mut rounds = Vec::new();
    for _ in 0..=ROUNDS {
        let form = few.site.forms(0..1)?.pop().unwrap_or_default();
        rounds.push(Costs {
            floor: mean_cpu(client, &floor, &floor_url, vec![form; COUNTED_FLOOR]).await?,
            few: few.mean_cpu(client).await?,
            people: people.mean_cpu(client).await?,
            rules: rules.mean_cpu(client).await?,
            idps: idps.mean_cpu(client).await?,
        });
    }
    // The first is for warming up.
    Ok((rounds.split_off(1), resident))
}

/// From the start of the process to the first person's redirect, and to the first answer of the handler.
async fn starts(client: &Client) -> Measured<Vec<Pair>> {
    let stub = Stub::start([0; 3])?;
    let mut pairs = Vec::new();
    for _ in 0..ROUNDS {
        let site = Site::new("start", &stub.url, 0, 0)?;
        let form = site.forms(0..1)?.pop().unwrap_or_default();
        let started = Instant::now();
        let gateway = Child::gateway(&site.configuration())?;
        post_first(client, &site.acs(), form.clone()).await?;
        let measured = started.elapsed();
        drop(gateway);
        let started = Instant::now();
        let (_floor, url) = Child::part(&["floor"])?;
        post_first(client, &format!("{url}/saml/acs"), form).await?;
        pairs.push(Pair { measured, against: started.elapsed() });
    }
    Ok(pairs)
}

/// With an AWS that takes its time: the median of a returning sign-in, and the 99th percentiles in a crowd and of the AWS
/// calls of such a sign-in alone.
async fn waiting(client: &Client) -> Measured<(Duration, Vec<Pair>)> {
    let stub = Stub::start(DELAYS)?;
    let gateway = stub.gateway("waiting", 0, 0, client).await?;
    let site = &gateway.site;
    let alone = post_all(client, &site.acs(), site.forms(few(3 * FEW))?, 1, Duration::ZERO).await?;
    let alone = alone.get(alone.len() / 2).copied().unwrap_or_default();
    let mut pairs = Vec::new();
    for _ in 0..=ROUNDS {
        let forms = site.forms(few(usize::try_from(EACH * CROWD)?))?;
        let assertion = forms.last().cloned().unwrap_or_default();
        let crowd = post_all(client, &site.acs(), forms, CROWD, apart()).await?;
        let raw = stub.raw_calls(client, &assertion).await?;
        pairs.push(Pair { measured: p99(&crowd), against: p99(&raw) });
    }
    // In the first, connections are made.
    Ok((alone, pairs.split_off(1)))
}

/// Mean CPU time of what a process does with these forms.
async fn mean_cpu(client: &Client, child: &Child, url: &str, forms: Vec<Vec<u8>>) -> Measured<Duration> {
    let (count, before) = (u32::try_from(forms.len())?, child.cpu()?);
    post_all(client, url, forms, SOME, Duration::ZERO).await?;
    Ok(child.cpu()?.saturating_sub(before) / count.max(1))
}

/// A gateway that runs, and what it was set up with.
struct Gateway {
    child: Child,
    site: Site,
}

impl Gateway {
    /// Of the first people, who return.
    async fn mean_cpu(&self, client: &Client) -> Measured<Duration> {
        let forms = self.site.forms(few(COUNTED))?;
        mean_cpu(client, &self.child, &self.site.acs(), forms).await
    }
}

/// The AWS that costs nothing.
struct Stub {
    url: String,
    _child: Child,
}

impl Stub {
    fn start(delays: [u64; 3]) -> Measured<Self> {
        let delays = delays.map(|delay| delay.to_string()).join(",");
        let (child, url) = Child::part(&["aws", "--delays", &delays])?;
        Ok(Self { url, _child: child })
    }

    /// A gateway that has signed everybody in who is few, so that the next time they return.
    async fn gateway(&self, name: &str, rules: usize, idps: usize, client: &Client) -> Measured<Gateway> {
        let site = Site::new(name, &self.url, rules, idps)?;
        let child = Child::gateway(&site.configuration())?;
        post_first(client, &site.acs(), site.forms(0..1)?.pop().unwrap_or_default()).await?;
        post_all(client, &site.acs(), site.forms(0..FEW)?, SOME, Duration::ZERO).await?;
        Ok(Gateway { child, site })
    }

    /// What the calls of a returning sign-in take by themselves, one after the other, with the same assertion.
    async fn raw_calls(&self, client: &Client, form: &[u8]) -> Measured<Vec<Duration>> {
        let assertion = String::from_utf8_lossy(form).replacen("SAMLResponse=", "SAMLAssertion=", 1);
        let body = format!("Action=AssumeRoleWithSAML&{assertion}");
        let mut browsers = tokio::task::JoinSet::new();
        for number in 0..CROWD {
            let (client, url, body) = (client.clone(), self.url.clone(), body.clone());
            browsers.spawn(async move {
                sleep(apart() * number).await;
                let mut times = Vec::new();
                for _ in 0..EACH {
                    let started = Instant::now();
                    client.post(&url).body(body.clone()).send().await?.bytes().await?;
                    let presign =
                        client.post(&url).header("x-amz-target", "SageMaker.CreatePresignedDomainUrl");
                    presign.body("{}").send().await?.bytes().await?;
                    times.push(started.elapsed());
                }
                Ok::<_, reqwest::Error>(times)
            });
        }
        let mut times = Vec::new();
        while let Some(theirs) = browsers.join_next().await {
            times.extend(theirs??);
        }
        times.sort_unstable();
        Ok(times)
    }
}

/// The few people, again and again.
fn few(count: usize) -> impl Iterator<Item = usize> {
    (0..FEW).cycle().take(count)
}

/// How long after one browser of the crowd the next one begins: as many sign-ins are under way at any time, and not all in
/// the same step of it.
fn apart() -> Duration {
    Duration::from_millis(DELAYS[0] + DELAYS[2]) / CROWD
}

/// Of sorted times.
fn p99(times: &[Duration]) -> Duration {
    times.get(times.len() * 99 / 100).or(times.last()).copied().unwrap_or_default()
}
