//! Whether the perimeter contains the account in which Postern runs.
//!
//! A mistyped organisation makes a perimeter that trusts somebody else. Its policies would deny the owner's own
//! workloads, and every check against the perimeter itself would call them right. AWS tells what the settings cannot.

use postern_policy::Perimeter;

use super::Settings;
use super::provider::{Provider, ServiceSelector};
use crate::model::id::AccountId;
use crate::model::token::client_token;

/// The organisation of an account, as far as AWS tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Organization {
    Member(String),
    /// The account belongs to no organisation.
    None,
    /// The reason, such as the call that was denied.
    Unknown(String),
}

/// Whatever the order.
fn digest_of<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    let mut texts: Vec<_> = texts.into_iter().map(String::as_str).collect();
    texts.sort_unstable();
    texts.dedup();
    client_token(texts)
}

/// Of who may use which services. How long a connection may wait decides about nobody.
fn digest_of_provider(provider: &Provider) -> String {
    let Provider {
        services: ServiceSelector { ids, names, tags },
        accounts,
        organizations,
        principals,
        regions,
        waiting_hours: _,
    } = provider;
    let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let tags: Vec<_> = tags
        .iter()
        .map(|(key, value)| client_token([key.as_str(), value]))
        .collect();
    let regions: Vec<_> = regions.iter().map(ToString::to_string).collect();
    let organizations = organizations.as_ref().map_or_else(String::new, digest_of);
    let lists = [&ids, &names, &tags, accounts, principals, &regions].map(digest_of);
    client_token(lists.iter().chain([&organizations]).map(String::as_str))
}

/// Characters of a digest. Enough to tell the perimeters of one deployment apart.
const DIGEST: usize = 12;

impl Settings {
    /// Identifies the content of the perimeter, whatever the order of its lists, and the approved consumers: 12 hexadecimal
    /// digits.
    pub fn perimeter_digest(&self) -> String {
        let Perimeter {
            organizations,
            organization_paths,
            accounts,
            principals,
            resources,
            aws_owned_resources,
            builtin_aws_owned_resources,
            aws_services,
            images_of_any_owner,
        } = &self.perimeter;
        let lists = [
            organizations,
            organization_paths,
            accounts,
            principals,
            resources,
            aws_owned_resources,
        ];
        let lists = lists.map(digest_of);
        let flags = format!("{builtin_aws_owned_resources} {aws_services} {images_of_any_owner}");
        let mut providers: Vec<_> = self.providers.iter().map(digest_of_provider).collect();
        providers.sort_unstable();
        let texts = lists.iter().chain([&flags]).chain(&providers);
        let digest = client_token(texts.map(String::as_str));
        digest.chars().take(DIGEST).collect()
    }

    /// Whether the organisation of the account matters to [`perimeter_excludes`](Self::perimeter_excludes).
    pub fn perimeter_names_organizations(&self) -> bool {
        self.named_organizations().next().is_some()
    }

