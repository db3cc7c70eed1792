//! Associates a route table with a gateway endpoint.

use postern_core::changes::{AssociateRouteTable, DisassociateRouteTable};
use postern_core::model::endpoint::EndpointKind;

use super::applier::{Applier, Step, failed, not_needed};
use super::endpoint_modification;

pub(super) const CALLS: &[&str] = endpoint_modification::CALLS;
pub(super) const UNDO_CALLS: &[&str] = CALLS;

pub(super) async fn apply(applier: &mut Applier, change: &AssociateRouteTable) -> Step {
    let AssociateRouteTable {
        endpoint: id,
        route_table: table,
    } = change;
    let endpoint = applier.endpoint(id).await?;
    if endpoint.route_tables.contains(table) {
        return Err(not_needed(format!("{id} is associated with {table}")));
    }
    if endpoint.kind != EndpointKind::Gateway {
        return Err(failed(format!(
            "{id} is not a gateway endpoint and takes no route tables"
        )));
    }
    applier
        .modify(id, |request| request.add_route_table_ids(table.as_str()))
        .await?;
    Ok(None)
}

pub(super) async fn undo(applier: &mut Applier, inverse: &DisassociateRouteTable) -> Step {
    let DisassociateRouteTable {
        endpoint: id,
        route_table: table,
    } = inverse;
    if !applier.existing(id).await?.route_tables.contains(table) {
        return Err(not_needed(format!("{id} is not associated with {table}")));
    }
    applier
        .modify(id, |request| request.remove_route_table_ids(table.as_str()))
        .await?;
    Ok(None)
}
