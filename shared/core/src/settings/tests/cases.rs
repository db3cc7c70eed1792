//! Documents that are refused for one reason each, and documents that are accepted.

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

/// An exemption of these lines.
macro_rules! exemption {
    ($($line:literal),+) => {
        concat!("[[exemptions]]", $("\n", $line),+)
    };
}

pub(in crate::settings) const BAD: &[Bad] = &[
    // Keys.
    bad("[perimiter]", "1:2: perimiter: unknown key; did you mean `perimeter`?"),
    bad(
        "[perimeter]\nx-y = 1",
        "2:1: perimeter.x-y: unknown key; known are `organizations`, `organization_paths`, `accounts`, `principals`, `resources`, `aws_owned_resources`, `builtin_aws_owned_resources`, `aws_services`, `images_of_any_owner`, `confirmed`, `cidrs`",
    ),
    bad(
        "\"a \\n b\" = 1",
        "1:1: \"a \\n b\": unknown key; known are `perimeter`, `requirements`, `central`, `approved_services`, `providers`, `modes`, `exemptions`, `exempt_by_tag`, `limits`, `ledger`, `alerts`, `prices`",
    ),
    bad(
        "[central]\nhubs = {}",
        "2:8: central.hubs: selects every VPC; add ids, cidrs or tags",
    ),
    bad("[central]\nspokes = {}", "1:1: central: `hubs` is missing"),
    bad(
        "[limits]\nchanges_per_runs = 1",
        "2:1: limits.changes_per_runs: unknown key; did you mean `changes_per_run`?",
    ),
    bad(
        "[modes]\nendpoint-mising = 'audit'",
        "2:1: modes.endpoint-mising: unknown control; did you mean `endpoint-missing`?",
    ),
    bad(
        "[modes]\nno-such-thing = 'audit'",
        "2:1: modes.no-such-thing: unknown control; known are `default`, `interrupting`, {controls}",
    ),
    bad(
        "[modes]\ndefualt = 'audit'",
        "2:1: modes.defualt: unknown control; did you mean `default`?",
    ),
    bad(
        "[[requirements]]\nservices = ['s3']\nvpcs = { names = [] }",
        "3:10: requirements[0].vpcs.names: unknown key; known are `ids`, `cidrs`, `tags`",
    ),
    bad(
        "[[requirements]]\nservices = ['s3']\nzones = 2",
        "3:1: requirements[0].zones: unknown key; known are `services`, `sets`, `type`, `fips`, `vpcs`, `subnets`",
    ),
    bad(
        "[exempt_by_tag]\ncontrol = 'policy-open'",
        "2:1: exempt_by_tag.control: unknown key; did you mean `controls`?",
    ),
    bad(
        exemption!(
            "control = 'policy-open'",
            "resource = 'vpce-0abc'",
            "reason = 'x'",
            "until = 2027-01-31",
            "expires = 2027-01-31"
        ),
        "5:1: exemptions[0].until: unknown key; known are `control`, `resource`, `tag`, `reason`, `owner`, `since`, `expires`",
    ),
    // Types.
    bad("modes = 1", "1:9: modes: expected a table, found an integer"),
    bad(
        "requirements = { services = ['s3'] }",
        "1:16: requirements: expected an array, whose tables have headers in double brackets, found a table",
    ),
    bad(
        "[perimeter]\naccounts = '111122223333'",
        "2:12: perimeter.accounts: expected an array in brackets, found a string",
    ),
    bad(
        "[perimeter]\naccounts = [111122223333]",
        "2:13: perimeter.accounts[0]: expected a string in quotes, found an integer",
    ),
    bad(
        "[perimeter]\naws_services = 'yes'",
        "2:16: perimeter.aws_services: expected true or false without quotes, found a string",
    ),
    bad(
        "[perimeter]\ncidrs = [['10.0.0.0/8']]",
        "2:10: perimeter.cidrs[0]: expected a string, found an array",
    ),
    bad(
        "[limits]\nchanges_per_run = 2.5",
        "2:19: limits.changes_per_run: expected a whole number, found a float",
    ),
    bad(
        "[limits]\nmonthly_cost_per_vpc = '200'",
        "2:24: limits.monthly_cost_per_vpc: expected a number of dollars, found a string",
    ),
    bad(
        "[[requirements]]\nservices = ['s3']\nvpcs = { tags = { a = 1 } }",
        "3:23: requirements[0].vpcs.tags.a: expected a string in quotes, found an integer",
    ),
    bad(
        "[[requirements]]\nservices = ['s3']\nsubnets = 'private'",
        "3:11: requirements[0].subnets: expected a table, found a string",
    ),
    // Identities.
    bad(
        "[perimeter]\norganizations = ['o-short']",
        "2:18: perimeter.organizations[0]: `o-short` is not an organisation id such as o-exampleorg1",
    ),
    bad(
        "[perimeter]\norganizations = ['o-Exampleorg1']",
        "2:18: perimeter.organizations[0]: `o-Exampleorg1` is not an organisation id such as o-exampleorg1",
    ),
    bad(
        "[perimeter]\norganization_paths = ['o-exampleorg1/r-ab12/ou-ab12-11111111']",
        "2:23: perimeter.organization_paths[0]: `o-exampleorg1/r-ab12/ou-ab12-11111111` is not an organisation path such as o-exampleorg1/r-ab12/ou-ab12-11111111/, with the slash at its end",
    ),
    bad(
        "[perimeter]\norganization_paths = ['o-exampleorg1/*']",
        "2:23: perimeter.organization_paths[0]: `o-exampleorg1/*` is not an organisation path such as o-exampleorg1/r-ab12/ou-ab12-11111111/, with the slash at its end",
    ),
    bad(
        "[perimeter]\norganization_paths = ['o-exampleorg1/r-ab12/ou-ab12-11111111/*']",
        "2:23: perimeter.organization_paths[0]: `o-exampleorg1/r-ab12/ou-ab12-11111111/*` is not an organisation path such as o-exampleorg1/r-ab12/ou-ab12-11111111/, with the slash at its end",
    ),
    bad(
        "[perimeter]\naccounts = ['11112222333']",
        "2:13: perimeter.accounts[0]: `11112222333` is not an account id of twelve digits",
    ),
    bad(
        "[perimeter]\naccounts = ['1111-2222-3333']",
        "2:13: perimeter.accounts[0]: `1111-2222-3333` is not an account id of twelve digits",
    ),
    bad(
        "[perimeter]\nprincipals = ['arn:aws:iam::111122223333:role/*']",
        "2:15: perimeter.principals[0]: `arn:aws:iam::111122223333:role/*` has a wildcard; name single principals",
    ),
    bad(
        "[perimeter]\nprincipals = ['arn:aws:sts::111122223333:assumed-role/app/session']",
        "2:15: perimeter.principals[0]: `arn:aws:sts::111122223333:assumed-role/app/session` is a session; name its role",
    ),
    bad(
        "[perimeter]\nprincipals = ['arn:aws:s3:::corp-data']",
        "2:15: perimeter.principals[0]: `arn:aws:s3:::corp-data` is not the ARN of a principal such as arn:aws:iam::111122223333:role/app",
    ),
    bad(
        "[perimeter]\nprincipals = ['arn:aws:iam::111122223333:group/admins']",
        "2:15: perimeter.principals[0]: `arn:aws:iam::111122223333:group/admins` is not the ARN of a role, user, root user or federated user",
    ),
    bad(
        "[perimeter]\nprincipals = ['111122223333']",
        "2:15: perimeter.principals[0]: `111122223333` is not the ARN of a principal such as arn:aws:iam::111122223333:role/app",
    ),
    bad(
        "[perimeter]\nresources = ['corp-data']",
        "2:14: perimeter.resources[0]: `corp-data` is not an ARN such as arn:aws:s3:::corp-data/*",
    ),
    bad(
        "[perimeter]\nresources = ['arn:aws:s3:::*']",
        "2:14: perimeter.resources[0]: `arn:aws:s3:::*` takes in the resources of everybody; add a name",
    ),
    bad(
        "[perimeter]\nresources = ['arn:aws:sqs:*:*:orders']",
        "2:14: perimeter.resources[0]: `arn:aws:sqs:*:*:orders` is not of one account; write its twelve digits",
    ),
    bad(
        "[perimeter]\nresources = ['arn:aws:*:::corp-data']",
        "2:14: perimeter.resources[0]: `arn:aws:*:::corp-data` is not an ARN such as arn:aws:s3:::corp-data/*",
    ),
    bad(
        "[perimeter]\nresources = ['arn:*:s3:::corp-data']",
        "2:14: perimeter.resources[0]: `arn:*:s3:::corp-data` is not an ARN such as arn:aws:s3:::corp-data/*",
    ),
    bad(
        "[perimeter]\nresources = ['arn:aws:s3:Frankfurt::corp-data']",
        "2:14: perimeter.resources[0]: `arn:aws:s3:Frankfurt::corp-data` is not an ARN: its fourth part is no Region",
    ),
    bad(
        "[perimeter]\nresources = ['arn:aws:s3:::corp data']",
        "2:14: perimeter.resources[0]: `arn:aws:s3:::corp data` is not an ARN such as arn:aws:s3:::corp-data/*",
    ),
    bad(
        "[perimeter]\naws_owned_resources = ['arn:aws:s3:::${aws:PrincipalTag/bucket}']",
        "2:24: perimeter.aws_owned_resources[0]: `arn:aws:s3:::${aws:PrincipalTag/bucket}` has a variable; write out what it stands for",
    ),
    subtle(
        "[perimeter]\ncidrs = ['10.1.2.3/8']",
        "2:10: perimeter.cidrs[0]: `10.1.2.3/8` has host bits; write `10.0.0.0/8`",
    ),
    subtle(
        "[perimeter]\ncidrs = ['10.0.0.0']",
        "2:10: perimeter.cidrs[0]: `10.0.0.0` is not a CIDR such as 10.0.0.0/8",
    ),
    subtle(
        "[perimeter]\ncidrs = ['fd00::1/8']",
        "2:10: perimeter.cidrs[0]: `fd00::1/8` has host bits; write `fd00::/8`",
    ),
    bad(
        "[perimeter]\nconfirmed = 'yes'",
        "2:13: perimeter.confirmed: `yes` is not the digest of a perimeter, of twelve hexadecimal digits",
    ),
    bad(
        "[modes.interrupting]\nwindow = { weekdays = ['sat'], from = '2:00', to = '05:00' }",
        "2:39: modes.interrupting.window.from: `2:00` is not a time of day such as 02:30",
    ),
    bad(
        "[modes.interrupting]\nwindow = { weekdays = [], from = '02:00', to = '05:00' }",
        "2:23: modes.interrupting.window.weekdays: is empty; name at least one",
    ),
    subtle(
        "[modes.interrupting]\nwindow = { weekdays = ['sat'], from = '02:00', to = '05:00', time_zone = 'Berlin' }",
        "2:74: modes.interrupting.window.time_zone: `Berlin` is not the name of a time zone such as Europe/Berlin or UTC",
    ),
    // Providers.
    bad(
        "[[providers]]\nservices = { ids = ['vpce-0abc'] }",
        "2:21: providers[0].services.ids[0]: `vpce-0abc` is not the id of an endpoint service such as vpce-svc-0123456789abcdef0",
    ),
    bad(
        "[[providers]]\norganizations = ['o-exampleorg1/']",
        "2:18: providers[0].organizations[0]: `o-exampleorg1/` is not an organisation path such as o-exampleorg1/r-ab12/ou-ab12-11111111/, with the slash at its end",
    ),
    bad(
        "[[providers]]\nregions = ['Frankfurt']",
        "2:12: providers[0].regions[0]: `Frankfurt` is not a Region such as eu-central-1",
    ),
    // Requirements.
    bad(
        "[[requirements]]\ntype = 'gateway'",
        "1:1: requirements[0]: requires nothing; add `services` or `sets`",
    ),
    bad(
        "[[requirements]]\nservices = []",
        "2:12: requirements[0].services: is empty; name at least one",
    ),
    bad(
        "[[requirements]]\nservices = ['Secrets Manager']",
        "2:13: requirements[0].services[0]: `Secrets Manager` is not the name of a service such as ecr.api",
    ),
    bad(
        "[[requirements]]\nsets = []",
        "2:8: requirements[0].sets: is empty; name at least one",
    ),
    bad(
        "[[requirements]]\nsets = ['ecr', 'ek']",
        "2:16: requirements[0].sets[1]: unknown set `ek`; did you mean `eks`?",
    ),
    bad(
        "[[requirements]]\nsets = ['ecr', 'ecr']",
        "2:16: requirements[0].sets[1]: repeats requirements[0].sets[0]; leave one of them out",
    ),
    bad(
        "[[requirements]]\nservices = ['s3']\nfips = 'yes'",
        "3:8: requirements[0].fips: expected true or false without quotes, found a string",
    ),
    bad(
        "[[requirements]]\nservices = ['s3']\ntype = 'gatway'",
        "3:8: requirements[0].type: unknown type `gatway`; did you mean `gateway`?",
    ),
    bad(
        "[[requirements]]\nservices = ['s3']\ntype = 'resource'",
        "3:8: requirements[0].type: unknown type `resource`; known are `interface`, `gateway`, `both`",
    ),
    bad(
        "[[requirements]]\nservices = ['s3']\nvpcs = { ids = ['subnet-0abc'] }",
        "3:17: requirements[0].vpcs.ids[0]: `subnet-0abc` is not a VPC id such as vpc-0123456789abcdef0",
    ),
    subtle(
        "[[requirements]]\nservices = ['s3']\nvpcs = { cidrs = ['10.1.0.1/16'] }",
        "3:19: requirements[0].vpcs.cidrs[0]: `10.1.0.1/16` has host bits; write `10.1.0.0/16`",
    ),
    bad(
        "[[requirements]]\nservices = ['s3']\nvpcs = { tags = { '' = 'x' } }",
        "3:19: requirements[0].vpcs.tags.\"\": a tag key has 1 to 128 characters",
    ),
    bad(
        "[[requirements]]\nservices = ['s3']\nsubnets = { classes = ['privat'] }",
        "3:24: requirements[0].subnets.classes[0]: unknown subnet class `privat`; did you mean `private`?",
    ),
    bad(
        "[[requirements]]\nservices = ['s3']\nsubnets = { classes = [] }",
        "3:23: requirements[0].subnets.classes: is empty; name at least one",
    ),
    bad(
        "[[requirements]]\nservices = ['s3']\nsubnets = { tags = { a = ['x'] } }",
        "3:26: requirements[0].subnets.tags.a: expected a string, found an array",
    ),
    // Modes.
    bad(
        "[modes]\ndefault = 'enforced'",
        "2:11: modes.default: unknown mode `enforced`; did you mean `enforce`?",
    ),
    bad(
        "[modes]\npolicy-open = 'on'",
        "2:15: modes.policy-open: unknown mode `on`; known are `off`, `audit`, `enforce`",
    ),
    bad(
        "[modes]\npolicy-open = true",
        "2:15: modes.policy-open: expected a string in quotes, found a boolean",
    ),
    // Exemptions.
    bad(
        exemption!(
            "control = 'policy-opened'",
            "resource = 'vpce-0abc'",
            "reason = 'x'",
            "expires = 2027-01-31"
        ),
        "2:11: exemptions[0].control: unknown control `policy-opened`; did you mean `policy-open`?",
    ),
    bad(
        exemption!("control = 'policy-open'", "reason = 'x'", "expires = 2027-01-31"),
        "1:1: exemptions[0]: exempts nothing; add `resource` or `tag`",
    ),
    bad(
        exemption!(
            "control = 'policy-open'",
            "resource = 'vpce-0abc'",
            "tag = { key = 'a', value = 'b' }",
            "reason = 'x'",
            "expires = 2027-01-31"
        ),
        "1:1: exemptions[0]: has both `resource` and `tag`; leave one of them out",
    ),
    bad(
        exemption!(
            "control = 'policy-open'",
            "resource = 'vpce-0abc'",
            "reason = 'x'",
            "owner = ' '",
            "expires = 2027-01-31"
        ),
        "5:9: exemptions[0].owner: ` ` is not an owner",
    ),
    subtle(
        exemption!(
            "control = 'policy-open'",
            "resource = 'vpce-0abc'",
            "reason = 'x'",
            "since = '2027-01-01'",
            "expires = 2027-01-31"
        ),
        "5:9: exemptions[0].since: expected a date without quotes such as 2027-01-31, found a string",
    ),
    bad(
        exemption!(
            "control = 'policy-open'",
            "tag = { key = 'a' }",
            "reason = 'x'",
            "expires = 2027-01-31"
        ),
        "3:7: exemptions[0].tag: `value` is missing",
    ),
    bad(
        exemption!(
            "control = 'policy-open'",
            "resource = 'sg-0abc'",
            "reason = 'x'",
            "expires = 2027-01-31"
        ),
        "3:12: exemptions[0].resource: `sg-0abc` is not the id of a VPC, subnet, route table, endpoint or endpoint service",
    ),
    bad(
        exemption!(
            "control = 'policy-open'",
            "resource = 'vpce-0abc'",
            "expires = 2027-01-31"
        ),
        "1:1: exemptions[0]: `reason` is missing",
    ),
    bad(
        exemption!(
            "control = 'policy-open'",
            "resource = 'vpce-0abc'",
            "reason = ' '",
            "expires = 2027-01-31"
        ),
        "4:10: exemptions[0].reason: ` ` is not a reason",
    ),
    bad(
        exemption!("control = 'policy-open'", "resource = 'vpce-0abc'", "reason = 'x'"),
        "1:1: exemptions[0]: `expires` is missing",
    ),
    subtle(
        exemption!(
            "control = 'policy-open'",
            "resource = 'vpce-0abc'",
            "reason = 'x'",
            "expires = '2027-01-31'"
        ),
        "5:11: exemptions[0].expires: expected a date without quotes such as 2027-01-31, found a string",
    ),
    bad(
        exemption!(
            "control = 'policy-open'",
            "resource = 'vpce-0abc'",
            "reason = 'x'",
            "expires = 20270131"
        ),
        "5:11: exemptions[0].expires: expected a date without quotes such as 2027-01-31, found an integer",
    ),
    bad(
        exemption!(
            "control = 'policy-open'",
            "resource = 'vpce-0abc'",
            "reason = 'x'",
            "expires = 12:00:00"
        ),
        "5:11: exemptions[0].expires: `12:00:00` is on no day; write a date such as 2027-01-31",
    ),
    bad(
        exemption!(
            "control = 'policy-open'",
            "resource = 'vpce-0abc'",
            "reason = 'x'",
            "expires = 2027-01-31T12:00:00"
        ),
        "5:11: exemptions[0].expires: `2027-01-31T12:00:00` is in no time zone; add Z for UTC",
    ),
    subtle(
        exemption!(
            "control = 'policy-open'",
            "resource = 'vpce-0abc'",
            "reason = 'x'",
            "expires = 9999-12-31"
        ),
        "5:11: exemptions[0].expires: `9999-12-31` is further away than can be counted",
    ),
    bad(
        "[exempt_by_tag]\ncontrols = ['policy_open']",
        "2:13: exempt_by_tag.controls[0]: unknown control `policy_open`; did you mean `policy-open`?",
    ),
    // Numbers.
    bad(
        "[limits]\nchanges_per_run = -1",
        "2:19: limits.changes_per_run: `-1` is not a count of zero or more",
    ),
    bad(
        "[limits]\nattempts = 0",
        "2:12: limits.attempts: `0` is not between 1 and 100",
    ),
    bad(
        "[limits]\nwindow_hours = 721",
        "2:16: limits.window_hours: `721` is not between 1 and 720",
    ),
    bad(
        "[ledger]\nretention_days = 30",
        "2:18: ledger.retention_days: `30` is not between 31 and 3650",
    ),
    bad(
        "[ledger]\npause_days = 1.5",
        "2:14: ledger.pause_days: expected a whole number, found a float",
    ),
    bad(
        "[alerts]\nrepeat_days = 366",
        "2:15: alerts.repeat_days: `366` is not between 0 and 365",
    ),
    bad(
        "[limits]\nmonthly_cost_per_vpc = -0.5",
        "2:24: limits.monthly_cost_per_vpc: `-0.5` is not an amount of dollars of zero or more",
    ),
    bad(
        "[limits]\nmonthly_cost_total = inf",
        "2:22: limits.monthly_cost_total: `inf` is not an amount of dollars of zero or more",
    ),
    bad(
        "[prices]\ninterface_endpoint_zone_hour = nan",
        "2:32: prices.interface_endpoint_zone_hour: `nan` is not an amount of dollars of zero or more",
    ),
    bad(
        "[prices.regions]\nfrankfurt = 0.012",
        "2:1: prices.regions.frankfurt: is not a Region such as eu-central-1",
    ),
    bad(
        "[prices.regions]\neu-central-1 = -0.012",
        "2:16: prices.regions.eu-central-1: `-0.012` is not an amount of dollars of zero or more",
    ),
    // Duplicates.
    bad(
        "[perimeter]\naccounts = ['111122223333', '444455556666', '111122223333']",
        "2:45: perimeter.accounts[2]: repeats perimeter.accounts[0]; leave one of them out",
    ),
    subtle(
        "[perimeter]\ncidrs = ['fd00::/8', 'FD00::/8']",
        "2:22: perimeter.cidrs[1]: repeats perimeter.cidrs[0]; leave one of them out",
    ),
    bad(
        "[[requirements]]\nservices = ['s3', 's3']",
        "2:19: requirements[0].services[1]: repeats requirements[0].services[0]; leave one of them out",
    ),
    subtle(
        "[[requirements]]\nservices = ['s3']\n[[requirements]]\nservices = ['s3']\ntype = 'interface'",
        "3:1: requirements[1]: repeats requirements[0]; leave one of them out",
    ),
    bad(
        "[[requirements]]\nservices = ['s3']\nsubnets = { classes = ['private', 'private'] }",
        "3:35: requirements[0].subnets.classes[1]: repeats requirements[0].subnets.classes[0]; leave one of them out",
    ),
    subtle(
        concat!(
            exemption!(
                "control = 'policy-open'",
                "resource = 'vpce-0abc'",
                "reason = 'x'",
                "expires = 2027-01-31"
            ),
            "\n",
            exemption!(
                "control = 'policy-open'",
                "resource = 'vpce-0abc'",
                "reason = 'y'",
                "expires = 2028-01-31"
            )
        ),
        "6:1: exemptions[1]: repeats exemptions[0]; leave one of them out",
    ),
    bad(
        "[exempt_by_tag]\ncontrols = ['policy-open', 'policy-open']",
        "2:28: exempt_by_tag.controls[1]: repeats exempt_by_tag.controls[0]; leave one of them out",
    ),
    // Nobody trusted.
    subtle(
        "[modes]\npolicy-open = 'enforce'",
        "1:1: modes: the perimeter is empty, so every policy would lock everybody out; name organizations, organization_paths, accounts or principals, or take `policy-open` out of enforce",
    ),
    subtle(
        "[perimeter]\nresources = ['arn:aws:s3:::corp-data']\n[modes]\ndefault = 'enforce'",
        "1:1: perimeter: the perimeter is empty, so every policy would lock everybody out; name organizations, organization_paths, accounts or principals, or take `endpoint-missing` and `policy-open` out of enforce",
    ),
];

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
    "[limits]\nchanges_per_run = 0\nmonthly_cost_per_vpc = 0\nchanges_per_hour = 0\nmonthly_cost_total = 1_000\nattempts = 1\nwindow_hours = 720",
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
interrupting.window = { weekdays = ["sat", "sun"], from = "02:00", to = "05:30", time_zone = "Europe/Berlin" }
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

[prices]
interface_endpoint_zone_hour = 0.02
as_of = 2026-11-29
[prices.regions]
eu-central-1 = 0.012
"#;
