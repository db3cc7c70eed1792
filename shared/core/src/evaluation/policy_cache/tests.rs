use super::*;
use crate::testing::{ALLOW_ALL, perimeter};

fn endpoint(vpc: &str, id: &str) -> EndpointContext {
    EndpointContext {
        service: "com.amazonaws.eu-central-1.sts".to_owned(),
        gateway: false,
        owner: "111122223333".to_owned(),
        region: "eu-central-1".to_owned(),
        vpc: vpc.to_owned(),
        endpoint: id.to_owned(),
        time: 1_800_000_000,
    }
}

/// Whether one analysis serves endpoints of two VPCs.
fn shared(policies: &PolicyCache, [first, second]: [&str; 2]) -> bool {
    let perimeter = perimeter();
    let one = policies
        .policy(first, &perimeter, endpoint("vpc-0a", "vpce-1"))
        .unwrap();
    let other = policies
        .policy(second, &perimeter, endpoint("vpc-0b", "vpce-2"))
        .unwrap();
    Arc::ptr_eq(&one, &other)
}

fn allow_if(condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{condition}}}]}}"#
    )
}

#[test]
fn policy_that_names_no_single_endpoint_is_analysed_once() {
    let policies = PolicyCache::default();
    let organization = allow_if(r#"{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1"}}"#);
    for text in [ALLOW_ALL, &organization] {
        assert!(shared(&policies, [text, text]), "{text}");
    }
}

#[test]
fn policy_that_may_depend_on_endpoint_vpc_or_time_is_analysed_for_each() {
    let policies = PolicyCache::default();
    for condition in [
        r#"{"StringEquals":{"aws:SourceVpce":"vpce-1"}}"#,
        r#"{"StringEquals":{"aws:SourceVpc":"vpc-0a"}}"#,
        r#"{"StringEquals":{"AWS:SOURCEVPC":"vpc-0a"}}"#,
        r#"{"StringEquals":{"aws:\u0053ourceVpc":"vpc-0a"}}"#,
        r#"{"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}"#,
        r#"{"NumericLessThan":{"aws:EpochTime":"1900000000"}}"#,
    ] {
        let text = allow_if(condition);
        assert!(!shared(&policies, [&text, &text]), "{text}");
    }
}

#[test]
fn policies_with_other_services_owners_regions_kinds_and_perimeters_are_apart() {
    let policies = PolicyCache::default();
    let of = |endpoint: &EndpointContext, perimeter: &Perimeter| {
        policies.policy(ALLOW_ALL, perimeter, endpoint.clone()).unwrap()
    };
    let (usual, trusted) = (endpoint("vpc-0a", "vpce-1"), perimeter());
    let known = of(&usual, &trusted);
    let edits: [fn(&mut EndpointContext); 4] = [
        |endpoint| "com.amazonaws.eu-central-1.kms".clone_into(&mut endpoint.service),
        |endpoint| "444455556666".clone_into(&mut endpoint.owner),
        |endpoint| "us-east-1".clone_into(&mut endpoint.region),
        |endpoint| endpoint.gateway = true,
    ];
    for edit in edits {
        let mut other = usual.clone();
        edit(&mut other);
        assert!(!Arc::ptr_eq(&known, &of(&other, &trusted)), "{other:?}");
    }
    let wider = Perimeter {
        accounts: vec!["444455556666".to_owned()],
        ..trusted.clone()
    };
    assert!(!Arc::ptr_eq(&known, &of(&usual, &wider)));
    assert!(Arc::ptr_eq(&known, &of(&usual, &trusted)));
}

#[test]
fn fix_for_one_vpc_is_that_for_another_with_its_id() {
    let (policies, trusted) = (PolicyCache::default(), perimeter());
    let bound = |policies: &PolicyCache, vpc: &str| {
        let policy = policies.policy(ALLOW_ALL, &trusted, endpoint(vpc, "vpce-1")).unwrap();
        let Binding::Unbound { fix: Ok(fix), .. } = policies.binding(&policy, &trusted) else {
            panic!("{policy:#?}")
        };
        policy.said_for(&vpc.into(), &fix.text).into_owned()
    };
    let texts = ["vpc-0a", "vpc-0b"].map(|vpc| bound(&policies, vpc));
    for (text, vpc) in texts.iter().zip(["vpc-0a", "vpc-0b"]) {
        assert_eq!(text.matches("vpc-").collect::<Vec<_>>().len(), 1, "{text}");
        assert!(
            text.contains(&format!(r#""aws:Ec2InstanceSourceVPC":"{vpc}""#)),
            "{text}"
        );
        let document = Document::parse(ALLOW_ALL).unwrap();
        let Binding::Unbound { fix: Ok(alone), .. } = bind(&document, &trusted, &endpoint(vpc, "vpce-1")) else {
            panic!("not bound alone")
        };
        assert_eq!(*text, alone.text);
        let fixed = Document::parse(text).unwrap();
        assert_eq!(bind(&fixed, &trusted, &endpoint(vpc, "vpce-1")), Binding::Bound);
    }
    let [first, second] = &texts;
    assert!(shared(&policies, [first, second]), "each VPC's own fix");
    assert!(!shared(&policies, [first, first]), "a fix of another VPC");
}

#[test]
fn cache_is_bounded() {
    let (policies, trusted) = (PolicyCache::default(), perimeter());
    let long = "x".repeat(MOST_BYTES / 4);
    for number in 0..10 {
        let text = format!("{number}{long}");
        policies
            .policy(&text, &trusted, endpoint("vpc-0a", "vpce-1"))
            .unwrap_err();
        assert!(policies.kept().bytes <= MOST_BYTES);
    }
    for accounts in 0..10 {
        let perimeter = Perimeter {
            accounts: vec![format!("{accounts:012}")],
            ..perimeter()
        };
        policies
            .policy("{}", &perimeter, endpoint("vpc-0a", "vpce-1"))
            .unwrap_err();
        assert!(policies.kept().perimeters.len() <= MOST_PERIMETERS);
    }
    for number in 0..MOST_TEXTS + 10 {
        let text = number.to_string();
        policies
            .policy(&text, &trusted, endpoint("vpc-0a", "vpce-1"))
            .unwrap_err();
        assert!(policies.kept().texts <= MOST_TEXTS);
    }
}
