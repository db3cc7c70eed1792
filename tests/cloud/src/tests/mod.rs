//! The model cloud as Postern's own code sees it.

mod central;
mod differential;
mod foreign_account;
mod read_pace;
mod traffic;
mod undone_at_once;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fastrand::Rng;
use postern_core::changes::{
    AddSubnet, AssociateRouteTable, AttachManagedGroup, AuthorizeIngress, Change, ChangeOutcome, CreateManagedGroup,
    DnsAttribute, EnablePrivateDns, EnableVpcDns, HTTPS, IsolateEndpoint, ManagedGroup, NewEndpoint as Wanted,
    QuarantineEndpoint, ReplacePolicy,
};
use postern_core::model::address::AddressType;
use postern_core::model::endpoint::EndpointKind;
use postern_core::model::managed::{GroupPurpose, TAG_MANAGED};
use postern_core::model::part::Part;
use postern_core::settings::Settings;
use postern_core::trigger::{ParsedEvent, Target, read};

use crate::world::{DefaultRoute, NewEndpoint, Shape};
use crate::{ACCOUNT, Cloud, Fault, Faults, REGION};

const ROLE: &str = "arn:aws:iam::111122223333:role/postern-sweeper";
const ADA: &str = "arn:aws:iam::111122223333:role/platform-engineer";
const TOPIC: &str = "arn:aws:sns:eu-central-1:111122223333:alerts";

fn parts() -> BTreeSet<Part> {
    use Part::{Dns, Endpoints, RouteTables, SecurityGroups, Services, Subnets};
    BTreeSet::from([Dns, Subnets, RouteTables, Endpoints, SecurityGroups, Services])
}

#[tokio::test(start_paused = true)]
async fn random_worlds_are_observed_as_they_are() {
    for seed in 0..40 {
        let cloud = Cloud::new(seed);
        let vpcs = cloud.edit(|world| world.populate(&Shape::default(), &mut Rng::with_seed(seed)));
        let session = session(&cloud).await;
        let seen = session
            .observe_vpcs(&REGION.into(), &parts(), &Settings::default())
            .await
            .unwrap();
        assert_eq!(seen.len(), vpcs.len(), "seed {seed}");
        for snapshot in seen {
            let id = snapshot.vpc.id.as_str();
            let [subnets, tables, groups, endpoints] = cloud.edit(|world| {
                let ours = |owner: &String| owner == ACCOUNT;
                [
                    world.subnets().filter(|it| it.vpc == id).count(),
                    world
                        .route_tables()
                        .filter(|it| it.vpc == id && ours(&it.owner))
                        .count(),
                    world.groups().filter(|it| it.vpc == id && ours(&it.owner)).count(),
                    world.endpoints().filter(|it| it.vpc == id && ours(&it.owner)).count(),
                ]
            });
            assert_eq!(snapshot.subnets.unwrap().len(), subnets, "seed {seed}");
            assert_eq!(snapshot.route_tables.unwrap().len(), tables, "seed {seed}");
            assert_eq!(snapshot.security_groups.unwrap().len(), groups, "seed {seed}");
            assert_eq!(snapshot.endpoints.unwrap().len(), endpoints, "seed {seed}");
        }
        assert!(cloud.log().iter().all(|entry| !entry.mutating && !entry.changed()));
    }
}

