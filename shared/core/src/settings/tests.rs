use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use postern_policy::Perimeter;
use proptest::prelude::*;

use super::{
    AlertSettings, ApprovedServices, CentralEndpoints, Exemption, ExemptionSelector, LedgerSettings, Limits,
    MaintenanceWindow, Mode, Modes, Provider, Requirement, ServiceSelector, Settings, SettingsError, SubnetSelector,
    TrafficSettings, VpcSelector, version,
};
use crate::controls::CONTROLS;
use crate::model::cost::{MonthlyCost, Prices, RegionPrices};
use crate::model::endpoint::EndpointKind;
use crate::model::snapshot::SubnetClass;

pub(super) mod cases;
use cases::{BAD, COMPLETE, GOOD};

pub(super) const SHIPPED: &str = include_str!("../../../../postern.toml");

pub(super) fn parse(text: &str) -> Result<Settings, SettingsError> {
    Settings::parse(text, &crate::controls::known())
}

/// What the settings are where nothing is set.
fn unset() -> Settings {
    let mut settings = Settings::default();
    let opt_in = CONTROLS.iter().filter(|control| control.opt_in);
    settings.modes.off_unless_named(opt_in.map(|control| control.name));
    settings
}

fn problems(text: &str) -> Vec<String> {
    let problems = parse(text).err().map(|error| error.problems).unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

/// The text with every key that it shows in a comment.
pub(super) fn uncommented(text: &str) -> String {
    let shown = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase() || c == '[');
    text.lines()
        .map(|line| line.strip_prefix('#').filter(shown).unwrap_or(line).to_owned() + "\n")
        .collect()
}

fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn problem_is_reported_with_its_position_and_advice() {
    let controls: Vec<_> = CONTROLS.iter().map(|control| format!("`{}`", control.name)).collect();
    for bad in BAD.into_iter().flatten() {
        let problem = bad.problem.replace("{controls}", &controls.join(", "));
        assert_eq!(problems(bad.text), [problem], "{}", bad.text);
    }
}

