//! Elastic Load Balancing, version 2: what owners of endpoint services do with their network and gateway load balancers.
//!
//! Shapes, page sizes and errors are those of the
//! [API reference](https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeLoadBalancers.html).

use std::sync::Arc;

use crate::api_error::ApiError;
use crate::form::Form;
use crate::not_modelled;
use crate::world::{LoadBalancer, TargetGroup, World};
use crate::xml::Xml;

/// Load balancers that one call may name.
const MOST_ARNS: usize = 20;
/// Items of a page.
const LARGEST_PAGE: i64 = 400;

/// A call being answered.
struct Call<'a> {
    world: &'a mut World,
    form: &'a Form,
    account: &'a str,
    region: &'a str,
    xml: Xml,
}

type Handler = fn(&mut Call<'_>) -> Result<(), ApiError>;

fn handler(operation: &str) -> Option<Handler> {
    Some(match operation {
        "DeleteLoadBalancer" => delete,
        "DeregisterTargets" => deregister,
        "DescribeLoadBalancerAttributes" => describe_attributes,
        "DescribeLoadBalancers" => describe,
        "DescribeTargetGroups" => describe_groups,
        "DescribeTargetHealth" => describe_health,
        "ModifyLoadBalancerAttributes" => modify_attributes,
        "SetSubnets" => set_subnets,
        _ => return None,
    })
}

/// Whether this is an operation of load balancers.
pub(crate) fn knows(operation: &str) -> bool {
    handler(operation).is_some()
}

/// Answers one call with the XML of its success.
pub(crate) fn answer(
    world: &mut World,
    caller: &str,
    region: &str,
    operation: &str,
    form: &Form,
) -> Result<String, ApiError> {
    let Some(handler) = handler(operation) else {
        not_modelled(format_args!("elasticloadbalancing:{operation}"));
    };
    let account = caller.split(':').nth(4).filter(|account| !account.is_empty());
    let mut call = Call {
        world,
        form,
        account: account.unwrap_or(crate::ACCOUNT),
        region,
        xml: Xml::default(),
    };
    let done = handler(&mut call);
    let content = call.xml.finish();
    done?;
    form.all_read(operation);
    Ok(format!(
        "<{operation}Response xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\"><{operation}Result>\
         {content}</{operation}Result><ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId>\
         </ResponseMetadata></{operation}Response>"
    ))
}

fn describe(call: &mut Call<'_>) -> Result<(), ApiError> {
    let arns = call.form.list("LoadBalancerArns.member");
    if arns.len() > MOST_ARNS {
        let message = format!("Cannot have more than {MOST_ARNS} load balancer ARNs");
        return Err(ApiError::new("ValidationError", message));
    }
    let mut found = match arns.is_empty() {
        true => call.world.read_all::<LoadBalancer>("", |_| true),
        // One that does not exist fails the whole call.
        false => {
            let found: Result<Vec<_>, _> = arns.iter().map(|arn| call.named(arn)).collect();
            found?
        }
    };
    found.retain(|balancer| call.sees(balancer));
    found.sort_by(|a, b| a.id.cmp(&b.id));
    let (page, marker) = call.page(found, |balancer| &balancer.id)?;
    members(&mut call.xml, "LoadBalancers", page, |xml, balancer| {
        xml.text("LoadBalancerArn", &balancer.id);
        xml.text("LoadBalancerName", balancer.id.split('/').nth(2).unwrap_or_default());
        xml.text("Type", &balancer.kind);
        xml.text("Scheme", "internal");
        xml.node("State", |xml| xml.text("Code", &balancer.state));
        members(xml, "AvailabilityZones", &balancer.zones, |xml, zone| {
            xml.text("ZoneName", zone);
            xml.text("SubnetId", "subnet-0123456789abcdef0");
        });
        xml.text("IpAddressType", "ipv4");
    });
    call.end_of_page(marker);
    Ok(())
}

fn describe_attributes(call: &mut Call<'_>) -> Result<(), ApiError> {
    let balancer = call.named(call.form.required("LoadBalancerArn"))?;
    attributes(&mut call.xml, &balancer);
    Ok(())
}

/// [Attributes of network load balancers](https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html).
fn attributes(xml: &mut Xml, balancer: &LoadBalancer) {
    let values = [
        ("deletion_protection.enabled", balancer.deletion_protection),
        ("load_balancing.cross_zone.enabled", false),
    ];
    members(xml, "Attributes", values, |xml, (key, value)| {
        xml.text("Key", key);
        xml.value("Value", value);
    });
}

fn modify_attributes(call: &mut Call<'_>) -> Result<(), ApiError> {
    let found = call.named(call.form.required("LoadBalancerArn"))?;
    let mut balancer = LoadBalancer::clone(&found);
    for prefix in call.form.structures("Attributes.member") {
        let key = call.form.required(&format!("{prefix}.Key"));
        let value = call.form.required(&format!("{prefix}.Value"));
        match key {
            "deletion_protection.enabled" => balancer.deletion_protection = value == "true",
            _ => not_modelled(format_args!("the attribute `{key}` of load balancers")),
        }
    }
    attributes(&mut call.xml, &balancer);
    call.world.put(balancer);
    Ok(())
}

/// The zones of a load balancer are those of its subnets.
fn set_subnets(call: &mut Call<'_>) -> Result<(), ApiError> {
    let found = call.named(call.form.required("LoadBalancerArn"))?;
    let mut balancer = LoadBalancer::clone(&found);
    let subnets = call.form.list("Subnets.member");
    let zones = subnets.iter().map(|id| {
        let subnet = call.world.subnet(id);
        let zone = subnet.map(|subnet| subnet.zone.clone());
        zone.ok_or_else(|| ApiError::new("SubnetNotFound", format!("The subnet ID '{id}' does not exist")))
    });
    balancer.zones = zones.collect::<Result<_, _>>()?;
    members(&mut call.xml, "AvailabilityZones", &balancer.zones, |xml, zone| {
        xml.text("ZoneName", zone)
    });
    call.world.put(balancer);
    Ok(())
}

/// A load balancer that does not exist is deleted already. One that an endpoint service uses
/// [cannot be deleted](https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-delete.html).
fn delete(call: &mut Call<'_>) -> Result<(), ApiError> {
    let arn = call.form.required("LoadBalancerArn").to_owned();
    let Ok(balancer) = call.named(&arn) else {
        return Ok(());
    };
    if balancer.deletion_protection {
        let message = format!("Load balancer '{arn}' cannot be deleted because deletion protection is enabled");
        return Err(ApiError::new("OperationNotPermitted", message));
    }
    if call
        .world
        .endpoint_services()
        .any(|service| service.load_balancers.contains(&arn))
    {
        let message = "cannot be deleted because it is currently associated with another service";
        return Err(ApiError::new(
            "ResourceInUse",
            format!("Load balancer '{arn}' {message}"),
        ));
    }
    call.world.remove::<LoadBalancer>(&arn);
    Ok(())
}

fn describe_groups(call: &mut Call<'_>) -> Result<(), ApiError> {
    let balancer = call.named(call.form.required("LoadBalancerArn"))?;
    let (page, marker) = call.page(balancer.target_groups.clone(), |group| &group.arn)?;
    members(&mut call.xml, "TargetGroups", page, |xml, group| {
        xml.text("TargetGroupArn", &group.arn);
        xml.text("Protocol", "TCP");
        xml.value("Port", 443);
        members(xml, "LoadBalancerArns", [&balancer.id], |xml, arn| xml.raw(arn));
        xml.text("TargetType", "ip");
    });
    call.end_of_page(marker);
    Ok(())
}

fn describe_health(call: &mut Call<'_>) -> Result<(), ApiError> {
    let (_, group) = call.group()?;
    members(
        &mut call.xml,
        "TargetHealthDescriptions",
        &group.targets,
        |xml, target| {
            xml.node("Target", |xml| {
                xml.text("Id", &target.id);
                xml.value("Port", 443);
                xml.text("AvailabilityZone", &target.zone);
            });
            xml.node("TargetHealth", |xml| xml.text("State", &target.health));
        },
    );
    Ok(())
}

fn deregister(call: &mut Call<'_>) -> Result<(), ApiError> {
    let (balancer, mut group) = call.group()?;
    for prefix in call.form.structures("Targets.member") {
        let id = call.form.required(&format!("{prefix}.Id"));
        group.targets.retain(|target| target.id != id);
    }
    let mut balancer = LoadBalancer::clone(&balancer);
    balancer.target_groups.retain(|other| other.arn != group.arn);
    balancer.target_groups.push(group);
    call.world.put(balancer);
    Ok(())
}

impl Call<'_> {
    fn sees(&self, balancer: &LoadBalancer) -> bool {
        balancer.owner == self.account && balancer.region == self.region
    }

    fn named(&mut self, arn: &str) -> Result<Arc<LoadBalancer>, ApiError> {
        let found = self.world.read::<LoadBalancer>(arn);
        found.filter(|balancer| self.sees(balancer)).ok_or_else(|| {
            let message = format!("One or more load balancers not found: {arn}");
            ApiError::new("LoadBalancerNotFound", message)
        })
    }

    /// The target group that the request names, with its load balancer.
    fn group(&mut self) -> Result<(Arc<LoadBalancer>, TargetGroup), ApiError> {
        let arn = self.form.required("TargetGroupArn");
        let mut all = self.world.load_balancers().filter(|balancer| self.sees(balancer));
        let found = all.find_map(|balancer| {
            let group = balancer.target_groups.iter().find(|group| group.arn == arn)?;
            Some((Arc::clone(balancer), group.clone()))
        });
        found.ok_or_else(|| ApiError::new("TargetGroupNotFound", "One or more target groups not found"))
    }

    /// The items of the page that begins after the marker, and the marker of the next.
    fn page<T>(&self, items: Vec<T>, id: fn(&T) -> &String) -> Result<(Vec<T>, Option<String>), ApiError> {
        let asked = self.form.number("PageSize").unwrap_or(LARGEST_PAGE);
        if !(1..=LARGEST_PAGE).contains(&asked) {
            let message = format!("Value '{asked}' at 'pageSize' must be between 1 and {LARGEST_PAGE}");
            return Err(ApiError::new("ValidationError", message));
        }
        let size = usize::try_from(asked).unwrap_or(1).min(self.world.page);
        let after = self.form.text("Marker").unwrap_or_default();
        let mut rest = items.into_iter().filter(|item| id(item).as_str() > after);
        let page: Vec<_> = rest.by_ref().take(size).collect();
        let more = rest.next().is_some();
        let marker = page.last().map(id).filter(|_| more).cloned();
        Ok((page, marker))
    }

    fn end_of_page(&mut self, marker: Option<String>) {
        if let Some(marker) = marker {
            self.xml.text("NextMarker", &marker);
        }
    }
}

/// A list as the query protocol writes it.
fn members<T>(xml: &mut Xml, tag: &str, items: impl IntoIterator<Item = T>, write: impl Fn(&mut Xml, T)) {
    xml.node(tag, |xml| {
        for item in items {
            xml.node("member", |xml| write(xml, item));
        }
    });
}

#[cfg(test)]
mod tests;
