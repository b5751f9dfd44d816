//! What is asked: how many people do what at the same time, and what of it takes an interface of the VPC.

use super::RESERVED;
use clap::Args;
use ipnet::Ipv4Net;
use serde::Serialize;

/// What people do at the same time, at most.
#[derive(Debug, Clone, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Demand {
    /// People who work at the same time.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub users: u32,
    /// Growth to plan for, in percent of the people.
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub growth: u32,
    /// Apps of each person that have an instance of their own: each running space, or JupyterServer of Studio Classic.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub apps: u32,
    /// Instance types on which each person runs KernelGateway apps of Studio Classic: those of one type share an instance.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub instance_types: u32,
    /// Instances of training and processing jobs of each person, if these jobs run in the same subnets.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub training_instances: u32,
    /// These jobs use the Elastic Fabric Adapter.
    #[arg(long)]
    pub efa: bool,
    /// Availability zones, with a subnet of the domain in each.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=6))]
    pub zones: u32,
    /// Interface endpoints in each subnet (gateway endpoints, as S3 and DynamoDB can have, take no address).
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=200))]
    pub endpoints: u32,
    /// Everybody still has room when one zone is lost.
    #[arg(long)]
    pub survive_zone_loss: bool,
    /// CIDR block of the VPC, to propose subnets in. Can be given several times.
    #[arg(long = "vpc", value_name = "CIDR", value_parser = block)]
    pub vpcs: Vec<Ipv4Net>,
    /// A block of it that is taken: an existing subnet. Can be given several times.
    #[arg(long, value_name = "CIDR", value_parser = block)]
    pub taken: Vec<Ipv4Net>,
}

/// Something that takes interfaces.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Category {
    /// What it is.
    pub name: &'static str,
    /// What there is one of these for.
    pub level: Level,
    /// Interfaces for each subnet or person.
    pub each: u64,
    /// Interfaces in all.
    pub total: u64,
    /// How the number comes about.
    pub why: &'static str,
}

/// What a category grows with.
#[derive(Debug, Clone, Copy, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// With the subnets of the domain.
    Subnet,
    /// With the people.
    Person,
}

impl Demand {
    /// People to plan for.
    #[must_use]
    pub fn people(&self) -> u64 {
        (u64::from(self.users) * (100 + u64::from(self.growth))).div_ceil(100)
    }

    /// Zones that the people are spread over when it matters.
    pub(super) fn zones_that_last(&self) -> u64 {
        let zones = u64::from(self.zones);
        (if self.survive_zone_loss { zones.saturating_sub(1) } else { zones }).max(1)
    }

    /// Interfaces by what takes them.
    pub(super) fn categories(&self) -> Vec<Category> {
        let per_instance = if self.efa { 5 } else { 2 };
        let category = |name, level, each: u64, why| {
            let count = if level == Level::Subnet { self.zones.into() } else { self.people() };
            Category { name, level, each, total: each.saturating_mul(count), why }
        };
        let training = if self.efa { "5 for each instance with EFA" } else { "2 for each instance" };
        vec![
            category("EFS mount target", Level::Subnet, 1, "1 for each subnet"),
            category(
                "interface endpoints",
                Level::Subnet,
                self.endpoints.into(),
                "1 for each endpoint and subnet",
            ),
            category("apps", Level::Person, self.apps.into(), "1 for each instance"),
            category(
                "KernelGateway apps",
                Level::Person,
                self.instance_types.into(),
                "1 for each instance type",
            ),
            category(
                "training and processing",
                Level::Person,
                u64::from(self.training_instances) * per_instance,
                training,
            ),
        ]
    }

    /// What AWS keeps of all subnets.
    pub(super) fn reserved(&self) -> u64 {
        RESERVED * u64::from(self.zones)
    }
}

/// A block as VPCs and subnets have them.
fn block(text: &str) -> Result<Ipv4Net, String> {
    let expected = || "expected an IPv4 block from /16 to /28 such as 10.20.0.0/16".to_owned();
    let block: Ipv4Net = text.parse().map_err(|_| expected())?;
    if !(16..=28).contains(&block.prefix_len()) {
        return Err(expected());
    }
    if block.trunc() != block {
        return Err(format!("{block} begins in the middle of a block; the block is {}", block.trunc()));
    }
    Ok(block)
}