/// Every change there is, in the order in which a plan applies them, to a VPC with two zones.
fn changes(cloud: &Cloud) -> Vec<Change> {
    cloud.edit(|world| {
        let vpc = world.add_vpc("10.0.0.0/16");
        let table = world.add_route_table(&vpc, DefaultRoute::Nat);
        let [a, b] = ["a", "b"].map(|letter| {
            let cidr = if letter == "a" { "10.0.1.0/24" } else { "10.0.2.0/24" };
            world.add_subnet(&vpc, letter, cidr, Some(&table))
        });
        let mut kms = NewEndpoint::interface(&vpc, "kms");
        kms.subnets = vec![a.clone()];
        kms.private_dns = false;
        let s3 = world.add_endpoint(NewEndpoint::gateway(&vpc, "s3"));
        let kms = world.add_endpoint(kms);
        let legacy = world.add_group(&vpc, "legacy", Vec::new());
        let mut mail = NewEndpoint::interface(&vpc, "email-smtp");
        (mail.private_dns, mail.groups) = (false, vec![legacy.clone()]);
        let mail = world.add_endpoint(mail);
        let policy = world.endpoint(&kms).unwrap().policy.clone();
        let gateway_policy = world.endpoint(&s3).unwrap().policy.clone();
        let group = || ManagedGroup {
            vpc: vpc.as_str().into(),
        };
        vec![
            Change::EnableVpcDns(EnableVpcDns {
                vpc: vpc.as_str().into(),
                attribute: DnsAttribute::Hostnames,
            }),
            Change::CreateManagedGroup(CreateManagedGroup::for_ingress(vpc.as_str().into())),
            Change::AuthorizeIngress(AuthorizeIngress {
                group: group(),
                ports: HTTPS,
                cidrs: ["10.0.0.0/16", "2001:db8::/56"]
                    .map(|cidr| cidr.parse().unwrap())
                    .into(),
            }),
            Change::CreateEndpoint(Wanted {
                vpc: vpc.as_str().into(),
                service: "com.amazonaws.eu-central-1.sts".into(),
                endpoint_kind: EndpointKind::Interface,
                subnets: BTreeMap::from([
                    ("eu-central-1a".into(), a.as_str().into()),
                    ("eu-central-1b".into(), b.as_str().into()),
                ]),
                route_tables: BTreeSet::new(),
                group: Some(group()),
                address_type: AddressType::Ipv4,
                private_dns: true,
                policy: Some(policy.replace("Allow", "Deny")),
                client_token: "token".to_owned(),
            }),
            Change::AssociateRouteTable(AssociateRouteTable {
                endpoint: s3.as_str().into(),
                route_table: table.as_str().into(),
            }),
            Change::AttachManagedGroup(AttachManagedGroup {
                endpoint: kms.as_str().into(),
                group: group(),
            }),
            Change::EnablePrivateDns(EnablePrivateDns {
                endpoint: kms.as_str().into(),
            }),
            Change::ReplacePolicy(ReplacePolicy {
                endpoint: kms.as_str().into(),
                before: policy.clone(),
                after: policy.replace("Allow", "Deny"),
            }),
            Change::QuarantineEndpoint(QuarantineEndpoint {
                endpoint: s3.as_str().into(),
                before: gateway_policy,
            }),
            Change::CreateManagedGroup(CreateManagedGroup {
                vpc: vpc.as_str().into(),
                purpose: GroupPurpose::Quarantine,
            }),
            Change::IsolateEndpoint(IsolateEndpoint {
                endpoint: mail.as_str().into(),
                vpc: vpc.as_str().into(),
                before: [legacy.as_str().into()].into(),
            }),
            Change::AddSubnet(AddSubnet {
                endpoint: kms.as_str().into(),
                subnet: b.as_str().into(),
                zone: "eu-central-1b".into(),
            }),
        ]
    })
}

#[tokio::test(start_paused = true)]
async fn changes_apply_once_and_are_not_needed_afterwards() {
    let cloud = Cloud::new(3);
    let changes = changes(&cloud);
    let mut applier = session(&cloud).await.applier(&REGION.into(), &"run-1".into());
    for change in &changes {
        let outcome = applier.apply(change, "a-control").await;
        assert!(
            matches!(outcome, ChangeOutcome::Applied { .. }),
            "{change}: {outcome:?}"
        );
    }
    let applied = cloud.log().len();
    assert_eq!(
        cloud.log().iter().filter(|entry| entry.changed()).count(),
        changes.len()
    );
    for change in &changes {
        let outcome = applier.apply(change, "a-control").await;
        assert!(
            matches!(outcome, ChangeOutcome::NotNeeded { .. }),
            "{change}: {outcome:?}"
        );
    }
    assert!(cloud.log_since(applied).iter().all(|entry| !entry.mutating));
    let tagged = cloud.edit(|world| world.endpoints().filter(|it| it.tags.contains_key(TAG_MANAGED)).count());
    assert_eq!(tagged, 1);
}

