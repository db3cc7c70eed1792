//! The JSON Schema of `postern.toml` for editors, and the proofs that it says what the reader does.
#![expect(dead_code, reason = "of these types only the schema is used")]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::provider::WAITING_HOURS;
use super::sets::SETS;
use super::{AlertSettings, LedgerSettings, Limits, Mode, Settings};
use crate::controls::CONTROLS;
use crate::model::snapshot::SubnetClass;

/// Settings of Postern: which VPC endpoints every VPC must have, and whom they admit.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "postern.toml")]
struct Document {
    perimeter: Option<Perimeter>,
    /// Which services must be reachable privately, and from which subnets.
    #[schemars(extend("uniqueItems" = true))]
    requirements: Option<Vec<Requirement>>,
    central: Option<Central>,
    approved_services: Option<ApprovedServices>,
    /// Who may use your endpoint services.
    #[schemars(extend("uniqueItems" = true))]
    providers: Option<Vec<Provider>>,
    /// The mode of each control: off, audit (report with a plan) or enforce (remediate).
    modes: Option<Modes>,
    /// Findings that are accepted, until a day.
    exemptions: Option<Vec<Exemption>>,
    exempt_by_tag: Option<ExemptByTag>,
    limits: Option<LimitsTable>,
    ledger: Option<LedgerTable>,
    alerts: Option<AlertsTable>,
    prices: Option<PricesTable>,
}

/// Whom and what you trust. Endpoint policies are written for this perimeter and checked against it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Perimeter {
    /// Ids of trusted organisations.
    #[schemars(inner(regex(pattern = r"^o-[a-z0-9]{10,32}$")))]
    organizations: Option<BTreeSet<String>>,
    /// Paths of trusted organisational units, with a slash at the end.
    #[schemars(inner(regex(pattern = r"^o-[a-z0-9]{10,32}/r-[a-z0-9]{4,32}/(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}/)*$")))]
    organization_paths: Option<BTreeSet<String>>,
    /// Ids of accounts that are trusted besides the organisations.
    #[schemars(inner(regex(pattern = r"^[0-9]{12}$")))]
    accounts: Option<BTreeSet<String>>,
    /// ARNs of single roles, users, root users and federated users, without wildcards.
    #[schemars(inner(regex(
        pattern = r"^arn:aws(-[a-z-]*)?:(iam::[0-9]{12}:(root|(role|user)/[!-#%-)+->@-~]+)|sts::[0-9]{12}:federated-user/[!-#%-)+->@-~]+)$"
    )))]
    principals: Option<BTreeSet<String>>,
    /// ARNs of trusted resources outside the organisations and accounts.
    #[schemars(inner(regex(
        pattern = r"^arn:aws(-[a-z-]*)?:[a-z0-9-]+:[a-z0-9*?-]*:([0-9]{12}:[!-#%-~]+|(aws)?:[!-#%-~]*[A-Za-z0-9][!-#%-~]*)$"
    )))]
    resources: Option<BTreeSet<String>>,
    /// ARNs of AWS-owned resources that your workloads need, besides the built-in list.
    #[schemars(inner(regex(
        pattern = r"^arn:aws(-[a-z-]*)?:[a-z0-9-]+:[a-z0-9*?-]*:([0-9]{12}:[!-#%-~]+|(aws)?:[!-#%-~]*[A-Za-z0-9][!-#%-~]*)$"
    )))]
    aws_owned_resources: Option<BTreeSet<String>>,
    /// Whether the built-in list of AWS-owned resources is trusted.
    #[schemars(extend("default" = Settings::default().perimeter.builtin_aws_owned_resources))]
    builtin_aws_owned_resources: Option<bool>,
    /// Whether AWS service principals are trusted.
    #[schemars(extend("default" = Settings::default().perimeter.aws_services))]
    aws_services: Option<bool>,
    /// Whether machine images of any owner are trusted, such as those of AWS Marketplace, Canonical and Red Hat.
    #[schemars(extend("default" = Settings::default().perimeter.images_of_any_owner))]
    images_of_any_owner: Option<bool>,
    /// The digest of this perimeter, once a person has checked that it contains the account in which Postern runs.
    #[schemars(regex(pattern = r"^[0-9a-f]{12}$"))]
    confirmed: Option<String>,
    /// Networks outside the VPC from which endpoints may be reached, as CIDRs without host bits.
    cidrs: Option<BTreeSet<String>>,
}

