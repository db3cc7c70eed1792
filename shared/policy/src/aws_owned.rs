//! Resources that AWS owns, as a perimeter and an endpoint have it.

use crate::Perimeter;
use crate::service::Service;
use crate::service::aws_owned;
pub(crate) use crate::service::aws_owned::{AwsOwned, Caller};

/// What AWS owns behind endpoints of a service.
pub(crate) fn of_service(service: Option<&Service>) -> impl Iterator<Item = &'static AwsOwned> {
    let prefixes = service.into_iter().flat_map(Service::prefixes);
    prefixes.flat_map(aws_owned::of_prefix)
}

/// The ARNs of resources that AWS owns and that the perimeter lets everybody reach through the endpoint.
pub(crate) fn resources(perimeter: &Perimeter, service: Option<&Service>, region: &str) -> Vec<String> {
    let mut arns = perimeter.aws_owned_resources.clone();
    if perimeter.builtin_aws_owned_resources {
        let by_arn = of_service(service).filter(|owned| owned.mark.is_none());
        arns.extend(by_arn.flat_map(|owned| owned.arns(region)));
    }
    arns
}

/// A condition key with the value that tells that AWS owns a resource.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) key: &'static str,
    pub(crate) value: &'static str,
    /// The resources that may have it.
    pub(crate) arns: Vec<String>,
}

/// How requests tell that AWS owns the resource where its ARN does not.
pub(crate) fn marks(perimeter: &Perimeter, service: Option<&Service>, region: &str) -> Vec<Mark> {
    let owned = of_service(service).filter(|_| perimeter.builtin_aws_owned_resources);
    let mark = |owned: &AwsOwned| {
        let (key, value) = owned.mark?;
        let arns = owned.arns(region);
        Some(Mark { key, value, arns })
    };
    owned.filter_map(mark).collect()
}
