//! `[modes]`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::controls::CONTROLS;
use crate::settings::Mode;

pub(super) fn modes() -> BTreeMap<&'static str, Value> {
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
