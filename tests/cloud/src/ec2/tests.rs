//! Each fact about EC2 that the product relies on, through the real client.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::{
    AttributeBooleanValue, Filter, IpPermission, IpRange, ResourceType, Tag, TagSpecification, VpcEndpointType,
};

use crate::world::{DefaultRoute, EndpointState, NewEndpoint, rule};
use crate::{ACCOUNT, Cloud, Fault, Faults, OTHER_ACCOUNT};

const CALLER: &str = "arn:aws:iam::111122223333:role/tester";
const STS: &str = "com.amazonaws.eu-central-1.sts";
const S3: &str = "com.amazonaws.eu-central-1.s3";
const OPEN: &str = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

/// A VPC with both attributes, with two subnets in zone a and one in b.
struct Place {
    cloud: Cloud,
    ec2: Client,
    vpc: String,
    a: String,
    a2: String,
    b: String,
    table: String,
}

fn place() -> Place {
    place_of(1)
}

fn place_of(seed: u64) -> Place {
    let cloud = Cloud::new(seed);
    let ec2 = Client::new(&cloud.config(CALLER));
    let (vpc, table, [a, a2, b]) = cloud.edit(|world| {
        let vpc = world.add_vpc("10.0.0.0/16");
        world.edit_vpc(&vpc, |vpc| vpc.dns_hostnames = true);
        let table = world.add_route_table(&vpc, DefaultRoute::Nat);
        let subnets = [("a", 1), ("a", 2), ("b", 3)]
            .map(|(letter, n)| world.add_subnet(&vpc, letter, &format!("10.0.{n}.0/24"), Some(&table)));
        (vpc, table, subnets)
    });
    Place {
        cloud,
        ec2,
        vpc,
        a,
        a2,
        b,
        table,
    }
}

impl Place {
    fn create(
        &self,
        service: &str,
    ) -> aws_sdk_ec2::operation::create_vpc_endpoint::builders::CreateVpcEndpointFluentBuilder {
        let request = self.ec2.create_vpc_endpoint().vpc_id(&self.vpc).service_name(service);
        request.vpc_endpoint_type(VpcEndpointType::Interface)
    }

    async fn state_of(&self, id: &str) -> Option<String> {
        let answer = self
            .ec2
            .describe_vpc_endpoints()
            .vpc_endpoint_ids(id)
            .send()
            .await
            .ok()?;
        let endpoint = answer.vpc_endpoints().first()?;
        Some(endpoint.state()?.as_str().to_lowercase())
    }
}

/// Code and message of a refusal.
fn refused<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug, R: std::fmt::Debug>(
    answer: Result<T, SdkError<E, R>>,
) -> (String, String) {
    let error = answer.unwrap_err();
    let service = error
        .as_service_error()
        .unwrap_or_else(|| panic!("no refusal: {error:?}"));
    (
        service.code().unwrap_or_default().to_owned(),
        service.message().unwrap_or_default().to_owned(),
    )
}

