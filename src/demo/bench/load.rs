//! Browsers: they post forms, so many at a time, and wait for the redirect.

use reqwest::{Client, StatusCode};
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How long a service may take to start.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two looks whether it has.
const PAUSE: Duration = Duration::from_micros(200);

/// Posts every form, `at_once` at a time, and returns how long each answer took, shortest first. The browsers begin so far
/// `apart`, and then post one form after the other.
///
/// # Errors
/// When an answer is anything but 303.
pub(super) async fn post_all(
    client: &Client,
    url: &str,
    forms: Vec<Vec<u8>>,
    at_once: u32,
    apart: Duration,
) -> Result<Vec<Duration>, Box<dyn Error>> {
    let forms = Arc::new(Mutex::new(forms));
    let mut browsers = JoinSet::new();
    for number in 0..at_once {
        let (client, url, forms) = (client.clone(), url.to_owned(), Arc::clone(&forms));
        browsers.spawn(async move {
            sleep(apart * number).await;
            let mut times = Vec::new();
            loop {
                let form = forms.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let Some(form) = form else { return Ok(times) };
                times.push(post(&client, &url, form).await?);
            }
        });
    }
    let mut times = Vec::new();
    while let Some(browser) = browsers.join_next().await {
        let theirs: Result<Vec<Duration>, String> = browser?;
        times.extend(theirs?);
    }
    times.sort_unstable();
    Ok(times)
}

/// Posts a form to a service that has just been started, as soon as it listens.
pub(super) async fn post_first(client: &Client, url: &str, form: Vec<u8>) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    loop {
        match client.post(url).header("content-type", FORM).body(form.clone()).send().await {
            Ok(answer) => return Ok(redirected(answer.status())?),
            Err(fault) if fault.is_connect() && started.elapsed() < PATIENCE => sleep(PAUSE).await,
            Err(fault) => return Err(fault.into()),
        }
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

async fn post(client: &Client, url: &str, form: Vec<u8>) -> Result<Duration, String> {
    let started = Instant::now();
    let answer = client.post(url).header("content-type", FORM).body(form).send().await;
    let answer = answer.map_err(|fault| fault.to_string())?;
    let took = started.elapsed();
    redirected(answer.status())?;
    Ok(took)
}

fn redirected(status: StatusCode) -> Result<(), String> {
    if status == StatusCode::SEE_OTHER { Ok(()) } else { Err(format!("the answer was {status}, not 303")) }
}
