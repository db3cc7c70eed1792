use super::*;

fn vpc_item(id: &str, owner: &str) -> String {
    format!("<item><vpcId>{id}</vpcId><ownerId>{owner}</ownerId><cidrBlock>10.0.0.0/16</cidrBlock></item>")
}

fn region_of_three() -> Cloud {
    let vpcs = [
        ("vpc-1", "111122223333"),
        ("vpc-2", "444455556666"),
        ("vpc-3", "111122223333"),
    ];
    let vpcs: String = vpcs.map(|(id, owner)| vpc_item(id, owner)).concat();
    let subnets = [("subnet-1", "vpc-1"), ("subnet-2", "vpc-2"), ("subnet-3", "vpc-1")];
    let subnets: String = subnets.map(|(id, vpc)| subnet_item(id, vpc)).concat();
    Cloud::new()
        .on("DescribeVpcs", &format!("<vpcSet>{vpcs}</vpcSet>"))
        .on("DescribeSubnets", &format!("<subnetSet>{subnets}</subnetSet>"))
}

async fn sweep(cloud: &Cloud, wanted: &[Part]) -> Result<Vec<VpcSnapshot>, ObserveError> {
    let seen = cloud
        .session()
        .observe_vpcs(&region(), &parts(wanted), &Settings::default())
        .await;
    cloud.done();
    seen.map(|mut snapshots| {
        snapshots.sort_by(|a, b| a.vpc.id.cmp(&b.vpc.id));
        snapshots
    })
}

#[tokio::test]
async fn a_region_is_split_into_its_vpcs_those_of_other_owners_included() {
    let cloud = region_of_three();
    let snapshots = sweep(&cloud, &[Part::Subnets]).await.unwrap();
    assert_eq!(cloud.actions(), ["DescribeSubnets", "DescribeVpcs"]);
    assert!(!cloud.request("DescribeSubnets").contains_key("Filter.1.Name"));
    let seen: Vec<_> = snapshots
        .iter()
        .map(|s| {
            (
                s.vpc.id.as_str(),
                s.vpc.owner.as_str(),
                s.subnets.as_ref().unwrap().len(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("vpc-1", "111122223333", 2),
            ("vpc-2", "444455556666", 1),
            ("vpc-3", "111122223333", 0)
        ]
    );
}

#[tokio::test]
async fn a_sweep_asks_for_the_attributes_of_our_own_vpcs_only() {
    let cloud = region_of_three().always("DescribeVpcAttribute", BOTH);
    let snapshots = sweep(&cloud, &[Part::Subnets, Part::Dns]).await.unwrap();
    assert_eq!(cloud.requests("DescribeVpcAttribute").len(), 4);
    assert!(snapshots[0].dns.is_ok() && snapshots[2].dns.is_ok());
    assert_eq!(
        snapshots[1].dns.as_ref().unwrap_err().reason,
        "vpc-2 belongs to account 444455556666"
    );
}

#[tokio::test]
async fn attributes_that_cannot_be_read_are_a_gap_in_their_vpc_alone() {
    let vpcs = format!("<vpcSet>{}</vpcSet>", vpc_item("vpc-1", "111122223333"));
    let cloud = Cloud::new()
        .on("DescribeVpcs", &vpcs)
        .on("DescribeVpcAttribute", BOTH)
        .refuse(
            "DescribeVpcAttribute",
            "RequestLimitExceeded",
            "Request limit exceeded.",
        );
    let snapshots = sweep(&cloud, &[Part::Dns]).await.unwrap();
    assert_eq!(
        snapshots[0].dns.as_ref().unwrap_err().reason,
        "ec2:DescribeVpcAttribute failed: RequestLimitExceeded: Request limit exceeded"
    );
}

#[tokio::test]
async fn a_vpc_that_goes_away_during_a_sweep_is_left_out() {
    let vpcs = format!("<vpcSet>{}</vpcSet>", vpc_item("vpc-1", "111122223333"));
    let cloud = Cloud::new().on("DescribeVpcs", &vpcs).refuse(
        "DescribeVpcAttribute",
        "InvalidVpcID.NotFound",
        "The vpc ID 'vpc-1' does not exist",
    );
    assert_eq!(sweep(&cloud, &[Part::Dns]).await.unwrap(), []);
}

#[tokio::test]
async fn access_denied_leaves_a_gap_in_every_vpc_of_a_sweep() {
    let cloud = region_of_three().refuse(
        "DescribeVpcEndpoints",
        "UnauthorizedOperation",
        "You are not authorized.",
    );
    let snapshots = sweep(&cloud, &[Part::Subnets, Part::Endpoints]).await.unwrap();
    assert!(snapshots.iter().all(|s| s.endpoints.is_err() && s.subnets.is_ok()));
}

#[tokio::test]
async fn throttling_beyond_the_retries_fails_a_sweep_so_that_it_is_repeated() {
    let cloud = Cloud::new().on("DescribeVpcs", "<vpcSet/>").refuse(
        "DescribeVpcEndpoints",
        "RequestLimitExceeded",
        "Request limit exceeded.",
    );
    let error = sweep(&cloud, &[Part::Endpoints]).await.unwrap_err();
    assert!(error.transient());
    assert_eq!(error.target, "the VPCs of eu-central-1");
}