async fn session(cloud: &Cloud) -> postern_aws::Session {
    let aws = cloud.aws(ROLE).with_own_account(ACCOUNT.into());
    aws.own_session().await.unwrap()
}

/// Two runs at once under faults, told call by call.
async fn story(seed: u64) -> Vec<String> {
    let cloud = Cloud::new(seed);
    let changes = changes(&cloud);
    cloud.set_faults(Faults::random(&mut Rng::with_seed(seed), Duration::from_secs(120)));
    let run = async |name: &str| {
        let mut applier = session(&cloud).await.applier(&REGION.into(), &name.into());
        for change in &changes {
            applier.apply(change, "a-control").await;
        }
    };
    tokio::join!(run("run-1"), run("run-2"));
    let delivered =
        |entry: &crate::Entry| format!("{} {} {:?} {:?}", entry.at, entry.operation, entry.code, entry.fault);
    let mut story: Vec<_> = cloud.log().iter().map(|entry| delivered(entry)).collect();
    story.push(cloud.to_string());
    story
}

#[tokio::test(start_paused = true)]
async fn seed_determines_all_calls() {
    for seed in 0..6 {
        assert_eq!(story(seed).await, story(seed).await, "seed {seed}");
    }
    assert_ne!(story(1).await, story(2).await);
}

#[tokio::test(start_paused = true)]
async fn faults_are_injected_counted_and_end() {
    let cloud = Cloud::new(5);
    let mut faults = Faults::none()
        .with(Fault::Throttled, 0.3)
        .with(Fault::SilentBefore, 0.1);
    faults.until = Duration::from_secs(600);
    cloud.set_faults(faults);
    let session = session(&cloud).await;
    for _ in 0..20 {
        let _ = session
            .observe_vpcs(&REGION.into(), &parts(), &Settings::default())
            .await;
    }
    let injected = cloud.injected();
    assert!(
        injected[&Fault::Throttled] > 10 && injected[&Fault::SilentBefore] > 2,
        "{injected:?}"
    );
    tokio::time::sleep(Duration::from_secs(600)).await;
    session
        .observe_vpcs(&REGION.into(), &parts(), &Settings::default())
        .await
        .unwrap();
    assert_eq!(cloud.injected(), injected);
}

