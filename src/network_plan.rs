//! How many addresses a Studio domain takes from a VPC, and which subnets to give it, before it exists: a subnet never
//! changes its size. A pure function of what is asked; nothing is looked up in AWS.
//!
//! Source of the categories: *SageMaker Studio Administration Best Practices*, "VPC network planning", table 1.

mod blocks;
mod chart;
mod demand;
mod table;
mod warnings;

pub use blocks::{Block, DoesNotFit};
pub use chart::chart;
pub use demand::{Category, Demand, Level};
pub use table::table;
pub use warnings::Warning;

use serde::Serialize;

/// Addresses of every subnet that AWS keeps: the first four and the last (Amazon VPC, "Subnet sizing").
pub const RESERVED: u64 = 5;

/// Prefix lengths that a subnet of a VPC may have (Amazon VPC, "Subnet sizing").
const LARGEST: u8 = 16;
const SMALLEST: u8 = 28;

/// What a domain takes, and where it can be.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What was asked.
    pub demand: Demand,
    /// People to plan for: those of today, and the growth.
    pub people: u64,
    /// What takes interfaces.
    pub categories: Vec<Category>,
    /// Sums of the categories.
    pub interfaces: Interfaces,
    /// What each subnet has to be.
    pub subnet: Subnet,
    /// Prefix length of one block with room for all subnets.
    pub block_prefix: u8,
    /// A block for each subnet; empty if no VPC was named.
    pub blocks: Vec<Block>,
    /// What to think of before subnets are made so.
    pub warnings: Vec<Warning>,
}

/// Interfaces, each with one address.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Interfaces {
    /// Of the domain, in each subnet.
    pub domain_per_subnet: u64,
    /// Of the domain, in all subnets.
    pub domain: u64,
    /// Of one person.
    pub per_person: u64,
    /// Of all people.
    pub people: u64,
    /// All of them.
    pub total: u64,
    /// Those of all people and of the domain in one subnet only: how the whitepaper sums them up.
    pub total_with_one_subnet_of_domain: u64,
}

/// The size of each subnet: all are alike, since Studio chooses among them.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Subnet {
    /// Most interfaces that are in it at the same time.
    pub interfaces: u64,
    /// Addresses that AWS keeps.
    pub reserved: u64,
    /// Its prefix length.
    pub prefix: u8,
    /// All its addresses.
    pub addresses: u64,
    /// Addresses that are left.
    pub free: u64,
}

/// Makes the plan.
///
/// # Errors
/// If a subnet would have to be larger than AWS makes them, or the VPC has no room.
pub fn plan(demand: Demand) -> Result<Plan, DoesNotFit> {
    let people = demand.people();
    let categories = demand.categories();
    let interfaces = Interfaces::of(&demand, &categories);
    let subnet = Subnet::of(&demand, &interfaces)?;
    let block_prefix = blocks::around(demand.zones, subnet.prefix);
    let blocks =
        if demand.vpcs.is_empty() { Vec::new() } else { blocks::place(&demand, &subnet, block_prefix)? };
    let warnings = warnings::of(&demand, &subnet);
    Ok(Plan { demand, people, categories, interfaces, subnet, block_prefix, blocks, warnings })
}

impl Interfaces {
    fn of(demand: &Demand, categories: &[Category]) -> Self {
        let each = |level| {
            categories.iter().filter(|category| category.level == level).map(|category| category.each).sum()
        };
        let (domain_per_subnet, per_person): (u64, u64) = (each(Level::Subnet), each(Level::Person));
        let domain = domain_per_subnet.saturating_mul(demand.zones.into());
        let people = per_person.saturating_mul(demand.people());
        Self {
            domain_per_subnet,
            domain,
            per_person,
            people,
            total: domain.saturating_add(people),
            total_with_one_subnet_of_domain: domain_per_subnet.saturating_add(people),
        }
    }
}

impl Subnet {
    fn of(demand: &Demand, all: &Interfaces) -> Result<Self, DoesNotFit> {
        let of_people = all.people.div_ceil(demand.zones_that_last());
        let interfaces = of_people.saturating_add(all.domain_per_subnet);
        let needed = interfaces.saturating_add(RESERVED);
        let prefix = (LARGEST..=SMALLEST)
            .rev()
            .find(|prefix| addresses(*prefix) >= needed)
            .ok_or(DoesNotFit::Subnet { needed })?;
        let addresses = addresses(prefix);
        Ok(Self { interfaces, reserved: RESERVED, prefix, addresses, free: addresses - needed })
    }
}

/// Addresses of a block.
fn addresses(prefix: u8) -> u64 {
    1 << (32 - u32::from(prefix.min(32)))
}

#[cfg(test)]
mod tests;