/// These services must be reachable privately from these subnets of these VPCs.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("anyOf" = [{"required": ["services"]}, {"required": ["sets"]}]))]
struct Requirement {
    /// Short names such as `ecr.api`, or full service names.
    #[schemars(length(min = 1), inner(regex(pattern = r"^[a-z0-9][a-z0-9._-]*$")))]
    services: Option<BTreeSet<String>>,
    /// Services that workloads need together. A set says itself which of them need gateway endpoints.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    sets: Option<Vec<ServiceSet>>,
    /// Of the endpoints of `services`.
    #[schemars(extend("default" = Kind::Interface))]
    r#type: Option<Kind>,
    /// Whether the FIPS variants of interface services are required, where the Region has them.
    #[schemars(extend("default" = false))]
    fips: Option<bool>,
    vpcs: Option<VpcSelector>,
    subnets: Option<SubnetSelector>,
}

/// The type of the endpoints.
#[derive(JsonSchema, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Interface,
    Gateway,
    Both,
}

/// Central endpoints: VPCs, the spokes, use the interface endpoints of others, the hubs.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Central {
    /// The VPCs whose endpoints serve others. At least one criterion.
    #[schemars(extend("minProperties" = 1))]
    hubs: VpcSelector,
    /// The VPCs that use them, hubs aside.
    spokes: Option<VpcSelector>,
    /// The services that are served centrally, by short or full name. Empty: every service that is required in a spoke.
    #[schemars(inner(regex(pattern = r"^[a-z0-9][a-z0-9._-]*$")))]
    services: Option<BTreeSet<String>>,
}

/// The services to which endpoints may lead. Without this section, every service is approved.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ApprovedServices {
    /// Whether all services of AWS are approved.
    #[schemars(extend("default" = true))]
    aws: Option<bool>,
    /// Services by short or full name, and ARNs of resource configurations and service networks.
    #[schemars(inner(regex(pattern = r"^[a-z0-9][a-z0-9._:/-]*$")))]
    names: Option<BTreeSet<String>>,
    /// Ids of accounts of which everything is approved that they offer. The own account is approved.
    #[schemars(inner(regex(pattern = r"^[0-9]{12}$")))]
    accounts: Option<BTreeSet<String>>,
    /// Whether endpoints that lead elsewhere get a policy that denies every request or, where the service takes no policies, a
    /// security group without rules in the place of their own. Whoever uses such an endpoint is cut off.
    #[schemars(extend("default" = false))]
    quarantine: Option<bool>,
}

/// Every given criterion must match; without criteria, every VPC is selected.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct VpcSelector {
    #[schemars(inner(regex(pattern = r"^vpc-[0-9a-f]+$")))]
    ids: Option<BTreeSet<String>>,
    /// One of the VPC's CIDRs lies in one of these.
    cidrs: Option<BTreeSet<String>>,
    /// The VPC must have all of them.
    tags: Option<Tags>,
}

/// Both criteria must match.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct SubnetSelector {
    #[schemars(length(min = 1), extend("default" = super::SubnetSelector::default().classes))]
    classes: Option<BTreeSet<SubnetClass>>,
    /// The subnet must have all of them.
    tags: Option<Tags>,
}

/// These consumers may use these endpoint services, besides the accounts of the perimeter.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Provider {
    /// Default: every endpoint service.
    services: Option<ServiceSelector>,
    /// Ids of approved accounts.
    #[schemars(inner(regex(pattern = r"^[0-9]{12}$")))]
    accounts: Option<BTreeSet<String>>,
    /// Ids of approved organisations, or paths of organisational units with a slash at the end. Default: those of the
    /// perimeter. AWS does not tell to which organisation a consumer belongs: while one is approved, connections of accounts
    /// that are not listed are neither accepted nor rejected. Set `[]` where every approved account is listed.
    #[schemars(inner(regex(
        pattern = r"^o-[a-z0-9]{10,32}(/r-[a-z0-9]{4,32}/(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}/)*)?$"
    )))]
    organizations: Option<BTreeSet<String>>,
    /// ARNs of approved roles, users and accounts, without wildcards. AWS names the account of a consumer alone, so that an
    /// ARN approves its account.
    #[schemars(inner(regex(
        pattern = r"^arn:aws(-[a-z-]*)?:(iam::[0-9]{12}:(root|(role|user)/[!-#%-)+->@-~]+)|sts::[0-9]{12}:federated-user/[!-#%-)+->@-~]+)$"
    )))]
    principals: Option<BTreeSet<String>>,
    /// Regions from which consumers may connect, besides that of the service.
    #[schemars(inner(regex(pattern = r"^[a-z]+(-[a-z]+)+-[0-9][0-9a-z]*$"), length(max = 32)))]
    regions: Option<BTreeSet<String>>,
    /// For how many hours a connection of an approved consumer may wait.
    #[schemars(range(min = 0, max = 8_760), extend("default" = WAITING_HOURS))]
    waiting_hours: Option<i64>,
}

