//! Types whose schema is written by hand.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::modes::modes;
use crate::controls::CONTROLS;
use crate::settings::sets::SETS;

/// A type whose schema is written by hand.
macro_rules! shape {
    ($($name:ident: $schema:expr;)+) => {$(
        pub(super) struct $name;

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
        "additionalProperties": {"anyOf": [
            {"type": "number", "minimum": 0},
            {
                "type": "object",
                "properties": {
                    "interface_endpoint_zone_hour": {"type": "number", "minimum": 0},
                    "interface_endpoint_gigabyte": {"type": "number", "minimum": 0},
                    "nat_gateway_gigabyte": {"type": "number", "minimum": 0},
                },
                "additionalProperties": false,
            },
        ]},
    });
    Modes: json_schema!({"type": "object", "properties": modes(), "additionalProperties": false});
}

fn control_names() -> Vec<&'static str> {
    CONTROLS.iter().map(|control| control.name).collect()
}
