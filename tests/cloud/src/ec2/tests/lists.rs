//! Lists and their pages.

use super::*;

#[tokio::test(start_paused = true)]
async fn shared_subnet_is_listed_and_refuses_endpoints() {
    let setup = setup();
    let (vpc, subnet) = setup.cloud.edit(|world| {
        let vpc = world.add_vpc_of(OTHER_ACCOUNT, crate::REGION, "10.7.0.0/16");
        let subnet = world.add_subnet(&vpc, "a", "10.7.0.0/24", None);
        world.edit_subnet(&subnet, |subnet| {
            subnet.shared_with.insert(ACCOUNT.to_owned());
        });
        world.add_endpoint(NewEndpoint::interface(&vpc, "sts"));
        (vpc, subnet)
    });
    let answer = setup.ec2.describe_subnets().subnet_ids(&subnet).send().await.unwrap();
    assert_eq!(answer.subnets()[0].owner_id(), Some(OTHER_ACCOUNT));
    let request = setup
        .ec2
        .create_vpc_endpoint()
        .vpc_id(&vpc)
        .service_name(STS)
        .subnet_ids(&subnet);
    let request = request.vpc_endpoint_type(VpcEndpointType::Interface);
    assert_eq!(error_of(request.send().await).0, "OperationNotPermitted");
    let answer = setup
        .ec2
        .describe_vpc_endpoints()
        .filters(filter("vpc-id", &vpc))
        .send()
        .await
        .unwrap();
    assert!(answer.vpc_endpoints().is_empty());
}

#[tokio::test(start_paused = true)]
async fn lists_come_in_pages_of_which_some_are_empty() {
    for seed in 0..20 {
        let setup = setup_of(seed);
        setup.cloud.edit(|world| world.page = 2);
        let (mut found, mut token, mut pages) = (Vec::new(), None::<String>, 0);
        loop {
            let request = setup
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
        let mut all = [setup.a, setup.a2, setup.b];
        all.sort();
        assert_eq!(found, all);
        assert!(pages >= 2, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_have_a_maximum_size_and_exclude_ids() {
    let setup = setup();
    let tables = setup.ec2.describe_route_tables().max_results(1_000).send().await;
    assert_eq!(error_of(tables).0, "InvalidParameterValue");
    let request = setup.ec2.describe_subnets().subnet_ids(&setup.a).max_results(100);
    assert_eq!(error_of(request.send().await).0, "InvalidParameterCombination");
}

#[tokio::test(start_paused = true)]
async fn catalogue_lists_s3_twice_and_an_unknown_name_fails_the_call() {
    let setup = setup();
    setup.cloud.edit(|world| world.page = 1_000);
    let answer = setup
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
    let request = setup
        .ec2
        .describe_vpc_endpoint_services()
        .service_names(S3)
        .service_names("nonsense");
    assert_eq!(error_of(request.send().await).0, "InvalidServiceName");
}

#[tokio::test(start_paused = true)]
async fn not_found_errors_have_two_spellings() {
    let setup = setup();
    let mut codes = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let modify = setup
            .ec2
            .modify_vpc_endpoint()
            .vpc_endpoint_id("vpce-0")
            .reset_policy(true);
        codes.insert(error_of(modify.send().await).0);
        codes.insert(error_of(setup.create(STS).subnet_ids("subnet-0").send().await).0);
        codes.insert(error_of(setup.create(STS).security_group_ids("sg-0").send().await).0);
    }
    assert_eq!(codes.len(), 6, "{codes:?}");
    assert!(codes.iter().all(|code| code.ends_with(".NotFound")));
}
