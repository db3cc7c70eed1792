//! The model and moto, asked the same by the same client, as far as both claim to know.
//!
//! What moto does otherwise than AWS's documentation says is left out of the comparison, and only that:
//! - `ClientToken` is ignored: none is sent. (API reference, CreateVpcEndpoint: "Unique, case-sensitive identifier that
//!   you provide to ensure the idempotency of the request.")
//! - `DryRun` changes things: none is asked for. (API reference: "Checks whether you have the required permissions for
//!   the action, without actually making the request".)
//! - New endpoints are available at once, deleted ones stay listed: states are not compared, the model's endpoints are
//!   made available by hand, deleted ones are left out. (API reference, VpcEndpoint: the valid states.)
//! - `PrivateDnsEnabled` and `ResetPolicy` are ignored when an endpoint is modified, and a private name may be held
//!   twice: endpoints are made without. (API reference, ModifyVpcEndpoint.)
//! - Unknown services, subnets, groups and a second subnet in a zone are accepted: none is asked for. (API reference,
//!   CreateVpcEndpoint: "One subnet per Availability Zone".)
//! - An interface endpoint without groups shows none: each is given one. (API reference, CreateVpcEndpoint: "If this
//!   parameter is not specified, we use the default security group for the VPC.")
//! - The filter `vpc-endpoint-id` and DescribeVpcEndpointConnections fail: not asked.
//! - The route of a gateway endpoint is not shown in its route tables: such routes are not compared. (User guide,
//!   Gateway endpoints: "we automatically add a route that points traffic destined for the service to the endpoint".)
//! - New VPCs' default group and main route table are there in both but are not compared further.

mod side;
mod step;

use std::time::Duration;

use aws_sdk_ec2::Client;
use fastrand::Rng;
use postern_tests::stack::Moto;

use self::side::Side;
use self::step::{Inventory, random};
use crate::world::EndpointState;
use crate::{Cloud, Faults, REGION};

const ROUNDS: usize = 60;

#[tokio::test]
async fn model_and_moto_agree_where_both_follow_the_documentation() {
    let moto = Moto::start().await.unwrap();
    for seed in 0..3 {
        let mut rng = Rng::with_seed(seed);
        let cloud = Cloud::new(seed);
        let mut faults = Faults::none();
        faults.latency = Duration::ZERO..=Duration::ZERO;
        cloud.set_faults(faults);
        cloud.edit(|world| world.page = 1_000);
        let mut model = Side::new(Client::new(&cloud.config("arn:aws:iam::111122223333:role/tester")));
        let mut moto = Side::new(moto.ec2(REGION).await);
        let mut inventory = Inventory::default();
        let mut taken = 0;
        while taken < ROUNDS {
            let step = random(&mut rng);
            let vpcs = model.ids.get("vpc").map_or(0, Vec::len);
            if !inventory.allows(&step, vpcs) {
                continue;
            }
            taken += 1;
            let (ours, theirs) = (model.take(&step).await, moto.take(&step).await);
            assert_eq!(ours, theirs, "seed {seed}, {step:?}: model and moto");
            if ours.is_ok() {
                inventory.record(&step);
            }
            cloud.edit(|world| {
                let pending = world.endpoints().filter(|it| it.state == EndpointState::Pending);
                let pending: Vec<_> = pending.map(|it| it.id.clone()).collect();
                for id in pending {
                    world.edit_endpoint(&id, |it| it.state = EndpointState::Available);
                }
            });
        }
        let (ours, theirs) = (model.view().await, moto.view().await);
        let ours_alone: Vec<_> = ours.difference(&theirs).collect();
        let theirs_alone: Vec<_> = theirs.difference(&ours).collect();
        assert!(
            ours_alone.is_empty() && theirs_alone.is_empty(),
            "seed {seed}: the model alone shows {ours_alone:#?}, moto alone {theirs_alone:#?}"
        );
        assert!(ours.len() > 10, "seed {seed}: {ours:#?}");
    }
}
