use postern_cloud::Fault;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_policy_is_restored_and_not_closed_again_until_the_hold_ends() {
    let (rig, endpoint) = Rig::with_open_endpoint();
    rig.sweep().await;
    let [record] = rig.records().await.try_into().unwrap();
    let closed = rig.policy(&endpoint);
    assert_ne!(closed, OPEN);
    let (status, text) = rig.rollback(&of_change(&record, false)).await;
    assert_eq!(status, Status::Fine, "{text}");
    assert_eq!(rig.policy(&endpoint), OPEN);
    for said in [
        format!("  {}  replace the policy of {endpoint}\n", record.id),
        format!("    aws ec2 modify-vpc-endpoint --vpc-endpoint-id {endpoint} --policy-document"),
        format!("Done: restore the policy of {endpoint}.\n"),
        format!("  policy-open on {endpoint}\n"),
        format!("  postern resume policy-open {endpoint}\n"),
    ] {
        assert!(text.contains(&said), "{said}\n{text}");
    }
    let [record, undo] = rig.records().await.try_into().unwrap();
    assert_eq!(record.undone_by.as_ref(), Some(&undo.id));
    assert_eq!(undo.undoes.as_ref(), Some(&record.id));
    assert_eq!((undo.function.as_str(), &undo.causes), ("postern", &record.causes));
    assert_eq!(undo.status, ChangeStatus::Applied { created: None });
    // Held, with the people told of it.
    rig.sweep().await;
    assert_eq!(rig.policy(&endpoint), OPEN);
    let last = rig.cloud.published().pop().unwrap().message;
    assert!(last.contains("taken back with `postern rollback"), "{last}");
    // The days of the hold and a little more.
    tokio::time::advance(Duration::from_secs(31 * 86_400)).await;
    rig.sweep().await;
    assert_eq!(rig.policy(&endpoint), closed);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_changed_since_stops_a_rollback_before_anything_is_done() {
    let (rig, endpoint) = Rig::with_open_endpoint();
    rig.sweep().await;
    let [record] = rig.records().await.try_into().unwrap();
    let other = OPEN.replace("\"*\",\"Resource\"", "\"sts:*\",\"Resource\"");
    rig.cloud
        .edit(|world| world.edit_endpoint(&endpoint, |endpoint| endpoint.policy.clone_from(&other)));
    let before = rig.cloud.log().len();
    let (status, text) = rig.rollback(&of_change(&record, false)).await;
    assert_eq!(status, Status::Found, "{text}");
    assert!(
        text.contains(&format!(
            "Stopped before {}: {endpoint}: its policy was changed since.",
            record.id
        )),
        "{text}"
    );
    assert_eq!(rig.policy(&endpoint), other);
    let called: Vec<_> = rig
        .mutating(before)
        .iter()
        .map(|entry| entry.operation.clone())
        .collect();
    // The lease, taken and given back.
    assert_eq!(called, ["UpdateItem", "UpdateItem"]);
}

#[tokio::test(start_paused = true)]
async fn all_of_a_run_is_taken_back_and_stays_so() {
    let rig = Rig::new("\"sts\", \"kms\"");
    rig.sweep().await;
    let made = rig.records().await;
    assert_eq!((applied(&made), rig.endpoints().len()), (made.len(), 2));
    let (status, text) = rig.rollback(&of_run("run-1", false)).await;
    assert_eq!(status, Status::Fine, "{text}");
    assert_eq!(rig.endpoints().len(), 0);
    rig.cloud
        .edit(|world| assert!(!world.groups().any(|group| group.name != "default")));
    let records = rig.records().await;
    assert_eq!(records.len(), 2 * made.len());
    assert!(records.iter().all(|record| record.status.settled()));
    let undone = records.iter().filter(|record| record.undone_by.is_some()).count();
    assert_eq!(undone, made.len());
    let before = rig.cloud.log().len();
    rig.sweep().await;
    assert!(!rig.mutating(before).iter().any(|entry| entry.changed()));
    // And it is taken back once.
    let (status, text) = rig.rollback(&of_run("run-1", false)).await;
    assert_eq!(status, Status::Fine, "{text}");
    assert!(text.contains("nothing to do: ") && !text.contains("Done"), "{text}");
    assert_eq!(rig.records().await.len(), records.len());
}

#[tokio::test(start_paused = true)]
async fn a_change_that_others_build_on_is_not_taken_back_alone() {
    let rig = Rig::new("\"sts\"");
    rig.sweep().await;
    let records = rig.records().await;
    let (status, text) = rig.rollback(&of_change(&records[0], false)).await;
    assert_eq!(status, Status::Found, "{text}");
    assert!(text.contains("is attached to vpce-"), "{text}");
    assert_eq!(rig.endpoints().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_says_everything_and_changes_nothing() {
    let rig = Rig::new("\"sts\"");
    rig.sweep().await;
    let before = rig.cloud.log().len();
    let (status, text) = rig.rollback(&of_run("run-1", true)).await;
    assert_eq!(status, Status::Fine, "{text}");
    assert_eq!(rig.mutating(before).len(), 0);
    for said in [
        "    aws ec2 delete-vpc-endpoints --vpc-endpoint-ids vpce-",
        "    aws ec2 delete-security-group --group-id sg-",
        "exempt for 30 days:\n",
        &format!(
            "  endpoint-missing on {} (com.amazonaws.eu-central-1.sts, interface)\n",
            rig.vpc
        ),
        "Nothing was changed: this was a dry run.\n",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_back_while_a_function_is_at_work() {
    let (rig, endpoint) = Rig::with_open_endpoint();
    rig.sweep().await;
    let [record] = rig.records().await.try_into().unwrap();
    let area = rig.area().await;
    let (now, run) = (area.aws.now(), "another".into());
    let until = now + Duration::from_secs(300);
    area.ledger.acquire(&record.scope, &run, until, now).await.unwrap();
    let closed = rig.policy(&endpoint);
    let error = rollback(&area, rig.settings(), &of_change(&record, false), &mut Vec::new()).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        format!("a function is at work on {}; try again in a minute", rig.vpc)
    );
    assert_eq!(rig.policy(&endpoint), closed);
    // It waits for who is done soon.
    let arguments = of_change(&record, false);
    let (status, _) = tokio::join!(rig.rollback(&arguments), async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        area.ledger.release(&record.scope, &run).await.unwrap();
    })
    .0;
    assert_eq!((status, rig.policy(&endpoint).as_str()), (Status::Fine, OPEN));
}

#[tokio::test(start_paused = true)]
async fn what_aws_refuses_is_held_no_less_and_on_record_as_failed() {
    let (rig, endpoint) = Rig::with_open_endpoint();
    rig.sweep().await;
    let [record] = rig.records().await.try_into().unwrap();
    let closed = rig.policy(&endpoint);
    rig.cloud.plan("ModifyVpcEndpoint", [Fault::Denied]);
    let (status, text) = rig.rollback(&of_change(&record, false)).await;
    assert_eq!(status, Status::Failed, "{text}");
    assert!(
        text.contains("Failed: could not restore the policy") && text.contains("exempt until"),
        "{text}"
    );
    assert_eq!(rig.policy(&endpoint), closed);
    let [record, undo] = rig.records().await.try_into().unwrap();
    assert!(matches!(undo.status, ChangeStatus::Failed { .. }) && record.undone_by.is_none());
    let (status, _) = rig.rollback(&of_change(&record, false)).await;
    assert_eq!((status, rig.policy(&endpoint).as_str()), (Status::Fine, OPEN));
}

#[tokio::test(start_paused = true)]
async fn a_change_or_run_that_is_not_on_record_cannot_be_taken_back() {
    let rig = Rig::new("");
    let area = rig.area().await;
    let error = rollback(&area, rig.settings(), &of_run("run-9", false), &mut Vec::new()).await;
    let text = error.unwrap_err().to_string();
    assert_eq!(
        text,
        "`run-9` is not in the ledger of 111122223333 in eu-central-1; `postern history` lists what is"
    );
}
