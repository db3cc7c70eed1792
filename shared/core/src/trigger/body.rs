//! One way to read both dialects in which CloudTrail records the requests and responses of EC2.
//!
//! The plain dialect has the API's own names at the top level and lists as `{"items": […]}`. The
//! wrapped dialect is XML turned into JSON: one key around everything, lists as
//! `{"tag": 1, "content": …}` or `{"item": …}`, an empty thing as `""`, and scalars re-typed by
//! what they look like.

use serde_json::{Map, Value};

/// The request or the response of a recorded call. Absent, omitted and empty bodies read alike.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body<'a>(Option<&'a Map<String, Value>>);

impl<'a> Body<'a> {
    pub(super) fn new(value: Option<&'a Value>) -> Self {
        Self(value.and_then(Value::as_object))
    }

    /// The values at a path of names joined by dots, through lists, without regard to case.
    ///
    /// A body whose only key is not the one asked for counts as wrapped, whatever that key is
    /// called.
    pub(super) fn values(self, path: &str) -> Vec<&'a Value> {
        let Some(body) = self.0 else { return Vec::new() };
        let found = walk(body, path);
        if !found.is_empty() || body.len() != 1 {
            return found;
        }
        body.values()
            .filter_map(Value::as_object)
            .flat_map(|wrapped| walk(wrapped, path))
            .collect()
    }

    /// The scalars at a path, as text.
    pub(super) fn texts(self, path: &str) -> Vec<String> {
        self.values(path).into_iter().filter_map(text).collect()
    }
}

/// A scalar that stands for a text. Digits may have been re-typed as a number.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A truth value, which may have been recorded as text.
pub(super) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn walk<'a>(object: &'a Map<String, Value>, path: &str) -> Vec<&'a Value> {
    let (name, rest) = match path.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    let here = object
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .flat_map(|(_, value)| members(value));
    match rest {
        None => here.collect(),
        Some(rest) => here
            .filter_map(Value::as_object)
            .flat_map(|object| walk(object, rest))
            .collect(),
    }
}

/// What a value holds: the members of a list in any of its forms, or the value itself.
fn members(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::Array(list) => list.iter().flat_map(members).collect(),
        Value::Object(object) => match list_of(object) {
            Some(list) => members(list),
            None if object.is_empty() => Vec::new(),
            None => vec![value],
        },
        Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![value],
    }
}

/// The list inside its wrapping.
fn list_of(object: &Map<String, Value>) -> Option<&Value> {
    let tagged = || object.get("content").filter(|_| object.contains_key("tag"));
    object.get("items").or_else(|| object.get("item")).or_else(tagged)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(body: Value, path: &str) -> Vec<String> {
        Body::new(Some(&body)).texts(path)
    }

    #[test]
    fn name_is_found_plain_and_in_any_wrapper() {
        for body in [
            json!({"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24"}),
            json!({"vpcId": "vpc-1"}),
            json!({"CreateSubnetRequest": {"VpcId": "vpc-1"}}),
            json!({"Anything": {"VpcId": "vpc-1", "Other": true}}),
        ] {
            assert_eq!(texts(body.clone(), "vpcId"), ["vpc-1"], "{body}");
        }
    }

    #[test]
    fn object_with_several_keys_is_no_wrapper() {
        let body = json!({"one": {"vpcId": "vpc-1"}, "two": {"vpcId": "vpc-2"}});
        assert!(texts(body, "vpcId").is_empty());
    }

    #[test]
    fn every_form_of_a_list_is_read_alike() {
        for list in [
            json!({"items": [{"groupId": "sg-1"}, {"groupId": "sg-2"}]}),
            json!({"item": [{"groupId": "sg-1"}, {"groupId": "sg-2"}]}),
            json!([{"GroupId": "sg-1", "tag": 1}, {"GroupId": "sg-2", "tag": 2}]),
            json!([{"tag": 1, "content": {"GroupId": "sg-1"}}, {"tag": 2, "content": {"GroupId": "sg-2"}}]),
        ] {
            assert_eq!(
                texts(json!({"rules": list, "more": 1}), "rules.groupId"),
                ["sg-1", "sg-2"],
                "{list}"
            );
        }
        for list in [
            json!(["subnet-1", "subnet-2"]),
            json!({"item": ["subnet-1", "subnet-2"]}),
            json!({"tag": 1, "content": ["subnet-1", "subnet-2"]}),
            json!([{"tag": 1, "content": "subnet-1"}, {"tag": 2, "content": "subnet-2"}]),
        ] {
            assert_eq!(
                texts(json!({"W": {"SubnetId": list}}), "subnetId"),
                ["subnet-1", "subnet-2"],
                "{list}"
            );
        }
    }

    #[test]
    fn one_member_needs_no_list() {
        for one in [
            json!("rtb-1"),
            json!({"item": "rtb-1"}),
            json!({"tag": 1, "content": "rtb-1"}),
        ] {
            assert_eq!(
                texts(json!({"W": {"RouteTableId": one}}), "routeTableId"),
                ["rtb-1"],
                "{one}"
            );
        }
        let structure = json!({"W": {"Rule": {"tag": 1, "GroupId": "sg-1"}}});
        assert_eq!(texts(structure, "rule.groupId"), ["sg-1"]);
        let named = json!({"W": {"Rule": {"content": "x", "GroupId": "sg-1"}}});
        assert_eq!(texts(named, "rule.groupId"), ["sg-1"]);
    }

    #[test]
    fn empty_in_any_form_is_empty() {
        for empty in [
            json!(""),
            json!(null),
            json!({}),
            json!([]),
            json!({"items": []}),
            json!({"item": ""}),
        ] {
            assert!(
                texts(json!({"W": {"SubnetId": empty}}), "subnetId").is_empty(),
                "{empty}"
            );
            assert!(texts(json!({"W": empty}), "subnetId").is_empty(), "{empty}");
            assert!(texts(empty.clone(), "subnetId").is_empty(), "{empty}");
        }
        assert!(Body::new(None).texts("subnetId").is_empty());
    }

    #[test]
    fn numbers_read_as_text_and_texts_as_truth_values() {
        assert_eq!(text(&json!(111122223333_u64)).as_deref(), Some("111122223333"));
        assert_eq!(text(&json!(true)), None);
        assert_eq!(flag(&json!("False")), Some(false));
        assert_eq!(flag(&json!(true)), Some(true));
        assert_eq!(flag(&json!(0)), None);
    }
}
