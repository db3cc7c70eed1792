use postern_cloud::Fault;
use postern_core::changes::{Change, ReplacePolicy};

use super::*;

#[tokio::test(start_paused = true)]
async fn restored_policy_is_not_closed_again_until_the_pause_ends() {
    let (rig, endpoint) = Rig::with_open_endpoint();
    rig.sweep().await;
    let [record] = rig.records().await.try_into().unwrap();
    assert!(!is_open(&rig.policy(&endpoint)));
    let (status, text) = rig.rollback(&of_change(&record, false)).await;
    assert_eq!(status, Status::Fine, "{text}");
    assert!(is_open(&rig.policy(&endpoint)));
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
    // Paused, and reported as such.
    rig.sweep().await;
    assert!(is_open(&rig.policy(&endpoint)));
    let last = rig.cloud.published().pop().unwrap().message;
    assert!(last.contains("rolled back with `postern rollback"), "{last}");
    // Longer than the pause.
    tokio::time::advance(Duration::from_secs(31 * 86_400)).await;
    rig.sweep().await;
    assert!(!is_open(&rig.policy(&endpoint)));
    let again = rig.records().await.pop().unwrap();
    assert_eq!(policy_set_by(&again), policy_set_by(&record));
}

/// Without the order of members, which AWS changes.
fn policy_set_by(record: &ChangeRecord) -> serde_json::Value {
    let Action::Change(Change::ReplacePolicy(ReplacePolicy { after, .. })) = &record.action else {
        panic!("{record:?}")
    };
    serde_json::from_str(after).unwrap()
}

#[tokio::test(start_paused = true)]
async fn rollback_stops_before_it_changes_what_somebody_changed_since() {
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
    // What Postern left there, and what is there now.
    let line = |sign: char, word: &str| {
        text.lines()
            .any(|line| line.trim_start().starts_with(sign) && line.contains(word))
    };
    assert!(line('+', "sts:*") && line('-', "\"Deny\""), "{text}");
    assert_eq!(rig.policy(&endpoint), other);
    let called: Vec<_> = rig
        .mutating(before)
        .iter()
        .map(|entry| entry.operation.clone())
        .collect();
    // The lease, acquired and released.
    assert_eq!(called, ["UpdateItem", "UpdateItem"]);
}

#[tokio::test(start_paused = true)]
async fn rollback_of_a_run_undoes_all_its_changes_once() {
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
    // A second time, nothing is left to do.
    let (status, text) = rig.rollback(&of_run("run-1", false)).await;
    assert_eq!(status, Status::Fine, "{text}");
    assert!(text.contains("nothing to do: ") && !text.contains("Done"), "{text}");
    assert_eq!(rig.records().await.len(), records.len());
}

