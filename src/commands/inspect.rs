//! `studio-gateway inspect`: a captured SAML response, rule by rule.

use super::file::read;
use super::{Done, time};
use chrono::TimeDelta;
use clap::Args;
use std::path::PathBuf;
use studio_gateway::inspect;
use studio_gateway::saml::metadata::IdpMetadata;
use studio_gateway::saml::{DecryptionKeys, Expected};

#[derive(Args)]
pub(crate) struct InspectArgs {
    /// The response: XML, base64, or the whole form body. Standard input by default.
    #[arg(value_name = "FILE")]
    response: Option<PathBuf>,
    /// Metadata of the identity provider.
    #[arg(long, value_name = "FILE")]
    idp_metadata: PathBuf,
    /// Which of the entities in the metadata, when it holds several.
    #[arg(long, value_name = "ENTITY-ID")]
    idp_entity_id: Option<String>,
    /// An audience of ours; may be given several times.
    #[arg(long, required = true, value_name = "URI")]
    audience: Vec<String>,
    /// Our ACS URL.
    #[arg(long, value_name = "URL")]
    acs: String,
    /// ID of the request that the response has to answer. Without it, only one that answers none is accepted.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Private key (PEM) that opens encrypted assertions; may be given twice.
    #[arg(long, value_name = "FILE")]
    decryption_key: Vec<PathBuf>,
    /// The time to judge by, such as 2026-01-02T03:04:05Z. Now, by default.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// How far the clocks may be apart, in seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(i64).range(0..=180), value_name = "SECONDS")]
    clock_skew: i64,
    /// Open AES-CBC also where the Response is not signed.
    #[arg(long)]
    cbc_without_response_signature: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &InspectArgs) -> Done {
    let now = time(args.at.as_deref())?;
    let text = match &args.response {
        Some(path) if path.as_os_str() != "-" => read(path)?,
        _ => std::io::read_to_string(std::io::stdin())?,
    };
    // Expired metadata would hide what the message itself is like: it is judged at the given time too.
    let metadata = IdpMetadata::parse(&read(&args.idp_metadata)?, args.idp_entity_id.as_deref(), None, now)
        .map_err(|fault| format!("{}: {fault}", args.idp_metadata.display()))?;
    let keys = args.decryption_key.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let decryption = DecryptionKeys::from_pem(&keys.iter().map(String::as_str).collect::<Vec<_>>())?;
    let outstanding: Vec<_> = args.request_id.iter().cloned().collect();
    let expected = Expected {
        idp_entity_id: &metadata.entity_id,
        acs_url: &args.acs,
        audiences: &args.audience,
        outstanding: &outstanding,
        idp_initiated: args.request_id.is_none(),
        skew: TimeDelta::seconds(args.clock_skew),
        cbc_without_response_signature: args.cbc_without_response_signature,
    };
    let report = inspect::examine(&text, &metadata.keys, &decryption, &expected, now);
    if args.json {
        println!("{}", report.to_json());
    } else {
        print!("{}", report.to_text());
    }
    if report.accepted() { Ok(()) } else { Err("this response would be refused".into()) }
}
