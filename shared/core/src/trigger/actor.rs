//! Who made a call, and whether it was one of our own roles.

use serde_json::Value;

use super::Actor;
use super::body::text;
use crate::model::arn::Arn;
use crate::model::text::excerpt;

/// The longest text that is taken over from an event, in characters.
pub(super) const TEXT_LIMIT: usize = 512;

/// The caller in the `detail` of an event; None if nothing in it names the caller.
pub(super) fn actor(detail: &Value) -> Option<Actor> {
    let identity = detail.get("userIdentity").unwrap_or(&Value::Null);
    let source_address = field(detail, "/sourceIPAddress");
    let names = [
        "/arn",
        "/userName",
        "/principalId",
        "/onBehalfOf/userId",
        "/invokedBy",
        "/accountId",
    ];
    let name = names.into_iter().find_map(|pointer| field(identity, pointer));
    Some(Actor {
        identity: name.or_else(|| source_address.clone())?,
        identity_type: field(identity, "/type"),
        user_agent: field(detail, "/userAgent"),
        source_address,
        invoked_by: field(identity, "/invokedBy"),
    })
}

/// Whether the caller acted as one of these roles, given as ARNs of roles or of their sessions.
pub(super) fn acted_as(detail: &Value, roles: &[&str]) -> bool {
    ["/userIdentity/sessionContext/sessionIssuer/arn", "/userIdentity/arn"]
        .into_iter()
        .filter_map(|pointer| detail.pointer(pointer)?.as_str().and_then(Role::of))
        .any(|caller| roles.iter().any(|role| Role::of(role) == Some(caller)))
}

fn field(value: &Value, pointer: &str) -> Option<String> {
    value
        .pointer(pointer)
        .and_then(text)
        .map(|text| excerpt(&text, TEXT_LIMIT))
}

/// A role by what its own ARN and those of its sessions share. The path is only in the former, and
/// a name is unique within an account without it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Role<'a> {
    partition: &'a str,
    account: &'a str,
    name: &'a str,
}

impl<'a> Role<'a> {
    fn of(arn: &'a str) -> Option<Self> {
        let arn = Arn::parse(arn)?;
        let name = match arn.service {
            "iam" => arn.resource.strip_prefix("role/")?.rsplit('/').next()?,
            "sts" => arn.resource.strip_prefix("assumed-role/")?.split('/').next()?,
            _ => return None,
        };
        (!name.is_empty()).then_some(Self {
            partition: arn.partition,
            account: arn.account,
            name,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: &str = "arn:aws:iam::111122223333:role/postern/postern-endpoint-inspector";

    fn name(identity: Value) -> Option<String> {
        actor(&json!({"userIdentity": identity})).map(|actor| actor.identity)
    }

    #[test]
    fn actor_is_named_by_the_most_specific_field() {
        let full = json!({
            "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ada", "userName": "ada",
            "principalId": "AIDAEXAMPLE", "accountId": "111122223333", "invokedBy": "cloudformation.amazonaws.com"
        });
        assert_eq!(name(full).as_deref(), Some("arn:aws:iam::111122223333:user/ada"));
        assert_eq!(
            name(json!({"arn": "", "userName": "ada", "principalId": "P"})).as_deref(),
            Some("ada")
        );
        assert_eq!(
            name(json!({"principalId": "P", "accountId": "1"})).as_deref(),
            Some("P")
        );
        assert_eq!(
            name(json!({"accountId": "111122223333", "onBehalfOf": {"userId": "u-1"}})).as_deref(),
            Some("u-1")
        );
        assert_eq!(
            name(json!({"accountId": "111122223333", "invokedBy": "ec2.amazonaws.com"})).as_deref(),
            Some("ec2.amazonaws.com")
        );
        assert_eq!(
            name(json!({"accountId": 111122223333_u64})).as_deref(),
            Some("111122223333")
        );
    }

    #[test]
    fn missing_identity_falls_back_to_the_address() {
        for identity in [json!(null), json!(""), json!([]), json!({}), json!(7)] {
            assert_eq!(name(identity.clone()), None, "{identity}");
            let detail = json!({"userIdentity": identity, "sourceIPAddress": "192.0.2.7"});
            assert_eq!(actor(&detail).expect("an actor").identity, "192.0.2.7");
        }
    }

    #[test]
    fn every_field_of_the_actor_is_read() {
        let detail = json!({
            "userIdentity": {"type": "AWSService", "invokedBy": "rds.amazonaws.com"},
            "userAgent": "rds.amazonaws.com", "sourceIPAddress": "rds.amazonaws.com"
        });
        let rds = || Some("rds.amazonaws.com".to_owned());
        let expected = Actor {
            identity: "rds.amazonaws.com".to_owned(),
            identity_type: Some("AWSService".to_owned()),
            user_agent: rds(),
            source_address: rds(),
            invoked_by: rds(),
        };
        assert_eq!(actor(&detail), Some(expected));
    }

    #[test]
    fn hostile_text_is_escaped_and_cut() {
        let detail = json!({"userIdentity": {"arn": "x\r\n"}, "userAgent": "y\u{0}".repeat(1000)});
        let actor = actor(&detail).expect("an actor");
        assert_eq!(actor.identity, r"x\r\n");
        assert_eq!(actor.user_agent.expect("a user agent").chars().count(), TEXT_LIMIT);
    }

    #[test]
    fn session_of_an_own_role_is_our_own() {
        let issuer = json!({"userIdentity": {"sessionContext": {"sessionIssuer": {"arn": OWN}}}});
        let session = "arn:aws:sts::111122223333:assumed-role/postern-endpoint-inspector/run";
        let bare = json!({"userIdentity": {"arn": session, "sessionContext": {"sessionIssuer": {}}}});
        for detail in [&issuer, &bare] {
            assert!(
                acted_as(detail, &["arn:aws:iam::111122223333:role/other", OWN]),
                "{detail}"
            );
            assert!(acted_as(detail, &[session]), "{detail}");
            assert!(!acted_as(detail, &[]), "{detail}");
        }
    }

    #[test]
    fn role_of_another_account_or_name_is_not_our_own() {
        for arn in [
            "arn:aws:sts::444455556666:assumed-role/postern-endpoint-inspector/run",
            "arn:aws-cn:sts::111122223333:assumed-role/postern-endpoint-inspector/run",
            "arn:aws:sts::111122223333:assumed-role/postern-endpoint-inspector-2/run",
            "arn:aws:sts::111122223333:assumed-role/other/postern-endpoint-inspector",
            "arn:aws:iam::111122223333:user/postern-endpoint-inspector",
            "postern-endpoint-inspector",
            "arn:aws:iam::111122223333:role/",
            "",
        ] {
            let detail = json!({"userIdentity": {"arn": arn}});
            assert!(!acted_as(&detail, &[OWN, "not an arn", ""]), "{arn}");
        }
    }
}
