//! EC2: one handler per operation.

mod connections;
mod describe;
mod endpoint_services;
mod endpoints;
mod error;
mod gateways;
mod groups;
mod interfaces;
mod network_acls;
mod route_tables;
mod rules;
mod services;
mod subnets;
mod tags;
mod vpcs;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::api_error::ApiError;
use crate::form::Form;
use crate::not_modelled;
use crate::world::World;
use crate::xml::Xml;

/// A call being answered.
struct Call<'a> {
    world: &'a mut World,
    form: &'a Form,
    /// Of the caller.
    account: &'a str,
    /// An ARN.
    caller: &'a str,
    region: &'a str,
    xml: Xml,
}

/// A handler checks everything before it changes anything.
type Answered = Result<(), ApiError>;

type Handler = fn(&mut Call<'_>) -> Answered;

/// Whether an operation changes something when it succeeds.
pub(crate) fn mutates(operation: &str) -> bool {
    !operation.starts_with("Describe")
}

fn handler(operation: &str) -> Handler {
    match operation {
        "AcceptVpcEndpointConnections" => connections::accept,
        "AssociateDhcpOptions" => vpcs::associate_dhcp_options,
        "AssociateRouteTable" => route_tables::associate,
        "AttachInternetGateway" => gateways::attach_internet,
        "AuthorizeSecurityGroupIngress" => rules::authorize,
        "CreateNetworkAclEntry" => network_acls::create_entry,
        "CreateRoute" => route_tables::create_route,
        "CreateRouteTable" => route_tables::create,
        "CreateSecurityGroup" => groups::create,
        "CreateSubnet" => subnets::create,
        "CreateTags" => tags::create,
        "CreateVpc" => vpcs::create,
        "CreateVpcEndpoint" => endpoints::create,
        "CreateVpcEndpointServiceConfiguration" => endpoint_services::create,
        "DeleteNatGateway" => gateways::delete_nat,
        "DeleteNetworkAclEntry" => network_acls::delete_entry,
        "DeleteRoute" => route_tables::delete_route,
        "DeleteRouteTable" => route_tables::delete,
        "DeleteSecurityGroup" => groups::delete,
        "DeleteSubnet" => subnets::delete,
        "DeleteTags" => tags::delete,
        "DeleteVpc" => vpcs::delete,
        "DeleteVpcEndpointServiceConfigurations" => endpoint_services::delete,
        "DeleteVpcEndpoints" => endpoints::delete,
        "DescribeDhcpOptions" => vpcs::describe_dhcp_options,
        "DescribeNetworkAcls" => network_acls::describe,
        "DescribeNetworkInterfaces" => interfaces::describe,
        "DescribeRouteTables" => route_tables::describe,
        "DescribeSecurityGroups" => groups::describe,
        "DescribeSubnets" => subnets::describe,
        "DescribeVpcAttribute" => vpcs::describe_attribute,
        "DescribeVpcEndpointConnections" => connections::describe,
        "DescribeVpcEndpointServiceConfigurations" => endpoint_services::describe,
        "DescribeVpcEndpointServicePermissions" => endpoint_services::describe_permissions,
        "DescribeVpcEndpointServices" => services::describe,
        "DescribeVpcEndpoints" => endpoints::describe,
        "DescribeVpcs" => vpcs::describe,
        "DetachInternetGateway" => gateways::detach_internet,
        "DisableVgwRoutePropagation" => gateways::stop_propagation,
        "DisassociateRouteTable" => route_tables::disassociate,
        "DisassociateVpcCidrBlock" => vpcs::disassociate_cidr,
        "EnableVgwRoutePropagation" => gateways::start_propagation,
        "ModifyVpcAttribute" => vpcs::modify_attribute,
        "ModifyVpcEndpoint" => endpoints::modify,
        "ModifyVpcEndpointServiceConfiguration" => endpoint_services::modify,
        "ModifyVpcEndpointServicePayerResponsibility" => endpoint_services::modify_payer,
        "ModifyVpcEndpointServicePermissions" => endpoint_services::modify_permissions,
        "RejectVpcEndpointConnections" => connections::reject,
        "ReplaceRoute" => route_tables::replace_route,
        "ReplaceRouteTableAssociation" => route_tables::replace_association,
        "RevokeSecurityGroupIngress" => rules::revoke,
        "StartVpcEndpointServicePrivateDnsVerification" => endpoint_services::verify,
        _ => not_modelled(format_args!("ec2:{operation}")),
    }
}

/// Answers one call with the XML of its success.
pub(crate) fn answer(
    world: &mut World,
    caller: &Arc<str>,
    region: &str,
    operation: &str,
    form: &Form,
) -> Result<String, ApiError> {
    let account = caller.split(':').nth(4).filter(|account| !account.is_empty());
    let account = account.unwrap_or(crate::ACCOUNT);
    let handler = handler(operation);
    world.take_token(account, region, operation)?;
    if form.flag("DryRun") == Some(true) {
        let message = "Request would have succeeded, but DryRun flag is set.";
        return Err(ApiError::new("DryRunOperation", message));
    }
    let mut xml = Xml::default();
    xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<");
    xml.raw(operation);
    xml.raw("Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">");
    let request = world.rng.u64(..) >> 16;
    xml.value("requestId", format_args!("00000000-0000-4000-8000-{request:012x}"));
    let mut call = Call {
        world,
        form,
        account,
        caller,
        region,
        xml,
    };
    let done = handler(&mut call);
    let mut xml = call.xml;
    done?;
    form.all_read(operation);
    xml.raw("</");
    xml.raw(operation);
    xml.raw("Response>");
    Ok(xml.finish())
}

pub(crate) fn error_xml(error: &ApiError) -> String {
    let mut xml = Xml::default();
    xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.node("Response", |xml| {
        xml.node("Errors", |xml| {
            xml.node("Error", |xml| {
                xml.text("Code", &error.code);
                xml.text("Message", &error.message);
            });
        });
        xml.text("RequestID", "00000000-0000-4000-8000-000000000000");
    });
    xml.finish()
}

impl Call<'_> {
    /// The answer of operations that return only success.
    fn done(&mut self) -> Answered {
        self.xml.value("return", true);
        Ok(())
    }

    fn ours(&self, owner: &str) -> bool {
        owner == self.account
    }
}
