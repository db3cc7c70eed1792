//! Names of accounts, principals and resources.

use crate::partition;

/// An ARN in its six fields, `arn:partition:service:region:account:resource`. Nothing of a field is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    pub partition: &'a str,
    pub service: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    /// May contain colons.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Nothing for a text with fewer fields.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut rest = text.strip_prefix("arn:")?;
        let mut field = || {
            let end = rest.bytes().position(|byte| byte == b':')?;
            let (field, after) = rest.split_at_checked(end)?;
            rest = after.get(1..)?;
            Some(field)
        };
        Some(Self {
            partition: field()?,
            service: field()?,
            region: field()?,
            account: field()?,
            resource: rest,
        })
    }

    /// Whether this can be the name of a root user, user, role or session.
    pub(crate) fn is_principal(&self) -> bool {
        let after = |kind: &str| self.resource.strip_prefix(kind).and_then(|rest| rest.strip_prefix('/'));
        // A path and a name, or a name alone.
        let below = |kind: &str| {
            after(kind).is_some_and(|rest| match rest.rsplit_once('/') {
                Some((path, name)) => is_path(path) && is_name(name),
                None => is_name(rest),
            })
        };
        let shape = match self.service {
            "iam" => self.resource == "root" || below("user") || below("role"),
            "sts" => {
                let session = after("assumed-role").and_then(|rest| rest.split_once('/'));
                session.is_some_and(|(role, session)| is_name(role) && is_name(session))
                    || after("federated-user").is_some_and(is_name)
            }
            _ => false,
        };
        shape && self.region.is_empty() && is_account(self.account) && partition::exists(self.partition)
    }

    /// The name of a user, without the path before it.
    pub(crate) fn user(&self) -> Option<&'a str> {
        let below = self.resource.strip_prefix("user/").filter(|_| self.service == "iam");
        below.and_then(|rest| rest.rsplit('/').next())
    }

    /// The role of a session: `assumed-role/NAME/SESSION` gives `NAME`.
    pub(crate) fn session_role(&self) -> Option<&'a str> {
        (self.service == "sts")
            .then(|| self.resource.strip_prefix("assumed-role/"))
            .flatten()
            .and_then(|rest| rest.split('/').next())
    }
}

/// Of a user, role or session: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub(crate) fn is_name(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b);
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

/// What stands between `role/` or `user/` and the name: any characters from `!` to DEL, slashes and colons among them.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names>
fn is_path(text: &str) -> bool {
    (1..=510).contains(&text.len()) && text.bytes().all(|b| (b'!'..=0x7f).contains(&b))
}

/// Names that buckets have, those included that could be chosen in us-east-1 before March 2018.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
pub(crate) fn is_bucket(text: &str) -> bool {
    (3..=255).contains(&text.len()) && text.chars().all(is_bucket_character)
}

pub(crate) fn is_bucket_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')
}

/// Twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Two or more words of lower-case letters and a number of one digit or two, such as `us-gov-west-1`. Host names are made of
/// it.
pub fn is_region(text: &str) -> bool {
    let name = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    text.len() <= 32
        && text.rsplit_once('-').is_some_and(|(names, last)| {
            let number = matches!(last.len(), 1 | 2) && last.bytes().all(|b| b.is_ascii_digit());
            number && names.contains('-') && names.split('-').all(name)
        })
}

/// Whether a principal's name is that of an AWS service.
pub(crate) fn is_service(name: &str) -> bool {
    !name.starts_with("arn:") && name.contains('.')
}

/// `o-` and ten to thirty-two lower-case letters or digits.
pub(crate) fn is_organization(text: &str) -> bool {
    text.strip_prefix("o-").is_some_and(|rest| {
        (10..=32).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

/// `o-…/r-…/` and organisational units below, with a slash at the end.
pub(crate) fn is_organization_path(text: &str) -> bool {
    let Some(text) = text.strip_suffix('/') else {
        return false;
    };
    let mut parts = text.split('/');
    let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    parts.next().is_some_and(is_organization)
        && parts
            .next()
            .and_then(|root| root.strip_prefix("r-"))
            .is_some_and(|id| id.len() >= 4 && word(id))
        && parts.all(|unit| {
            let id = unit.strip_prefix("ou-").and_then(|rest| rest.split_once('-'));
            id.is_some_and(|(root, own)| word(root) && word(own) && root.len() >= 4 && own.len() >= 8)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_have_an_account_and_a_name() {
        for (text, expected) in [
            ("arn:aws:iam::111122223333:role/app", true),
            ("arn:aws:iam::111122223333:user/path/name", true),
            ("arn:aws-cn:sts::111122223333:assumed-role/app/session", true),
            ("arn:aws:iam::1234567890:role/app", false),
            ("arn:aws:iam:111122223333:user/name", false),
            ("arn:aws:iam::111122223333:role/", false),
            ("arn:aws:iam::111122223333:role/*", false),
            ("arn:aws:iam::111122223333:role/two words", false),
            ("arn:aws:s3:::bucket", false),
        ] {
            assert_eq!(
                Arn::parse(text).is_some_and(|arn| arn.is_principal()),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn ids_have_their_documented_shapes() {
        assert!(
            is_organization("o-exampleorg1") && !is_organization("o-exampleorg1 ") && !is_organization("my-org-id")
        );
        assert!(is_organization_path("o-exampleorg1/r-ab12/ou-ab12-11111111/"));
        assert!(!is_organization_path("o-exampleorg1/r-ab12/ou-ab12-11111111"));
    }

    #[test]
    fn arns_have_six_fields_of_which_the_last_may_contain_colons() {
        let arn = Arn::parse("arn:aws-cn:logs:cn-north-1:111122223333:log-group:a:b").unwrap();
        assert_eq!(
            (arn.partition, arn.service, arn.region),
            ("aws-cn", "logs", "cn-north-1")
        );
        assert_eq!((arn.account, arn.resource), ("111122223333", "log-group:a:b"));
        for text in ["", "arn:aws:s3:::", "arn:aws:iam::111122223333", "urn:aws:s3:::bucket"] {
            assert_eq!(Arn::parse(text).is_some(), text == "arn:aws:s3:::", "{text}");
        }
    }

    #[test]
    fn regions_are_words_and_a_number() {
        for region in [
            "eu-central-1",
            "us-gov-west-1",
            "us-isob-east-1",
            "eusc-de-east-1",
            "ap-southeast-10",
            "cn-north-1",
        ] {
            assert!(is_region(region), "{region}");
        }
        let long = format!("eu-{}-1", "a".repeat(32));
        for other in [
            "",
            "eu",
            "eu-1",
            "eu-central",
            "EU-central-1",
            "eu-central-1.evil",
            "eu-central-1a",
            "vpce-svc-01234567",
            "eu--1",
            long.as_str(),
        ] {
            assert!(!is_region(other), "{other}");
        }
    }
}
