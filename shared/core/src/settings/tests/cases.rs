//! Documents that are refused for one reason each, and documents that are accepted.

/// An exemption of these lines.
macro_rules! exemption {
    ($($line:literal),+) => {
        concat!("[[exemptions]]", $("\n", $line),+)
    };
}

mod rules;
mod trust;

/// A text with one problem.
pub(in crate::settings) struct Bad {
    pub(in crate::settings) text: &'static str,
    pub(in crate::settings) problem: &'static str,
    /// Whether the JSON Schema refuses it too.
    pub(in crate::settings) in_schema: bool,
}

const fn bad(text: &'static str, problem: &'static str) -> Bad {
    Bad {
        text,
        problem,
        in_schema: true,
    }
}

/// Refused by the reader alone.
const fn subtle(text: &'static str, problem: &'static str) -> Bad {
    Bad {
        in_schema: false,
        ..bad(text, problem)
    }
}

pub(in crate::settings) const BAD: [&[Bad]; 2] = [trust::BAD, rules::BAD];

pub(in crate::settings) const GOOD: &[&str] = &[
    "",
    COMPLETE,
    "[perimeter]\norganization_paths = ['o-exampleorg1/r-ab12/', 'o-exampleorg1/r-ab12/ou-ab12-11111111/ou-ab12-22222222/']",
    "[perimeter]\nprincipals = ['arn:aws-us-gov:iam::111122223333:user/ci/bot', 'arn:aws:iam::111122223333:root']",
    "[perimeter]\nprincipals = ['arn:aws-cn:sts::111122223333:federated-user/ana']",
    "[perimeter]\nresources = ['arn:aws:sqs:eu-*:111122223333:*', 'arn:aws:ssm:*::parameter/aws/*', 'arn:aws:iam::aws:policy/*']",
    "[perimeter]\ncidrs = ['0.0.0.0/0', 'fd00::/8', '192.0.2.7/32']",
    "[[requirements]]\nservices = ['com.amazonaws.vpce.eu-central-1.vpce-svc-0abc', 'aws.api.eu-central-1.x_y']",
    "[[requirements]]\nservices = ['s3']\n[[requirements]]\nservices = ['s3']\ntype = 'gateway'",
    "[[requirements]]\nsets = ['baseline', 'ssm']\nfips = true\nvpcs = { tags = { env = 'prod' } }",
    "[[requirements]]\nsets = ['eks']\nservices = ['s3', 'dynamodb']\ntype = 'both'",
    "[[requirements]]\nservices = ['s3']\nvpcs = { tags = { 'aws:cloudformation:stack-name' = '' } }",
    "[modes]\ndefault = 'enforce'\nendpoint-missing = 'audit'\npolicy-open = 'off'",
    "[perimeter]\naccounts = ['111122223333']\n[modes]\ndefault = 'enforce'",
    exemption!(
        "control = 'policy-open'",
        "resource = 'rtb-0abc'",
        "reason = 'x'",
        "expires = 2020-02-29"
    ),
    exemption!(
        "control = 'policy-open'",
        "resource = 'vpc-0abc'",
        "reason = 'x'",
        "owner = 'storage'",
        "since = 2026-11-02",
        "expires = 2027-01-31T12:00:00Z"
    ),
    exemption!(
        "control = 'policy-open'",
        "vpc = 'vpc-0abc'",
        "reason = 'x'",
        "expires = 2027-01-31"
    ),
    "[limits]\nchanges_per_run = 0\nmonthly_cost_per_vpc = 0\nchanges_per_hour = 0\nmonthly_cost_total = 1_000\nattempts = 1\nwindow_hours = 720",
    "prices.regions = { eu-west-1 = { nat_gateway_gigabyte = 0 }, us-east-1 = { interface_endpoint_gigabyte = 1 } }",
    "[traffic]\nidle_days = 454",
    "prices.regions = { us-gov-west-1 = 0.013, ap-southeast-10 = 1e-2 }",
];

/// Every key, with something else than its default.
pub(super) const COMPLETE: &str = r#"
[perimeter]
organizations = ["o-exampleorg1"]
organization_paths = ["o-exampleorg2/r-ab12/ou-ab12-11111111/"]
accounts = ["111122223333"]
principals = ["arn:aws:iam::444455556666:role/partner"]
resources = ["arn:aws:s3:::corp-data/*"]
aws_owned_resources = ["arn:aws:s3:::aws-example/*"]
builtin_aws_owned_resources = false
aws_services = false
images_of_any_owner = false
confirmed = "0123456789ab"
cidrs = ["10.0.0.0/8"]

[[requirements]]
services = ["sts", "ecr.api"]

[[requirements]]
services = ["s3"]
type = "gateway"
vpcs = { ids = ["vpc-0abc"], cidrs = ["10.1.0.0/16"], tags = { env = "prod" } }
subnets = { classes = ["public"], tags = { tier = "app" } }

[central]
hubs = { ids = ["vpc-0abc"], tags = { role = "hub" } }
spokes = { cidrs = ["10.0.0.0/8"] }
services = ["sts"]

[approved_services]
aws = false
names = ['sts']
accounts = ['444455556666']
quarantine = true

[[providers]]
services = { ids = ["vpce-svc-0abc"], names = ["com.amazonaws.vpce.eu-central-1.vpce-svc-0abc"], tags = { tier = "gold" } }
accounts = ["777788889999"]
organizations = ["o-exampleorg1", "o-exampleorg2/r-ab12/ou-ab12-11111111/"]
principals = ["arn:aws:iam::444455556666:role/partner"]
regions = ["eu-west-1"]
waiting_hours = 8

[modes]
default = "off"
interrupting.mode = "enforce"
interrupting.window = { weekdays = ["fri", "sat"], from = "22:00", to = "06:00", time_zone = "Europe/Berlin" }
endpoint-missing = "enforce"

[[exemptions]]
control = "policy-open"
resource = "vpce-0abc"
reason = "until the migration"
expires = 2027-01-31

[[exemptions]]
control = "ingress-blocked"
tag = { key = "env", value = "sandbox" }
reason = "nobody works there"
expires = 2027-01-31T12:00:00+02:00

[[exemptions]]
control = "endpoint-missing"
account = "444455556666"
reason = "it is closed soon"
expires = 2027-01-31

[exempt_by_tag]
controls = ["vpc-dns-disabled"]

[limits]
changes_per_run = 7
monthly_cost_per_vpc = 20.5
monthly_cost_total = 100
changes_per_hour = 70
attempts = 2
window_hours = 48
canary_endpoints = 3

[ledger]
retention_days = 31
pause_days = 7

[alerts]
repeat_days = 14

[traffic]
idle_days = 30

[prices]
interface_endpoint_zone_hour = 0.02
interface_endpoint_gigabyte = 0.011
nat_gateway_gigabyte = 0.06
as_of = 2026-11-29
[prices.regions]
eu-central-1 = 0.012
eu-west-1 = { interface_endpoint_zone_hour = 0.011, interface_endpoint_gigabyte = 0.01, nat_gateway_gigabyte = 0.048 }
"#;
