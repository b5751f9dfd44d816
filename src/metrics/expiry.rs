//! When the certificates end that IdPs sign with: looked up when metrics are read, so that a new copy of metadata counts at
//! once.

use crate::idps::Idps;
use chrono::{DateTime, Utc};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// The IdPs that are known now; another configuration has others.
pub(super) type Known = Arc<RwLock<Arc<Idps>>>;

pub(super) struct CertificateEnds(pub(super) Known);

impl Collector for CertificateEnds {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let gauge = ConstGauge::new(0_i64);
        let mut metric = encoder.encode_descriptor(
            "idp_certificate_not_after_timestamp_seconds",
            "End of each signing certificate of an IdP, in seconds since 1970",
            None,
            gauge.metric_type(),
        )?;
        let idps = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        for idp in idps.all() {
            for (number, ends) in idp.metadata.certificates_end.iter().enumerate() {
                let labels = [("idp", idp.settings.key.clone()), ("certificate", number.to_string())];
                ConstGauge::new(ends.timestamp()).encode(metric.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

/// How many days are left until the first IdP has no signing certificate any longer that has not ended.
pub(super) fn days_left(idps: &Idps, now: DateTime<Utc>) -> Option<f64> {
    const DAY: f64 = 86_400.0;
    let last_of_each =
        idps.all().into_iter().filter_map(|idp| idp.metadata.certificates_end.iter().max().copied());
    last_of_each.min().map(|ends| (ends - now).as_seconds_f64() / DAY)
}

impl fmt::Debug for CertificateEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateEnds")
    }
}
