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
async fn a_vpc_is_emptied_of_what_is_ours_so_that_it_can_be_deleted() {
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
    // The rules went with their group.
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
async fn what_is_not_ours_is_named_and_left_alone() {
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
            "Not Postern's, and left alone:\n  {theirs} (com.amazonaws.eu-central-1.kms)\n"
        )),
        "{text}"
    );
    assert_eq!(rig.endpoints(), [theirs]);
}

#[tokio::test(start_paused = true)]
async fn a_subnet_is_emptied_and_not_filled_again() {
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
async fn a_dry_run_says_what_would_go_and_changes_nothing() {
    let rig = Rig::new("\"sts\"");
    rig.sweep().await;
    let before = rig.cloud.log().len();
    let (status, text) = rig.release(&rig.vpc, true).await;
    assert_eq!((status, rig.mutating(before).len()), (Status::Fine, 0), "{text}");
    assert!(
        text.contains("aws ec2 delete-vpc-endpoints") && text.contains("exempt for 30 days"),
        "{text}"
    );
    assert!(text.ends_with("Nothing was changed: this was a dry run.\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_ours_nothing_is_done_and_what_is_not_there_is_said() {
    let rig = Rig::new("");
    let (status, text) = rig.release(&rig.vpc, false).await;
    assert_eq!(
        (status, text),
        (
            Status::Fine,
            format!("In {} there is nothing that Postern made.\n", rig.vpc)
        )
    );
    let (status, text) = rig.release("subnet-0", false).await;
    assert_eq!((status, text.as_str()), (Status::Found, "subnet-0 is not there.\n"));
    let (status, text) = rig.release("vpc-0", false).await;
    assert_eq!((status, text.as_str()), (Status::Found, "vpc-0 is not there.\n"));
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
async fn what_nothing_is_on_record_of_and_no_control_wants_any_more_is_released_and_told_of() {
    let mut rig = Rig::new("\"sts\"");
    rig.sweep().await;
    rig.cloud.tables(|tables| *tables = empty_ledger());
    rig.configuration.settings = Rig::new("").configuration.settings;
    let (status, text) = rig.release(&rig.vpc, false).await;
    assert_eq!(status, Status::Fine, "{text}");
    rig.sweep().await;
    let records = rig.records().await;
    assert!(
        !records.is_empty() && records.iter().all(|record| record.delivered),
        "{records:#?}"
    );
}
