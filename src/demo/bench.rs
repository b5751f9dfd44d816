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
use reqwest::Client;
use reqwest::redirect::Policy;
use site::Site;
use std::error::Error;
use std::time::{Duration, Instant};

/// How long STS, Describe and Presign are made to take where time is measured, in milliseconds.
const DELAYS: [u64; 3] = [80, 60, 150];
/// People in a small company and in a large one; also rules, and identity providers.
const FEW: usize = 10;
const MANY: usize = 10_000;
/// Sign-ins of which the mean CPU time is taken.
const COUNTED: usize = 1_000;
/// Posts to the handler that does nothing: it takes so little that more of them are needed.
const COUNTED_FLOOR: usize = 10_000;
/// Starts of which the median is taken.
const STARTS: usize = 5;
/// Browsers at once.
const CROWD: usize = 32;
/// Browsers at once where CPU time is measured, so that it is that of work, and not of waiting.
const SOME: usize = 4;

type Measured<T> = Result<T, Box<dyn Error>>;

/// Measures everything, within minutes. `progress` is told what is being measured.
///
/// # Errors
/// When a part does not start, or an answer is not a redirect.
pub async fn run(progress: impl Fn(&str)) -> Measured<Report> {
    let client = Client::builder().redirect(Policy::none()).build()?;
    progress("a handler that reads the form and answers 303");
    let floor = floor_figures(&client).await?;
    progress("one person after the other, and then 10,000 people");
    let (few, many, resident_kib) = sign_ins(&client).await?;
    progress("10,000 rules");
    let rules = grown(&client, MANY, 0).await?;
    progress("10,000 identity providers");
    let idps = grown(&client, 0, MANY).await?;
    progress("starts");
    let start = start(&client).await?;
    progress("an AWS that takes its time");
    let (alone, crowd, crowd_raw) = waiting(&client).await?;
    Ok(Report {
        floor_cpu: floor.0,
        floor_start: floor.1,
        cpu: few,
        cpu_many_people: many,
        cpu_many_rules: rules,
        cpu_many_idps: idps,
        resident_kib,
        start,
        calls: Duration::from_millis(DELAYS.iter().sum()),
        alone,
        crowd,
        crowd_raw,
    })
}

/// Mean CPU time of a post, and median time from the start to the first answer.
async fn floor_figures(client: &Client) -> Measured<(Duration, Duration)> {
    let site = Site::new("floor", "http://127.0.0.1:1", 0, 0)?;
    let form = site.forms(1, 1)?.pop().unwrap_or_default();
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let started = Instant::now();
        let (_child, url) = Child::part(&["floor"])?;
        post_first(client, &format!("{url}/saml/acs"), form.clone()).await?;
        starts.push(started.elapsed());
    }
    let (child, url) = Child::part(&["floor"])?;
    let url = format!("{url}/saml/acs");
    post_all(client, &url, vec![form.clone(); COUNTED], SOME).await?;
    let cpu = mean_cpu(client, &child, &url, vec![form; COUNTED_FLOOR]).await?;
    Ok((cpu, median(starts)))
}

/// Mean CPU time of a sign-in with few people and an empty ledger, the same with many of both, and the memory then.
async fn sign_ins(client: &Client) -> Measured<(Duration, Duration, u64)> {
    let stub = Stub::start([0; 3])?;
    let site = Site::new("people", &stub.url, 0, 0)?;
    let gateway = stub.gateway(&site, client).await?;
    let few = mean_cpu(client, &gateway, &site.acs(), site.forms(COUNTED, FEW)?).await?;
    // Forms are as large as the memory that is measured is small: a thousand at a time.
    for _ in 0..MANY / COUNTED {
        post_all(client, &site.acs(), site.forms(COUNTED, MANY)?, SOME).await?;
    }
    let resident = gateway.resident()?;
    let many = mean_cpu(client, &gateway, &site.acs(), site.forms(COUNTED, MANY)?).await?;
    Ok((few, many, resident))
}

/// Mean CPU time of a sign-in with so many rules and identity providers besides those that count.
async fn grown(client: &Client, rules: usize, idps: usize) -> Measured<Duration> {
    let stub = Stub::start([0; 3])?;
    let site = Site::new("grown", &stub.url, rules, idps)?;
    let gateway = stub.gateway(&site, client).await?;
    mean_cpu(client, &gateway, &site.acs(), site.forms(COUNTED, FEW)?).await
}

/// Median time from the start of the process to the first person's redirect.
async fn start(client: &Client) -> Measured<Duration> {
    let stub = Stub::start([0; 3])?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let site = Site::new("start", &stub.url, 0, 0)?;
        let form = site.forms(1, 1)?.pop().unwrap_or_default();
        let started = Instant::now();
        let _gateway = Child::gateway(&site.configuration())?;
        post_first(client, &site.acs(), form).await?;
        starts.push(started.elapsed());
    }
    Ok(median(starts))
}

/// With an AWS that takes its time: the median of a returning sign-in, the 99th percentile in a crowd, and the same of
/// the AWS calls of such a sign-in alone.
async fn waiting(client: &Client) -> Measured<(Duration, Duration, Duration)> {
    let stub = Stub::start(DELAYS)?;
    let site = Site::new("waiting", &stub.url, 0, 0)?;
    let _gateway = stub.gateway(&site, client).await?;
    post_all(client, &site.acs(), site.forms(FEW, FEW)?, 1).await?;
    let alone = median(post_all(client, &site.acs(), site.forms(3 * FEW, FEW)?, 1).await?);
    // Once, so that every connection is there.
    post_all(client, &site.acs(), site.forms(CROWD, FEW)?, CROWD).await?;
    let crowd = p99(&post_all(client, &site.acs(), site.forms(20 * CROWD, FEW)?, CROWD).await?);
    let raw = stub.raw_calls(client, CROWD, 20).await?;
    Ok((alone, crowd, p99(&raw)))
}

/// Mean CPU time of what a process does with these forms.
async fn mean_cpu(client: &Client, child: &Child, url: &str, forms: Vec<Vec<u8>>) -> Measured<Duration> {
    let (count, before) = (u32::try_from(forms.len())?, child.cpu()?);
    post_all(client, url, forms, SOME).await?;
    Ok(child.cpu()?.saturating_sub(before) / count.max(1))
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
    async fn gateway(&self, site: &Site, client: &Client) -> Measured<Child> {
        let gateway = Child::gateway(&site.configuration())?;
        post_first(client, &site.acs(), site.forms(1, 1)?.pop().unwrap_or_default()).await?;
        post_all(client, &site.acs(), site.forms(FEW, FEW)?, SOME).await?;
        Ok(gateway)
    }

    /// What the calls of a returning sign-in take by themselves, one after the other.
    async fn raw_calls(&self, client: &Client, at_once: usize, rounds: usize) -> Measured<Vec<Duration>> {
        let mut browsers = tokio::task::JoinSet::new();
        for _ in 0..at_once {
            let (client, url) = (client.clone(), self.url.clone());
            browsers.spawn(async move {
                let mut times = Vec::new();
                for _ in 0..rounds {
                    let started = Instant::now();
                    client.post(&url).body("Action=AssumeRoleWithSAML").send().await?.bytes().await?;
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

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Of sorted times.
fn p99(times: &[Duration]) -> Duration {
    times.get(times.len() * 99 / 100).or(times.last()).copied().unwrap_or_default()
}
