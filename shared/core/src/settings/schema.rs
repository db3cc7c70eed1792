//! The JSON Schema of `postern.toml` for editors, and the proofs that it says what the reader does.
#![expect(dead_code, reason = "of these types only the schema is used")]

mod exemptions;
mod limits;
mod modes;
mod perimeter;
mod providers;
mod requirements;
mod shapes;
mod tests;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use self::exemptions::{ExemptByTag, Exemption};
use self::limits::{AlertsTable, LedgerTable, LimitsTable, PricesTable, TrafficTable};
use self::perimeter::Perimeter;
use self::providers::Provider;
use self::requirements::{ApprovedServices, Central, Requirement};
use self::shapes::Modes;

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
    traffic: Option<TrafficTable>,
    prices: Option<PricesTable>,
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
