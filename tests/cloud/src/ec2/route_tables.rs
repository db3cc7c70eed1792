//! Route tables, their associations and their routes.

use super::describe::{List, tag_set};
use super::{Answered, ApiError, Call};
use crate::world::{Association, DefaultRoute, EndpointKind, Route, RouteTable};
use crate::xml::Xml;

const LIST: List<RouteTable> = List {
    ids: "RouteTableId",
    visible: |call, table| table.region == call.region && call.ours(&table.owner),
    filter: |table, name| {
        let associations = table.associations.iter();
        match name {
            "vpc-id" => Some(vec![table.vpc.clone()]),
            "route-table-id" => Some(vec![table.id.clone()]),
            "association.route-table-association-id" => Some(associations.map(|a| a.id.clone()).collect()),
            "association.subnet-id" => Some(associations.filter_map(|a| a.subnet.clone()).collect()),
            "association.main" => Some(associations.map(|a| a.subnet.is_none().to_string()).collect()),
            _ => None,
        }
    },
    tags: |table| &table.tags,
    largest: 100,
    missing: |_, id| ApiError::no_route_table(id),
};

pub(super) fn describe(call: &mut Call<'_>) -> Answered {
    let (tables, token) = call.list(&LIST)?;
    let gateways: Vec<_> = call
        .world
        .endpoints()
        .filter(|e| e.kind == EndpointKind::Gateway && e.alive())
        .cloned()
        .collect();
    call.xml.set("routeTableSet", tables, |xml, table| {
        xml.text("routeTableId", &table.id);
        xml.text("vpcId", &table.vpc);
        xml.text("ownerId", &table.owner);
        xml.node("routeSet", |xml| {
            for route in &table.routes {
                xml.node("item", |xml| write_route(xml, route));
            }
            for gateway in gateways
                .iter()
                .filter(|gateway| gateway.route_tables.contains(&table.id))
            {
                let route = Route {
                    destination: gateway.prefix_list().unwrap_or_default(),
                    target: gateway.id.clone(),
                    blackhole: false,
                };
                xml.node("item", |xml| write_route(xml, &route));
            }
        });
        xml.set("associationSet", &table.associations, |xml, association| {
            xml.text("routeTableAssociationId", &association.id);
            xml.text("routeTableId", &table.id);
            if let Some(subnet) = &association.subnet {
                xml.text("subnetId", subnet);
            }
            xml.value("main", association.subnet.is_none());
            xml.node("associationState", |xml| xml.text("state", "associated"));
        });
        xml.node("propagatingVgwSet", |_| {});
        tag_set(xml, &table.tags);
    });
    call.end_of_page(token);
    Ok(())
}

fn write_route(xml: &mut Xml, route: &Route) {
    xml.text(
        match &route.destination {
            list if list.starts_with("pl-") => "destinationPrefixListId",
            cidr if cidr.contains(':') => "destinationIpv6CidrBlock",
            _ => "destinationCidrBlock",
        },
        &route.destination,
    );
    xml.text(
        match route.target.split('-').next() {
            Some("nat") => "natGatewayId",
            Some("tgw") => "transitGatewayId",
            Some("pcx") => "vpcPeeringConnectionId",
            Some("eni") => "networkInterfaceId",
            Some("eigw") => "egressOnlyInternetGatewayId",
            _ => "gatewayId",
        },
        &route.target,
    );
    xml.text("state", if route.blackhole { "blackhole" } else { "active" });
    xml.text(
        "origin",
        if route.target == "local" {
            "CreateRouteTable"
        } else {
            "CreateRoute"
        },
    );
}

pub(super) fn create(call: &mut Call<'_>) -> Answered {
    let vpc = call.form.required("VpcId").to_owned();
    let tags = call.new_tags("route-table")?;
    // Set by the SDK. No test creates tables under faults.
    call.form.text("ClientToken");
    call.own_vpc(&vpc)?;
    let id = call.world.add_route_table(&vpc, DefaultRoute::Nowhere);
    call.world.edit_route_table(&id, |table| table.tags = tags);
    call.xml.node("routeTable", |xml| {
        xml.text("routeTableId", &id);
        xml.text("vpcId", &vpc);
    });
    Ok(())
}

pub(super) fn delete(call: &mut Call<'_>) -> Answered {
    let table = call.own_table()?;
    let of_endpoint = call
        .world
        .endpoints()
        .any(|e| e.alive() && e.route_tables.contains(&table.id));
    if !table.associations.is_empty() || of_endpoint {
        return Err(ApiError::still_used("routeTable", &table.id));
    }
    call.world.remove::<RouteTable>(&table.id);
    call.done()
}

