use serde_json::Value;

use super::*;

#[tokio::test(start_paused = true)]
async fn history_shows_each_change_with_its_cause_actor_outcome_and_rollback() {
    let (rig, endpoint) = Rig::with_open_endpoint();
    assert_eq!(
        rig.history(|_| {}).await,
        format!("No change of {ACCOUNT} in {REGION} is on record.\n")
    );
    rig.sweep().await;
    let [record] = rig.records().await.try_into().unwrap();
    rig.rollback(&of_change(&record, false)).await;
    let text = rig.history(|_| {}).await;
    let undo = &rig.records().await[1];
    let lines: Vec<_> = text.lines().collect();
    let expected = [
        format!("{}  replace the policy of {endpoint}", record.id),
        format!("  when     {:.0}, in {}", record.time, rig.vpc),
        format!("  for      policy-open on {endpoint}"),
        "  because  Scheduled Event at 2026-03-02T09:00:00Z".to_owned(),
        "  by       sweeper, run run-1".to_owned(),
        "  outcome  applied".to_owned(),
        format!("  undone   by {}", undo.id),
        String::new(),
        format!(
            "{}  restore the policy of {endpoint} (rolls back {})",
            undo.id, record.id
        ),
        format!("  when     {:.0}, in {}", undo.time, rig.vpc),
        format!("  for      policy-open on {endpoint}"),
        format!(
            "  because  postern rollback by {OPERATOR} at {:.0}",
            undo.triggering_events[0].time.unwrap()
        ),
        format!("  by       postern, run {}", undo.run),
        "  outcome  applied".to_owned(),
    ];
    assert_eq!(lines, expected);
}

#[tokio::test(start_paused = true)]
async fn history_is_filtered_by_resource_control_and_time() {
    let rig = Rig::new("\"sts\", \"kms\"");
    rig.sweep().await;
    let all = rig.records().await;
    let shown = async |edit: &dyn Fn(&mut History)| {
        let text = rig
            .history(|history| {
                history.format = Format::Json;
                edit(history);
            })
            .await;
        let ids = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(
        shown(&|_| {}).await,
        all.iter().map(|record| record.id.as_str()).collect::<Vec<_>>()
    );
    let endpoint = rig.endpoints().swap_remove(0);
    let of_endpoint = shown(&|history| history.resource = Some(endpoint.clone())).await;
    let created = all.iter().find(|record| {
        record.status
            == ChangeStatus::Applied {
                created: Some(endpoint.clone()),
            }
    });
    assert_eq!(of_endpoint, [created.unwrap().id.as_str()]);
    assert_eq!(
        shown(&|history| history.resource = Some(rig.vpc.clone())).await.len(),
        all.len()
    );
    assert_eq!(
        shown(&|history| history.control = Some("policy-open".to_owned()))
            .await
            .len(),
        0
    );
    assert_eq!(
        shown(&|history| history.control = Some("endpoint-missing".to_owned()))
            .await
            .len(),
        all.len()
    );
    tokio::time::advance(Duration::from_secs(3_600)).await;
    assert_eq!(shown(&|history| history.since = "30m".parse().ok()).await.len(), 0);
    assert_eq!(
        shown(&|history| history.since = "2h".parse().ok()).await.len(),
        all.len()
    );
    assert!(
        rig.history(|history| history.resource = Some("vpc-0".to_owned()))
            .await
            .contains("matches the filters")
    );
}