/// Every given criterion must match.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ServiceSelector {
    #[schemars(inner(regex(pattern = r"^vpce-svc-[0-9a-f]+$")))]
    ids: Option<BTreeSet<String>>,
    #[schemars(inner(regex(
        pattern = r"^(cn\.)?com\.amazonaws\.vpce\.[a-z]+(-[a-z]+)+-[0-9][0-9a-z]*\.vpce-svc-[0-9a-f]+$"
    )))]
    names: Option<BTreeSet<String>>,
    /// Every one of these is on the service.
    tags: Option<Tags>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("oneOf" = [{"required": ["resource"]}, {"required": ["tag"]}]))]
struct Exemption {
    /// The name of the control.
    control: Control,
    /// The id of the VPC, subnet, route table, endpoint or endpoint service that the finding is about.
    #[schemars(regex(pattern = r"^(vpc|subnet|rtb|vpce|vpce-svc)-[0-9a-f]+$"))]
    resource: Option<String>,
    tag: Option<ExemptionTag>,
    /// Who accepts the finding, and why.
    #[schemars(regex(pattern = r"\S"))]
    reason: String,
    /// Who answers for it.
    #[schemars(regex(pattern = r"\S"))]
    owner: Option<String>,
    /// The day on which it was agreed.
    since: Option<Day>,
    /// The last day on which it applies, in UTC, or a date and time with its offset.
    #[schemars(extend("anyOf" = [{"format": "date"}, {"format": "date-time"}]))]
    expires: String,
}

/// A tag on the resource that the finding is about.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ExemptionTag {
    #[schemars(length(min = 1, max = 128))]
    key: String,
    #[schemars(length(max = 256))]
    value: String,
}

/// Exemptions by tag.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ExemptByTag {
    /// The controls from which the tag `postern:exempt` on a resource exempts it.
    #[schemars(extend("uniqueItems" = true))]
    controls: Option<Vec<Control>>,
}

/// A limit withholds the changes that count against it. The report names them and the limit.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Limits")]
struct LimitsTable {
    /// Changes that one invocation may apply.
    #[schemars(extend("default" = Limits::default().changes_per_run))]
    changes_per_run: Option<Count>,
    /// Changes that all functions may apply in one account and Region within an hour of the clock.
    #[schemars(extend("default" = Limits::default().changes_per_hour))]
    changes_per_hour: Option<Count>,
    /// US dollars a month that may be added to one VPC within a window.
    #[schemars(extend("default" = Limits::default().monthly_cost_per_vpc))]
    monthly_cost_per_vpc: Option<Amount>,
    /// US dollars a month that may be added in one account and Region within a window.
    #[schemars(extend("default" = Limits::default().monthly_cost_total))]
    monthly_cost_total: Option<Amount>,
    /// How often the same finding is remediated within a window before its remediation is suspended.
    #[schemars(range(min = 1, max = 100), extend("default" = Limits::default().attempts))]
    attempts: Option<i64>,
    /// The length of a window in hours.
    #[schemars(range(min = 1, max = 720), extend("default" = Limits::default().window_hours))]
    window_hours: Option<i64>,
    /// How many endpoints are closed first under a new perimeter; the others follow once these are verified. 0: all at
    /// once.
    #[schemars(extend("default" = Limits::default().canary_endpoints))]
    canary_endpoints: Option<Count>,
}

/// For how long the ledger keeps changes and pauses.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Ledger")]
struct LedgerTable {
    /// Days for which changes are kept.
    #[schemars(range(min = 31, max = 3_650), extend("default" = LedgerSettings::default().retention_days))]
    retention_days: Option<i64>,
    /// Days for which a remediation is paused after it was rolled back or released.
    #[schemars(range(min = 1, max = 3_650), extend("default" = LedgerSettings::default().pause_days))]
    pause_days: Option<i64>,
}

