use super::*;

fn delete_vpc(rig: &Rig) -> Result<(), String> {
    let caller = "arn:aws:iam::111122223333:user/ada";
    for subnet in &rig.subnets {
        let deleted = rig.cloud.call(caller, "DeleteSubnet", &[("SubnetId", subnet)]);
        deleted.map_err(|refusal| format!("{subnet}: {}", refusal.message))?;
    }
    let tables: Vec<_> = rig.cloud.edit(|world| {
        let own = world
            .route_tables()
            .filter(|table| table.associations.iter().all(|a| a.subnet.is_some()));
        own.map(|table| table.id.clone()).collect()
    });
    for table in tables {
        let deleted = rig.cloud.call(caller, "DeleteRouteTable", &[("RouteTableId", &table)]);
        deleted.map_err(|refusal| refusal.message)?;
    }
    let deleted = rig.cloud.call(caller, "DeleteVpc", &[("VpcId", &rig.vpc)]);
    deleted.map(drop).map_err(|refusal| refusal.message)
}

#[tokio::test(start_paused = true)]
async fn released_vpc_can_be_deleted() {
    let rig = Rig::new("\"sts\", \"kms\"");
    rig.sweep().await;
    assert!(delete_vpc(&rig).unwrap_err().contains("has dependencies"));
    let (status, text) = rig.release(&rig.vpc, false).await;
    assert_eq!(status, Status::Fine, "{text}");
    assert!(
        text.contains("(postern-endpoint-ingress)") && text.contains("Done: delete sg-"),
        "{text}"
    );
    let records = rig.records().await;
    let taken_back = records.iter().filter(|record| record.undone_by.is_some()).count();
    // The rules were removed with their group.
    assert_eq!(
        (
            taken_back,
            records.iter().filter(|record| record.undoes.is_some()).count()
        ),
        (3, 3)
    );
    let before = rig.cloud.log().len();
    rig.sweep().await;
    assert!(!rig.mutating(before).iter().any(|entry| entry.changed()));
    delete_vpc(&rig).unwrap();
}

#[tokio::test(start_paused = true)]
async fn resource_that_postern_did_not_create_is_listed_and_kept() {
    let rig = Rig::new("\"sts\"");
    rig.sweep().await;
    let theirs = rig.cloud.edit(|world| {
        let mut new = NewEndpoint::interface(&rig.vpc, "kms");
        new.subnets = vec![rig.subnets[0].clone()];
        world.add_endpoint(new)
    });
    let (status, text) = rig.release(&rig.vpc, false).await;
    assert_eq!(status, Status::Fine, "{text}");
    assert!(
        text.contains(&format!(
            "Not created by Postern and kept:\n  {theirs} (com.amazonaws.eu-central-1.kms)\n"
        )),
        "{text}"
    );
    assert_eq!(rig.endpoints(), [theirs]);
}

#[tokio::test(start_paused = true)]
async fn released_subnet_can_be_deleted_and_gets_no_endpoint_again() {
    let rig = Rig::new("\"sts\"");
    rig.sweep().await;
    let [endpoint] = rig.endpoints().try_into().unwrap();
    let gone = rig.subnets[1].clone();
    let (status, text) = rig.release(&gone, false).await;
    assert_eq!(status, Status::Fine, "{text}");
    assert!(
        text.contains(&format!("Done: remove {gone} from {endpoint}.\n")),
        "{text}"
    );
    assert!(text.contains("  postern resume subnet-uncovered "), "{text}");
    rig.sweep().await;
    let left = rig
        .cloud
        .edit(|world| world.endpoint(&endpoint).unwrap().subnets.clone());
    assert_eq!(left, [rig.subnets[0].clone()]);
    let caller = "arn:aws:iam::111122223333:user/ada";
    rig.cloud.call(caller, "DeleteSubnet", &[("SubnetId", &gone)]).unwrap();
}

