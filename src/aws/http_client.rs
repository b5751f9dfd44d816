//! The HTTP client that clients of the AWS SDK share: one pool of connections, and one reading of the CA bundle, for all
//! that sign in, and another for the ledger. The SDK's own default is one for each client, and so for each person who signs
//! in.

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// A client like the SDK's default one: TLS by AWS-LC, the CA bundle of the system, and the proxy that the environment names.
pub(crate) fn shared() -> SharedHttpClient {
    let pool = Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    });
    SharedHttpClient::new(Pool(pool))
}

/// Connectors of the one inside, which keeps them. When a client is made it would also build one that nobody uses, to have
/// the CA bundle parsed by then: for each person who signs in, and about a twelfth of what that costs.
#[derive(Debug)]
struct Pool(SharedHttpClient);

impl HttpClient for Pool {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::clients::signing_as;
    use aws_config::{BehaviorVersion, Region};
    use aws_credential_types::Credentials;
    use aws_sdk_sagemaker::{Client, Config};
    use aws_smithy_runtime_api::box_error::BoxError;
    use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
    use aws_smithy_types::config_bag::ConfigBag;
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

    /// Counts how often it is told to get ready.
    #[derive(Debug)]
    struct Counted {
        inside: SharedHttpClient,
        told: Arc<AtomicUsize>,
    }

    impl HttpClient for Counted {
        fn http_connector(
            &self,
            settings: &HttpConnectorSettings,
            components: &RuntimeComponents,
        ) -> SharedHttpConnector {
            self.inside.http_connector(settings, components)
        }

        fn validate_base_client_config(
            &self,
            _: &RuntimeComponentsBuilder,
            _: &ConfigBag,
        ) -> Result<(), BoxError> {
            self.told.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    }

    #[test]
    fn no_connector_is_built_for_a_client() {
        let told = |pooled: bool| {
            let told = Arc::<AtomicUsize>::default();
            let counted = SharedHttpClient::new(Counted { inside: shared(), told: Arc::clone(&told) });
            let client = if pooled { SharedHttpClient::new(Pool(counted)) } else { counted };
            let config = Config::builder().http_client(client).behavior_version(BehaviorVersion::latest());
            drop(Client::from_conf(config.build()));
            told.load(Ordering::Relaxed)
        };
        assert_eq!(told(false), 1, "what the SDK does");
        assert_eq!(told(true), 0);
    }

    #[tokio::test]
    async fn role_sessions_share_connections() {
        assert_eq!(connections(Config::builder().http_client(shared())).await, 1);
    }

    #[tokio::test]
    async fn without_it_each_has_its_own() {
        assert_eq!(connections(Config::builder()).await, 2);
    }
}