/// How often alerts are repeated.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Alerts")]
struct AlertsTable {
    /// After how many days a critical or high finding that stays open is reported again. 0 for never.
    #[schemars(range(min = 0, max = 365), extend("default" = AlertSettings::default().repeat_days))]
    repeat_days: Option<i64>,
}

/// The prices for the cost of plans.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Prices")]
struct PricesTable {
    /// US dollars for an interface endpoint in one Availability Zone for one hour, in Regions without a price of their
    /// own. Without it their price is unknown.
    interface_endpoint_zone_hour: Option<Amount>,
    /// The day on which the prices were looked up; `postern prices --write` writes it.
    as_of: Option<Day>,
    /// The same price for single Regions.
    regions: Option<RegionPrices>,
}

/// A type whose schema is written by hand.
macro_rules! shape {
    ($($name:ident: $schema:expr;)+) => {$(
        struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )+};
}

shape! {
    Day: json_schema!({"type": "string", "format": "date"});
    Amount: json_schema!({"type": "number", "minimum": 0});
    Count: json_schema!({"type": "integer", "minimum": 0});
    Control: json_schema!({"type": "string", "enum": control_names()});
    ServiceSet: json_schema!({"type": "string", "enum": SETS.iter().map(|set| set.name).collect::<Vec<_>>()});
    Tags: json_schema!({
        "type": "object",
        "propertyNames": {"minLength": 1, "maxLength": 128},
        "additionalProperties": {"type": "string", "maxLength": 256},
    });
    RegionPrices: json_schema!({
        "type": "object",
        "propertyNames": {"pattern": "^[a-z]+(-[a-z]+)+-[0-9][0-9a-z]*$"},
        "additionalProperties": {"type": "number", "minimum": 0},
    });
    Modes: json_schema!({"type": "object", "properties": modes(), "additionalProperties": false});
}

/// When interrupting changes are made.
fn window() -> Value {
    let time = |about| json!({"description": about, "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"});
    json!({
        "description": "When interrupting changes are made. Left out: at any time.",
        "type": "object",
        "properties": {
            "weekdays": {
                "description": "The days on which the window begins.",
                "type": "array",
                "items": {"type": "string", "enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
                "minItems": 1,
                "uniqueItems": true,
            },
            "from": time("Hours and minutes."),
            "to": time("Hours and minutes; on the next day where it is not after `from`."),
            "time_zone": {
                "description": "A name of the IANA time zone database.",
                "type": "string",
                "default": "UTC",
            },
        },
        "required": ["weekdays", "from", "to"],
        "additionalProperties": false,
    })
}

fn control_names() -> Vec<&'static str> {
    CONTROLS.iter().map(|control| control.name).collect()
}

fn modes() -> BTreeMap<&'static str, Value> {
    let mode = |about| json!({"description": about, "type": "string", "enum": [Mode::Off, Mode::Audit, Mode::Enforce]});
    let controls = CONTROLS.iter().map(|control| {
        let mut mode = mode(control.summary);
        if control.opt_in {
            mode["default"] = json!(Mode::Off);
        }
        (control.name, mode)
    });
    let mut default = mode("The mode of every control that is not named.");
    default["default"] = json!(Mode::default());
    let mut interrupting = json!({"description": "The mode of interrupting changes.", "type": "string"});
    interrupting["enum"] = json!([Mode::Audit, Mode::Enforce]);
    interrupting["default"] = json!(Mode::default());
    let interrupting = json!({
        "description": "Changes that drop live connections or change the path of traffic that flows.",
        "type": "object",
        "properties": {"mode": interrupting, "window": window()},
        "additionalProperties": false,
    });
    controls
        .chain([("default", default), ("interrupting", interrupting)])
        .collect()
}

/// In the draft that editors of TOML know, without references and without null, which TOML lacks.
fn schema() -> Value {
    let settings = SchemaSettings::draft07()
        .with(|settings| settings.inline_subschemas = true)
        .with_transform(RecursiveTransform(without_null));
    settings.into_generator().into_root_schema_for::<Document>().to_value()
}

fn without_null(schema: &mut Schema) {
    for key in ["type", "enum", "anyOf"] {
        let Some(Value::Array(of)) = schema.get_mut(key) else {
            continue;
        };
        of.retain(|one| !(one.is_null() || one == "null" || *one == json!({"type": "null"})));
        if key == "enum" || of.len() > 1 {
            continue;
        }
        match of.pop() {
            Some(Value::Object(only)) => {
                schema.remove(key);
                for (key, value) in only {
                    schema.insert(key, value);
                }
            }
            Some(only) => {
                schema.insert(key.to_owned(), only);
            }
            None => {}
        }
    }
}

