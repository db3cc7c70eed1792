//! Keys, types, identities, consumers and requirements that are refused.

use super::{Bad, bad, subtle};

pub(super) const BAD: &[Bad] = &[
    // Keys.
    bad("[perimiter]", "1:2: perimiter: unknown key; did you mean `perimeter`?"),
    bad(
        "[perimeter]\nx-y = 1",
        "2:1: perimeter.x-y: unknown key; known are `organizations`, `organization_paths`, `accounts`, `principals`, `resources`, `aws_owned_resources`, `builtin_aws_owned_resources`, `aws_services`, `images_of_any_owner`, `confirmed`, `cidrs`",
    ),
    bad(
        "\"a \\n b\" = 1",
        "1:1: \"a \\n b\": unknown key; known are `perimeter`, `requirements`, `central`, `approved_services`, `providers`, `modes`, `exemptions`, `exempt_by_tag`, `limits`, `ledger`, `alerts`, `traffic`, `prices`",
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
        "5:1: exemptions[0].until: unknown key; known are `control`, `resource`, `tag`, `vpc`, `account`, `reason`, `owner`, `since`, `expires`",
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
];
