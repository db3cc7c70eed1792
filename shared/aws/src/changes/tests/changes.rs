use super::*;

#[tokio::test]
async fn every_change_is_applied_with_the_calls_that_it_declares() {
    let mut kinds = BTreeSet::new();
    for case in cases() {
        let cloud = first_time(&case);
        let created = case.created.map(str::to_owned);
        assert_eq!(
            apply(&cloud, &case.change).await,
            ChangeOutcome::Applied { created },
            "{}",
            case.change
        );
        let declared: BTreeSet<_> = calls(case.change.kind()).iter().copied().collect();
        for action in cloud.actions() {
            let action = format!("ec2:{action}");
            assert!(declared.contains(action.as_str()), "{}: {action}", case.change);
        }
        kinds.insert(case.change.kind());
    }
    assert_eq!(kinds.len(), 11);
}

#[tokio::test]
async fn every_change_applied_again_is_not_needed_and_changes_nothing() {
    for case in cases() {
        let mut cloud = Cloud::new();
        let (last, before) = match case.change {
            Change::CreateEndpoint(_) => (&case.looks[0], &case.looks[..0]),
            _ => case.looks.split_last().unwrap(),
        };
        for (action, answer) in before {
            cloud = cloud.on(action, answer);
        }
        cloud = cloud.on(last.0, &case.already);
        let outcome = apply(&cloud, &case.change).await;
        assert!(
            matches!(outcome, ChangeOutcome::NotNeeded { .. }),
            "{}: {outcome:?}",
            case.change
        );
    }
}

#[tokio::test]
async fn failure_of_any_call_of_a_change_names_the_call_and_whether_to_retry() {
    let refusals = [
        ("RequestLimitExceeded", true),
        ("InternalError", true),
        ("UnauthorizedOperation", false),
    ];
    for case in cases() {
        let calls: Vec<_> = case.looks.iter().chain([&case.act]).collect();
        for position in 0..calls.len() {
            for (code, worth) in refusals {
                let failing = calls[position].0;
                let times = if worth && failing == case.act.0 {
                    case.writes(code)
                } else {
                    1
                };
                let cloud = (0..times).fold(Cloud::new(), |cloud, _| cloud.refuse(failing, code, "No."));
                // The order of looks is nobody's business: those that are asked for are answered.
                let cloud = calls
                    .iter()
                    .filter(|(action, _)| *action != failing)
                    .fold(cloud, |cloud, (action, answer)| cloud.always(action, answer));
                let outcome = apply(&cloud, &case.change).await;
                let ChangeOutcome::Failed { cause, transient } = outcome else {
                    panic!("{} failing at {failing}: {outcome:?}", case.change);
                };
                assert_eq!(transient, worth, "{cause}");
                let start = format!("could not {}: ec2:{failing} failed: {code}: No; ", case.change);
                assert!(cause.starts_with(&start), "{cause}");
                if position + 1 < calls.len() {
                    assert!(
                        cloud.requests(case.act.0).is_empty(),
                        "{} after {failing} failed",
                        case.change
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_worth_another_attempt() {
    for case in cases() {
        let looked = case
            .looks
            .iter()
            .fold(Cloud::new(), |cloud, (action, answer)| cloud.always(action, answer));
        let broken = (0..case.writes("")).fold(looked, |cloud, _| cloud.breaks(case.act.0));
        let outcome = apply(&broken, &case.change).await;
        let ChangeOutcome::Failed { cause, transient: true } = outcome else {
            panic!("{}: {outcome:?}", case.change);
        };
        assert!(cause.contains("connection reset by peer"), "{cause}");
    }
}

#[tokio::test]
async fn success_with_return_false_is_a_failure() {
    for case in cases() {
        if !matches!(case.act.0, "ModifyVpcEndpoint" | "AuthorizeSecurityGroupIngress") {
            continue;
        }
        let looked = case
            .looks
            .iter()
            .fold(Cloud::new(), |cloud, (action, answer)| cloud.on(action, answer));
        let outcome = apply(&looked.on(case.act.0, "<return>false</return>"), &case.change).await;
        assert!(
            matches!(outcome, ChangeOutcome::Failed { transient: false, .. }),
            "{}: {outcome:?}",
            case.change
        );
    }
}