    /// Why the perimeter is not known to contain the account in which Postern runs, with what to do about it. None where
    /// it contains the account.
    ///
    /// It does if it lists the organisation of the account or its root, or if `accounts` lists the account; but not while
    /// it names organisations of which the account's own is not one, or may not be one: most likely that is a typing
    /// error, which would cut off the other accounts of the organisation. A person may confirm such a perimeter by its
    /// digest, which every edit of the perimeter changes.
    pub fn perimeter_excludes(&self, account: &AccountId, organization: &Organization) -> Option<String> {
        let listed = self.perimeter.accounts.iter().any(|listed| listed == account.as_str());
        let names_organizations = self.perimeter_names_organizations();
        let confirmed = self.confirmed_perimeter.as_ref() == Some(&self.perimeter_digest());
        let confirm = format!(
            "or check the perimeter and confirm it with `confirmed = \"{}\"` in `[perimeter]`",
            self.perimeter_digest()
        );
        let why = match organization {
            Organization::Member(own) if self.trusts_organization(own) => return None,
            Organization::Member(own) if names_organizations && listed => {
                if confirmed {
                    return None;
                }
                format!(
                    "it names organisations, and `{own}`, to which the account belongs, is none of them; correct \
                     `organizations` ({SHOW_ORGANIZATION} shows the id), {confirm}"
                )
            }
            Organization::Member(_) | Organization::None if listed => return None,
            Organization::Unknown(_) if listed && !names_organizations => return None,
            Organization::Member(own) if self.named_organizations().any(|named| named == own) => {
                if confirmed {
                    return None;
                }
                format!(
                    "`organization_paths` names units of its organisation `{own}`, and Postern cannot tell whether the \
                     account lies in one; add the account to `accounts`, {confirm}"
                )
            }
            Organization::Member(own) if names_organizations => format!(
                "it belongs to the organisation `{own}`; correct `organizations` ({SHOW_ORGANIZATION} shows the id), or add \
                 the account to `accounts`"
            ),
            Organization::None if names_organizations => {
                "it belongs to no organisation; add the account to `accounts`".to_owned()
            }
            Organization::Unknown(reason) if names_organizations => {
                if confirmed {
                    return None;
                }
                format!(
                    "it names organisations, and that of the account is not known ({reason}); allow the role \
                     `organizations:DescribeOrganization`, {confirm}"
                )
            }
            Organization::Member(_) | Organization::None | Organization::Unknown(_) => {
                if confirmed {
                    return None;
                }
                format!("it lists neither the account nor an organisation; add the account to `accounts`, {confirm}")
            }
        };
        Some(format!(
            "`[perimeter]` is not known to contain account {account}, in which Postern runs: {why}. Until then nothing is \
             closed or interrupted"
        ))
    }

    /// Whether a whole organisation is trusted.
    fn trusts_organization(&self, own: &str) -> bool {
        let paths = self.perimeter.organization_paths.iter();
        let mut roots = paths.filter_map(|path| path.strip_suffix('/')?.split_once('/'));
        self.perimeter.organizations.iter().any(|named| named == own)
            || roots.any(|(organization, rest)| organization == own && !rest.contains('/'))
    }

    /// The organisations of which the perimeter trusts all or some accounts.
    fn named_organizations(&self) -> impl Iterator<Item = &str> {
        let paths = self.perimeter.organization_paths.iter();
        let of_paths = paths.filter_map(|path| path.split('/').next());
        self.perimeter.organizations.iter().map(String::as_str).chain(of_paths)
    }
}

