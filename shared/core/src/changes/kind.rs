//! What every kind of change and every inverse has to state. Nothing has a default, so that a new kind cannot forget
//! anything.

use super::effect::EffectResult;
use super::snippet::Block;
use super::{Change, ChangeKind, Inverse, Safety};
use crate::model::cost::{MonthlyCost, Prices};
use crate::model::id::{EndpointId, Region, RunId, VpcId};
use crate::model::managed::GroupPurpose;
use crate::model::part::{Gap, Part};

/// What a change makes ready, so that later changes of a plan need it.
pub(super) enum Prepares<'a> {
    Nothing,
    /// The DNS attributes of the VPC.
    VpcDns,
    /// The managed group and what it admits.
    ManagedGroup,
    /// The empty group of endpoints in quarantine.
    QuarantineGroup,
    /// What the groups of an endpoint admit.
    Ingress(&'a EndpointId),
}

/// `S` is the snapshot of the scope that the change is made in.
pub(super) trait KindOfChange<S> {
    fn kind(&self) -> ChangeKind;

    fn safety(&self) -> Safety;

    /// Such as `enable private DNS on vpce-0a1b2c3d`.
    fn text(&self) -> String;

    /// The endpoint that the change modifies; None where it creates one or touches none.
    fn endpoint(&self) -> Option<&EndpointId>;

    /// The parts of a snapshot that the change alters.
    fn alters(&self) -> &'static [Part];

    /// What the change adds to the bill each month, data processing aside.
    fn monthly_cost(&self, prices: &Prices, region: &Region) -> Option<MonthlyCost>;

    /// Whether it does again what an earlier change did.
    fn repeats(&self, earlier: &Change) -> bool;

    /// What it prepares for later changes of the same plan.
    fn prepares(&self) -> Prepares<'_>;

    /// The VPC in which it creates, changes or attaches a managed group, and which one.
    fn managed_group(&self) -> Option<(&VpcId, GroupPurpose)>;

    /// Whether it may fail, or cut clients off, unless an earlier change of the same plan was made.
    fn requires(&self, earlier: &Change) -> bool;

    /// Makes the change in a snapshot, and tells whether that alters it. Nothing happens where the change is in effect
    /// already, or where the part that it concerns was not observed.
    fn simulate(&self, state: &mut S) -> bool;

    /// The id that `simulate` gave to what the change created, or of the managed group that it refers to, by the
    /// snapshot after the change.
    fn simulated_id(&self, after: &S) -> Option<String>;

    /// What undoes it. `created` is the id of what AWS created, or of the managed group that the change refers to.
    fn inverse(&self, created: Option<&str>) -> Option<Inverse>;

    /// Whether this run made the change. A gap where what it changes was not observed.
    fn effect(&self, run: &RunId, state: &S) -> EffectResult;

    /// Whether what it created carries the run in its tags, so that `effect` tells one run's change from another's.
    fn names_its_run(&self) -> bool;

    /// What is not as the change left it any more, so that undoing it would undo the work of others. None where
    /// everything is as it was left.
    fn altered_since(&self, created: Option<&str>, state: &S) -> Result<Option<String>, Gap>;

    /// The configuration that has the same result, by the snapshot after the change.
    fn snippet(&self, after: &S) -> Vec<Block>;

    /// The EC2 calls that may undo it.
    fn undoing_calls(&self) -> &'static [&'static str];
}

pub(super) trait KindOfInverse<S> {
    fn safety(&self) -> Safety;

    /// Such as `restore the policy of vpce-0a1b2c3d`.
    fn text(&self) -> String;

    /// The AWS CLI command that carries it out.
    fn command(&self) -> String;

    /// Makes the inverse in a snapshot.
    fn simulate(&self, state: &mut S);

    /// Whether the change is undone. A gap where what it concerns was not observed.
    fn effect(&self, state: &S) -> EffectResult;
}
