//! Which rules can be for somebody at all, found by the person's groups. Companies have thousands of groups and a rule for
//! each, and a person is in few of them. Never decides that a rule holds.

use super::{Rule, Subject};
use std::collections::{BTreeSet, HashMap};

/// The positions of rules by the groups that they are for.
#[derive(Debug, Default)]
pub struct RuleIndex {
    by_group: HashMap<String, Vec<usize>>,
    /// Those that have no condition on groups, or one with a pattern: they can be for anybody.
    others: Vec<usize>,
}

impl RuleIndex {
    pub(in crate::config) fn of(rules: &[Rule]) -> Self {
        let mut index = Self::default();
        for (position, rule) in rules.iter().enumerate() {
            match groups(rule) {
                Some(groups) => {
                    for group in groups {
                        index.by_group.entry(group.to_owned()).or_default().push(position);
                    }
                }
                None => index.others.push(position),
            }
        }
        index
    }

    /// Positions of the rules that can be for somebody in these groups, in order. No other rule holds for them.
    pub(crate) fn candidates<'g>(&self, mine: impl Iterator<Item = &'g String>) -> BTreeSet<usize> {
        let named = mine.filter_map(|group| self.by_group.get(group)).flatten();
        named.chain(&self.others).copied().collect()
    }
}

/// The groups of which a rule needs one, if one of its conditions says so in plain texts.
fn groups(rule: &Rule) -> Option<Vec<&str>> {
    rule.conditions
        .iter()
        .filter(|condition| condition.subject == Subject::Groups)
        .find_map(|condition| condition.any_of.iter().map(super::Matcher::exact).collect())
}
