//! The shape of `[[exemptions]]`.

use super::super::reader::Node;
use super::super::{Exemption, ExemptionSelector, values};
use crate::model::id::AccountId;

/// How an exemption says which findings it is about.
const SELECTORS: [&str; 4] = ["resource", "tag", "vpc", "account"];

pub(super) fn exemption(node: &Node<'_>, names: &[&str]) -> Option<Exemption> {
    node.section(|s| {
        let control = s.require("control", |node| values::control(node, names));
        let resource = s.get("resource", values::resource_id).map(ExemptionSelector::Resource);
        let tag = s.get("tag", exemption_tag);
        let vpc = s.get("vpc", values::vpc).map(ExemptionSelector::Vpc);
        let account = s.get("account", values::account);
        let account = account.map(|id| ExemptionSelector::Account(AccountId(id)));
        let reason = s.require("reason", values::reason);
        let owner = s.get("owner", values::owner);
        let since = s.get("since", values::day);
        let expires = s.require("expires", values::expiry);
        let named = SELECTORS.into_iter().filter(|name| s.find(name).is_some());
        let selector = match named.collect::<Vec<_>>()[..] {
            [] => s.reject("exempts nothing; add `resource`, `tag`, `vpc` or `account`"),
            [one, other, ..] => s.reject(format!("has both `{one}` and `{other}`; leave one of them out")),
            [_] => resource.or(tag).or(vpc).or(account),
        };
        Some(Exemption {
            control: control?,
            selector: selector?,
            reason: reason?,
            owner,
            since,
            expires: expires?,
        })
    })
}

fn exemption_tag(node: &Node<'_>) -> Option<ExemptionSelector> {
    node.section(|s| {
        let key = s.require("key", values::tag_key);
        let value = s.require("value", values::tag_value);
        Some(ExemptionSelector::Tag {
            key: key?,
            value: value?,
        })
    })
}
