//! What to think of before subnets are made: what cannot be changed, and what runs out.

use super::{Demand, Subnet};
use ipnet::Ipv4Net;
use serde::Serialize;
use std::net::Ipv4Addr;

/// Something to think of.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// Stands for it; never changes its meaning.
    pub id: &'static str,
    /// What it is, and what to do.
    pub text: String,
}

/// Share of a subnet that may be planned for, in percent: Studio chooses the subnet of each app, not evenly.
const FULL: u64 = 80;

/// Docker's own network on instances of SageMaker (Amazon VPC, "VPC CIDR blocks").
const DOCKER: (Ipv4Addr, u8) = (Ipv4Addr::new(172, 17, 0, 0), 16);

pub(super) fn of(demand: &Demand, subnet: &Subnet) -> Vec<Warning> {
    let used = (subnet.interfaces + subnet.reserved) * 100 / subnet.addresses;
    let docker = Ipv4Net::new(DOCKER.0, DOCKER.1)
        .is_ok_and(|docker| demand.vpcs.iter().any(|vpc| docker.contains(vpc) || vpc.contains(&docker)));
    let all = [
        (
            true,
            "subnets.fixed",
            "A subnet never changes its block. Which subnets a domain has is decided when it is made: another can be \
             put in its place only while no app runs in it (UpdateDomain), and the VPC cannot be changed. Plan for the \
             last day of the domain, not for the first."
                .to_owned(),
        ),
        (
            demand.growth == 0,
            "growth.none",
            "No growth is planned for. Give --growth.".to_owned(),
        ),
        (
            used > FULL,
            "subnet.nearly-full",
            format!(
                "{used} % of each subnet is planned for. Studio does not spread apps evenly over the subnets: when one \
                 is full, apps fail to start there. Take the next size, or one more zone."
            ),
        ),
        (
            demand.zones == 1,
            "zones.one",
            "With one zone, nobody works while this zone is lost.".to_owned(),
        ),
        (
            demand.zones > 1 && !demand.survive_zone_loss,
            "zones.no-room",
            "When a zone is lost, its people do not all fit into the others. Give --survive-zone-loss.".to_owned(),
        ),
        (
            demand.training_instances > 0,
            "jobs.own-network",
            "Training and processing jobs do not take over the subnets of the domain: each has the network that its \
             VpcConfig names. See to it that jobs name these subnets, or give them subnets of their own and plan \
             without --training-instances."
                .to_owned(),
        ),
        (
            docker,
            "vpc.docker",
            "172.17.0.0/16 is the network of Docker on instances of SageMaker: what has an address in it cannot be \
             reached from there."
                .to_owned(),
        ),
    ];
    all.into_iter().filter(|(applies, ..)| *applies).map(|(_, id, text)| Warning { id, text }).collect()
}