const SHOW_ORGANIZATION: &str = "`aws organizations describe-organization`";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controls::known;

    const OWN: &str = "111122223333";

    fn settings(perimeter: &str) -> Settings {
        Settings::parse(&format!("[perimeter]\n{perimeter}\n"), &known()).unwrap()
    }

    fn member() -> Organization {
        Organization::Member("o-bank000001".to_owned())
    }

    fn unknown() -> Organization {
        Organization::Unknown("organizations:DescribeOrganization failed: AccessDeniedException".to_owned())
    }

    fn excludes(perimeter: &str, organization: &Organization) -> Option<String> {
        settings(perimeter).perimeter_excludes(&OWN.into(), organization)
    }

    #[test]
    fn perimeter_contains_the_own_account_by_itself_or_by_its_whole_organization() {
        for perimeter in [
            "organizations = ['o-bank000001']",
            "organizations = ['o-partner0001', 'o-bank000001']",
            "organization_paths = ['o-bank000001/r-ab12/']",
        ] {
            assert_eq!(excludes(perimeter, &member()), None, "{perimeter}");
        }
        for organization in [member(), unknown(), Organization::None] {
            assert_eq!(excludes("accounts = ['111122223333']", &organization), None);
        }
        let both = "accounts = ['111122223333']\norganizations = ['o-partner0001']";
        assert_eq!(excludes(both, &Organization::None), None);
    }

    #[test]
    fn mistyped_organization_excludes_the_own_account_and_says_what_to_correct() {
        let typo = "organizations = ['o-bank0000o1']";
        let reason = excludes(typo, &member()).unwrap();
        for part in [
            "account 111122223333",
            "`o-bank000001`",
            "correct `organizations`",
            "describe-organization",
        ] {
            assert!(reason.contains(part), "{reason}");
        }
        let digest = settings(typo).perimeter_digest();
        let insisted = format!("{typo}\nconfirmed = '{digest}'");
        assert!(excludes(&insisted, &member()).is_some(), "AWS says that it is wrong");
        assert!(excludes(typo, &Organization::None).unwrap().contains("no organisation"));
        let with_account = format!("{typo}\naccounts = ['111122223333']");
        assert!(
            excludes(&with_account, &member()).unwrap().contains("none of them"),
            "the other accounts of the organisation would be cut off"
        );
    }

    #[test]
    fn unknown_organization_needs_the_confirmation_of_exactly_this_perimeter() {
        let unit = "organization_paths = ['o-bank000001/r-ab12/ou-ab12-11111111/']";
        let principal = "principals = ['arn:aws:iam::111122223333:role/app']";
        let organization = "organizations = ['o-bank000001']";
        let partner = "organizations = ['o-partner0001']\naccounts = ['111122223333']";
        for (perimeter, known) in [
            (unit, member()),
            (principal, member()),
            (organization, unknown()),
            (partner, member()),
            (partner, unknown()),
        ] {
            let reason = excludes(perimeter, &known).unwrap();
            let digest = settings(perimeter).perimeter_digest();
            assert!(reason.contains(&format!("confirmed = \"{digest}\"")), "{reason}");
            let confirmed = format!("{perimeter}\nconfirmed = '{digest}'");
            assert_eq!(excludes(&confirmed, &known), None, "{perimeter}");
            let edited = format!("{confirmed}\nresources = ['arn:aws:s3:::corp-data']");
            assert!(excludes(&edited, &known).is_some(), "{perimeter}");
        }
    }

    #[test]
    fn digest_depends_on_the_content_of_the_perimeter_and_not_on_its_order() {
        let digest = |perimeter: &str| settings(perimeter).perimeter_digest();
        let one = digest("organizations = ['o-exampleorg1', 'o-exampleorg2']");
        assert_eq!(one, digest("organizations = ['o-exampleorg2', 'o-exampleorg1']"));
        assert_eq!(one.len(), DIGEST);
        for other in [
            "organizations = ['o-exampleorg1']",
            "organizations = ['o-exampleorg1', 'o-exampleorg2']\naws_services = false",
            "organizations = ['o-exampleorg1', 'o-exampleorg2']\naccounts = ['111122223333']",
        ] {
            assert_ne!(one, digest(other), "{other}");
        }
    }

    #[test]
    fn digest_survives_upgrades_and_depends_on_who_may_use_which_services() {
        let digest = |provider: &str| {
            settings(&format!("accounts = ['111122223333']\n\n[[providers]]\n{provider}")).perimeter_digest()
        };
        // Whoever confirmed a perimeter confirmed it for later versions too.
        assert_eq!(digest("accounts = ['222233334444']"), "3bf234d2bfb1");
        let one = digest("accounts = ['222233334444', '333344445555']");
        assert_eq!(
            one,
            digest("accounts = ['333344445555', '222233334444']\nwaiting_hours = 3")
        );
        for other in [
            "accounts = ['222233334444']",
            "accounts = ['222233334444', '333344445555']\nservices = { tags = { team = 'pay' } }",
            "accounts = ['222233334444', '333344445555']\nregions = ['eu-west-1']",
        ] {
            assert_ne!(one, digest(other), "{other}");
        }
    }
}
