//! What several changes cost together, and how it is written.

use std::fmt;

use postern_core::model::cost::MonthlyCost;
use postern_core::model::text::plural;

use crate::published::{Change, Plan};

/// The sum of the known prices, and the number of changes that have none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) known: MonthlyCost,
    pub(crate) unpriced: usize,
}

impl Cost {
    pub(crate) fn of<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Self {
        let mut cost = Self::default();
        for change in changes {
            match change.monthly_cost {
                Some(price) => cost.known = cost.known + price,
                None => cost.unpriced += 1,
            }
        }
        cost
    }

    /// What all changes of the plan cost, enforced or not.
    pub(crate) fn of_plan(plan: &Plan) -> Self {
        Self {
            known: plan.monthly_cost + plan.audit_monthly_cost,
            unpriced: plan.unpriced,
        }
    }

    /// What the changes of an audit would add, as sentences. None if they are free of charge.
    pub(crate) fn sentences(self) -> Option<String> {
        const LOOK_UP: &str = "To look prices up, run `postern prices --write`.";
        let Self { known, unpriced } = self;
        let (s, has) = (plural(unpriced), if unpriced == 1 { "has" } else { "have" });
        match (known > MonthlyCost::ZERO, unpriced) {
            (false, 0) => None,
            (true, 0) => Some(format!(
                "The proposed changes would add {known} a month, data processing aside."
            )),
            (true, _) => Some(format!(
                "The proposed changes would add {known} a month, data processing aside. {unpriced} more change{s} {has} no \
                 known price. {LOOK_UP}"
            )),
            (false, _) => Some(format!("{unpriced} proposed change{s} {has} no known price. {LOOK_UP}")),
        }
    }
}

/// Such as `$8.76 a month together and 2 of unknown price`.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.known > MonthlyCost::ZERO, self.unpriced) {
            (_, 0) => write!(f, "{} a month together", self.known),
            (true, unpriced) => write!(f, "{} a month together and {unpriced} of unknown price", self.known),
            (false, unpriced) => write!(f, "{unpriced} of unknown price"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(dollars: f64, unpriced: usize) -> Cost {
        Cost {
            known: MonthlyCost::from_dollars(dollars),
            unpriced,
        }
    }

    #[test]
    fn unknown_prices_are_counted_and_never_shown_as_zero() {
        let texts = [cost(0.0, 0), cost(8.76, 0), cost(8.76, 2), cost(0.0, 10)].map(|cost| cost.to_string());
        assert_eq!(
            texts,
            [
                "$0.00 a month together",
                "$8.76 a month together",
                "$8.76 a month together and 2 of unknown price",
                "10 of unknown price"
            ]
        );
    }

    #[test]
    fn sentences_name_the_command_that_looks_prices_up() {
        assert_eq!(cost(0.0, 0).sentences(), None);
        assert!(!cost(8.76, 0).sentences().unwrap().contains("postern prices"));
        for (cost, part) in [
            (
                cost(8.76, 1),
                "$8.76 a month, data processing aside. 1 more change has no",
            ),
            (cost(0.0, 10), "10 proposed changes have no known price."),
        ] {
            let text = cost.sentences().unwrap();
            assert!(
                text.contains(part) && text.contains("`postern prices --write`"),
                "{text}"
            );
        }
    }
}
