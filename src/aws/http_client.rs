//! The HTTP client that the clients of the AWS SDK share: one pool of connections, and one reading of the CA bundle. The
//! SDK's own default is one for each client, and so for each person who signs in.

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// A client like the SDK's default one: TLS by AWS-LC, the CA bundle of the system, and the proxy that the environment names.
pub(crate) fn shared() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    })
}

#[cfg(test)]
mod tests {
    use crate::aws::clients::signing_as;
    use aws_config::{BehaviorVersion, Region};
    use aws_credential_types::Credentials;
    use aws_sdk_sagemaker::{Client, Config};
    use axum::Router;
    use axum::serve::ListenerExt;
    use std::net::Ipv4Addr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::net::TcpListener;

    /// Presigns for two people, one after the other, and returns how many connections that took.
    async fn connections(config: aws_sdk_sagemaker::config::Builder) -> usize {
        let accepted = Arc::new(AtomicUsize::new(0));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let count = Arc::clone(&accepted);
        let listener = listener.tap_io(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        let answer = async || r#"{"AuthorizedUrl":"https://example.com/"}"#;
        let server = tokio::spawn(axum::serve(listener, Router::new().fallback(answer)).into_future());
        let config = config.behavior_version(BehaviorVersion::latest()).region(Region::new("eu-west-1"));
        let client = Client::from_conf(config.endpoint_url(url).build());
        for person in ["nari", "minsu"] {
            let session = Credentials::new(person, "secret", Some("token".into()), None, "test");
            let presign = signing_as(&client, session).create_presigned_domain_url().domain_id("d-1");
            presign.user_profile_name(person).send().await.unwrap();
        }
        server.abort();
        accepted.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn role_sessions_share_connections() {
        assert_eq!(connections(Config::builder().http_client(super::shared())).await, 1);
    }

    #[tokio::test]
    async fn without_it_each_has_its_own() {
        assert_eq!(connections(Config::builder()).await, 2);
    }
}
