//! The services that a Region offers.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Endpoint, EndpointKind, EndpointService, Listing, World};

/// Short name, whether it supports a policy, and the letters of its zones.
const INTERFACE: &[(&str, bool, &str)] = &[
    ("sts", true, "abc"),
    ("secretsmanager", true, "abc"),
    ("kms", true, "abc"),
    ("ec2", true, "abc"),
    ("ssm", true, "abc"),
    ("ssmmessages", true, "abc"),
    ("ec2messages", true, "abc"),
    ("logs", true, "abc"),
    ("monitoring", true, "abc"),
    ("ecr.api", true, "abc"),
    ("ecr.dkr", true, "abc"),
    ("sns", true, "abc"),
    ("sqs", true, "abc"),
    ("s3", true, "abc"),
    ("dynamodb", true, "abc"),
    ("lambda", true, "abc"),
    ("guardduty-data", false, "abc"),
    ("email-smtp", false, "ab"),
    ("appstream.api", false, "ac"),
];

impl World {
    /// Lists the usual services of a Region.
    pub fn list_services(&mut self, region: &str) {
        for (short, policy, letters) in INTERFACE {
            self.catalogue.push(Arc::new(Listing {
                name: format!("com.amazonaws.{region}.{short}"),
                region: region.to_owned(),
                kind: EndpointKind::Interface,
                zones: letters.chars().map(|letter| format!("{region}{letter}")).collect(),
                policy_supported: *policy,
                // S3 and DynamoDB have private names for on-premises use only, which need a gateway endpoint first.
                private_dns_names: match *short {
                    "dynamodb" => BTreeSet::new(),
                    short => BTreeSet::from([format!("{}.{region}.amazonaws.com", dns_name(short))]),
                },
                manages_endpoints: *short == "guardduty-data",
                address_types: match *short {
                    "sts" | "secretsmanager" => ["ipv4", "ipv6"].map(str::to_owned).into(),
                    _ => vec!["ipv4".to_owned()],
                },
                owner: "amazon".to_owned(),
                acceptance_required: false,
                id: None,
                unlisted: false,
            }));
        }
        for short in ["s3", "dynamodb"] {
            self.catalogue.push(Arc::new(Listing {
                name: format!("com.amazonaws.{region}.{short}"),
                region: region.to_owned(),
                kind: EndpointKind::Gateway,
                zones: ["a", "b", "c"].map(|letter| format!("{region}{letter}")).into(),
                policy_supported: true,
                private_dns_names: BTreeSet::new(),
                manages_endpoints: false,
                address_types: vec!["ipv4".to_owned()],
                owner: "amazon".to_owned(),
                acceptance_required: false,
                id: None,
                unlisted: false,
            }));
        }
    }

    /// The entry of a service of this Region and type, services of accounts included.
    pub(crate) fn listing(&self, region: &str, name: &str, kind: EndpointKind) -> Option<Arc<Listing>> {
        let listed = self
            .catalogue
            .iter()
            .find(|l| l.name == name && l.kind == kind && l.region == region);
        listed.cloned().or_else(|| {
            let endpoint_service = self
                .endpoint_services()
                .find(|endpoint_service| endpoint_service.name == name && endpoint_service.region == region);
            endpoint_service
                .map(|endpoint_service| Arc::new(self.endpoint_service_listing(endpoint_service)))
                .filter(|l| l.kind == kind)
        })
    }

    /// The entry of a service that an account offers.
    pub(crate) fn endpoint_service_listing(&self, endpoint_service: &EndpointService) -> Listing {
        let verified = endpoint_service.private_dns_name.iter();
        let verified = verified.filter(|private| private.state == "verified");
        Listing {
            name: endpoint_service.name.clone(),
            region: endpoint_service.region.clone(),
            kind: endpoint_service.kind,
            zones: self.zones_of(endpoint_service),
            policy_supported: false,
            private_dns_names: verified.map(|private| private.name.clone()).collect(),
            manages_endpoints: false,
            address_types: endpoint_service.address_types.iter().cloned().collect(),
            owner: endpoint_service.owner.clone(),
            acceptance_required: endpoint_service.acceptance_required,
            id: Some(endpoint_service.id.clone()),
            unlisted: false,
        }
    }

    /// The zones of its load balancers.
    pub(crate) fn zones_of(&self, endpoint_service: &EndpointService) -> BTreeSet<String> {
        let balancers = endpoint_service.load_balancers.iter();
        let balancers = balancers.filter_map(|arn| self.load_balancer(arn));
        balancers.flat_map(|balancer| balancer.zones.iter().cloned()).collect()
    }

    /// The endpoint service to which an endpoint leads, if an account offers it.
    pub fn endpoint_service_of(&self, endpoint: &Endpoint) -> Option<&Arc<EndpointService>> {
        let name = endpoint.service.as_ref()?;
        self.endpoint_services().find(|service| service.name == *name)
    }

    /// Whether an endpoint leads to it that its consumer has not deleted and its owner has not rejected.
    pub(crate) fn has_connections(&self, endpoint_service: &EndpointService) -> bool {
        self.endpoints()
            .any(|endpoint| endpoint.alive() && endpoint.service.as_ref() == Some(&endpoint_service.name))
    }
}

fn dns_name(short: &str) -> String {
    match short.split_once('.') {
        Some((service, part)) => format!("{part}.{service}"),
        None => short.to_owned(),
    }
}
