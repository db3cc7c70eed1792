use crate::partition;
use crate::service::Service;

/// Whom and what the owner trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Perimeter {
    /// Organisation ids, compared with `aws:PrincipalOrgID` and `aws:ResourceOrgID`.
    pub organizations: Vec<String>,
    /// Paths such as `o-exampleorg1/r-ab12/ou-ab12-11111111/`, narrower than a whole organisation.
    pub organization_paths: Vec<String>,
    /// Accounts trusted besides the organisations.
    pub accounts: Vec<String>,
    /// Single principals by ARN.
    pub principals: Vec<String>,
    /// ARNs of trusted resources outside the organisations and accounts.
    pub resources: Vec<String>,
    /// ARNs of resources that AWS owns and everybody may need, besides the built-in ones.
    pub aws_owned_resources: Vec<String>,
    /// Whether the built-in catalogue of AWS-owned resources per service is trusted.
    pub builtin_aws_owned_resources: bool,
    /// Whether AWS service principals are trusted.
    pub aws_services: bool,
    /// Whether machine images of any owner count as trusted resources: those of AWS Marketplace, Canonical, Red Hat and
    /// others besides Amazon's own. AWS's sample lets trusted principals use them:
    /// <https://github.com/aws-samples/data-perimeter-policy-examples/blob/main/vpc_endpoint_policies/ec2_endpoint_policy.json>
    pub images_of_any_owner: bool,
}

impl Perimeter {
    /// Whether anybody at all is trusted. A policy for an empty perimeter would lock everybody out.
    pub fn trusts_somebody(&self) -> bool {
        !(self.organizations.is_empty()
            && self.organization_paths.is_empty()
            && self.accounts.is_empty()
            && self.principals.is_empty())
    }

    /// The ARNs of trusted resources that count for an endpoint. Nothing stands for a service that is not known.
    pub(crate) fn resources_behind(&self, service: Option<&Service>, region: &str) -> Vec<String> {
        let ec2 = || service.is_none_or(|service| service.prefixes().any(|prefix| prefix == "ec2"));
        let images =
            (self.images_of_any_owner && ec2()).then(|| format!("arn:{}:ec2:*::image/*", partition::of_region(region)));
        self.resources.iter().cloned().chain(images).collect()
    }

    /// The same with every list in order, so that what is made of it does not depend on how it was written down.
    pub(crate) fn sorted(&self) -> Self {
        let mut sorted = self.clone();
        for list in [
            &mut sorted.organizations,
            &mut sorted.organization_paths,
            &mut sorted.accounts,
            &mut sorted.principals,
            &mut sorted.resources,
            &mut sorted.aws_owned_resources,
        ] {
            list.sort();
            list.dedup();
        }
        sorted
    }
}
