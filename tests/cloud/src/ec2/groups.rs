//! Security groups.

use super::describe::{List, tag_set};
use super::{Answered, ApiError, Call};
use crate::world::{Rule, SecurityGroup, Source};
use crate::xml::Xml;

const LIST: List<SecurityGroup> = List {
    ids: "GroupId",
    visible: |call, group| group.region == call.region && call.ours(&group.owner),
    filter: |group, name| match name {
        "vpc-id" => Some(vec![group.vpc.clone()]),
        "group-id" => Some(vec![group.id.clone()]),
        "group-name" => Some(vec![group.name.clone()]),
        _ => None,
    },
    tags: |group| &group.tags,
    largest: 1_000,
    missing: |call, id| ApiError::no_group(id, &mut call.world.rng),
};

pub(super) fn describe(call: &mut Call<'_>) -> Answered {
    let (groups, token) = call.list(&LIST)?;
    call.xml.set("securityGroupInfo", groups, |xml, group| {
        xml.text("groupId", &group.id);
        xml.text("groupName", &group.name);
        xml.text("groupDescription", &group.description);
        xml.text("vpcId", &group.vpc);
        xml.text("ownerId", &group.owner);
        xml.node("ipPermissions", |xml| {
            for (at, rule) in group.rules.iter().enumerate() {
                let alike = |other: &&Rule| other.protocol == rule.protocol && other.ports == rule.ports;
                // One permission has all sources of its ports.
                if !group.rules.iter().take(at).any(|other| alike(&other)) {
                    let sources: Vec<_> = group.rules.iter().filter(alike).collect();
                    xml.node("item", |xml| write(xml, rule, &sources, &group.owner));
                }
            }
        });
        xml.node("ipPermissionsEgress", |_| {});
        tag_set(xml, &group.tags);
    });
    call.end_of_page(token);
    Ok(())
}

fn write(xml: &mut Xml, rule: &Rule, sources: &[&Rule], owner: &str) {
    xml.text("ipProtocol", &rule.protocol);
    if let Some((from, to)) = rule.ports {
        xml.value("fromPort", from);
        xml.value("toPort", to);
    }
    let cidrs = |v6: bool| {
        let pick = move |rule: &&&Rule| matches!(&rule.source, Source::Cidr(cidr) if cidr.contains(':') == v6);
        sources.iter().filter(pick)
    };
    let described = |xml: &mut Xml, rule: &Rule| {
        if let Some(description) = &rule.description {
            xml.text("description", description);
        }
    };
    let text = |rule: &Rule| match &rule.source {
        Source::Cidr(text) | Source::Group(text) | Source::PrefixList(text) => text.clone(),
    };
    xml.set(
        "groups",
        sources.iter().filter(|r| matches!(r.source, Source::Group(_))),
        |xml, rule| {
            xml.text("userId", owner);
            xml.text("groupId", &text(rule));
            described(xml, rule);
        },
    );
    xml.set("ipRanges", cidrs(false), |xml, rule| {
        xml.text("cidrIp", &text(rule));
        described(xml, rule);
    });
    xml.set("ipv6Ranges", cidrs(true), |xml, rule| {
        xml.text("cidrIpv6", &text(rule));
        described(xml, rule);
    });
    let lists = sources.iter().filter(|r| matches!(r.source, Source::PrefixList(_)));
    xml.set("prefixListIds", lists, |xml, rule| {
        xml.text("prefixListId", &text(rule));
        described(xml, rule);
    });
}

pub(super) fn create(call: &mut Call<'_>) -> Answered {
    let vpc = call.form.required("VpcId").to_owned();
    let name = call.form.required("GroupName").to_owned();
    let description = call.form.required("GroupDescription").to_owned();
    let tags = call.new_tags("security-group")?;
    call.own_vpc(&vpc)?;
    if description.is_empty() || description.len() > 255 || !description.chars().all(permitted) {
        return Err(ApiError::new(
            "InvalidParameterValue",
            format!("Value ({description}) for parameter GroupDescription is invalid."),
        ));
    }
    let here = |group: &&std::sync::Arc<SecurityGroup>| group.vpc == vpc && group.name == name;
    if call.world.groups().any(|group| here(&group)) {
        return Err(ApiError::new(
            "InvalidGroup.Duplicate",
            format!("The security group '{name}' already exists for VPC '{vpc}'"),
        ));
    }
    let count = call
        .world
        .groups()
        .filter(|g| g.region == call.region && call.ours(&g.owner))
        .count();
    if count >= call.world.quotas.groups {
        return Err(ApiError::new(
            "SecurityGroupLimitExceeded",
            "The maximum number of security groups has been reached.",
        ));
    }
    let id = call.world.id("sg");
    call.world.put(SecurityGroup {
        id: id.clone(),
        vpc,
        owner: call.account.to_owned(),
        region: call.region.to_owned(),
        name,
        description,
        rules: Vec::new(),
        tags: tags.clone(),
    });
    call.done()?;
    call.xml.text("groupId", &id);
    tag_set(&mut call.xml, &tags);
    Ok(())
}

/// What descriptions of groups and rules may be made of.
pub(super) fn permitted(character: char) -> bool {
    character.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(character)
}

pub(super) fn delete(call: &mut Call<'_>) -> Answered {
    let group = call.own_group()?;
    if group.name == "default" {
        return Err(ApiError::new(
            "CannotDelete",
            format!(
                "the specified group: \"{}\" name: \"default\" cannot be deleted by a user",
                group.id
            ),
        ));
    }
    let attached = call
        .world
        .endpoints()
        .any(|e| e.alive() && e.groups.contains(&group.id));
    let source = Source::Group(group.id.clone());
    let mut others = call.world.groups().filter(|other| other.id != group.id);
    let named = others.any(|other| other.rules.iter().any(|rule| rule.source == source));
    drop(others);
    if attached || named {
        return Err(ApiError::new(
            "DependencyViolation",
            format!("resource {} has a dependent object", group.id),
        ));
    }
    call.world.remove::<SecurityGroup>(&group.id);
    call.done()?;
    call.xml.text("groupId", &group.id);
    Ok(())
}

impl Call<'_> {
    /// The group that the request names.
    pub(super) fn own_group(&mut self) -> Result<SecurityGroup, ApiError> {
        let id = self.form.required("GroupId").to_owned();
        let seen = self.world.read::<SecurityGroup>(&id).is_some();
        let group = self
            .world
            .group(&id)
            .filter(|group| seen && (LIST.visible)(self, group))
            .cloned();
        let group = group.ok_or_else(|| ApiError::no_group(&id, &mut self.world.rng))?;
        Ok(SecurityGroup::clone(&group))
    }
}
