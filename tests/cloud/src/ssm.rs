//! SSM: `GetParameter` by ARN.

use serde_json::{Value, json};

use crate::errors::Bytes;
use crate::not_modelled;
use crate::world::World;

pub(crate) fn answer(world: &World, target: &str, body: &[u8]) -> Bytes {
    if target != "AmazonSSM.GetParameter" {
        not_modelled(target);
    }
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let arn = request.get("Name").and_then(Value::as_str).unwrap_or_default();
    let (status, answer) = match world.parameters.get(arn) {
        Some(value) => (
            200,
            json!({"Parameter": {"ARN": arn, "Type": "String", "Value": value, "Version": 1}}),
        ),
        None => (400, json!({"__type": "ParameterNotFound"})),
    };
    (status, answer.to_string().into_bytes())
}
