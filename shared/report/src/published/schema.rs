//! The JSON Schema of a report.

use schemars::generate::SchemaSettings;
use schemars::transform::transform_subschemas;
use schemars::{JsonSchema, Schema};

use super::Report;

pub fn schema() -> Schema {
    closed::<Report>()
}

/// The schema of a type. Objects have no properties but the described ones; only the parameters of a change are open.
pub(crate) fn closed<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    close(&mut schema);
    schema
}

fn close(schema: &mut Schema) {
    if schema.get("properties").is_some() {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
    transform_subschemas(&mut close, schema);
}