#[tokio::test(start_paused = true)]
async fn change_that_others_depend_on_is_not_rolled_back_alone() {
    let rig = Rig::new("\"sts\"");
    rig.sweep().await;
    let records = rig.records().await;
    let (status, text) = rig.rollback(&of_change(&records[0], false)).await;
    assert_eq!(status, Status::Found, "{text}");
    assert!(text.contains("is attached to vpce-"), "{text}");
    assert_eq!(rig.endpoints().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn dry_run_describes_everything_and_changes_nothing() {
    let rig = Rig::new("\"sts\"");
    rig.sweep().await;
    let before = rig.cloud.log().len();
    let (status, text) = rig.rollback(&of_run("run-1", true)).await;
    assert_eq!(status, Status::Fine, "{text}");
    assert_eq!(rig.mutating(before).len(), 0);
    for said in [
        "    aws ec2 delete-vpc-endpoints --vpc-endpoint-ids vpce-",
        "    aws ec2 delete-security-group --group-id sg-",
        "is paused for 30 days:\n",
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
async fn rollback_waits_for_the_lease_and_fails_if_it_stays_taken() {
    let (rig, endpoint) = Rig::with_open_endpoint();
    rig.sweep().await;
    let [record] = rig.records().await.try_into().unwrap();
    let context = rig.context().await;
    let (now, run) = (context.aws.now(), "another".into());
    let until = now + Duration::from_secs(300);
    context.ledger.acquire(&record.scope, &run, until, now).await.unwrap();
    let closed = rig.policy(&endpoint);
    let error = rollback(&context, rig.settings(), &of_change(&record, false), &mut Vec::new()).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        format!("another run holds the lease of {}; try again in a minute", rig.vpc)
    );
    assert_eq!(rig.policy(&endpoint), closed);
    // It waits for a run that ends soon.
    let arguments = of_change(&record, false);
    let (status, _) = tokio::join!(rig.rollback(&arguments), async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        context.ledger.release(&record.scope, &run).await.unwrap();
    })
    .0;
    let document = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(
        (status, document(&rig.policy(&endpoint))),
        (Status::Fine, document(OPEN))
    );
}

#[tokio::test(start_paused = true)]
async fn undo_that_aws_refuses_is_recorded_as_failed_and_remediation_is_paused() {
    let (rig, endpoint) = Rig::with_open_endpoint();
    rig.sweep().await;
    let [record] = rig.records().await.try_into().unwrap();
    let closed = rig.policy(&endpoint);
    rig.cloud.plan("ModifyVpcEndpoint", [Fault::Denied]);
    let (status, text) = rig.rollback(&of_change(&record, false)).await;
    assert_eq!(status, Status::Failed, "{text}");
    assert!(
        text.contains("Failed: could not restore the policy") && text.contains("is paused until"),
        "{text}"
    );
    assert_eq!(rig.policy(&endpoint), closed);
    let [record, undo] = rig.records().await.try_into().unwrap();
    assert!(matches!(undo.status, ChangeStatus::Failed { .. }) && record.undone_by.is_none());
    let (status, _) = rig.rollback(&of_change(&record, false)).await;
    let document = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(
        (status, document(&rig.policy(&endpoint))),
        (Status::Fine, document(OPEN))
    );
}

#[tokio::test(start_paused = true)]
async fn change_or_run_that_is_not_on_record_is_refused() {
    let rig = Rig::new("");
    let context = rig.context().await;
    let error = rollback(&context, rig.settings(), &of_run("run-9", false), &mut Vec::new()).await;
    let text = error.unwrap_err().to_string();
    assert_eq!(
        text,
        "`run-9` is not in the ledger of 111122223333 in eu-central-1; `postern history` lists the changes and runs on record"
    );
}

#[tokio::test(start_paused = true)]
async fn changes_since_a_time_are_rolled_back_and_earlier_ones_are_not() {
    let (rig, endpoint) = Rig::with_open_endpoint();
    rig.sweep().await;
    let closed = rig.policy(&endpoint);
    tokio::time::advance(Duration::from_secs(3 * 3_600)).await;
    let later = rig.cloud.edit(|world| {
        let mut new = NewEndpoint::gateway(&rig.vpc, "dynamodb");
        new.policy = Some(OPEN.to_owned());
        world.add_endpoint(new)
    });
    rig.sweep().await;
    assert!(!is_open(&rig.policy(&later)));
    let (status, text) = rig.rollback(&since("2h", true)).await;
    assert_eq!(status, Status::Fine, "{text}");
    assert!(!is_open(&rig.policy(&later)), "a dry run");
    let (status, text) = rig.rollback(&since("2h", false)).await;
    assert_eq!(status, Status::Fine, "{text}");
    assert!(is_open(&rig.policy(&later)));
    assert_eq!(rig.policy(&endpoint), closed);
    // The rollback itself is no change to roll back, and what was rolled back stays so.
    let (status, _) = rig.rollback(&since("2h", false)).await;
    assert_eq!(status, Status::Fine);
    assert!(is_open(&rig.policy(&later)));
}

#[tokio::test(start_paused = true)]
async fn time_without_a_change_since_is_said() {
    let (rig, _) = Rig::with_open_endpoint();
    let error = rollback(
        &rig.context().await,
        rig.settings(),
        &since("2h", false),
        &mut Vec::new(),
    )
    .await;
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("there is no change since"), "{error}");
}
