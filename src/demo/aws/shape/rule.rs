//! What strings must look like: lengths, forms and closed sets, as the service models give them.

/// The pattern that messages show, and whether a text fits.
type Form = (&'static str, fn(&str) -> bool);

/// What a string member must look like.
#[derive(Clone, Copy)]
pub(in crate::demo::aws) struct Rule {
    length: (usize, usize),
    form: Option<Form>,
    values: Option<&'static [&'static str]>,
}

impl Rule {
    /// Length in characters.
    pub(in crate::demo::aws) const fn length(min: usize, max: usize) -> Self {
        Self { length: (min, max), form: None, values: None }
    }

    /// ... and a form, with the pattern that messages show.
    pub(in crate::demo::aws) const fn form(self, pattern: &'static str, fits: fn(&str) -> bool) -> Self {
        Self { form: Some((pattern, fits)), ..self }
    }

    /// One of these.
    pub(in crate::demo::aws) const fn one_of(values: &'static [&'static str]) -> Self {
        Self { length: (0, usize::MAX), form: None, values: Some(values) }
    }

    /// What is wrong with a value.
    pub(super) fn broken(&self, value: &str) -> Vec<String> {
        let length = value.chars().count();
        let mut broken = Vec::new();
        if length < self.length.0 {
            broken.push(format!("Member must have length greater than or equal to {}", self.length.0));
        }
        if length > self.length.1 {
            broken.push(format!("Member must have length less than or equal to {}", self.length.1));
        }
        if let Some((pattern, fits)) = self.form
            && !fits(value)
        {
            broken.push(format!("Member must satisfy regular expression pattern: {pattern}"));
        }
        if let Some(values) = self.values
            && !values.contains(&value)
        {
            broken.push(format!("Member must satisfy enum value set: [{}]", values.join(", ")));
        }
        broken
    }
}

const NAME_PATTERN: &str = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}";
const TAG_PATTERN: &str = "([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)";

/// `DomainId`.
pub(in crate::demo::aws) const DOMAIN_ID: Rule = Rule::length(0, 63).form("d-(-*[a-z0-9]){1,61}", |text| {
    let end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.strip_prefix("d-")
        .is_some_and(|rest| rest.ends_with(end) && rest.chars().all(|c| c == '-' || end(c)))
});
/// `UserProfileName`, `SpaceName`, `StudioLifecycleConfigName`.
pub(in crate::demo::aws) const NAME: Rule = Rule::length(0, 63).form(NAME_PATTERN, |text| {
    let end = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(end) && text.ends_with(end) && text.chars().all(|c| c == '-' || end(c))
});
/// `TagKey`.
pub(in crate::demo::aws) const TAG_KEY: Rule = Rule::length(1, 128).form(TAG_PATTERN, is_tag_text);
/// `TagValue`.
pub(in crate::demo::aws) const TAG_VALUE: Rule = Rule::length(0, 256).form(TAG_PATTERN, is_tag_text);
/// `RoleArn`.
pub(in crate::demo::aws) const ROLE_ARN: Rule =
    Rule::length(20, 2048).form("arn:aws[a-z\\-]*:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+", |text| {
        let tail = arn_tail(text, "iam", str::is_empty);
        tail.and_then(|t| t.strip_prefix("role")).is_some_and(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c))
        })
    });
/// `ResourceArn` of the tag operations.
pub(in crate::demo::aws) const SAGEMAKER_ARN: Rule = Rule::length(0, 256)
    .form("arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:[0-9]{12}:.+", |text| {
        arn_tail(text, "sagemaker", is_region).is_some_and(|tail| !tail.is_empty())
    });
/// `StudioLifecycleConfigArn`.
pub(in crate::demo::aws) const CONFIG_ARN: Rule = Rule::length(0, 256).form(
    "(arn:aws[a-z\\-]*:sagemaker:[a-z0-9\\-]*:[0-9]{12}:studio-lifecycle-config/.*|None)",
    |text| {
        let tail = arn_tail(text, "sagemaker", is_region);
        text == "None" || tail.is_some_and(|t| t.starts_with("studio-lifecycle-config/"))
    },
);
/// `NextToken`.
pub(in crate::demo::aws) const NEXT_TOKEN: Rule = Rule::length(0, 8192);

fn is_tag_text(text: &str) -> bool {
    let separator = |c: char| c.is_whitespace() && !c.is_control();
    text.chars().all(|c| c.is_alphanumeric() || separator(c) || "_.:/=+-@".contains(c))
}

fn is_region(region: &str) -> bool {
    region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// What comes after the account of an ARN of this service.
fn arn_tail<'a>(arn: &'a str, service: &str, region_fits: fn(&str) -> bool) -> Option<&'a str> {
    let mut parts = arn.splitn(6, ':');
    let partition = (parts.next() == Some("arn")).then(|| parts.next()).flatten()?;
    let partition_fits = partition
        .strip_prefix("aws")
        .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
    let fits = partition_fits
        && parts.next() == Some(service)
        && parts.next().is_some_and(region_fits)
        && parts.next().is_some_and(|a| a.len() == 12 && a.chars().all(|c| c.is_ascii_digit()));
    if fits { parts.next() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ids_and_arns_have_their_forms() {
        let fits = |rule: Rule, text: &str| rule.broken(text).is_empty();
        for good in ["a", "alice-smith", "A1", "x--y", &"a".repeat(63)] {
            assert!(fits(NAME, good), "{good}");
        }
        for bad in ["", "-a", "a-", "a_b", "a.b", "a@b", "é", &"a".repeat(64)] {
            assert!(!fits(NAME, bad), "{bad}");
        }
        assert!(fits(DOMAIN_ID, "d-abc-1") && fits(DOMAIN_ID, "d--a"));
        assert!(!fits(DOMAIN_ID, "d-") && !fits(DOMAIN_ID, "d-ABC") && !fits(DOMAIN_ID, "abc"));
        assert!(fits(ROLE_ARN, "arn:aws:iam::111122223333:role/path/Name"));
        assert!(
            !fits(ROLE_ARN, "arn:aws:iam::1111:role/Name")
                && !fits(ROLE_ARN, "arn:aws:iam::111122223333:user/N")
        );
        assert!(fits(CONFIG_ARN, "arn:aws:sagemaker:eu-west-1:111122223333:studio-lifecycle-config/x"));
        assert!(
            fits(CONFIG_ARN, "None") && !fits(CONFIG_ARN, "arn:aws:sagemaker:eu-west-1:111122223333:app/x")
        );
        assert!(fits(TAG_VALUE, "") && fits(TAG_VALUE, "Zoë Ω 東 a@b:c/d=e+f-g_h.i"));
        assert!(!fits(TAG_VALUE, "a;b") && !fits(TAG_VALUE, "a\nb") && !fits(TAG_KEY, ""));
    }
}
