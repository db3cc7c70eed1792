//! Ingress rules of security groups.

use super::groups::permitted;
use super::{Answered, ApiError, Call};
use crate::world::{Rule, Source};
use crate::xml::Xml;

pub(super) fn authorize(call: &mut Call<'_>) -> Answered {
    let new = call.permissions()?;
    let mut group = call.own_group()?;
    for (at, rule) in new.iter().enumerate() {
        let before = new.iter().take(at);
        if group.rules.iter().chain(before).any(|there| there.same(rule)) {
            return Err(ApiError::new(
                "InvalidPermission.Duplicate",
                format!("the specified rule \"{}\" already exists", words(rule)),
            ));
        }
    }
    if group.rules.len() + new.len() > call.world.quotas.rules {
        return Err(ApiError::new(
            "RulesPerSecurityGroupLimitExceeded",
            "The maximum number of rules per security group has been reached.",
        ));
    }
    call.done()?;
    let (group_id, owner) = (group.id.clone(), group.owner.clone());
    call.xml.set("securityGroupRuleSet", &new, |xml, rule| {
        xml.text("groupOwnerId", &owner);
        xml.text("groupId", &group_id);
        xml.text("securityGroupRuleId", &rule.id);
        xml.value("isEgress", false);
        write(xml, rule);
    });
    group.rules.extend(new);
    call.world.put(group);
    Ok(())
}

pub(super) fn revoke(call: &mut Call<'_>) -> Answered {
    let ids = call.form.list("SecurityGroupRuleId");
    let gone = call.permissions()?;
    let mut group = call.own_group()?;
    for id in &ids {
        if !group.rules.iter().any(|there| there.id == *id) {
            return Err(ApiError::new(
                "InvalidSecurityGroupRuleId.NotFound",
                format!("The security group rule ID '{id}' does not exist"),
            ));
        }
    }
    for rule in &gone {
        if !group.rules.iter().any(|there| there.same(rule)) {
            return Err(ApiError::new(
                "InvalidPermission.NotFound",
                "The specified rule does not exist in this security group.",
            ));
        }
    }
    group
        .rules
        .retain(|there| !ids.contains(&there.id) && !gone.iter().any(|rule| rule.same(there)));
    call.world.put(group);
    call.done()
}

fn write(xml: &mut Xml, rule: &Rule) {
    xml.text("ipProtocol", &rule.protocol);
    if let Some((from, to)) = rule.ports {
        xml.value("fromPort", from);
        xml.value("toPort", to);
    }
    match &rule.source {
        Source::Cidr(cidr) if cidr.contains(':') => xml.text("cidrIpv6", cidr),
        Source::Cidr(cidr) => xml.text("cidrIpv4", cidr),
        Source::PrefixList(list) => xml.text("prefixListId", list),
        Source::Group(group) => xml.node("referencedGroupInfo", |xml| xml.text("groupId", group)),
    }
}

fn words(rule: &Rule) -> String {
    let (from, to) = rule.ports.unwrap_or((0, 65_535));
    let peer = match &rule.source {
        Source::Cidr(text) | Source::Group(text) | Source::PrefixList(text) => text,
    };
    format!(
        "peer: {peer}, {}, from port: {from}, to port: {to}, ALLOW",
        rule.protocol
    )
}

impl Call<'_> {
    /// The rules that a request names, one for each source.
    fn permissions(&mut self) -> Result<Vec<Rule>, ApiError> {
        let mut rules = Vec::new();
        for prefix in self.form.structures("IpPermissions") {
            let field = |name: &str| format!("{prefix}.{name}");
            let protocol = match self.form.required(&field("IpProtocol")) {
                "6" => "tcp",
                other => other,
            };
            let ports = self
                .form
                .number(&field("FromPort"))
                .zip(self.form.number(&field("ToPort")));
            if protocol == "tcp" && ports.is_none() {
                return Err(ApiError::new(
                    "InvalidParameterValue",
                    "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.",
                ));
            }
            type Make = fn(String) -> Source;
            let sources: [(&str, &str, Make); 4] = [
                ("IpRanges", "CidrIp", Source::Cidr),
                ("Ipv6Ranges", "CidrIpv6", Source::Cidr),
                ("Groups", "GroupId", Source::Group),
                ("PrefixListIds", "PrefixListId", Source::PrefixList),
            ];
            for (list, name, make) in sources {
                for source in self.form.structures(&field(list)) {
                    let value = self.form.required(&format!("{source}.{name}")).to_owned();
                    let description = self.form.text(&format!("{source}.Description")).map(str::to_owned);
                    self.form.text(&format!("{source}.UserId"));
                    check(&value, name, description.as_deref())?;
                    rules.push(Rule {
                        id: self.world.id("sgr"),
                        protocol: protocol.to_owned(),
                        ports: ports.filter(|_| protocol != "-1"),
                        source: make(value),
                        description,
                    });
                }
            }
        }
        Ok(rules)
    }
}

fn check(value: &str, name: &str, description: Option<&str>) -> Answered {
    if name.starts_with("Cidr") && value.parse::<ipnet::IpNet>().is_err() {
        return Err(ApiError::new(
            "InvalidParameterValue",
            format!("CIDR block {value} is malformed"),
        ));
    }
    let words = description.unwrap_or_default();
    if words.len() > 255 || !words.chars().all(permitted) {
        return Err(ApiError::new(
            "InvalidParameterValue",
            "Invalid rule description. Valid descriptions are strings less than 256 characters from the following \
             set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
        ));
    }
    Ok(())
}
