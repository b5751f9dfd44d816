//! The plan for a terminal.

use super::{Level, Plan};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use std::fmt::Write;

/// Tables of what takes interfaces and of the subnets, and the warnings.
#[must_use]
pub fn table(plan: &Plan) -> String {
    let mut text = format!("{}\n\n{}\n", interfaces(plan), subnets(plan));
    for warning in &plan.warnings {
        let _ = write!(text, "\n{}: {}\n", warning.id, warning.text);
    }
    text
}

fn interfaces(plan: &Plan) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(["what", "each", "for", "in all", "why"]);
    for category in &plan.categories {
        let unit = match category.level {
            Level::Subnet => format!("{} subnets", plan.demand.zones),
            Level::Person => format!("{} people", plan.people),
        };
        let (each, total) = (category.each.to_string(), category.total.to_string());
        table.add_row([category.name, &each, &unit, &total, category.why]);
    }
    let all = &plan.interfaces;
    let why = format!("{} of the domain, {} of people", all.domain, all.people);
    table.add_row(["all", "", "", &all.total.to_string(), &why]);
    for number in [1, 3] {
        if let Some(column) = table.column_mut(number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn subnets(plan: &Plan) -> Table {
    let subnet = &plan.subnet;
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header([
        "subnet",
        "block",
        "interfaces",
        "kept by AWS",
        "free",
    ]);
    for zone in 1..=plan.demand.zones {
        let block = plan.blocks.iter().find(|block| block.zone == zone);
        let block = block.map_or_else(|| format!("a /{}", subnet.prefix), |block| block.cidr.to_string());
        table.add_row([
            format!("zone {zone}"),
            block,
            subnet.interfaces.to_string(),
            subnet.reserved.to_string(),
            subnet.free.to_string(),
        ]);
    }
    let reserved = plan.demand.reserved().to_string();
    table.add_row(["all", &format!("in a /{}", plan.block_prefix), "", &reserved, ""]);
    table
}
