//! What auditors ask for: requirements of frameworks that controls check.

use serde::{Deserialize, Serialize};

/// A set of requirements that auditors use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Framework {
    SecurityHub,
    AwsConfig,
    Nist80053,
    PciDss4,
    CisControls8,
    DataPerimeter,
}

/// A requirement of a framework.
#[derive(Debug, PartialEq, Eq)]
pub struct Reference {
    pub framework: Framework,
    /// As the framework writes it.
    pub id: &'static str,
    pub title: &'static str,
    /// The short name of the AWS service, if the requirement is about endpoints to one service alone.
    pub service: Option<&'static str>,
}

impl Reference {
    /// Whether a finding about this service concerns the requirement. The name is that of AWS, such as
    /// `com.amazonaws.eu-central-1.ecr.api`, or of its FIPS endpoint, which counts as well
    /// (<https://docs.aws.amazon.com/config/latest/developerguide/vpc-endpoint-enabled.html>). A finding without a service
    /// is about all services: its control could not be evaluated.
    pub fn concerns(&self, service: Option<&str>) -> bool {
        let (Some(own), Some(name)) = (self.service, service) else {
            return true;
        };
        let short = postern_policy::short_name(name).unwrap_or(name);
        short.strip_suffix("-fips").unwrap_or(short) == own
    }
}

impl Framework {
    pub const ALL: [Self; 6] = [
        Self::SecurityHub,
        Self::AwsConfig,
        Self::Nist80053,
        Self::PciDss4,
        Self::CisControls8,
        Self::DataPerimeter,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::SecurityHub => "AWS Security Hub CSPM",
            Self::AwsConfig => "AWS Config managed rules",
            Self::Nist80053 => "NIST SP 800-53 Rev. 5",
            Self::PciDss4 => "PCI DSS v4.0.1",
            Self::CisControls8 => "CIS Controls v8",
            Self::DataPerimeter => "AWS data perimeter objectives",
        }
    }

    /// Where it is published.
    pub fn source(self) -> &'static str {
        match self {
            Self::SecurityHub => "https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html",
            Self::AwsConfig => {
                "https://docs.aws.amazon.com/config/latest/developerguide/managed-rules-by-aws-config.html"
            }
            Self::Nist80053 => "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final",
            Self::PciDss4 => "https://www.pcisecuritystandards.org/document_library/",
            Self::CisControls8 => "https://www.cisecurity.org/controls/v8",
            Self::DataPerimeter => {
                "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html"
            }
        }
    }
}