mod tests {
    use std::path::{Path, PathBuf};

    use super::super::tests::cases::{BAD, GOOD};
    use super::super::tests::{SHIPPED, parse, uncommented};
    use super::*;

    fn committed() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/postern.schema.json")
    }

    /// As editors turn TOML into JSON: dates become strings.
    fn json_of(text: &str) -> Value {
        fn convert(value: toml::Value) -> Value {
            match value {
                toml::Value::Datetime(at) => json!(at.to_string()),
                toml::Value::Array(items) => items.into_iter().map(convert).collect(),
                toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, convert(value))).collect(),
                toml::Value::Float(number) => json!(number),
                other => serde_json::to_value(other).unwrap(),
            }
        }
        convert(toml::Value::Table(text.parse().unwrap()))
    }

    fn invalid(text: &str) -> Vec<String> {
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema())
            .unwrap();
        validator
            .iter_errors(&json_of(text))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the file is what is tested")]
    fn the_committed_schema_is_current() {
        let generated = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        if std::env::var_os("GENERATE").is_some() {
            std::fs::create_dir_all(committed().parent().unwrap()).unwrap();
            std::fs::write(committed(), &generated).unwrap();
        }
        let current = std::fs::read_to_string(committed()).unwrap_or_default();
        assert!(current == generated, "the schema is not current: run `make generate`");
    }

    #[test]
    fn the_shipped_file_is_valid_with_and_without_its_comments() {
        for text in [SHIPPED, &uncommented(SHIPPED)] {
            assert_eq!(invalid(text), Vec::<String>::new());
        }
    }

    #[test]
    fn accepted_settings_are_valid_by_the_schema() {
        for text in GOOD {
            assert_eq!(invalid(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn refused_settings_are_invalid_where_a_schema_can_express_it() {
        for bad in BAD.into_iter().flatten() {
            assert_ne!(
                invalid(bad.text).is_empty(),
                bad.in_schema,
                "{}: {:?}",
                bad.text,
                invalid(bad.text)
            );
        }
    }

    #[test]
    fn the_reader_knows_exactly_the_keys_of_the_schema() {
        let mut tables = 0;
        each_table(&schema(), &mut Vec::new(), &mut |path, properties| {
            tables += 1;
            let mut document = json!({"no-such-key": "x"});
            for step in path.iter().rev() {
                document = match *step {
                    "[]" => json!([document]),
                    key => json!({key: document}),
                };
            }
            let text = toml::to_string(&document).unwrap();
            let error = parse(&text).unwrap_err().to_string();
            let known = error
                .lines()
                .find_map(|line| line.split_once("no-such-key: unknown ")?.1.split_once("; known are "))
                .unwrap_or_else(|| panic!("{text}{error}"))
                .1;
            let known: BTreeSet<_> = known.split(", ").map(|key| key.trim_matches('`')).collect();
            assert_eq!(known, properties.keys().map(String::as_str).collect(), "{path:?}");
        });
        assert_eq!(tables, 21);
    }

    #[test]
    fn the_shipped_file_shows_every_key() {
        let shipped = json_of(&uncommented(SHIPPED));
        each_table(&schema(), &mut Vec::new(), &mut |path, properties| {
            let tables = path.iter().fold(vec![&shipped], |tables, step| {
                tables.into_iter().flat_map(|table| below(table, step)).collect()
            });
            for key in properties.keys() {
                assert!(tables.iter().any(|table| table.get(key).is_some()), "{path:?} {key}");
            }
        });
    }

    fn below<'a>(table: &'a Value, step: &str) -> Vec<&'a Value> {
        match (step, table.as_array()) {
            ("[]", Some(items)) => items.iter().collect(),
            (key, _) => table.get(key).into_iter().collect(),
        }
    }

    fn each_table<'a>(
        schema: &'a Value,
        path: &mut Vec<&'a str>,
        visit: &mut impl FnMut(&[&str], &serde_json::Map<String, Value>),
    ) {
        if let Some(items) = schema.get("items") {
            path.push("[]");
            each_table(items, path, visit);
            path.pop();
        }
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return;
        };
        assert_eq!(schema["additionalProperties"], json!(false), "{path:?}");
        visit(path, properties);
        for (key, value) in properties {
            path.push(key);
            each_table(value, path, visit);
            path.pop();
        }
    }
}
