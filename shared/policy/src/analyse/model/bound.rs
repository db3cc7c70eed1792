//! Keys whose values are ARNs of something in the account of caller or owner.

use std::rc::Rc;

use super::arns::arns;
use super::{Key, Model};
use crate::condition_keys::{Side, account_of_arn};
use crate::document::Values;
use crate::glob::Pattern;
use crate::operators::Operator;

/// Such a key, with the patterns of ARNs that it is compared with.
#[derive(Debug)]
pub(in super::super) struct Bound {
    /// Its place in [`Model::keys`].
    pub(in super::super) at: usize,
    pub(in super::super) side: Side,
    pub(in super::super) arns: Vec<[Pattern; 6]>,
}

impl Bound {
    pub(in super::super) fn accounts(&self) -> impl Iterator<Item = &Pattern> {
        self.arns.iter().map(|[_, _, _, _, account, _]| account)
    }
}

/// Those among the keys of a document that are not compared with variables: these are followed value by value.
pub(in super::super) fn bound(keys: &[Key<'_>]) -> Vec<Bound> {
    let bound = |(at, key): (usize, &Key<'_>)| {
        let account = account_of_arn(key.id)?;
        let texts = key.conditions.iter().all(|(_, condition)| {
            condition.operator == Operator::Null || matches!(&condition.values, Values::Texts(_))
        });
        let plain = texts && !key.linked && !key.source && key.constant.is_none();
        let arns = arns(key, Some(account.colons)).filter(|_| plain)?;
        let side = account.side;
        Some(Bound { at, side, arns })
    };
    keys.iter().enumerate().filter_map(bound).collect()
}

/// What accounts of ARNs on one side are compared with.
pub(in super::super) fn accounts<'m>(model: &'m Model<'_>, side: Side) -> impl Iterator<Item = &'m Pattern> {
    let bound = model.bound.iter().filter(move |bound| bound.side == side);
    bound.flat_map(Bound::accounts)
}

/// The same for callers whose accounts no pattern tells apart.
pub(in super::super) fn class_of_caller(model: &Model<'_>, account: &str) -> Rc<str> {
    let fits = |pattern: &Pattern| if pattern.matches(account) { '1' } else { '0' };
    accounts(model, Side::Caller).map(fits).collect::<String>().into()
}