#[tokio::test(start_paused = true)]
async fn topic_accepts_what_sns_accepts() {
    let cloud = Cloud::new(1);
    let aws = cloud.aws(ROLE);
    assert!(!aws.check_topic(TOPIC).await.unwrap_err().transient());
    cloud.edit(|world| world.topics.insert(TOPIC.to_owned()));
    aws.check_topic(TOPIC).await.unwrap();
    let attributes = [("severity", "String", "high"), ("control", "String.Array", r#"["a"]"#)];
    let publish = async |subject: &str, body: &str| aws.publish(TOPIC, subject, body, &attributes).await;
    let id = publish("A subject", "body").await.unwrap();
    for subject in ["", "Grüße", "a\nb", &"x".repeat(100)] {
        publish(subject, "body").await.unwrap_err();
    }
    publish("s", &"x".repeat(262_144)).await.unwrap_err();
    publish("s", "").await.unwrap_err();
    let published = cloud.published();
    assert_eq!(published.len(), 1);
    assert_eq!(
        (published[0].id.as_str(), published[0].message.as_str()),
        (id.as_str(), "body")
    );
    assert_eq!(
        published[0].attributes["severity"],
        ("String".to_owned(), "high".to_owned())
    );
    cloud.plan("Publish", [Fault::Throttled; 4]);
    assert!(publish("s", "body").await.unwrap_err().transient());
    cloud.plan("Publish", [Fault::BrokenAfter]);
    publish("s", "twice").await.unwrap();
    assert_eq!(cloud.published().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn events_of_customers_name_the_vpc() {
    let cloud = Cloud::new(1);
    let vpc = cloud.edit(|world| world.add_vpc("10.0.0.0/16"));
    let target = |operation: &str, parameters: &[(&str, &str)]| {
        let answer = cloud.call(ADA, operation, parameters).unwrap();
        match read(&answer.entry.event().unwrap(), &[ROLE]).unwrap() {
            ParsedEvent::Act(trigger) => (trigger.targets, answer.entry.effects[0].id.clone()),
            ParsedEvent::Ignore(ignored) => panic!("{operation}: {ignored}"),
        }
    };
    let zone = [
        ("VpcId", vpc.as_str()),
        ("CidrBlock", "10.0.0.0/24"),
        ("AvailabilityZone", "eu-central-1b"),
    ];
    let tag = [
        ("TagSpecification.1.ResourceType", "subnet"),
        ("TagSpecification.1.Tag.1.Key", "env"),
        ("TagSpecification.1.Tag.1.Value", "prod"),
    ];
    let at_vpc = || vec![Target::Vpc(vpc.as_str().into())];
    let (targets, subnet) = target("CreateSubnet", &[&zone[..], &tag[..]].concat());
    assert_eq!(targets, at_vpc());
    let endpoint = [
        ("VpcId", vpc.as_str()),
        ("ServiceName", "com.amazonaws.eu-central-1.sts"),
        ("VpcEndpointType", "Interface"),
        ("SubnetId.1", subnet.as_str()),
    ];
    let (targets, endpoint) = target("CreateVpcEndpoint", &endpoint);
    assert_eq!(targets, at_vpc());
    let (targets, _) = target("DeleteVpcEndpoints", &[("VpcEndpointId.1", &endpoint)]);
    assert_eq!(targets, [Target::Endpoint(endpoint.as_str().into())]);
    let attribute = [("VpcId", vpc.as_str()), ("EnableDnsHostnames.Value", "true")];
    assert_eq!(target("ModifyVpcAttribute", &attribute).0, at_vpc());
}

#[tokio::test(start_paused = true)]
async fn events_exist_for_failed_calls_and_for_posterns_own() {
    let cloud = Cloud::new(1);
    let changes = changes(&cloud);
    let mut applier = session(&cloud).await.applier(&REGION.into(), &"run-1".into());
    for change in &changes {
        applier.apply(change, "a-control").await;
    }
    let log = cloud.log();
    let events: Vec<_> = log.iter().filter_map(|entry| entry.event()).collect();
    assert_eq!(events.len(), changes.len());
    for event in &events {
        assert!(
            matches!(read(event, &[ROLE]).unwrap(), ParsedEvent::Ignore(_)),
            "{event}"
        );
    }
    let request = &events[3]["detail"]["requestParameters"]["CreateVpcEndpointRequest"];
    assert_eq!(request["SubnetId"][1]["tag"], 2);
    assert_eq!(request["SecurityGroupId"]["tag"], 1);
    let response = &events[3]["detail"]["responseElements"]["CreateVpcEndpointResponse"]["vpcEndpoint"];
    assert_eq!(response["ownerId"], 111_122_223_333_u64);
    assert_eq!(response["subnetIdSet"]["item"].as_array().unwrap().len(), 2);
    let rules = &events[2]["detail"]["requestParameters"]["ipPermissions"]["items"][0];
    assert_eq!(rules["ipRanges"]["items"][0]["cidrIp"], "10.0.0.0/16");
    assert_eq!(events[2]["detail"]["responseElements"]["_return"], true);
    let subnet = cloud.edit(|world| world.subnets().next().unwrap().id.clone());
    let error = cloud.call(ADA, "DeleteSubnet", &[("SubnetId", &subnet)]).unwrap_err();
    assert_eq!(error.code, "DependencyViolation");
    let event = cloud.log().last().unwrap().event().unwrap();
    assert_eq!(event["detail"]["errorCode"], "Client.DependencyViolation");
    assert_eq!(event["detail"]["requestParameters"]["subnetId"], subnet.as_str());
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "does not know ec2:RunInstances")]
async fn call_that_is_not_modelled_fails_the_test() {
    let _ = Cloud::new(1).call(ADA, "RunInstances", &[]);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "does not know the filter `color`")]
async fn filter_that_is_not_modelled_fails_the_test() {
    let cloud = Cloud::new(1);
    cloud.edit(|world| world.add_vpc("10.0.0.0/16"));
    let filter = [("Filter.1.Name", "color"), ("Filter.1.Value.1", "red")];
    for _ in 0..50 {
        let _ = cloud.call(ADA, "DescribeVpcs", &filter);
    }
}
