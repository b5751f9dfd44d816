//! The people whom the embedded IdP knows. They stand in for a directory; nothing here is read by the gateway.

/// Somebody who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Names the person in forms: `a-z`, `0-9` and `-`.
    pub key: String,
    /// What people read.
    pub display_name: String,
    /// What this person shows, in one line.
    pub description: String,
    /// Value of the `PrincipalTag:studiouserid` attribute, and of the `NameID`.
    pub user_id: String,
    /// Value of the `RoleSessionName` attribute.
    pub session_name: String,
    /// Values of the `groups` attribute; no attribute if empty.
    pub groups: Vec<String>,
    /// Values of the `Role` attribute, sent as they are; no attribute if empty.
    pub roles: Vec<String>,
    /// Further attributes: full name and values.
    pub attributes: Vec<(String, Vec<String>)>,
    /// Value of the `SessionDuration` attribute, in seconds.
    pub session_duration: Option<u32>,
}

impl Person {
    /// A person with one role and nothing unusual.
    #[must_use]
    pub fn new(key: &str, display_name: &str, user_id: &str, role: &str) -> Self {
        Self {
            key: key.to_owned(),
            display_name: display_name.to_owned(),
            description: String::new(),
            user_id: user_id.to_owned(),
            session_name: user_id.to_owned(),
            groups: Vec::new(),
            roles: vec![role.to_owned()],
            attributes: Vec::new(),
            session_duration: None,
        }
    }
}

/// The cast of the demo, for one AWS `account` and the IAM SAML `provider` ARN that stands for this IdP. The demo gives
/// `minjun` a profile beforehand, and gives somebody else the profile that `yuna` would get, and `jiwoo` a notebook instance.
#[must_use]
pub fn demo_people(account: &str, provider: &str) -> Vec<Person> {
    let role = |name: &str| format!("arn:aws:iam::{account}:role/{name}");
    let pair = |name: &str| format!("{},{provider}", role(name));
    let tag = |key: &str, value: &str| {
        (format!("{}{key}", super::response::names::PRINCIPAL_TAG), vec![value.to_owned()])
    };

    let mut newcomer = Person::new("haneul", "김하늘 (Haneul Kim)", "haneul.kim", &pair("DataScientist"));
    "New here: the profile is made while you wait.".clone_into(&mut newcomer.description);
    newcomer.groups = vec!["data-science".to_owned()];
    newcomer.attributes = vec![tag("costcenter", "4711")];
    newcomer.session_duration = Some(3600);

    let mut returning = Person::new("minjun", "이민준 (Minjun Lee)", "minjun.lee", &pair("DataScientist"));
    "Has been here before: straight into Studio.".clone_into(&mut returning.description);
    returning.groups = vec!["data-science".to_owned()];
    returning.attributes = vec![tag("costcenter", "4711")];

    let mut two_roles =
        Person::new("ada", "Ada Lovelace", "ada.lovelace@example.com", &pair("DataScientist"));
    "Holds two roles, and is asked which one to use.".clone_into(&mut two_roles.description);
    two_roles.groups = vec!["data-science".to_owned(), "ml-platform".to_owned()];
    // AWS accepts the two ARNs in either order.
    two_roles.roles.push(format!("{provider},{}", role("MLEngineer")));

    let mut everywhere = Person::new("sora", "박소라 (Sora Park)", "sora.park", &pair("DataScientist"));
    "May go to so many places that there is a search.".clone_into(&mut everywhere.description);
    everywhere.groups = vec!["everywhere".to_owned()];
    everywhere.roles.push(pair("MLEngineer"));

    let mut not_entitled = Person::new("grace", "Grace Hopper", "grace.hopper", &pair("Auditor"));
    "Works here, but has no role that opens Studio.".clone_into(&mut not_entitled.description);
    not_entitled.groups = vec!["finance".to_owned()];

    let mut taken = Person::new("yuna", "최유나 (Yuna Choi)", "yuna.choi", &pair("MLEngineer"));
    "Somebody else already has the profile of this name.".clone_into(&mut taken.description);
    taken.groups = vec!["ml-platform".to_owned()];

    let mut notebook = Person::new("jiwoo", "정지우 (Jiwoo Jeong)", "jiwoo.jeong", &pair("DataScientist"));
    "Works on a notebook instance, which is stopped until she comes.".clone_into(&mut notebook.description);
    notebook.groups = vec!["notebooks".to_owned()];

    vec![newcomer, returning, two_roles, everywhere, not_entitled, taken, notebook]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_cast_has_distinct_keys_and_users() {
        let people = demo_people("111122223333", "arn:aws:iam::111122223333:saml-provider/demo");
        let keys: BTreeSet<_> = people.iter().map(|person| &person.key).collect();
        let users: BTreeSet<_> = people.iter().map(|person| &person.user_id).collect();
        assert_eq!((keys.len(), users.len()), (7, 7));
        assert!(people[2].roles[1].starts_with("arn:aws:iam::111122223333:saml-provider/demo,"));
    }
}
