//! Where in the VPC the subnets can be: blocks that overlap nothing. Changes nothing.

use super::{Demand, Subnet};
use ipnet::Ipv4Net;
use serde::Serialize;
use thiserror::Error;

/// A subnet to make.
#[derive(Debug, Clone, Copy, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Block {
    /// Which of the zones it is for, from 1.
    pub zone: u32,
    /// Its block.
    pub cidr: Ipv4Net,
}

/// Why there is no plan.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum DoesNotFit {
    /// One subnet would have to be larger than AWS makes them.
    #[error(
        "each subnet would need {needed} addresses, and the largest that AWS makes (/16) has 65536: take more zones, \
         or several domains"
    )]
    Subnet {
        /// Addresses for each subnet.
        needed: u64,
    },
    /// The VPC has no room.
    #[error(
        "the VPC has no room for subnet {zone} of {zones}, each a /{prefix}: add a CIDR block to the VPC, and name it \
         with --vpc, too"
    )]
    Vpc {
        /// The first without room.
        zone: u32,
        /// How many there are to be.
        zones: u32,
        /// Prefix length of each.
        prefix: u8,
    },
}

/// Prefix length of the smallest block that so many subnets of this size fit into.
pub(super) fn around(zones: u32, prefix: u8) -> u8 {
    let bits = zones.max(1).next_power_of_two().trailing_zeros();
    prefix.saturating_sub(u8::try_from(bits).unwrap_or(u8::MAX))
}

/// A block for each zone: side by side if there is room, since one rule of a firewall or a route then covers them all.
pub(super) fn place(demand: &Demand, subnet: &Subnet, around: u8) -> Result<Vec<Block>, DoesNotFit> {
    let mut taken = demand.taken.clone();
    let together = free(&demand.vpcs, &taken, around).map(|block| vec![block]);
    let within = together.as_ref().unwrap_or(&demand.vpcs);
    let mut blocks = Vec::new();
    for zone in 1..=demand.zones {
        let cidr = free(within, &taken, subnet.prefix).ok_or(DoesNotFit::Vpc {
            zone,
            zones: demand.zones,
            prefix: subnet.prefix,
        })?;
        taken.push(cidr);
        blocks.push(Block { zone, cidr });
    }
    Ok(blocks)
}

/// The first block of this size that overlaps nothing that is taken.
fn free(within: &[Ipv4Net], taken: &[Ipv4Net], prefix: u8) -> Option<Ipv4Net> {
    within
        .iter()
        .filter_map(|vpc| vpc.subnets(prefix).ok())
        .flatten()
        .find(|block| taken.iter().all(|other| !block.contains(other) && !other.contains(block)))
}
