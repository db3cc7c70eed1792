//! Route 53: what VPCs learn of private hosted zones.
//!
//! Shapes and errors are those of the
//! [API reference](https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByVPC.html).

use crate::api_error::ApiError;
use crate::form::Form;
use crate::not_modelled;
use crate::world::World;
use crate::xml::Xml;

/// The operation and the parameters of a request with this path and query.
pub(crate) fn read(target: &str) -> (String, Form) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let operation = match path {
        "/2013-04-01/hostedzonesbyvpc" => "ListHostedZonesByVPC",
        _ => not_modelled(format_args!("the path `{path}` of Route 53")),
    };
    (operation.to_owned(), Form::decode(query.as_bytes()))
}

/// Answers one call with the XML of its success.
pub(crate) fn answer(world: &World, caller: &str, operation: &str, form: &Form) -> Result<String, ApiError> {
    let account = caller.split(':').nth(4).unwrap_or_default();
    let vpc = form.required("vpcid");
    let owned = world.vpc(vpc).filter(|known| known.owner == account);
    if owned.is_none_or(|known| known.region != form.required("vpcregion")) {
        let message = format!("The VPC {vpc} is not owned by the account {account}");
        return Err(ApiError::new("AccessDenied", message));
    }
    let zones = world.hosted_zones.values().filter(|zone| zone.vpcs.contains(vpc));
    let after = form.text("nexttoken").unwrap_or_default();
    let mut rest = zones.filter(|zone| zone.id.as_str() > after);
    let size = usize::try_from(form.number("maxitems").unwrap_or(100)).unwrap_or(1);
    let page: Vec<_> = rest.by_ref().take(size.min(world.page)).collect();
    let mut xml = Xml::default();
    xml.node("ListHostedZonesByVPCResponse", |xml| {
        xml.node("HostedZoneSummaries", |xml| {
            for zone in &page {
                xml.node("HostedZoneSummary", |xml| {
                    xml.text("HostedZoneId", &zone.id);
                    xml.text("Name", &format!("{}.", zone.name));
                    xml.node("Owner", |xml| xml.text("OwningAccount", &zone.owner));
                });
            }
        });
        xml.value("MaxItems", size);
        if let Some(last) = page.last().filter(|_| rest.next().is_some()) {
            xml.text("NextToken", &last.id);
        }
    });
    form.all_read(operation);
    Ok(xml.finish())
}
