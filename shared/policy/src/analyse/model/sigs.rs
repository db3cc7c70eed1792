//! Which statements do not fail on a part of a request.

use super::super::atoms::{self, Lookup};
use super::{Key, KeyMeaning, Model};
use crate::arn::Arn;
use crate::bits::Bits;

impl Model<'_> {
    /// The statements that do not fail on the value of keys of this kind. Conditions with variables do not count.
    pub(in super::super) fn sig(&self, kind: KeyMeaning, values: &[&str]) -> Bits {
        let mut bits = Bits::ALL;
        for key in self.keys.iter().filter(|key| key.kind == kind) {
            bits = bits & self.sig_of(key, values, None);
        }
        bits
    }

    /// Statements that fail on conditions with variables on the keys that one side of a request has are taken out.
    pub(in super::super) fn linked_sig<'s>(
        &self,
        side: impl Fn(KeyMeaning) -> Option<Option<&'s str>>,
        lookup: Lookup<'_>,
    ) -> Bits {
        let mut bits = Bits::ALL;
        for key in self.keys.iter().filter(|key| key.linked) {
            if let Some(value) = side(key.kind) {
                bits = bits & self.sig_of(key, value.as_slice(), Some(lookup));
            }
        }
        bits
    }

    /// The same for one key. With a lookup, the conditions with variables count as well; without one, they count where
    /// they fail whatever their variables are.
    pub(in super::super) fn sig_of(&self, key: &Key<'_>, values: &[&str], lookup: Option<Lookup<'_>>) -> Bits {
        let mut bits = Bits::ALL;
        for (place, condition) in &key.conditions {
            if lookup.is_none() && !key.links(condition) && condition.linked() {
                let user = |_: &str| {
                    values
                        .first()
                        .and_then(|arn| Arn::parse(arn)?.user())
                        .map(str::to_owned)
                };
                if bits.has(*place) && !atoms::holds(condition, values, self.interpretation, &user) {
                    bits.remove(*place);
                }
                continue;
            }
            if lookup.is_none() && condition.linked() {
                let told = values.is_empty() || matches!(key.kind, KeyMeaning::PrincipalArn | KeyMeaning::Free);
                if told && bits.has(*place) && !atoms::may_hold(condition, values, self.interpretation) {
                    bits.remove(*place);
                }
                continue;
            }
            let lookup = lookup.unwrap_or(&atoms::nothing);
            if bits.has(*place) && !atoms::holds(condition, values, self.interpretation, lookup) {
                bits.remove(*place);
            }
        }
        bits
    }

    /// The statements that do not fail on an action, by its name in lower case.
    pub(in super::super) fn action_sig(&self, lower: &str) -> Bits {
        let mut sig = Bits::ALL;
        for (place, element) in &self.restricted {
            let mut patterns = element.values.iter();
            let hit = patterns.any(|action| action.matches(lower, self.interpretation.star_colon_star));
            if hit == element.not {
                sig.remove(*place);
            }
        }
        sig
    }

    /// The statements that do not fail on the constants of the endpoint.
    pub(in super::super) fn constant_sig(&self) -> Bits {
        let mut bits = Bits::ALL;
        for key in self.keys.iter().filter(|key| key.kind == KeyMeaning::Constant) {
            bits = bits & self.sig_of(key, key.constant.as_slice(), None);
        }
        bits
    }
}
