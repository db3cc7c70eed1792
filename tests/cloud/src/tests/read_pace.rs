//! The pace of a sweep's calls.

use jiff::SignedDuration;
use postern_core::model::part::Part;

use super::*;

/// EC2 has 100 tokens for a call that reads, and 20 more a second.
#[tokio::test(start_paused = true)]
async fn sweep_of_hundreds_of_vpcs_leaves_tokens_to_others() {
    let cloud = Cloud::new(7);
    cloud.edit(|world| {
        world.page = 1_000;
        for number in 0..200 {
            world.add_vpc(&format!("10.{number}.0.0/16"));
        }
    });
    let session = session(&cloud).await;
    let (region, parts, settings) = (REGION.into(), [Part::Dns].into(), Settings::default());
    let seen = session.observe_vpcs(&region, &parts, &settings).await.unwrap();
    assert!(seen.len() == 200 && seen.iter().all(|vpc| vpc.dns.is_ok()));
    let log = cloud.log();
    let calls: Vec<_> = log
        .iter()
        .filter(|entry| entry.operation == "DescribeVpcAttribute")
        .map(|entry| entry.at)
        .collect();
    assert_eq!(calls.len(), 400);
    for (first, from) in calls.iter().enumerate() {
        for (last, to) in calls.iter().enumerate().skip(first) {
            let tokens = 80.0 + 14.0 * to.duration_since(*from).as_secs_f64();
            assert!(
                ((last - first) as f64) < tokens,
                "calls {first} to {last} in {from}..{to}"
            );
        }
    }
    let took = calls.last().unwrap().duration_since(calls[0]);
    assert!(took < SignedDuration::from_secs(40), "{took}");
}
