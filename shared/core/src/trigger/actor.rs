//! Who made a call, in words that are safe to print; and whether it was ourselves.

use serde_json::Value;

use super::Actor;
use super::body::text;

/// The longest text that is taken over from an event, in characters.
pub(super) const TEXT_LIMIT: usize = 512;

/// The caller as an event's `detail` names it; `None` if nothing in it names anybody.
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

/// A text that is safe to print: no control or direction characters, bounded in length.
pub(super) fn printable(text: &str) -> String {
    let mut characters = text.chars();
    let mut printable: String = characters
        .by_ref()
        .take(TEXT_LIMIT)
        .map(|character| if is_hidden(character) { '\u{fffd}' } else { character })
        .collect();
    if characters.next().is_some() {
        printable.pop();
        printable.push('…');
    }
    printable
}

fn field(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(text).map(|text| printable(&text))
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
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
        let mut parts = arn.strip_prefix("arn:")?.splitn(5, ':');
        let (partition, service) = (parts.next()?, parts.next()?);
        let (_, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let name = match service {
            "iam" => resource.strip_prefix("role/")?.rsplit('/').next()?,
            "sts" => resource.strip_prefix("assumed-role/")?.split('/').next()?,
            _ => return None,
        };
        (!name.is_empty()).then_some(Self {
            partition,
            account,
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
    fn the_best_name_is_taken() {
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
    fn a_missing_identity_leaves_the_address_or_nobody() {
        for identity in [json!(null), json!(""), json!([]), json!({}), json!(7)] {
            assert_eq!(name(identity.clone()), None, "{identity}");
            let detail = json!({"userIdentity": identity, "sourceIPAddress": "192.0.2.7"});
            assert_eq!(actor(&detail).expect("an actor").identity, "192.0.2.7");
        }
    }

    #[test]
    fn every_field_is_taken_over() {
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
    fn hostile_text_is_cut_and_defused() {
        assert_eq!(printable("a\n\u{1b}[31m\u{202e}b"), "a\u{fffd}\u{fffd}[31m\u{fffd}b");
        assert_eq!(printable(&"é".repeat(TEXT_LIMIT)), "é".repeat(TEXT_LIMIT));
        let cut = printable(&"é".repeat(TEXT_LIMIT + 1));
        assert_eq!(cut.chars().count(), TEXT_LIMIT);
        assert!(cut.ends_with("é…"));
        let detail = json!({"userIdentity": {"arn": "x\r\n"}, "userAgent": "y\u{0}".repeat(1000)});
        let actor = actor(&detail).expect("an actor");
        assert_eq!(actor.identity, "x\u{fffd}\u{fffd}");
        assert_eq!(actor.user_agent.expect("a user agent").chars().count(), TEXT_LIMIT);
    }

    #[test]
    fn a_session_of_an_own_role_is_ourselves() {
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
    fn nobody_else_is_taken_for_ourselves() {
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