/// The requirements that controls refer to, by framework and id.
pub static REFERENCES: &[Reference] = &[
    of_service(
        "EC2.10",
        "ec2",
        "Amazon EC2 should be configured to use VPC endpoints that are created for the Amazon EC2 service",
    ),
    of_service(
        "EC2.55",
        "ecr.api",
        "VPCs should be configured with an interface endpoint for ECR API",
    ),
    of_service(
        "EC2.56",
        "ecr.dkr",
        "VPCs should be configured with an interface endpoint for Docker Registry",
    ),
    of_service(
        "EC2.57",
        "ssm",
        "VPCs should be configured with an interface endpoint for Systems Manager",
    ),
    of_service(
        "EC2.58",
        "ssm-contacts",
        "VPCs should be configured with an interface endpoint for Systems Manager Incident Manager Contacts",
    ),
    of_service(
        "EC2.60",
        "ssm-incidents",
        "VPCs should be configured with an interface endpoint for Systems Manager Incident Manager",
    ),
    reference(
        Framework::AwsConfig,
        "service-vpc-endpoint-enabled",
        "A VPC has an endpoint for the service",
    ),
    reference(
        Framework::AwsConfig,
        "vpc-endpoint-enabled",
        "Each VPC has the endpoints that the rule names",
    ),
    reference(
        Framework::AwsConfig,
        "vpc-sg-open-only-to-authorized-ports",
        "Security groups that are open to all addresses admit authorized ports only",
    ),
    reference(Framework::Nist80053, "AC-3", "Access Enforcement"),
    reference(Framework::Nist80053, "AC-4", "Information Flow Enforcement"),
    reference(Framework::Nist80053, "CM-7", "Least Functionality"),
    reference(Framework::Nist80053, "SA-22", "Unsupported System Components"),
    reference(Framework::Nist80053, "SC-7", "Boundary Protection"),
    reference(
        Framework::Nist80053,
        "SC-7(11)",
        "Boundary Protection | Restrict Incoming Communications Traffic",
    ),
    reference(
        Framework::PciDss4,
        "1.2.5",
        "All services, protocols and ports allowed are identified, approved, and have a defined business need",
    ),
    reference(Framework::PciDss4, "1.3.1", "Inbound traffic to the CDE is restricted"),
    reference(
        Framework::PciDss4,
        "1.3.2",
        "Outbound traffic from the CDE is restricted",
    ),
    reference(
        Framework::PciDss4,
        "7.2.1",
        "An access control model is defined and includes granting access by business need",
    ),
    reference(Framework::CisControls8, "3.3", "Configure Data Access Control Lists"),
    reference(
        Framework::CisControls8,
        "4.8",
        "Uninstall or Disable Unnecessary Services on Enterprise Assets and Software",
    ),
    reference(
        Framework::CisControls8,
        "12.2",
        "Establish and Maintain a Secure Network Architecture",
    ),
    reference(
        Framework::CisControls8,
        "13.4",
        "Perform Traffic Filtering Between Network Segments",
    ),
    reference(
        Framework::DataPerimeter,
        "identity-from-network",
        "Only trusted identities are allowed from my network",
    ),
    reference(
        Framework::DataPerimeter,
        "network-of-identities",
        "My identities access resources only from expected networks",
    ),
    reference(
        Framework::DataPerimeter,
        "network-of-resources",
        "My resources can only be accessed from expected networks",
    ),
    reference(
        Framework::DataPerimeter,
        "resource-from-network",
        "Only trusted resources can be accessed from my network",
    ),
];

const fn reference(framework: Framework, id: &'static str, title: &'static str) -> Reference {
    Reference {
        framework,
        id,
        title,
        service: None,
    }
}

/// A control of Security Hub on endpoints to one service
/// (<https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html>).
const fn of_service(id: &'static str, service: &'static str, title: &'static str) -> Reference {
    Reference {
        framework: Framework::SecurityHub,
        id,
        title,
        service: Some(service),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirement_on_one_service_concerns_findings_about_this_service_alone() {
        let concerned = |service: Option<&str>| {
            let own = REFERENCES.iter().filter(|reference| reference.service.is_some());
            let concerned = own.filter(|reference| reference.concerns(service));
            concerned.map(|reference| reference.id).collect::<Vec<_>>()
        };
        for (service, expected) in [
            ("com.amazonaws.eu-central-1.ec2", "EC2.10"),
            ("com.amazonaws.us-east-1.ec2-fips", "EC2.10"),
            ("com.amazonaws.eu-central-1.ecr.api", "EC2.55"),
            ("com.amazonaws.eu-central-1.ecr.dkr", "EC2.56"),
            ("com.amazonaws.eu-central-1.ssm", "EC2.57"),
            ("com.amazonaws.eu-central-1.ssm-contacts", "EC2.58"),
            ("com.amazonaws.eu-central-1.ssm-incidents", "EC2.60"),
        ] {
            assert_eq!(concerned(Some(service)), [expected], "{service}");
        }
        for service in [
            "com.amazonaws.eu-central-1.dynamodb",
            "com.amazonaws.eu-central-1.ssmmessages",
        ] {
            assert_eq!(concerned(Some(service)), Vec::<&str>::new(), "{service}");
        }
        assert_eq!(concerned(None).len(), 6);
    }
}
