//! `studio-gateway health`: for images without a shell.

use super::{Done, WithConfig};
use studio_gateway::{health, load};

pub(crate) async fn run(config: &WithConfig) -> Done {
    let (listen, tls) = load::listener(config.config.as_deref()).await?;
    Ok(health::ask(listen, tls).await?)
}