#[test]
fn valid_values_are_accepted() {
    for text in GOOD {
        assert_eq!(problems(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn every_key_reaches_the_settings() {
    let settings = Settings {
        version: version(COMPLETE),
        perimeter: Perimeter {
            organizations: strings(&["o-exampleorg1"]),
            organization_paths: strings(&["o-exampleorg2/r-ab12/ou-ab12-11111111/"]),
            accounts: strings(&["111122223333"]),
            principals: strings(&["arn:aws:iam::444455556666:role/partner"]),
            resources: strings(&["arn:aws:s3:::corp-data/*"]),
            aws_owned_resources: strings(&["arn:aws:s3:::aws-example/*"]),
            builtin_aws_owned_resources: false,
            aws_services: false,
            images_of_any_owner: false,
        },
        confirmed_perimeter: Some("0123456789ab".to_owned()),
        trusted_cidrs: vec!["10.0.0.0/8".parse().unwrap()],
        central: Some(CentralEndpoints {
            hubs: VpcSelector {
                ids: BTreeSet::from(["vpc-0abc".into()]),
                tags: BTreeMap::from([("role".to_owned(), "hub".to_owned())]),
                ..VpcSelector::default()
            },
            spokes: VpcSelector {
                cidrs: vec!["10.0.0.0/8".parse().unwrap()],
                ..VpcSelector::default()
            },
            services: strings(&["sts"]),
        }),
        approved_services: Some(ApprovedServices {
            aws: false,
            names: BTreeSet::from(["sts".to_owned()]),
            accounts: BTreeSet::from(["444455556666".into()]),
            quarantine: true,
        }),
        requirements: vec![
            Requirement {
                services: strings(&["sts", "ecr.api"]),
                kind: EndpointKind::Interface,
                fips: false,
                vpcs: VpcSelector::default(),
                subnets: SubnetSelector {
                    classes: BTreeSet::from([SubnetClass::Private, SubnetClass::Isolated]),
                    tags: BTreeMap::new(),
                },
            },
            Requirement {
                services: strings(&["s3"]),
                kind: EndpointKind::Gateway,
                fips: false,
                vpcs: VpcSelector {
                    ids: BTreeSet::from(["vpc-0abc".into()]),
                    cidrs: vec!["10.1.0.0/16".parse().unwrap()],
                    tags: BTreeMap::from([("env".to_owned(), "prod".to_owned())]),
                },
                subnets: SubnetSelector {
                    classes: BTreeSet::from([SubnetClass::Public]),
                    tags: BTreeMap::from([("tier".to_owned(), "app".to_owned())]),
                },
            },
        ],
        providers: vec![Provider {
            services: ServiceSelector {
                ids: BTreeSet::from(["vpce-svc-0abc".into()]),
                names: BTreeSet::from(["com.amazonaws.vpce.eu-central-1.vpce-svc-0abc".into()]),
                tags: BTreeMap::from([("tier".to_owned(), "gold".to_owned())]),
            },
            accounts: strings(&["777788889999"]),
            organizations: Some(strings(&["o-exampleorg1", "o-exampleorg2/r-ab12/ou-ab12-11111111/"])),
            principals: strings(&["arn:aws:iam::444455556666:role/partner"]),
            regions: BTreeSet::from(["eu-west-1".into()]),
            waiting_hours: 8,
        }],
        modes: Modes {
            default: Mode::Off,
            interrupting: Mode::Enforce,
            window: Some(MaintenanceWindow {
                weekdays: [5, 6].into(),
                from: jiff::civil::time(22, 0, 0, 0),
                to: jiff::civil::time(6, 0, 0, 0),
                time_zone: jiff::tz::TimeZone::get("Europe/Berlin").unwrap(),
            }),
            controls: BTreeMap::from([
                ("credentials-unbound".to_owned(), Mode::Off),
                ("endpoint-idle".to_owned(), Mode::Off),
                ("endpoint-missing".to_owned(), Mode::Enforce),
            ]),
        },
        exemptions: vec![
            Exemption {
                control: "policy-open".to_owned(),
                selector: ExemptionSelector::Resource("vpce-0abc".to_owned()),
                reason: "until the migration".to_owned(),
                owner: None,
                since: None,
                expires: time("2027-02-01T00:00:00Z"),
            },
            Exemption {
                control: "ingress-blocked".to_owned(),
                selector: ExemptionSelector::Tag {
                    key: "env".to_owned(),
                    value: "sandbox".to_owned(),
                },
                reason: "nobody works there".to_owned(),
                owner: None,
                since: None,
                expires: time("2027-01-31T10:00:00Z"),
            },
            Exemption {
                control: "endpoint-missing".to_owned(),
                selector: ExemptionSelector::Account("444455556666".into()),
                reason: "it is closed soon".to_owned(),
                owner: None,
                since: None,
                expires: time("2027-02-01T00:00:00Z"),
            },
        ],
        exempt_by_tag: BTreeSet::from(["vpc-dns-disabled".to_owned()]),
        limits: Limits {
            changes_per_run: 7,
            monthly_cost_per_vpc: MonthlyCost::from_dollars(20.5),
            monthly_cost_total: MonthlyCost::from_dollars(100.0),
            changes_per_hour: 70,
            attempts: 2,
            window_hours: 48,
            canary_endpoints: 3,
        },
        ledger: LedgerSettings {
            retention_days: 31,
            pause_days: 7,
        },
        alerts: AlertSettings { repeat_days: 14 },
        traffic: TrafficSettings { idle_days: 30 },
        prices: Prices {
            elsewhere: prices(0.02, 0.011, 0.06),
            regions: BTreeMap::from([
                (
                    "eu-central-1".into(),
                    RegionPrices {
                        interface_endpoint_zone_hour: Some(0.012),
                        ..RegionPrices::default()
                    },
                ),
                ("eu-west-1".into(), prices(0.011, 0.01, 0.048)),
                ("us-east-1".into(), prices(0.01, 0.01, 0.045)),
            ]),
            as_of: Some(jiff::civil::date(2026, 11, 29)),
        },
    };
    assert_eq!(parse(COMPLETE), Ok(settings));
}

fn prices(zone_hour: f64, gigabyte: f64, nat_gigabyte: f64) -> RegionPrices {
    RegionPrices {
        interface_endpoint_zone_hour: Some(zone_hour),
        interface_endpoint_gigabyte: Some(gigabyte),
        nat_gateway_gigabyte: Some(nat_gigabyte),
    }
}

#[test]
fn price_of_a_region_leaves_the_others_that_are_known_of_it() {
    let settings = parse("prices.regions.us-east-1 = { nat_gateway_gigabyte = 0.04 }").unwrap();
    assert_eq!(settings.prices.of(&"us-east-1".into()), prices(0.01, 0.01, 0.04));
}

#[test]
fn version_differs_for_equivalent_texts() {
    // As `printf '' | sha256sum` has it.
    assert_eq!(parse("").unwrap().version, "e3b0c44298fc");
    let commented = parse("# nothing\n").unwrap();
    assert!(commented.is_of("# nothing\n") && !commented.is_of(""));
    assert_eq!(
        Settings {
            version: version(""),
            ..commented
        },
        unset()
    );
}

#[test]
fn default_limits_cover_the_shipped_requirements_as_their_comments_say() {
    let settings = parse(SHIPPED).unwrap();
    let interfaces = settings
        .requirements
        .iter()
        .filter(|required| required.kind == EndpointKind::Interface);
    let services: usize = interfaces.map(|required| required.services.len()).sum();
    let prices = Prices {
        elsewhere: prices(0.02, 0.0, 0.0),
        ..Prices::default()
    };
    let vpc = prices.interface_endpoint(&"sa-east-1".into(), 3 * services).unwrap();
    let Limits {
        monthly_cost_per_vpc,
        monthly_cost_total,
        ..
    } = settings.limits;
    assert!(vpc <= monthly_cost_per_vpc, "{vpc}");
    assert!(vpc + vpc <= monthly_cost_total, "{vpc}");
    let shown = prices.interface_endpoint(&"us-east-1".into(), 3 * services).unwrap();
    assert!(
        SHIPPED.contains(&format!("cost {:.0} US dollars", shown.dollars())),
        "{shown}"
    );
}

#[test]
fn effective_settings_have_every_key_and_mean_the_same() {
    for text in [COMPLETE, SHIPPED, ""].iter().chain(GOOD) {
        let settings = parse(text).unwrap();
        let effective = settings.effective(&crate::controls::known());
        let again = parse(&effective).unwrap_or_else(|error| panic!("{error}\n{effective}"));
        let expected = Settings {
            version: version(&effective),
            modes: Modes {
                controls: again.modes.controls.clone(),
                ..settings.modes.clone()
            },
            ..settings.clone()
        };
        assert_eq!(again, expected, "{effective}");
        for control in CONTROLS {
            assert_eq!(
                again.modes.of(control.name),
                settings.modes.of(control.name),
                "{effective}"
            );
        }
    }
}

#[test]
fn an_empty_document_gives_the_defaults() {
    assert_eq!(parse(""), Ok(unset()));
}

#[test]
fn all_problems_are_reported_in_the_order_of_the_text() {
    let text = r#"
[perimeter]
organizations = ["o-exampleorg1", "exampleorg2"]
accounts = [111122223333]
cidrs = ["10.0.0.1/8"]

[[requirements]]
service = ["sts"]
subnets = { classes = ["private", "dark"] }

[modes]
default = "enforce"
endpoint-mising = "audit"

[[exemptions]]
control = "policy-open"
resource = "vpce-0abc"
expires = "soon"

[limits]
changes_per_run = "many"
"#;
    let expected = "\
3:35: perimeter.organizations[1]: `exampleorg2` is not an organisation id such as o-exampleorg1
4:13: perimeter.accounts[0]: expected a string in quotes, found an integer
5:10: perimeter.cidrs[0]: `10.0.0.1/8` has host bits; write `10.0.0.0/8`
7:1: requirements[0]: requires nothing; add `services` or `sets`
8:1: requirements[0].service: unknown key; did you mean `services`?
9:35: requirements[0].subnets.classes[1]: unknown subnet class `dark`; known are `public`, `private`, `isolated`
13:1: modes.endpoint-mising: unknown control; did you mean `endpoint-missing`?
15:1: exemptions[0]: `reason` is missing
18:11: exemptions[0].expires: expected a date without quotes, such as 2027-01-31, found a string
21:19: limits.changes_per_run: expected a whole number, found a string";
    assert_eq!(parse(text).unwrap_err().to_string(), expected);
}

#[test]
fn syntax_error_hides_no_other_problems() {
    let text = "[modes]\ndefault = audit\npolicy-open = 'no'\n[limits]\nchanges_per_run =\n[limits]\nx = 1\n";
    assert_eq!(
        problems(text),
        [
            "2:11: not TOML: string values must be quoted, expected literal string",
            "3:15: modes.policy-open: unknown mode `no`; known are `off`, `audit`, `enforce`",
            "5:18: not TOML: string values must be quoted, expected literal string",
            "6:2: `limits` is given twice; join the two",
            "7:1: limits.x: unknown key; known are `changes_per_run`, `changes_per_hour`, `monthly_cost_per_vpc`, `monthly_cost_total`, `attempts`, `window_hours`, `canary_endpoints`",
        ]
    );
}

#[test]
fn other_formats_are_refused_as_not_toml() {
    for text in [
        "{\"modes\": {\"default\": \"audit\"}}",
        "modes:\n  default: audit\n",
        "<html>",
        "\0",
    ] {
        let problems = problems(text);
        assert!(problems.first().is_some_and(|p| p.contains("not TOML")), "{problems:?}");
    }
}

#[test]
fn invalid_perimeter_is_not_also_reported_as_empty() {
    let text = "[perimeter]\naccounts = ['1']\n[modes]\ndefault = 'enforce'";
    assert_eq!(problems(text).len(), 1);
}

#[test]
fn columns_count_characters_whatever_the_line_ends_are() {
    let text = "\u{feff}limits = {}\r\n\"ä\" = 1\r\nmodes = { \"öö\" = 'audit' }\r\n";
    let places: Vec<_> = parse(text)
        .unwrap_err()
        .problems
        .iter()
        .map(|p| (p.line, p.column))
        .collect();
    assert_eq!(places, [(2, 1), (3, 11)]);
    assert_eq!(problems("\u{feff}limit = {}")[0].split(' ').next(), Some("1:1:"));
}

#[test]
fn values_in_messages_are_cut_and_escaped() {
    let text = format!("perimeter.accounts = [\"{}\", \"\\u001b[31m\\n\"]", "9".repeat(200));
    assert_eq!(
        problems(&text),
        [
            format!(
                "1:23: perimeter.accounts[0]: `{}…` is not an account id of twelve digits",
                "9".repeat(80)
            ),
            "1:227: perimeter.accounts[1]: `\\u{1b}[31m\\n` is not an account id of twelve digits".to_owned(),
        ]
    );
}

#[test]
fn the_shipped_file_holds_the_defaults_and_a_first_set_of_requirements() {
    let mut shipped = parse(SHIPPED).unwrap();
    let requirements = std::mem::take(&mut shipped.requirements);
    shipped.version = unset().version;
    assert_eq!(shipped, unset());
    let first = |services: &[&str], kind| Requirement {
        services: strings(services),
        kind,
        fips: false,
        vpcs: VpcSelector::default(),
        subnets: SubnetSelector::default(),
    };
    let interface = [
        "sts",
        "ec2",
        "ecr.api",
        "ecr.dkr",
        "logs",
        "monitoring",
        "secretsmanager",
        "kms",
        "ssm",
        "ssmmessages",
    ];
    assert_eq!(
        requirements,
        [
            first(&interface, EndpointKind::Interface),
            first(&["s3", "dynamodb"], EndpointKind::Gateway),
        ]
    );
}

#[test]
fn every_value_shown_in_a_comment_of_the_shipped_file_is_the_default_or_an_example() {
    let exemption = |control: &str, selector, reason: &str, expires| Exemption {
        control: control.to_owned(),
        selector,
        reason: reason.to_owned(),
        owner: None,
        since: None,
        expires: time(expires),
    };
    let mut with_examples = parse(SHIPPED).unwrap();
    with_examples.confirmed_perimeter = Some("0123456789ab".to_owned());
    with_examples.modes.window = parse(COMPLETE).unwrap().modes.window;
    with_examples.providers = vec![Provider {
        services: ServiceSelector {
            ids: BTreeSet::from(["vpce-svc-0123456789abcdef0".into()]),
            ..ServiceSelector::default()
        },
        accounts: strings(&["777788889999"]),
        organizations: Some(Vec::new()),
        principals: Vec::new(),
        regions: BTreeSet::from(["eu-west-1".into()]),
        waiting_hours: 24,
    }];
    // Of the sets, which name interface services that are required anyway.
    let images = Requirement {
        services: strings(&["s3"]),
        ..with_examples.requirements[1].clone()
    };
    with_examples.requirements.insert(1, images);
    with_examples.exemptions = vec![
        Exemption {
            owner: Some("storage@example.com".to_owned()),
            since: Some(jiff::civil::date(2026, 11, 2)),
            ..exemption(
                "policy-open",
                ExemptionSelector::Resource("vpce-0123456789abcdef0".to_owned()),
                "Storage team: the vendor's backup writes to its own bucket until the contract ends",
                "2027-02-01T00:00:00Z",
            )
        },
        exemption(
            "endpoint-missing",
            ExemptionSelector::Tag {
                key: "env".to_owned(),
                value: "sandbox".to_owned(),
            },
            "Platform team: sandboxes may use the NAT gateway",
            "2027-06-30T16:00:00Z",
        ),
        exemption(
            "public-egress",
            ExemptionSelector::Vpc("vpc-0123456789abcdef0".into()),
            "Network team: the VPC is given up in spring",
            "2027-05-01T00:00:00Z",
        ),
        exemption(
            "service-unbacked",
            ExemptionSelector::Account("111122223333".into()),
            "Platform team: the test account keeps services without targets",
            "2027-05-01T00:00:00Z",
        ),
    ];
    with_examples.central = Some(CentralEndpoints {
        hubs: VpcSelector {
            ids: BTreeSet::from(["vpc-0123456789abcdef0".into()]),
            ..VpcSelector::default()
        },
        spokes: VpcSelector::default(),
        services: Vec::new(),
    });
    with_examples.approved_services = Some(ApprovedServices {
        aws: true,
        names: BTreeSet::new(),
        accounts: BTreeSet::new(),
        quarantine: false,
    });
    let regional = prices(0.012, 0.01, 0.052);
    with_examples.prices.regions.insert("eu-central-1".into(), regional);
    with_examples.prices.elsewhere = prices(0.02, 0.01, 0.093);
    with_examples.prices.as_of = Some(jiff::civil::date(2026, 11, 29));
    let modes = unset().modes;
    with_examples.modes.controls = CONTROLS.iter().map(|c| (c.name.to_owned(), modes.of(c.name))).collect();
    let uncommented = uncommented(SHIPPED);
    with_examples.version = version(&uncommented);
    assert_eq!(parse(&uncommented), Ok(with_examples));
}

/// Cuts a piece out of the text and puts another one in.
fn edit(text: &str, at: usize, cut: usize, put: &str) -> String {
    let characters: Vec<_> = text.chars().collect();
    let at = at % (characters.len() + 1);
    let end = (at + cut).min(characters.len());
    let ends = [&characters[..at], &characters[end..]].map(|piece| piece.iter().collect::<String>());
    ends.join(put)
}

fn in_order_and_one_a_line(text: &str) -> Result<(), TestCaseError> {
    let Err(error) = parse(text) else { return Ok(()) };
    prop_assert!(!error.problems.is_empty());
    prop_assert!(error.problems.is_sorted());
    prop_assert_eq!(error.to_string().lines().count(), error.problems.len());
    let lines = text.split('\n').count();
    prop_assert!(
        error
            .problems
            .iter()
            .all(|p| (1..=lines).contains(&p.line) && p.column >= 1)
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        in_order_and_one_a_line(&text)?;
    }

    #[test]
    fn any_text_of_the_alphabet_of_toml_is_read_or_refused(text in r#"([a-z_.=\[\]{}"',#0-9:TZ+ -]|\n|modes|default){0,80}"#) {
        in_order_and_one_a_line(&text)?;
    }

    #[test]
    fn any_edit_of_the_shipped_file_is_read_or_refused(
        edits in prop::collection::vec((any::<usize>(), 0..40_usize, r#"[a-z=\[\]{}"',#0-9.\n -]{0,6}"#), 1..4),
    ) {
        let text = edits.iter().fold(uncommented(SHIPPED), |text, (at, cut, put)| edit(&text, *at, *cut, put));
        in_order_and_one_a_line(&text)?;
    }

    #[test]
    fn the_lines_of_the_shipped_file_in_any_order_are_read_or_refused(
        lines in Just(uncommented(SHIPPED).lines().map(str::to_owned).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        in_order_and_one_a_line(&lines.join("\n"))?;
    }
}

#[test]
fn set_requires_its_services_by_the_endpoints_that_each_needs() {
    let required = |text: &str| {
        let settings = parse(&format!("[[requirements]]\n{text}")).unwrap();
        let required = settings.requirements.into_iter();
        let required = required.map(|required| (required.kind, required.services.join(" "), required.fips));
        required.collect::<Vec<_>>()
    };
    let (interface, gateway) = (EndpointKind::Interface, EndpointKind::Gateway);
    assert_eq!(
        required("sets = ['ecr', 'ssm']\nservices = ['kms', 'ssm']\nfips = true"),
        [
            (interface, "kms ssm ecr.api ecr.dkr ssmmessages".to_owned(), true),
            (gateway, "s3".to_owned(), false),
        ]
    );
    assert_eq!(
        required("services = ['s3']\ntype = 'both'"),
        [(interface, "s3".to_owned(), false), (gateway, "s3".to_owned(), false),]
    );
    assert_eq!(required("sets = ['lambda']"), [(interface, "lambda".to_owned(), false)]);
}
