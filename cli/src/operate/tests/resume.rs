use super::*;

#[tokio::test(start_paused = true)]
async fn what_was_rolled_back_is_repaired_again_after_resume() {
    let (rig, endpoint) = Rig::with_open_endpoint();
    rig.sweep().await;
    let [record] = rig.records().await.try_into().unwrap();
    rig.rollback(&of_change(&record, false)).await;
    let before = rig.cloud.log().len();
    let (status, text) = rig.resume("policy-open", &endpoint, true).await;
    assert_eq!((status, rig.mutating(before).len()), (Status::Fine, 0));
    assert!(text.ends_with("Nothing was changed: this was a dry run.\n"), "{text}");
    rig.sweep().await;
    assert_eq!(rig.policy(&endpoint), OPEN);
    let (status, text) = rig.resume("policy-open", &endpoint, false).await;
    assert_eq!(status, Status::Fine);
    assert!(
        text.starts_with(&format!(
            "No longer exempt: policy-open on {endpoint} (taken back with `postern"
        )),
        "{text}"
    );
    rig.sweep().await;
    assert_ne!(rig.policy(&endpoint), OPEN);
}

#[tokio::test(start_paused = true)]
async fn a_tug_of_war_is_over_after_resume() {
    let (rig, endpoint) = Rig::with_open_endpoint();
    let open = || {
        rig.cloud
            .edit(|world| world.edit_endpoint(&endpoint, |endpoint| OPEN.clone_into(&mut endpoint.policy)))
    };
    for _ in 0..rig.settings().limits.attempts {
        open();
        rig.sweep().await;
        assert_ne!(rig.policy(&endpoint), OPEN);
    }
    open();
    rig.sweep().await;
    assert_eq!(rig.policy(&endpoint), OPEN);
    let (status, text) = rig.resume("policy-open", &endpoint, false).await;
    assert_eq!(status, Status::Fine);
    assert!(
        text.starts_with(&format!("Earlier repairs no longer count: policy-open on {endpoint}")),
        "{text}"
    );
    rig.sweep().await;
    assert_ne!(rig.policy(&endpoint), OPEN);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_held_there_is_nothing_to_resume() {
    let (rig, endpoint) = Rig::with_open_endpoint();
    let before = rig.cloud.log().len();
    let (status, text) = rig.resume("policy-open", &endpoint, false).await;
    assert_eq!(status, Status::Found);
    assert!(
        text.starts_with(&format!("Nothing holds policy-open on {endpoint}")),
        "{text}"
    );
    for gone in ["vpce-0", "igw-0", "nonsense"] {
        let (status, text) = rig.resume("policy-open", gone, false).await;
        assert_eq!(
            (status, text),
            (
                Status::Found,
                format!("There is no VPC, subnet, route table or endpoint {gone} here.\n")
            )
        );
    }
    assert_eq!(rig.mutating(before).len(), 0);
}
