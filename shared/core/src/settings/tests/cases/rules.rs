//! Modes, exemptions, numbers and duplicates that are refused.

use super::{Bad, bad, subtle};

pub(super) const BAD: &[Bad] = &[
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
        "5:9: exemptions[0].since: expected a date without quotes, such as 2027-01-31, found a string",
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
        "5:11: exemptions[0].expires: expected a date without quotes, such as 2027-01-31, found a string",
    ),
    bad(
        exemption!(
            "control = 'policy-open'",
            "resource = 'vpce-0abc'",
            "reason = 'x'",
            "expires = 20270131"
        ),
        "5:11: exemptions[0].expires: expected a date without quotes, such as 2027-01-31, found an integer",
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
        "[prices.regions]\neu-central-1 = { zone_hour = 0.012 }",
        "2:18: prices.regions.eu-central-1.zone_hour: unknown key; known are `interface_endpoint_zone_hour`, `interface_endpoint_gigabyte`, \
         `nat_gateway_gigabyte`",
    ),
    bad(
        "[traffic]\nidle_days = 455",
        "2:13: traffic.idle_days: `455` is not between 1 and 454",
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
