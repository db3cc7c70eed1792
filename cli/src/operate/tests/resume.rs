use super::*;

#[tokio::test(start_paused = true)]
async fn finding_that_was_rolled_back_is_repaired_again_after_resume() {
    let (rig, endpoint) = Rig::with_open_endpoint();
    rig.sweep().await;
    let [record] = rig.records().await.try_into().unwrap();
    rig.rollback(&of_change(&record, false)).await;
    let before = rig.cloud.log().len();
    let (status, text) = rig.resume("policy-open", &endpoint, true).await;
    assert_eq!((status, rig.mutating(before).len()), (Status::Fine, 0));
    assert!(text.ends_with("Nothing was changed: this was a dry run.\n"), "{text}");
    rig.sweep().await;
    assert!(is_open(&rig.policy(&endpoint)));
    let (status, text) = rig.resume("policy-open", &endpoint, false).await;
    assert_eq!(status, Status::Fine);
    assert!(
        text.starts_with(&format!(
            "Pause ended: policy-open on {endpoint} (rolled back with `postern"
        )),
        "{text}"
    );
    rig.sweep().await;
    assert!(!is_open(&rig.policy(&endpoint)));
}

#[tokio::test(start_paused = true)]
async fn remediation_conflict_ends_with_resume() {
    let (rig, endpoint) = Rig::with_open_endpoint();
    let open = || {
        rig.cloud
            .edit(|world| world.edit_endpoint(&endpoint, |endpoint| OPEN.clone_into(&mut endpoint.policy)))
    };
    for _ in 0..rig.settings().limits.attempts {
        open();
        rig.sweep().await;
        assert!(!is_open(&rig.policy(&endpoint)));
    }
    open();
    rig.sweep().await;
    assert!(is_open(&rig.policy(&endpoint)));
    let (status, text) = rig.resume("policy-open", &endpoint, false).await;
    assert_eq!(status, Status::Fine);
    assert!(
        text.starts_with(&format!(
            "Earlier repairs no longer count towards `limits.attempts`: policy-open on {endpoint}"
        )),
        "{text}"
    );
    rig.sweep().await;
    assert!(!is_open(&rig.policy(&endpoint)));
}

#[tokio::test(start_paused = true)]
async fn resume_says_if_nothing_is_paused_or_the_resource_does_not_exist() {
    let (rig, endpoint) = Rig::with_open_endpoint();
    let before = rig.cloud.log().len();
    let (status, text) = rig.resume("policy-open", &endpoint, false).await;
    assert_eq!(status, Status::Found);
    assert!(
        text.starts_with(&format!("Remediation of policy-open on {endpoint} is not paused")),
        "{text}"
    );
    for gone in ["vpce-0", "igw-0", "nonsense"] {
        let (status, text) = rig.resume("policy-open", gone, false).await;
        assert_eq!(
            (status, text),
            (
                Status::Found,
                format!(
                    "No VPC, subnet, route table, endpoint or endpoint service `{gone}` exists in {ACCOUNT} in {REGION}.\n"
                )
            )
        );
    }
    assert_eq!(rig.mutating(before).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn every_finding_of_a_run_that_was_rolled_back_is_resumed_at_once() {
    let (rig, first) = Rig::with_open_endpoint();
    let second = rig.cloud.edit(|world| {
        let mut new = NewEndpoint::gateway(&rig.vpc, "dynamodb");
        new.policy = Some(OPEN.to_owned());
        world.add_endpoint(new)
    });
    rig.sweep().await;
    let run = rig.records().await[0].run.to_string();
    rig.rollback(&of_run(&run, false)).await;
    rig.sweep().await;
    assert!([&first, &second].iter().all(|endpoint| is_open(&rig.policy(endpoint))));
    let (status, text) = rig.resume_run(&run).await;
    assert_eq!(status, Status::Fine, "{text}");
    for endpoint in [&first, &second] {
        assert!(
            text.contains(&format!("Pause ended: policy-open on {endpoint}")),
            "{text}"
        );
    }
    rig.sweep().await;
    assert!([&first, &second].iter().all(|endpoint| !is_open(&rig.policy(endpoint))));
}

#[tokio::test(start_paused = true)]
async fn run_that_is_not_on_record_is_refused() {
    let (rig, _) = Rig::with_open_endpoint();
    let arguments = Resume {
        control: None,
        resource: None,
        run: Some("run-9".into()),
        changing: changing(false),
    };
    let error = resume(&rig.context().await, rig.settings(), &arguments, &mut Vec::new()).await;
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("`run-9` is not in the ledger"), "{error}");
}