async fn later(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_needs_a_vpc_only_and_gets_defaults() {
    let place = place();
    let request = place.ec2.create_vpc_endpoint().vpc_id(&place.vpc).service_name(S3);
    let gateway = request.send().await.unwrap().vpc_endpoint.unwrap();
    assert_eq!(gateway.vpc_endpoint_type().unwrap().as_str(), "Gateway");
    assert!(gateway.policy_document().unwrap().contains("2008-10-17"));
    let interface = place.create(STS).send().await.unwrap().vpc_endpoint.unwrap();
    let group = place.cloud.edit(|world| world.default_group(&place.vpc)).unwrap();
    assert_eq!(interface.groups()[0].group_id(), Some(group.as_str()));
    assert!(interface.policy_document().unwrap().contains("\"Allow\""));
    assert_eq!(interface.private_dns_enabled(), Some(false));
}

#[tokio::test(start_paused = true)]
async fn a_client_token_gives_the_same_endpoint_for_the_same_request_only() {
    let place = place();
    let request = || place.create(STS).subnet_ids(&place.a).client_token("token-1");
    let first = request().send().await.unwrap().vpc_endpoint.unwrap();
    let again = request().send().await.unwrap().vpc_endpoint.unwrap();
    assert_eq!(first.vpc_endpoint_id(), again.vpc_endpoint_id());
    let (code, _) = refused(request().subnet_ids(&place.b).send().await);
    assert_eq!(code, "IdempotentParameterMismatch");
    assert_eq!(place.cloud.edit(|world| world.endpoints().count()), 1);
    // A token outlives what it made.
    let id = first.vpc_endpoint_id().unwrap();
    place
        .ec2
        .delete_vpc_endpoints()
        .vpc_endpoint_ids(id)
        .send()
        .await
        .unwrap();
    later(600).await;
    let gone = request().send().await.unwrap().vpc_endpoint.unwrap();
    assert_eq!(gone.vpc_endpoint_id(), Some(id));
    assert_eq!(gone.state().unwrap().as_str().to_lowercase(), "deleted");
    let long = request().client_token("x".repeat(65)).send().await;
    assert_eq!(refused(long).0, "InvalidParameter");
}

#[tokio::test(start_paused = true)]
async fn the_sdk_sends_a_creation_again_and_the_token_keeps_it_single() {
    let place = place();
    place.cloud.plan(
        "CreateVpcEndpoint",
        [Fault::ErrorAfter, Fault::BrokenAfter, Fault::SilentAfter],
    );
    let answer = place.create(STS).client_token("t").send().await.unwrap();
    let endpoints = place.cloud.edit(|world| world.endpoints().cloned().collect::<Vec<_>>());
    assert_eq!(endpoints.len(), 1);
    assert_eq!(
        answer.vpc_endpoint.unwrap().vpc_endpoint_id(),
        Some(endpoints[0].id.as_str())
    );
    let calls = place.cloud.log();
    assert_eq!(calls.len(), 4);
    assert_eq!(calls.iter().filter(|call| call.changed()).count(), 1);
    assert_eq!(calls[2].fault, Some(Fault::SilentAfter));
}

#[tokio::test(start_paused = true)]
async fn endpoints_live_through_their_states_with_time() {
    let place = place();
    let created = place
        .create(STS)
        .subnet_ids(&place.a)
        .send()
        .await
        .unwrap()
        .vpc_endpoint
        .unwrap();
    let id = created.vpc_endpoint_id().unwrap();
    assert_eq!(place.state_of(id).await.as_deref(), Some("pending"));
    later(200).await;
    assert_eq!(place.state_of(id).await.as_deref(), Some("available"));
    place
        .ec2
        .delete_vpc_endpoints()
        .vpc_endpoint_ids(id)
        .send()
        .await
        .unwrap();
    assert_eq!(place.state_of(id).await.as_deref(), Some("deleting"));
    later(600).await;
    assert_eq!(place.state_of(id).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_wire_spells_states_now_with_a_capital_now_without() {
    let place = place();
    place
        .cloud
        .edit(|world| world.add_endpoint(NewEndpoint::interface(&place.vpc, "sts")));
    let mut spellings = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let answer = place.ec2.describe_vpc_endpoints().send().await.unwrap();
        spellings.extend(
            answer
                .vpc_endpoints()
                .iter()
                .map(|e| e.state().unwrap().as_str().to_owned()),
        );
    }
    assert!(spellings.into_iter().eq(["Available", "available"]));
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_has_one_subnet_per_zone() {
    let place = place();
    let both = place.create(STS).subnet_ids(&place.a).subnet_ids(&place.a2);
    assert_eq!(refused(both.send().await).0, "DuplicateSubnetsInSameZone");
    let id = place.cloud.edit(|world| {
        let mut new = NewEndpoint::interface(&place.vpc, "sts");
        new.subnets = vec![place.a.clone()];
        world.add_endpoint(new)
    });
    let modify = || place.ec2.modify_vpc_endpoint().vpc_endpoint_id(&id);
    let second = modify().add_subnet_ids(&place.a2).send().await;
    assert_eq!(refused(second).0, "DuplicateSubnetsInSameZone");
    modify().add_subnet_ids(&place.b).send().await.unwrap();
    assert_eq!(place.cloud.edit(|world| world.endpoint(&id).unwrap().subnets.len()), 2);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_at_work_takes_a_policy_only() {
    let place = place();
    let created = place
        .create(STS)
        .subnet_ids(&place.a)
        .send()
        .await
        .unwrap()
        .vpc_endpoint
        .unwrap();
    let id = created.vpc_endpoint_id().unwrap();
    let modify = || place.ec2.modify_vpc_endpoint().vpc_endpoint_id(id);
    let add = || modify().add_subnet_ids(&place.b).send();
    assert_eq!(refused(add().await).0, "IncorrectState");
    modify().policy_document(OPEN).send().await.unwrap();
    later(200).await;
    add().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_service_supports_some_zones_only() {
    let place = place();
    let request = place
        .create("com.amazonaws.eu-central-1.appstream.api")
        .subnet_ids(&place.b);
    let (code, message) = refused(request.send().await);
    assert_eq!(code, "InvalidParameter");
    let words = "The VPC endpoint service com.amazonaws.eu-central-1.appstream.api does not support the availability \
                 zone of the subnet: subnet-";
    assert!(message.starts_with(words), "{message}");
}

#[tokio::test(start_paused = true)]
async fn gateway_endpoints_take_no_subnets() {
    let place = place();
    let request = place.ec2.create_vpc_endpoint().vpc_id(&place.vpc).service_name(S3);
    let (code, message) = refused(request.subnet_ids(&place.a).send().await);
    assert_eq!(code, "InvalidParameter");
    let words = "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints";
    assert_eq!(message, words);
}

#[tokio::test(start_paused = true)]
async fn one_endpoint_of_a_vpc_holds_a_private_name_and_it_stays_taken_for_minutes_after_a_delete() {
    let place = place();
    let request = || place.create(STS).private_dns_enabled(true);
    let first = request()
        .subnet_ids(&place.a)
        .send()
        .await
        .unwrap()
        .vpc_endpoint
        .unwrap();
    let words = format!(
        "private-dns-enabled cannot be set because there is already a conflicting DNS domain for \
         sts.eu-central-1.amazonaws.com in the VPC {}",
        place.vpc
    );
    let taken = ("InvalidParameter".to_owned(), words);
    assert_eq!(refused(request().send().await), taken);
    let id = first.vpc_endpoint_id().unwrap();
    place
        .ec2
        .delete_vpc_endpoints()
        .vpc_endpoint_ids(id)
        .send()
        .await
        .unwrap();
    while place
        .cloud
        .edit(|world| world.endpoint(id).is_some_and(|e| e.state != EndpointState::Deleted))
    {
        later(1).await;
    }
    assert_eq!(refused(request().send().await), taken);
    later(300).await;
    request().send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn private_dns_needs_both_attributes_of_the_vpc() {
    let place = place();
    let off = AttributeBooleanValue::builder().value(false).build();
    let modify = place.ec2.modify_vpc_attribute().vpc_id(&place.vpc);
    modify.enable_dns_hostnames(off).send().await.unwrap();
    let (code, message) = refused(place.create(STS).private_dns_enabled(true).send().await);
    assert_eq!(code, "InvalidParameter");
    assert!(message.contains("enableDnsSupport"), "{message}");
    place.create(STS).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_private_name_of_s3_needs_a_gateway_endpoint() {
    let place = place();
    let request = || place.create(S3).private_dns_enabled(true).send();
    assert_eq!(refused(request().await).0, "InvalidParameter");
    place
        .cloud
        .edit(|world| world.add_endpoint(NewEndpoint::gateway(&place.vpc, "s3")));
    request().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_kept_in_other_words_and_has_a_limit() {
    let place = place();
    let id = place
        .cloud
        .edit(|world| world.add_endpoint(NewEndpoint::interface(&place.vpc, "sts")));
    let modify = |policy: &str| {
        let request = place.ec2.modify_vpc_endpoint().vpc_endpoint_id(&id);
        request.policy_document(policy).send()
    };
    modify(OPEN).await.unwrap();
    let kept = place.cloud.edit(|world| world.endpoint(&id).unwrap().policy.clone());
    assert_ne!(kept, OPEN);
    let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(parsed(&kept), parsed(OPEN));
    let long = OPEN.replace('{', &format!("{{{}", " ".repeat(20_480)));
    assert_eq!(refused(modify(&long).await).0, "InvalidPolicyDocument");
    assert_eq!(refused(modify("{}").await).0, "InvalidPolicyDocument");
}

#[tokio::test(start_paused = true)]
async fn resetting_a_policy_opens_it() {
    let place = place();
    let id = place.cloud.edit(|world| {
        let closed = OPEN.replace("Allow", "Deny");
        let mut new = NewEndpoint::gateway(&place.vpc, "s3");
        new.policy = Some(closed);
        world.add_endpoint(new)
    });
    let request = place.ec2.modify_vpc_endpoint().vpc_endpoint_id(&id);
    request.reset_policy(true).send().await.unwrap();
    assert!(
        place
            .cloud
            .edit(|world| world.endpoint(&id).unwrap().policy.contains("2008-10-17"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_vpc_has_a_quota_of_interface_endpoints_and_a_region_one_of_gateways() {
    let place = place();
    place.cloud.edit(|world| {
        for _ in 0..50 {
            let mut new = NewEndpoint::interface(&place.vpc, "kms");
            new.private_dns = false;
            world.add_endpoint(new);
        }
        let other = world.add_vpc("10.9.0.0/16");
        for _ in 0..20 {
            world.add_endpoint(NewEndpoint::gateway(&other, "s3"));
        }
    });
    assert_eq!(refused(place.create(STS).send().await).0, "VpcEndpointLimitExceeded");
    let gateway = place.ec2.create_vpc_endpoint().vpc_id(&place.vpc).service_name(S3);
    assert_eq!(refused(gateway.send().await).0, "VpcEndpointLimitExceeded");
}

#[tokio::test(start_paused = true)]
async fn endpoints_of_services_are_not_ours_to_change() {
    let place = place();
    let id = place.cloud.edit(|world| {
        let mut new = NewEndpoint::interface(&place.vpc, "sts");
        new.requester_managed = true;
        world.add_endpoint(new)
    });
    let modify = place
        .ec2
        .modify_vpc_endpoint()
        .vpc_endpoint_id(&id)
        .policy_document(OPEN);
    assert_eq!(refused(modify.send().await).0, "OperationNotPermitted");
    let answer = place
        .ec2
        .delete_vpc_endpoints()
        .vpc_endpoint_ids(&id)
        .send()
        .await
        .unwrap();
    assert_eq!(
        answer.unsuccessful()[0].error().unwrap().code(),
        Some("OperationNotPermitted")
    );
}

#[tokio::test(start_paused = true)]
async fn a_shared_subnet_is_seen_and_takes_no_endpoints() {
    let place = place();
    let (vpc, subnet) = place.cloud.edit(|world| {
        let vpc = world.add_vpc_of(OTHER_ACCOUNT, crate::REGION, "10.7.0.0/16");
        let subnet = world.add_subnet(&vpc, "a", "10.7.0.0/24", None);
        world.edit_subnet(&subnet, |subnet| {
            subnet.shared_with.insert(ACCOUNT.to_owned());
        });
        world.add_endpoint(NewEndpoint::interface(&vpc, "sts"));
        (vpc, subnet)
    });
    let answer = place.ec2.describe_subnets().subnet_ids(&subnet).send().await.unwrap();
    assert_eq!(answer.subnets()[0].owner_id(), Some(OTHER_ACCOUNT));
    let request = place
        .ec2
        .create_vpc_endpoint()
        .vpc_id(&vpc)
        .service_name(STS)
        .subnet_ids(&subnet);
    let request = request.vpc_endpoint_type(VpcEndpointType::Interface);
    assert_eq!(refused(request.send().await).0, "OperationNotPermitted");
    let answer = place
        .ec2
        .describe_vpc_endpoints()
        .filters(filter("vpc-id", &vpc))
        .send()
        .await
        .unwrap();
    assert!(answer.vpc_endpoints().is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_list_comes_in_pages_some_of_them_empty() {
    for seed in 0..20 {
        let place = place_of(seed);
        place.cloud.edit(|world| world.page = 2);
        let (mut found, mut token, mut pages) = (Vec::new(), None::<String>, 0);
        loop {
            let request = place
                .ec2
                .describe_subnets()
                .max_results(1_000)
                .set_next_token(token.clone());
            let answer = request.send().await.unwrap();
            found.extend(answer.subnets().iter().map(|s| s.subnet_id().unwrap().to_owned()));
            pages += 1;
            match answer.next_token {
                None => break,
                next => {
                    assert_ne!(next, token);
                    token = next;
                }
            }
        }
        found.sort();
        let mut all = [place.a, place.a2, place.b];
        all.sort();
        assert_eq!(found, all);
        assert!(pages >= 2, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_have_a_largest_size_and_go_without_ids() {
    let place = place();
    let tables = place.ec2.describe_route_tables().max_results(1_000).send().await;
    assert_eq!(refused(tables).0, "InvalidParameterValue");
    let request = place.ec2.describe_subnets().subnet_ids(&place.a).max_results(100);
    assert_eq!(refused(request.send().await).0, "InvalidParameterCombination");
}

#[tokio::test(start_paused = true)]
async fn the_catalogue_has_two_entries_of_s3_and_one_bad_name_fails_all() {
    let place = place();
    place.cloud.edit(|world| world.page = 1_000);
    let answer = place
        .ec2
        .describe_vpc_endpoint_services()
        .service_names(S3)
        .send()
        .await
        .unwrap();
    let mut forms: Vec<_> = answer
        .service_details()
        .iter()
        .map(|service| service.service_type()[0].service_type().unwrap().as_str())
        .collect();
    forms.sort_unstable();
    assert_eq!(forms, ["Gateway", "Interface"]);
    let request = place
        .ec2
        .describe_vpc_endpoint_services()
        .service_names(S3)
        .service_names("nonsense");
    assert_eq!(refused(request.send().await).0, "InvalidServiceName");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_exist_has_two_spellings() {
    let place = place();
    let mut codes = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let modify = place
            .ec2
            .modify_vpc_endpoint()
            .vpc_endpoint_id("vpce-0")
            .reset_policy(true);
        codes.insert(refused(modify.send().await).0);
        codes.insert(refused(place.create(STS).subnet_ids("subnet-0").send().await).0);
        codes.insert(refused(place.create(STS).security_group_ids("sg-0").send().await).0);
    }
    assert_eq!(codes.len(), 6, "{codes:?}");
    assert!(codes.iter().all(|code| code.ends_with(".NotFound")));
}

#[tokio::test(start_paused = true)]
async fn a_full_subnet_takes_no_endpoint() {
    let place = place();
    place
        .cloud
        .edit(|world| world.edit_subnet(&place.a, |subnet| subnet.addresses = 1));
    place.create(STS).subnet_ids(&place.a).send().await.unwrap();
    let second = place.create(STS).subnet_ids(&place.a).send().await;
    assert_eq!(refused(second).0, "InsufficientFreeAddressesInSubnet");
    let subnets = place.ec2.describe_subnets().subnet_ids(&place.a).send().await.unwrap();
    assert_eq!(subnets.subnets()[0].available_ip_address_count(), Some(0));
}

#[tokio::test(start_paused = true)]
async fn one_gateway_endpoint_of_a_service_serves_a_route_table_and_its_route_shows() {
    let place = place();
    let request = || {
        let request = place.ec2.create_vpc_endpoint().vpc_id(&place.vpc).service_name(S3);
        request.route_table_ids(&place.table).send()
    };
    let first = request().await.unwrap().vpc_endpoint.unwrap();
    assert_eq!(refused(request().await).0, "RouteAlreadyExists");
    let tables = place
        .ec2
        .describe_route_tables()
        .route_table_ids(&place.table)
        .send()
        .await
        .unwrap();
    let route = tables.route_tables()[0]
        .routes()
        .iter()
        .find(|r| r.destination_prefix_list_id().is_some());
    assert_eq!(route.unwrap().gateway_id(), first.vpc_endpoint_id());
}

#[tokio::test(start_paused = true)]
async fn names_of_groups_and_rules_are_single() {
    let place = place();
    let create = || {
        let request = place.ec2.create_security_group().vpc_id(&place.vpc).group_name("g");
        let tag = Tag::builder().key("k").value("v").build();
        let tags = TagSpecification::builder()
            .resource_type(ResourceType::SecurityGroup)
            .tags(tag)
            .build();
        request.description("HTTPS").tag_specifications(tags).send()
    };
    let id = create().await.unwrap().group_id.unwrap();
    assert_eq!(refused(create().await).0, "InvalidGroup.Duplicate");
    let permission = |cidrs: &[&str]| {
        let ranges = cidrs
            .iter()
            .map(|cidr| IpRange::builder().cidr_ip(*cidr).build())
            .collect();
        let tcp = IpPermission::builder().ip_protocol("tcp").from_port(443).to_port(443);
        tcp.set_ip_ranges(Some(ranges)).build()
    };
    let authorize = |cidrs: &[&str]| {
        let request = place.ec2.authorize_security_group_ingress().group_id(&id);
        request.ip_permissions(permission(cidrs)).send()
    };
    authorize(&["10.0.0.0/16"]).await.unwrap();
    // One that exists fails the whole call.
    let both = authorize(&["10.0.0.0/16", "10.1.0.0/16"]).await;
    assert_eq!(refused(both).0, "InvalidPermission.Duplicate");
    assert_eq!(place.cloud.edit(|world| world.group(&id).unwrap().rules.len()), 1);
    place.cloud.edit(|world| world.quotas.rules = 1);
    assert_eq!(
        refused(authorize(&["10.1.0.0/16"]).await).0,
        "RulesPerSecurityGroupLimitExceeded"
    );
    let revoke = place.ec2.revoke_security_group_ingress().group_id(&id);
    revoke
        .ip_permissions(permission(&["10.0.0.0/16"]))
        .send()
        .await
        .unwrap();
    let found = place
        .ec2
        .describe_security_groups()
        .filters(filter("tag:k", "v"))
        .send()
        .await
        .unwrap();
    assert_eq!(found.security_groups().len(), 1);
    assert!(found.security_groups()[0].ip_permissions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_endpoints_use_cannot_be_deleted() {
    let place = place();
    let (group, endpoint) = place.cloud.edit(|world| {
        let group = world.add_group(&place.vpc, "g", vec![rule("10.0.0.0/16", 443, 443)]);
        let mut new = NewEndpoint::interface(&place.vpc, "sts");
        new.groups = vec![group.clone()];
        new.subnets = vec![place.b.clone()];
        (group, world.add_endpoint(new))
    });
    let subnet = || place.ec2.delete_subnet().subnet_id(&place.b).send();
    assert_eq!(refused(subnet().await).0, "DependencyViolation");
    assert_eq!(
        refused(place.ec2.delete_vpc().vpc_id(&place.vpc).send().await).0,
        "DependencyViolation"
    );
    let group = || place.ec2.delete_security_group().group_id(&group).send();
    assert_eq!(refused(group().await).0, "DependencyViolation");
    place
        .ec2
        .delete_vpc_endpoints()
        .vpc_endpoint_ids(&endpoint)
        .send()
        .await
        .unwrap();
    assert_eq!(refused(subnet().await).0, "DependencyViolation");
    later(600).await;
    subnet().await.unwrap();
    group().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_changes_nothing() {
    let place = place();
    assert_eq!(
        refused(place.create(STS).dry_run(true).send().await).0,
        "DryRunOperation"
    );
    let entry = place.cloud.log().remove(0);
    assert!(!entry.mutating && !entry.changed());
    assert_eq!(entry.event().unwrap()["detail"]["errorCode"], "Client.DryRunOperation");
}

#[tokio::test(start_paused = true)]
async fn deleting_several_endpoints_tells_which_were_not_deleted() {
    let place = place();
    let id = place
        .cloud
        .edit(|world| world.add_endpoint(NewEndpoint::interface(&place.vpc, "sts")));
    let request = place
        .ec2
        .delete_vpc_endpoints()
        .vpc_endpoint_ids(&id)
        .vpc_endpoint_ids("vpce-0");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.unsuccessful().len(), 1);
    assert_eq!(answer.unsuccessful()[0].resource_id(), Some("vpce-0"));
}

#[tokio::test(start_paused = true)]
async fn connections_to_an_offered_service_wait_until_they_are_accepted() {
    let place = place();
    let (endpoint_service, name, endpoint) = place.cloud.edit(|world| {
        let endpoint_service = world.add_endpoint_service(ACCOUNT, &["a", "b"]);
        let name = world.endpoint_service(&endpoint_service).unwrap().name.clone();
        let theirs = world.add_vpc_of(OTHER_ACCOUNT, crate::REGION, "10.8.0.0/16");
        let mut new = NewEndpoint::interface(&theirs, &name);
        new.state = EndpointState::PendingAcceptance;
        (endpoint_service, name, world.add_endpoint(new))
    });
    let theirs = Client::new(&place.cloud.config("arn:aws:iam::444455556666:role/consumer"));
    place.cloud.edit(|world| world.page = 1_000);
    let seen = || async {
        let request = theirs.describe_vpc_endpoint_services();
        let answer = request.filters(filter("service-name", &name)).send().await;
        answer.unwrap().service_details().len()
    };
    assert_eq!(seen().await, 0);
    let allow = place
        .ec2
        .modify_vpc_endpoint_service_permissions()
        .service_id(&endpoint_service);
    allow.add_allowed_principals("*").send().await.unwrap();
    assert_eq!(seen().await, 1);
    let accept = || {
        place
            .ec2
            .accept_vpc_endpoint_connections()
            .service_id(&endpoint_service)
            .vpc_endpoint_ids(&endpoint)
            .send()
    };
    assert!(accept().await.unwrap().unsuccessful().is_empty());
    assert_eq!(accept().await.unwrap().unsuccessful().len(), 1);
    later(200).await;
    let state = place.cloud.edit(|world| world.endpoint(&endpoint).unwrap().state);
    assert_eq!(state, EndpointState::Available);
    let reject = place
        .ec2
        .reject_vpc_endpoint_connections()
        .service_id(&endpoint_service)
        .vpc_endpoint_ids(&endpoint);
    reject.send().await.unwrap();
    let request = place
        .ec2
        .modify_vpc_endpoint_service_configuration()
        .service_id(&endpoint_service);
    request.acceptance_required(false).send().await.unwrap();
    let endpoint_services = place
        .ec2
        .describe_vpc_endpoint_service_configurations()
        .send()
        .await
        .unwrap();
    assert_eq!(
        endpoint_services.service_configurations()[0].acceptance_required(),
        Some(false)
    );
}

#[tokio::test(start_paused = true)]
async fn a_write_is_seen_by_some_readers_before_others() {
    let place = place();
    let mut faults = Faults::none().with(Fault::Stale, 1.0);
    faults.stale_for = Duration::from_secs(60);
    place.cloud.set_faults(faults);
    let created = place.create(STS).send().await.unwrap().vpc_endpoint.unwrap();
    let id = created.vpc_endpoint_id().unwrap();
    let mut answers = std::collections::BTreeSet::new();
    for _ in 0..20 {
        answers.insert(place.state_of(id).await.is_some());
    }
    place.cloud.set_faults(Faults::none());
    later(60).await;
    assert!(place.state_of(id).await.is_some());
    assert_eq!(answers.len(), 2);
    assert!(place.cloud.injected()[&Fault::Stale] >= 1);
}

#[tokio::test(start_paused = true)]
async fn throttling_and_denial_come_as_ec2_says_them() {
    let place = place();
    place.cloud.plan(
        "DescribeVpcs",
        [Fault::Throttled, Fault::ErrorBefore, Fault::BrokenBefore],
    );
    place.ec2.describe_vpcs().send().await.unwrap();
    assert_eq!(place.cloud.log().len(), 4);
    place.cloud.set_faults(Faults::none().denying("ec2:DescribeSubnets"));
    assert_eq!(
        refused(place.ec2.describe_subnets().send().await).0,
        "UnauthorizedOperation"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_was_made_whole_or_not_at_all() {
    let mut seen = std::collections::BTreeSet::new();
    for wait in 0..150 {
        let place = place_of(7);
        let request = place
            .ec2
            .create_security_group()
            .vpc_id(&place.vpc)
            .group_name("g")
            .description("g");
        let wait = Duration::from_millis(wait);
        let _ = tokio::time::timeout(wait, request.send()).await;
        let made = place.cloud.edit(|world| world.groups().any(|group| group.name == "g"));
        assert_eq!(made, place.cloud.log().iter().any(|entry| entry.changed()));
        seen.insert(made);
    }
    assert_eq!(seen.len(), 2);
}