#[tokio::test(start_paused = true)]
async fn group_that_an_endpoint_of_others_uses_is_kept_as_one_of_postern() {
    let rig = Rig::new("\"sts\"");
    rig.sweep().await;
    let theirs = rig.cloud.edit(|world| {
        let group = world.endpoints().find_map(|endpoint| endpoint.groups.first().cloned());
        let mut new = NewEndpoint::interface(&rig.vpc, "kms");
        new.subnets = vec![rig.subnets[0].clone()];
        new.groups = vec![group.unwrap()];
        world.add_endpoint(new)
    });
    let (status, text) = rig.release(&rig.vpc, false).await;
    assert_eq!(status, Status::Fine, "{text}");
    let (_, kept) = text.split_once("Created by Postern and kept:\n  sg-").unwrap();
    let reason = format!(" (postern-endpoint-ingress), because {theirs} uses it\n");
    assert!(
        kept.lines()
            .next()
            .is_some_and(|line| reason.contains(line.split_once(' ').unwrap().1)),
        "{text}"
    );
    assert!(
        !text
            .split("Not created by Postern")
            .nth(1)
            .unwrap()
            .contains("postern-endpoint-ingress"),
        "{text}"
    );
    // What is left is said of as it is.
    let (_, text) = rig.release(&rig.vpc, false).await;
    assert!(
        text.starts_with(&format!(
            "Nothing that Postern created in {} can be removed.\n",
            rig.vpc
        )),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn all_vpcs_of_the_region_are_released_by_one_command() {
    let rig = Rig::new("\"sts\"");
    rig.cloud.edit(|world| {
        world.add_vpc("10.7.0.0/16");
    });
    rig.sweep().await;
    assert_eq!(rig.endpoints().len(), 1);
    let all = |dry_run: bool| Release {
        target: None,
        all: true,
        yes: true,
        changing: changing(dry_run),
    };
    let (status, text) = rig.release_with(&all(true)).await;
    assert_eq!((status, rig.endpoints().len()), (Status::Fine, 1), "{text}");
    assert!(text.ends_with("Nothing was changed: this was a dry run.\n"), "{text}");
    let (status, text) = rig.release_with(&all(false)).await;
    assert_eq!((status, rig.endpoints().len()), (Status::Fine, 0), "{text}");
    assert!(text.contains("  postern resume endpoint-missing "), "{text}");
    let (status, text) = rig.release_with(&all(false)).await;
    assert_eq!(
        (status, text.as_str()),
        (
            Status::Fine,
            "Nothing is to be removed in the VPCs of 111122223333 in eu-central-1.\n"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn dry_run_describes_what_would_be_removed_and_changes_nothing() {
    let rig = Rig::new("\"sts\"");
    rig.sweep().await;
    let before = rig.cloud.log().len();
    let (status, text) = rig.release(&rig.vpc, true).await;
    assert_eq!((status, rig.mutating(before).len()), (Status::Fine, 0), "{text}");
    assert!(
        text.contains("aws ec2 delete-vpc-endpoints") && text.contains("is paused for 30 days"),
        "{text}"
    );
    assert!(text.ends_with("Nothing was changed: this was a dry run.\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn release_says_if_there_is_nothing_to_remove_or_the_target_does_not_exist() {
    let rig = Rig::new("");
    let (status, text) = rig.release(&rig.vpc, false).await;
    assert_eq!(
        (status, text),
        (Status::Fine, format!("Postern has created nothing in {}.\n", rig.vpc))
    );
    let (status, text) = rig.release("subnet-0", false).await;
    assert_eq!((status, text.as_str()), (Status::Found, "subnet-0 does not exist.\n"));
    let (status, text) = rig.release("vpc-0", false).await;
    assert_eq!((status, text.as_str()), (Status::Found, "vpc-0 does not exist.\n"));
    let shared = rig.cloud.edit(|world| {
        let vpc = world.add_vpc_of(postern_cloud::OTHER_ACCOUNT, REGION, "10.9.0.0/16");
        let subnet = world.add_subnet(&vpc, "a", "10.9.0.0/24", None);
        world.edit_subnet(&subnet, |subnet| {
            subnet.shared_with.insert(ACCOUNT.to_owned());
        });
        subnet
    });
    let (status, text) = rig.release(&shared, false).await;
    assert_eq!(status, Status::Found);
    assert!(text.contains("belongs to account 444455556666"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn resource_without_a_record_is_released_and_reported() {
    let mut rig = Rig::new("\"sts\"");
    rig.sweep().await;
    rig.cloud.tables(|tables| *tables = empty_ledger());
    rig.settings = Rig::new("").settings;
    rig.configuration.settings = rig.settings.clone().into();
    let (status, text) = rig.release(&rig.vpc, false).await;
    assert_eq!(status, Status::Fine, "{text}");
    rig.sweep().await;
    let records = rig.records().await;
    assert!(
        !records.is_empty() && records.iter().all(|record| record.delivered),
        "{records:#?}"
    );
}