pub(super) fn associate(call: &mut Call<'_>) -> Answered {
    let subnet = call.form.required("SubnetId").to_owned();
    let mut table = call.own_table()?;
    call.own_subnet(&subnet, &table.vpc)?;
    if let Some(there) = call.world.route_tables().find(|table| associated(table, &subnet)) {
        return Err(ApiError::new(
            "Resource.AlreadyAssociated",
            format!(
                "the specified association for route table {} conflicts with an existing one",
                there.id
            ),
        ));
    }
    let id = call.world.id("rtbassoc");
    table.associations.push(Association {
        id: id.clone(),
        subnet: Some(subnet),
    });
    call.world.put(table);
    call.xml.text("associationId", &id);
    call.xml.node("associationState", |xml| xml.text("state", "associated"));
    Ok(())
}

pub(super) fn disassociate(call: &mut Call<'_>) -> Answered {
    let (mut table, association) = call.own_association()?;
    if association.subnet.is_none() {
        return Err(ApiError::parameter(format!(
            "cannot disassociate the main route table association {}",
            association.id
        )));
    }
    table.associations.retain(|a| a.id != association.id);
    call.world.put(table);
    call.done()
}

pub(super) fn replace_association(call: &mut Call<'_>) -> Answered {
    let (mut from, association) = call.own_association()?;
    let mut to = call.own_table()?;
    let id = call.world.id("rtbassoc");
    from.associations.retain(|a| a.id != association.id);
    let new = Association {
        id: id.clone(),
        subnet: association.subnet,
    };
    if from.id == to.id {
        from.associations.push(new);
        call.world.put(from);
    } else {
        to.associations.push(new);
        call.world.put(from);
        call.world.put(to);
    }
    call.xml.text("newAssociationId", &id);
    call.xml.node("associationState", |xml| xml.text("state", "associated"));
    Ok(())
}

pub(super) fn create_route(call: &mut Call<'_>) -> Answered {
    let mut table = call.own_table()?;
    let route = call.route()?;
    if table.routes.iter().any(|there| there.destination == route.destination) {
        return Err(ApiError::new(
            "RouteAlreadyExists",
            format!("The route identified by {} already exists.", route.destination),
        ));
    }
    table.routes.push(route);
    call.world.put(table);
    call.done()
}

pub(super) fn replace_route(call: &mut Call<'_>) -> Answered {
    let mut table = call.own_table()?;
    let route = call.route()?;
    match table
        .routes
        .iter_mut()
        .find(|there| there.destination == route.destination)
    {
        Some(there) => *there = route,
        None => return Err(no_route(&table, &route.destination)),
    }
    call.world.put(table);
    call.done()
}

pub(super) fn delete_route(call: &mut Call<'_>) -> Answered {
    let mut table = call.own_table()?;
    let destination = call.destination();
    let Some(at) = table
        .routes
        .iter()
        .position(|r| r.destination == destination && r.target != "local")
    else {
        return Err(no_route(&table, &destination));
    };
    table.routes.remove(at);
    call.world.put(table);
    call.done()
}

fn no_route(table: &RouteTable, destination: &str) -> ApiError {
    ApiError::new(
        "InvalidRoute.NotFound",
        format!(
            "no route with destination-cidr-block {destination} in route table {}",
            table.id
        ),
    )
}

fn associated(table: &RouteTable, subnet: &str) -> bool {
    table.associations.iter().any(|a| a.subnet.as_deref() == Some(subnet))
}

impl Call<'_> {
    pub(super) fn own_table(&mut self) -> Result<RouteTable, ApiError> {
        let id = self.form.required("RouteTableId");
        let table = self.world.route_table(id).filter(|table| (LIST.visible)(self, table));
        let table = table.ok_or_else(|| ApiError::no_route_table(id))?;
        Ok(RouteTable::clone(table))
    }

    fn own_association(&mut self) -> Result<(RouteTable, Association), ApiError> {
        let id = self.form.required("AssociationId");
        let found = self.world.route_tables().find_map(|table| {
            let association = table.associations.iter().find(|a| a.id == id)?;
            Some((RouteTable::clone(table), association.clone()))
        });
        found.filter(|(table, _)| self.ours(&table.owner)).ok_or_else(|| {
            ApiError::new(
                "InvalidAssociationID.NotFound",
                format!("The association ID '{id}' does not exist"),
            )
        })
    }

    fn destination(&self) -> String {
        let names = ["DestinationCidrBlock", "DestinationIpv6CidrBlock"];
        let found = names.iter().find_map(|name| self.form.text(name));
        found.unwrap_or_default().to_owned()
    }

    fn route(&self) -> Result<Route, ApiError> {
        let names = ["GatewayId", "NatGatewayId", "TransitGatewayId", "NetworkInterfaceId"];
        let target = names.iter().find_map(|name| self.form.text(name));
        Ok(Route {
            destination: self.destination(),
            target: target.ok_or_else(|| ApiError::missing("a target"))?.to_owned(),
            blackhole: false,
        })
    }
}
