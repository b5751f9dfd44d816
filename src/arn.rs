//! The Amazon resource names that a sign-in deals with, each parsed once.

use std::fmt;

/// ARN of an IAM role: `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleArn(Arn);

/// ARN of an IAM SAML provider: `arn:PARTITION:iam::ACCOUNT:saml-provider/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SamlProviderArn(Arn);

/// ARN of a managed policy: `arn:PARTITION:iam::ACCOUNT:policy/PATH/NAME`, or `aws` for the account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PolicyArn(Arn);

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Arn {
    text: String,
    partition: String,
    account: String,
    /// What follows `role/`, `saml-provider/` or `policy/`.
    name: String,
}

const POLICY: &str = "policy";
/// Stands for the account in ARNs of policies that AWS itself maintains.
const AWS_MANAGED: &str = "aws";

impl Arn {
    fn parse(text: &str, kind: &str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next();
        let (arn, partition, service, region, account, resource) =
            (next()?, next()?, next()?, next()?, next()?, next()?);
        let name = resource.strip_prefix(kind)?.strip_prefix('/')?;
        let acceptable = arn == "arn"
            && matches!(partition, "aws" | "aws-cn" | "aws-us-gov" | "aws-iso" | "aws-iso-b" | "aws-eusc")
            && service == "iam"
            && region.is_empty()
            && (is_account(account) || (kind == POLICY && account == AWS_MANAGED))
            && (1..=576).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+=,.@-".contains(&byte))
            && name.split('/').all(|part| !part.is_empty());
        acceptable.then(|| Self {
            text: text.to_owned(),
            partition: partition.to_owned(),
            account: account.to_owned(),
            name: name.to_owned(),
        })
    }
}

/// Whether a string is a twelve-digit AWS account ID.
#[must_use]
pub fn is_account(value: &str) -> bool {
    value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit())
}

impl RoleArn {
    /// Parses a role ARN, with or without a path.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // A comma is legal in a role name, but a role attribute is split at its comma.
        Arn::parse(text, "role").filter(|arn| !arn.name.contains(',')).map(Self)
    }

    /// The role's name, without its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.name.rsplit('/').next().unwrap_or_default()
    }

    /// `aws`, `aws-cn`, ...
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.0.partition
    }

    /// The twelve digits of the account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.0.account
    }

    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }
}

impl SamlProviderArn {
    /// Parses a SAML provider ARN.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Arn::parse(text, "saml-provider").filter(|arn| !arn.name.contains(['/', ','])).map(Self)
    }

    /// The twelve digits of the account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.0.account
    }

    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }
}

impl PolicyArn {
    /// Parses the ARN of a managed policy.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Arn::parse(text, POLICY).map(Self)
    }

    /// Whether roles of this account can have it: it is of the same account, or AWS's own.
    #[must_use]
    pub fn fits(&self, role: &RoleArn) -> bool {
        let Self(arn) = self;
        arn.partition == role.partition() && (arn.account == role.account() || arn.account == AWS_MANAGED)
    }

    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }
}

impl fmt::Display for PolicyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for SamlProviderArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A value of the SAML attribute `Role`: a role and the SAML provider that may lead to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RolePair {
    /// The role to assume.
    pub role: RoleArn,
    /// The provider it is assumed through.
    pub provider: SamlProviderArn,
}

impl RolePair {
    /// Reads `role,provider` or `provider,role` (AWS documents the first and takes both); white space around either
    /// is ignored. Both have to be of one account.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (one, other) = value.split_once(',')?;
        let (one, other) = (one.trim(), other.trim());
        let (role, provider) = match (RoleArn::parse(one), SamlProviderArn::parse(other)) {
            (Some(role), Some(provider)) => (role, provider),
            _ => (RoleArn::parse(other)?, SamlProviderArn::parse(one)?),
        };
        (role.account() == provider.account() && role.partition() == provider.0.partition)
            .then_some(Self { role, provider })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::111122223333:role/DataScientist";
    const PROVIDER: &str = "arn:aws:iam::111122223333:saml-provider/corp";

    #[test]
    fn a_pair_is_read_in_either_order() {
        let pair = RolePair::parse(&format!("{ROLE},{PROVIDER}")).unwrap();
        assert_eq!(RolePair::parse(&format!("{PROVIDER},{ROLE}")).unwrap(), pair);
        assert_eq!(RolePair::parse(&format!(" {PROVIDER} ,\n {ROLE} ")).unwrap(), pair);
        assert_eq!((pair.role.name(), pair.role.account()), ("DataScientist", "111122223333"));
        let path = RolePair::parse(
            "arn:aws-cn:iam::111122223333:role/a/b/C,arn:aws-cn:iam::111122223333:saml-provider/x",
        );
        assert_eq!(path.unwrap().role.name(), "C");
    }

    #[test]
    fn policies_are_of_an_account_or_of_aws() {
        let role = RoleArn::parse(ROLE).unwrap();
        for (text, fits) in [
            ("arn:aws:iam::111122223333:policy/team/Data", true),
            ("arn:aws:iam::aws:policy/service-role/AmazonSageMaker", true),
            ("arn:aws:iam::444455556666:policy/Data", false),
            ("arn:aws-cn:iam::111122223333:policy/Data", false),
        ] {
            assert_eq!(PolicyArn::parse(text).unwrap().fits(&role), fits, "{text}");
        }
        for text in [ROLE, "arn:aws:iam::other:policy/Data", "arn:aws:iam::111122223333:policy/"] {
            assert_eq!(PolicyArn::parse(text), None, "{text}");
        }
        assert_eq!(RoleArn::parse("arn:aws:iam::aws:role/Data"), None);
    }

    #[test]
    fn anything_else_is_not_a_pair() {
        for value in [
            "",
            ",",
            ROLE,
            PROVIDER,
            &format!("{ROLE};{PROVIDER}"),
            &format!("{ROLE},{ROLE}"),
            &format!("{PROVIDER},{PROVIDER}"),
            &format!("{ROLE},{PROVIDER},{ROLE}"),
            &format!("{ROLE},{PROVIDER},"),
            "arn:aws:iam::111122223333:role/R,arn:aws:iam::444455556666:saml-provider/corp",
            "arn:aws:iam::111122223333:role/R,arn:aws-cn:iam::111122223333:saml-provider/corp",
            "arn:aws:iam::11112222333:role/R,arn:aws:iam::11112222333:saml-provider/corp",
            "arn:aws:sts::111122223333:role/R,arn:aws:iam::111122223333:saml-provider/corp",
            "arn:aws:iam:us-east-1:111122223333:role/R,arn:aws:iam::111122223333:saml-provider/corp",
            "arn:aws:iam::111122223333:role/,arn:aws:iam::111122223333:saml-provider/corp",
            "arn:aws:iam::111122223333:role/R S,arn:aws:iam::111122223333:saml-provider/corp",
            "arn:aws:iam::111122223333:user/R,arn:aws:iam::111122223333:saml-provider/corp",
        ] {
            assert_eq!(RolePair::parse(value), None, "{value}");
        }
    }
}
