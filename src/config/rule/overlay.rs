//! How `[rule.profile]` is laid over `[domain.profile]`: as TOML, before either is given a meaning, so that it holds for
//! every key that a profile has or will have.

use toml::{Table, Value};

/// The tables whose entries are replaced as a whole: the value of a tag is one thing.
const WHOLE: &str = "tags";

/// `over` laid over `base`, key by key: tables are merged, tags by their keys; anything else, lists too, is replaced.
pub(super) fn laid_over(base: &Table, over: &Table) -> Table {
    merged(base, over, false)
}

fn merged(base: &Table, over: &Table, whole: bool) -> Table {
    let mut result = base.clone();
    for (key, new) in over {
        let laid = match (result.get(key), new) {
            (Some(Value::Table(old)), Value::Table(new)) if !whole => {
                Value::Table(merged(old, new, key == WHOLE))
            }
            _ => new.clone(),
        };
        result.insert(key.clone(), laid);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_by_key() {
        let base: Table = r#"
            execution_role = "a"
            security_groups = ["x", "y"]
            lifecycle = [{ script = "one" }, { script = "two" }]
            app = { idle = 60, hidden = ["a"] }
            [tags]
            team = { attribute = "team" }
            kept = { value = "k" }
        "#
        .parse()
        .unwrap();
        let over: Table = r#"
            security_groups = ["z"]
            lifecycle = [{ script = "three" }]
            app = { idle = 120 }
            [tags]
            team = { value = "vision" }
            new = { value = "n" }
        "#
        .parse()
        .unwrap();
        let expected: Table = r#"
            execution_role = "a"
            security_groups = ["z"]
            lifecycle = [{ script = "three" }]
            app = { idle = 120, hidden = ["a"] }
            [tags]
            team = { value = "vision" }
            kept = { value = "k" }
            new = { value = "n" }
        "#
        .parse()
        .unwrap();
        assert_eq!(laid_over(&base, &over), expected);
        assert_eq!(laid_over(&base, &Table::new()), base);
        assert_eq!(laid_over(&Table::new(), &over), over);
    }
}
