//! Gateways, as far as routes lead to them.

use super::{Answered, ApiError, Call};
use crate::world::{Route, RouteTable};

/// The destination of the one route that a virtual private gateway of the model propagates.
const PROPAGATED: &str = "192.168.0.0/16";

pub(super) fn attach_internet(call: &mut Call<'_>) -> Answered {
    change_internet(call, false)
}

/// Routes to it remain, as blackholes.
pub(super) fn detach_internet(call: &mut Call<'_>) -> Answered {
    change_internet(call, true)
}

fn change_internet(call: &mut Call<'_>, blackhole: bool) -> Answered {
    let gateway = call.form.required("InternetGatewayId").to_owned();
    let vpc = call.form.required("VpcId").to_owned();
    call.own_vpc(&vpc)?;
    mark(call, |table| table.vpc == vpc, &gateway, blackhole);
    call.done()
}

pub(super) fn delete_nat(call: &mut Call<'_>) -> Answered {
    let gateway = call.form.required("NatGatewayId").to_owned();
    mark(call, |_| true, &gateway, true);
    call.xml.text("natGatewayId", &gateway);
    Ok(())
}

fn mark(call: &mut Call<'_>, of: impl Fn(&RouteTable) -> bool, gateway: &str, blackhole: bool) {
    let leads = |table: &RouteTable| of(table) && table.routes.iter().any(|route| route.target == gateway);
    let tables: Vec<_> = call
        .world
        .route_tables()
        .filter(|table| leads(table))
        .cloned()
        .collect();
    for table in tables {
        let mut table = RouteTable::clone(&table);
        for route in table.routes.iter_mut().filter(|route| route.target == gateway) {
            route.blackhole = blackhole;
        }
        call.world.put(table);
    }
}

pub(super) fn start_propagation(call: &mut Call<'_>) -> Answered {
    let target = call.form.required("GatewayId").to_owned();
    let mut table = call.own_table()?;
    if !table.routes.iter().any(|route| route.destination == PROPAGATED) {
        table.routes.push(Route {
            destination: PROPAGATED.to_owned(),
            target,
            blackhole: false,
        });
        call.world.put(table);
    }
    call.done()
}

pub(super) fn stop_propagation(call: &mut Call<'_>) -> Answered {
    let target = call.form.required("GatewayId").to_owned();
    let mut table = call.own_table()?;
    if !table.routes.iter().any(|route| route.target == target) {
        return Err(ApiError::parameter(format!(
            "{target} does not propagate routes to the table"
        )));
    }
    table.routes.retain(|route| route.target != target);
    call.world.put(table);
    call.done()
}
