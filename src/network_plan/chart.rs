//! The plan as a picture: a bar for each subnet, and what fills it.

use super::{Level, Plan};
use askama::Template;

/// Width of a whole subnet, in pixels.
const WIDTH: u64 = 640;

#[derive(Template)]
#[template(path = "network_plan.svg", escape = "xml")]
struct Chart {
    title: String,
    bars: Vec<Bar>,
    legend: Vec<(usize, String)>,
    height: usize,
}

struct Bar {
    name: String,
    y: usize,
    parts: Vec<Part>,
}

struct Part {
    kind: usize,
    x: u64,
    width: u64,
    says: String,
}

/// An SVG document that needs nothing else: colours for light and dark, a text for each part.
///
/// # Errors
/// Never for a plan of ours; the template's.
pub fn chart(plan: &Plan) -> askama::Result<String> {
    let contents = contents(plan);
    let bars = (1..=plan.demand.zones).map(|zone| bar(plan, zone, &contents)).collect::<Vec<_>>();
    let legend =
        contents.iter().enumerate().map(|(kind, (name, count))| (kind, format!("{name}: {count}"))).collect();
    let height = 90 + bars.len() * 56 + contents.len() * 22;
    Chart { title: title(plan), bars, legend, height }.render()
}

fn title(plan: &Plan) -> String {
    format!(
        "{} people, {} interfaces, {} subnets of /{}",
        plan.people, plan.interfaces.total, plan.demand.zones, plan.subnet.prefix
    )
}

/// What fills one subnet: categories, what AWS keeps, what is free.
fn contents(plan: &Plan) -> Vec<(&'static str, u64)> {
    let spread = plan.demand.zones_that_last();
    let mut left = plan.subnet.interfaces.saturating_sub(plan.interfaces.domain_per_subnet);
    let mut contents = Vec::new();
    for category in &plan.categories {
        let count = match category.level {
            Level::Subnet => category.each,
            // The shares of the categories, each rounded up, can be more than the whole, rounded up once.
            Level::Person => category.total.div_ceil(spread).min(left),
        };
        if category.level == Level::Person {
            left -= count;
        }
        contents.push((category.name, count));
    }
    contents.push(("kept by AWS", plan.subnet.reserved));
    contents.push(("free", plan.subnet.free));
    contents
}

fn bar(plan: &Plan, zone: u32, contents: &[(&'static str, u64)]) -> Bar {
    let mut before = 0;
    let at = |count: u64| count * WIDTH / plan.subnet.addresses;
    let parts = contents.iter().enumerate().map(|(kind, (name, count))| {
        let x = at(before);
        before += count;
        Part { kind, x, width: at(before) - x, says: format!("{name}: {count}") }
    });
    let parts = parts.collect();
    let block = plan.blocks.iter().find(|block| block.zone == zone);
    let name = block.map_or_else(|| format!("zone {zone}"), |block| format!("zone {zone}: {}", block.cidr));
    let y = 60 + (zone as usize - 1) * 56;
    Bar { name, y, parts }
}
