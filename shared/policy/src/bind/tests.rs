use super::*;
use crate::analyse;
use crate::{Decision, evaluate, fix, template};

const OPEN: &str =
    r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
const VPC: &str = "vpc-0a1b2c3d4e5f60718";

fn perimeter() -> Perimeter {
    Perimeter {
        organizations: vec!["o-exampleorg1".to_owned()],
        aws_services: true,
        ..Perimeter::default()
    }
}

fn endpoint(service: &str) -> EndpointContext {
    EndpointContext {
        service: service.to_owned(),
        gateway: false,
        owner: "111122223333".to_owned(),
        region: "us-east-1".to_owned(),
        vpc: VPC.to_owned(),
        endpoint: "vpce-0a1b2c3d4e5f60718".to_owned(),
        time: 1_795_392_000,
    }
}

fn binding(text: &str) -> Binding {
    bind(&Document::parse(text).unwrap(), &perimeter(), &endpoint("sqs"))
}

/// The document with the Deny, and the witness against it without.
fn unbound(text: &str) -> (Fix, Request) {
    match binding(text) {
        Binding::Unbound { witness, fix } => (fix.unwrap(), *witness),
        other => panic!("{other:?}"),
    }
}

fn with(condition: &str) -> String {
    let deny = format!(
        r#"{{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{}}}"#,
        condition
    );
    OPEN.replace("2008-10-17", "2012-10-17")
        .replace(r#""Resource":"*"}]"#, &format!(r#""Resource":"*"}},{deny}]"#))
}

#[test]
fn unbound_policy_admits_credentials_of_an_instance_in_another_vpc() {
    let (fix, witness) = unbound(OPEN);
    let values = &witness.context["aws:Ec2InstanceSourceVPC"];
    assert_ne!(values, &[VPC]);
    assert!(evaluate(&Document::parse(OPEN).unwrap(), &witness).is_allowed());
    let bound = Document::parse(&fix.text).unwrap();
    assert_eq!(evaluate(&bound, &witness), Decision::Denied { statement: 1 });
    insta::assert_snapshot!(fix.added.join("\n"), @r#"{"Sid":"DenyInstanceCredentialsOfOtherVpcs","Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:Ec2InstanceSourceVPC":"vpc-0a1b2c3d4e5f60718"},"Null":{"aws:Ec2InstanceSourceVPC":"false","ec2:SourceInstanceARN":"false"},"BoolIfExists":{"aws:ViaAWSService":"false"}}}"#);
}

#[test]
fn binding_denies_only_credentials_of_other_vpcs() {
    let (fix, witness) = unbound(OPEN);
    let bound = Document::parse(&fix.text).unwrap();
    let allows = |key: &str, value: Option<&str>| {
        let mut request = witness.clone();
        request.context.remove(key);
        let values = value.map(|value| (key.to_owned(), vec![value.to_owned()]));
        request.context.extend(values);
        evaluate(&bound, &request).is_allowed()
    };
    assert!(!allows("aws:Ec2InstanceSourceVPC", Some("vpc-0bbbbbbbbbbbbbbbb")));
    assert!(allows("aws:Ec2InstanceSourceVPC", Some(VPC)), "the VPC's own instances");
    assert!(allows("aws:Ec2InstanceSourceVPC", None), "credentials of no instance");
    assert!(allows("aws:ViaAWSService", Some("true")), "services on its behalf");
}

#[test]
fn bound_policy_stays_as_it_is() {
    assert_eq!(binding(&unbound(OPEN).0.text), Binding::Bound);
}

#[test]
fn statement_of_the_aws_guidance_binds_in_either_spelling() {
    for condition in [
        r#"{"StringNotEquals":{"aws:ec2InstanceSourceVPC":"${aws:SourceVpc}"},"Null":{"ec2:SourceInstanceARN":"false"},"BoolIfExists":{"aws:ViaAWSService":"false"}}"#,
        r#"{"StringNotEqualsIfExists":{"aws:Ec2InstanceSourceVPC":"${aws:SourceVpc}"},"Null":{"aws:Ec2InstanceSourceVPC":"false"}}"#,
        r#"{"StringNotLike":{"aws:Ec2InstanceSourceVPC":["vpc-0a1b2c3d4e5f60718"]},"Null":{"ec2:SourceInstanceARN":"false"}}"#,
    ] {
        assert_eq!(binding(&with(condition)), Binding::Bound, "{condition}");
    }
}

#[test]
fn similar_statement_does_not_bind() {
    for condition in [
        // Every VPC's.
        r#"{"StringNotLike":{"aws:Ec2InstanceSourceVPC":"vpc-*"},"Null":{"ec2:SourceInstanceARN":"false"}}"#,
        // Another VPC.
        r#"{"StringEquals":{"aws:Ec2InstanceSourceVPC":"vpc-0bbbbbbbbbbbbbbbb"}}"#,
        // Its instances are stopped, the others are not.
        r#"{"StringEquals":{"aws:Ec2InstanceSourceVPC":"${aws:SourceVpc}"},"Null":{"ec2:SourceInstanceARN":"false"}}"#,
        // Two keys in one block are ANDed.
        r#"{"StringNotEquals":{"aws:Ec2InstanceSourceVPC":"${aws:SourceVpc}","aws:PrincipalOrgID":"o-exampleorg1"}}"#,
    ] {
        unbound(&with(condition));
    }
    // Without the newer Version this is no variable but a text that no VPC is called by: even its own are stopped.
    let old = with(
        r#"{"StringNotEquals":{"aws:Ec2InstanceSourceVPC":"${aws:SourceVpc}"},"Null":{"ec2:SourceInstanceARN":"false"}}"#,
    );
    assert_eq!(binding(&old.replace("2012-10-17", "2008-10-17")), Binding::Bound);
}

#[test]
fn closing_and_binding_go_together_in_either_order() {
    let close = |text: &str| fix(&Document::parse(text).unwrap(), &perimeter(), &endpoint("sqs")).unwrap();
    let closed_first = unbound(&close(OPEN).text).0.text;
    let bound_first = close(&unbound(OPEN).0.text).text;
    for text in [closed_first, bound_first] {
        assert_eq!(binding(&text), Binding::Bound, "{text}");
        assert_eq!(close(&text).added, [""; 0], "{text}");
    }
}

#[test]
fn perimeter_policies_can_be_bound() {
    for service in ["s3", "sts", "kms", "ecr.api", "ssm", "dynamodb"] {
        let text = template(service, "us-east-1", &perimeter()).unwrap();
        let at = endpoint(service);
        let document = Document::parse(&text).unwrap();
        let Binding::Unbound { fix: Ok(fix), .. } = bind(&document, &perimeter(), &at) else {
            panic!("{service}")
        };
        let bound = Document::parse(&fix.text).unwrap();
        assert_eq!(bind(&bound, &perimeter(), &at), Binding::Bound, "{service}");
        assert_eq!(
            analyse(&bound, &perimeter(), &at).verdict,
            Containment::Closed,
            "{service}"
        );
    }
}

#[test]
fn binding_needs_room_in_the_document_and_a_known_vpc() {
    let long = OPEN.replace(
        r#""Action":"*""#,
        &format!(r#""Action":["*","sqs:{}"]"#, "x".repeat(20_300)),
    );
    let Binding::Unbound { fix, .. } = binding(&long) else {
        panic!("bound")
    };
    assert!(matches!(fix, Err(NoFix::TooLong(_))), "{fix:?}");
    let nowhere = EndpointContext {
        vpc: String::new(),
        ..endpoint("sqs")
    };
    let answer = bind(&Document::parse(OPEN).unwrap(), &perimeter(), &nowhere);
    assert!(matches!(answer, Binding::Undecided(_)), "{answer:?}");
}
