use super::*;
use ipnet::Ipv4Net;
use proptest::prelude::*;

/// The scenario of the whitepaper: a JupyterServer, two instance types, one training instance; three zones with ten
/// endpoints each.
fn scenario(users: u32) -> Demand {
    Demand {
        users,
        growth: 0,
        apps: 1,
        instance_types: 2,
        training_instances: 1,
        efa: false,
        zones: 3,
        endpoints: 10,
        survive_zone_loss: false,
        vpcs: Vec::new(),
        taken: Vec::new(),
    }
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.warnings.iter().map(|warning| warning.id).collect()
}

#[test]
fn table_1_of_the_whitepaper() {
    let plan = plan(scenario(1)).unwrap();
    let each: Vec<_> = plan.categories.iter().map(|category| category.total).collect();
    assert_eq!(each, [3, 30, 1, 2, 2]);
    assert_eq!((plan.interfaces.domain, plan.interfaces.per_person, plan.interfaces.total), (33, 5, 38));
}

#[test]
fn a_hundred_people_of_the_whitepaper_with_both_readings_of_their_sum() {
    let plan = plan(scenario(100)).unwrap();
    let expected = Interfaces {
        domain_per_subnet: 11,
        domain: 33,
        per_person: 5,
        people: 500,
        total: 533,
        total_with_one_subnet_of_domain: 511,
    };
    assert_eq!(plan.interfaces, expected);
    assert_eq!(plan.block_prefix, 22, "1,024 addresses, as the whitepaper says");
    // A third of 500, 11 of the domain, 5 that AWS keeps.
    assert_eq!(plan.subnet, Subnet { interfaces: 178, reserved: 5, prefix: 24, addresses: 256, free: 73 });
}

#[test]
fn efa_takes_five_addresses_for_each_instance() {
    let plan = plan(Demand { efa: true, ..scenario(1) }).unwrap();
    assert_eq!(plan.interfaces.per_person, 1 + 2 + 5);
}

#[test]
fn growth_is_rounded_up_to_whole_people() {
    let plan = plan(Demand { growth: 15, ..scenario(10) }).unwrap();
    assert_eq!(plan.people, 12);
    assert!(!ids(&plan).contains(&"growth.none"));
}

#[test]
fn the_people_of_a_lost_zone_fit_into_the_others() {
    let plan = plan(Demand { survive_zone_loss: true, ..scenario(100) }).unwrap();
    assert_eq!(plan.subnet.interfaces, 250 + 11);
    assert_eq!(plan.subnet.prefix, 23);
    assert!(!ids(&plan).contains(&"zones.no-room"));
}

#[test]
fn a_subnet_of_exactly_its_addresses_is_not_made_larger() {
    // 2 × 123 of people, 1 + 4 of the domain, 5 that AWS keeps: 256.
    let exact =
        Demand { zones: 1, endpoints: 4, instance_types: 0, training_instances: 0, apps: 2, ..scenario(123) };
    let full = plan(exact.clone()).unwrap();
    assert_eq!((full.subnet.prefix, full.subnet.free), (24, 0));
    assert!(ids(&full).contains(&"subnet.nearly-full"));
    assert_eq!(plan(Demand { users: 124, ..exact }).unwrap().subnet.prefix, 23);
}

#[test]
fn subnets_go_side_by_side_around_what_is_taken() {
    let vpcs = vec!["10.20.0.0/16".parse().unwrap()];
    let taken = vec!["10.20.0.0/24".parse().unwrap(), "10.20.4.0/23".parse().unwrap()];
    let plan = plan(Demand { vpcs, taken, ..scenario(100) }).unwrap();
    let blocks: Vec<_> = plan.blocks.iter().map(|block| block.cidr.to_string()).collect();
    assert_eq!(blocks, ["10.20.8.0/24", "10.20.9.0/24", "10.20.10.0/24"]);
}

#[test]
fn subnets_take_scattered_blocks_when_there_is_no_room_side_by_side() {
    let vpcs = vec!["10.20.0.0/22".parse().unwrap(), "10.21.0.0/23".parse().unwrap()];
    let taken = vec!["10.20.1.0/24".parse().unwrap(), "10.20.2.0/25".parse().unwrap()];
    let plan = plan(Demand { vpcs, taken, ..scenario(100) }).unwrap();
    let blocks: Vec<_> = plan.blocks.iter().map(|block| block.cidr.to_string()).collect();
    assert_eq!(blocks, ["10.20.0.0/24", "10.20.3.0/24", "10.21.0.0/24"]);
}

#[test]
fn a_vpc_without_room_is_told_by_the_subnet_that_has_none() {
    let vpcs = vec!["10.20.0.0/23".parse().unwrap()];
    let fault = plan(Demand { vpcs, ..scenario(100) }).unwrap_err();
    assert_eq!(fault, DoesNotFit::Vpc { zone: 3, zones: 3, prefix: 24 });
}

#[test]
fn more_people_than_the_largest_subnet_has_addresses() {
    let fault = plan(Demand { zones: 1, ..scenario(20_000) }).unwrap_err();
    assert_eq!(fault, DoesNotFit::Subnet { needed: 100_000 + 11 + 5 });
}

