//! Route 53: what VPCs learn of private hosted zones and of Profiles.
//!
//! Shapes and errors are those of the
//! [API reference](https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByVPC.html).

use serde_json::json;

use crate::api_error::ApiError;
use crate::errors::Bytes;
use crate::form::Form;
use crate::not_modelled;
use crate::world::World;
use crate::xml::Xml;

/// The operation and the parameters of a request with this path and query.
pub(crate) fn read(target: &str) -> (String, Form) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = form_urlencoded::parse(query.as_bytes()).into_owned();
    let of_zone = path.strip_prefix("/2013-04-01/hostedzone/");
    if path == "/2013-04-01/hostedzonesbyvpc" {
        ("ListHostedZonesByVPC".to_owned(), Form::new(query))
    } else if path == "/profileassociations" {
        ("ListProfileAssociations".to_owned(), Form::new(query))
    } else if let Some(id) = of_zone.and_then(|rest| rest.strip_suffix("/rrset")) {
        let fields = query.chain([("Id".to_owned(), id.to_owned())]);
        ("ListResourceRecordSets".to_owned(), Form::new(fields))
    } else {
        not_modelled(format_args!("the path `{path}` of Route 53"))
    }
}

/// Answers one call with the XML of its success.
pub(crate) fn answer(world: &World, caller: &str, operation: &str, form: &Form) -> Result<String, ApiError> {
    let account = caller.split(':').nth(4).unwrap_or_default();
    let answer = match operation {
        "ListResourceRecordSets" => records(world, account, form),
        _ => zones(world, account, form),
    };
    form.all_read(operation);
    answer
}

/// Answers `ListProfileAssociations` of Route 53 Profiles, by
/// [its reference](https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53profiles_ListProfileAssociations.html).
pub(crate) fn profiles(world: &World, form: &Form) -> Bytes {
    let vpc = form.required("resourceId");
    form.all_read("ListProfileAssociations");
    let profile = world.dns_profiles.get(vpc);
    let associations = profile.map(|profile| {
        json!({"Id": "rpassoc-1", "Name": "names", "ProfileId": profile, "ResourceId": vpc, "Status": "COMPLETE"})
    });
    let associations: Vec<_> = associations.into_iter().collect();
    (
        200,
        json!({ "ProfileAssociations": associations }).to_string().into_bytes(),
    )
}

fn records(world: &World, account: &str, form: &Form) -> Result<String, ApiError> {
    let id = form.required("Id");
    let Some(zone) = world.hosted_zones.get(id).filter(|zone| zone.owner == account) else {
        let message = format!("No hosted zone found with ID: {id}");
        return Err(ApiError::new("NoSuchHostedZone", message));
    };
    let size = usize::try_from(form.number("maxitems").unwrap_or(300)).unwrap_or(1);
    let mut xml = Xml::default();
    xml.node("ListResourceRecordSetsResponse", |xml| {
        xml.node("ResourceRecordSets", |xml| {
            xml.node("ResourceRecordSet", |xml| {
                xml.text("Name", &format!("{}.", zone.name));
                xml.text("Type", "NS");
                xml.value("TTL", 172_800);
                xml.node("ResourceRecords", |xml| {
                    xml.node("ResourceRecord", |xml| xml.text("Value", "ns-0.awsdns-00.com."));
                });
            });
            for (name, target) in zone.aliases.iter().take(size) {
                xml.node("ResourceRecordSet", |xml| {
                    xml.text("Name", &format!("{}.", name.replace('*', "\\052")));
                    xml.text("Type", "A");
                    xml.node("AliasTarget", |xml| {
                        xml.text("HostedZoneId", "Z0123456789AWS");
                        xml.text("DNSName", &format!("{target}."));
                        xml.value("EvaluateTargetHealth", false);
                    });
                });
            }
        });
        xml.value("IsTruncated", zone.aliases.len() > size);
        xml.value("MaxItems", size);
    });
    Ok(xml.finish())
}

fn zones(world: &World, account: &str, form: &Form) -> Result<String, ApiError> {
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
    Ok(xml.finish())
}