#[test]
fn dockers_network_is_warned_of() {
    let vpcs = vec!["172.17.0.0/16".parse().unwrap()];
    assert!(ids(&plan(Demand { vpcs, ..scenario(10) }).unwrap()).contains(&"vpc.docker"));
}

#[test]
fn the_chart_is_xml_with_a_bar_for_each_subnet() {
    let vpcs = vec!["10.20.0.0/16".parse().unwrap()];
    let svg = chart(&plan(Demand { vpcs, ..scenario(100) }).unwrap()).unwrap();
    let parsed = uppsala::parse(&svg);
    assert!(parsed.is_ok(), "{:?}", parsed.err());
    for text in
        ["zone 3: 10.20.2.0/24", "apps: 34", "free: 73", "100 people, 533 interfaces, 3 subnets of /24"]
    {
        assert!(svg.contains(text), "{text}");
    }
}

fn any_demand() -> impl Strategy<Value = Demand> {
    let of_person = (0..4_u32, 0..5_u32, 0..5_u32, any::<bool>());
    let of_domain = (1..=6_u32, 0..30_u32, any::<bool>());
    (1..2_000_u32, 0..200_u32, of_person, of_domain).prop_map(|(users, growth, person, domain)| Demand {
        users,
        growth,
        apps: person.0,
        instance_types: person.1,
        training_instances: person.2,
        efa: person.3,
        zones: domain.0,
        endpoints: domain.1,
        survive_zone_loss: domain.2,
        vpcs: Vec::new(),
        taken: Vec::new(),
    })
}

/// Any block of a VPC `10.20.0.0/16`.
fn any_block() -> impl Strategy<Value = Ipv4Net> {
    (17..=28_u8, any::<u16>()).prop_map(|(prefix, host)| {
        Ipv4Net::new((0x0a14_0000 | u32::from(host)).into(), prefix).unwrap().trunc()
    })
}

fn overlap(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other) || other.contains(&one)
}

proptest! {
    #[test]
    fn proposed_blocks_overlap_nothing_and_have_room(demand in any_demand(), taken in prop::collection::vec(any_block(), 0..12)) {
        let vpc: Ipv4Net = "10.20.0.0/16".parse().unwrap();
        let zones = demand.zones as usize;
        let Ok(plan) = plan(Demand { vpcs: vec![vpc], taken: taken.clone(), ..demand }) else { return Ok(()) };
        prop_assert_eq!(plan.blocks.len(), zones);
        for (number, block) in plan.blocks.iter().enumerate() {
            prop_assert!(vpc.contains(&block.cidr));
            prop_assert_eq!(block.cidr.trunc(), block.cidr);
            prop_assert!(taken.iter().all(|other| !overlap(*other, block.cidr)));
            prop_assert!(plan.blocks[..number].iter().all(|other| !overlap(other.cidr, block.cidr)));
            prop_assert_eq!(1_u64 << (32 - block.cidr.prefix_len()), plan.subnet.addresses);
        }
    }

    #[test]
    fn there_is_always_enough_for_everybody(demand in any_demand()) {
        let zones = u64::from(demand.zones);
        let left = if demand.survive_zone_loss && zones > 1 { zones - 1 } else { zones };
        let Ok(plan) = plan(demand) else { return Ok(()) };
        let usable = plan.subnet.addresses - RESERVED;
        prop_assert!(usable * left >= plan.interfaces.people + left * plan.interfaces.domain_per_subnet);
        prop_assert!(usable * zones >= plan.interfaces.total);
        // And the next smaller size would not do, unless there is none.
        let smaller = plan.subnet.addresses / 2;
        prop_assert!(plan.subnet.prefix == SMALLEST || smaller < plan.subnet.interfaces + RESERVED);
    }

    #[test]
    fn more_of_anything_never_takes_less(demand in any_demand(), what in 0..8_usize) {
        let mut more = demand.clone();
        match what {
            0 => more.users += 1,
            1 => more.growth += 1,
            2 => more.apps += 1,
            3 => more.instance_types += 1,
            4 => more.training_instances += 1,
            5 => more.efa = true,
            6 => more.endpoints += 1,
            _ => more.survive_zone_loss = true,
        }
        if let (Ok(less), Ok(more)) = (plan(demand), plan(more)) {
            prop_assert!(more.interfaces.total >= less.interfaces.total);
            prop_assert!(more.subnet.interfaces >= less.subnet.interfaces);
            prop_assert!(more.subnet.prefix <= less.subnet.prefix);
            prop_assert!(more.block_prefix <= less.block_prefix);
        }
    }

    #[test]
    fn one_more_zone_never_takes_fewer_interfaces_nor_larger_subnets(demand in any_demand()) {
        let more = Demand { zones: demand.zones + 1, ..demand.clone() };
        if let (Ok(less), Ok(more)) = (plan(demand), plan(more)) {
            prop_assert!(more.interfaces.total >= less.interfaces.total);
            prop_assert!(more.subnet.interfaces <= less.subnet.interfaces);
        }
    }
}
