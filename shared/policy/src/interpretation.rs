//! What AWS's documentation leaves open.

use crate::document::{Document, PrincipalEntry, Statement, Values};
use crate::operators::Quantifier;
use crate::text::{ArnPattern, Form};

/// One way of understanding a document where the documentation allows several. The default is the most probable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Interpretation {
    /// Which of the document's variants: duplicate members, numbers, Effect in the wrong case.
    pub(crate) variant: usize,
    /// `ForAnyValue:…IfExists` holds when the key is missing.
    pub(crate) any_value_if_exists: bool,
    /// `NotResource` holds when its variable has no value.
    pub(crate) not_resource_without_value: bool,
    /// `*:*` is every action.
    pub(crate) star_colon_star: bool,
    /// `{"AWS": "*"}` includes AWS service principals.
    pub(crate) aws_star_has_services: bool,
    /// `{"AWS": "*"}` includes callers with the token of an identity provider.
    pub(crate) aws_star_has_bearers: bool,
    /// `{"Federated": …}` is callers with a token of that provider, or nobody.
    pub(crate) federated_has_bearers: bool,
    /// The pattern of an ARN with fewer than six fields matches across the fields.
    pub(crate) short_arns: bool,
    /// Dates that are very large numbers are milliseconds.
    pub(crate) epoch_milliseconds: bool,
    /// A condition without `ForAllValues` or `ForAnyValue` compares each value of a key that may have several. If not, it
    /// does not hold.
    pub(crate) plain_compares_each: bool,
}

impl Default for Interpretation {
    fn default() -> Self {
        Self {
            variant: 0,
            any_value_if_exists: true,
            not_resource_without_value: true,
            star_colon_star: true,
            aws_star_has_services: true,
            aws_star_has_bearers: false,
            federated_has_bearers: true,
            short_arns: false,
            epoch_milliseconds: false,
            plain_compares_each: true,
        }
    }
}

/// One place where interpretations part.
#[derive(Clone, Copy)]
struct Fork {
    other: fn(&mut Interpretation),
    usual: &'static str,
    opposite: &'static str,
}

const FORKS: [Fork; 9] = [
    Fork {
        other: |r| r.any_value_if_exists = false,
        usual: "`ForAnyValue:…IfExists` holds when its key is missing",
        opposite: "`ForAnyValue:…IfExists` does not hold when its key is missing",
    },
    Fork {
        other: |r| r.not_resource_without_value = false,
        usual: "`NotResource` with a variable that has no value applies to every resource",
        opposite: "`NotResource` with a variable that has no value applies to no resource",
    },
    Fork {
        other: |r| r.star_colon_star = false,
        usual: "`*:*` is every action",
        opposite: "`*:*` is no action",
    },
    Fork {
        other: |r| r.aws_star_has_services = false,
        usual: "`{\"AWS\": \"*\"}` includes AWS service principals",
        opposite: "`{\"AWS\": \"*\"}` leaves AWS service principals out",
    },
    // The page on endpoint policies of STS says that it leaves them out, the reference of the Principal element that it
    // is the same as `*`.
    Fork {
        other: |r| r.aws_star_has_bearers = true,
        usual: "`{\"AWS\": \"*\"}` leaves out callers with the token of an identity provider",
        opposite: "`{\"AWS\": \"*\"}` includes callers with the token of an identity provider",
    },
    Fork {
        other: |r| r.federated_has_bearers = false,
        usual: "`Federated` names callers with the token of an identity provider",
        opposite: "`Federated` names nobody in the policy of an endpoint",
    },
    Fork {
        other: |r| r.short_arns = true,
        usual: "an ARN pattern with too few fields matches nothing",
        opposite: "an ARN pattern with too few fields matches like any text",
    },
    Fork {
        other: |r| r.epoch_milliseconds = true,
        usual: "a date that is a very large number is in seconds",
        opposite: "a date that is a very large number is in milliseconds",
    },
    // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
    // asks for a set operator and says nothing of what happens without one.
    Fork {
        other: |r| r.plain_compares_each = false,
        usual: "an operator without `ForAllValues` or `ForAnyValue` compares each value of a key that can have several",
        opposite: "an operator without `ForAllValues` or `ForAnyValue` never holds for a key that can have several values",
    },
];

/// More interpretations than this are not tried; the ones left out make the document undecided.
const MOST_INTERPRETATIONS: usize = 48;

/// A interpretation and what it supposes, in words.
pub(crate) struct Named {
    pub(crate) interpretation: Interpretation,
    pub(crate) supposing: Vec<&'static str>,
}

/// Every interpretation of the document, the most probable first, and whether these are all. Readings that differ only on AWS
/// service principals, or on callers with the token of an identity provider, are left out unless these matter.
pub(crate) fn interpretations(document: &Document, services_matter: bool, bearers_matter: bool) -> (Vec<Named>, bool) {
    let mut all: Vec<Named> = Vec::new();
    for (variant, text) in document.variants.iter().enumerate() {
        all.push(Named {
            interpretation: Interpretation {
                variant,
                ..Interpretation::default()
            },
            supposing: text.interpretation.into_iter().collect(),
        });
    }
    let mut met = forks(document.variants.iter().flat_map(|variant| &variant.statements));
    met[3] &= services_matter;
    met[4] &= bearers_matter;
    met[5] &= bearers_matter;
    for fork in FORKS.iter().zip(met).filter_map(|(fork, met)| met.then_some(fork)) {
        if all.len() * 2 > MOST_INTERPRETATIONS {
            return (all, false);
        }
        let mut others = Vec::new();
        for named in &mut all {
            let mut interpretation = named.interpretation;
            (fork.other)(&mut interpretation);
            let mut supposing = named.supposing.clone();
            supposing.push(fork.opposite);
            others.push(Named {
                interpretation,
                supposing,
            });
            named.supposing.push(fork.usual);
        }
        all.extend(others);
    }
    (all, true)
}

impl Interpretation {
    /// What it says of these statements: as usual in all that they do not ask.
    pub(crate) fn of<'d>(self, statements: impl Iterator<Item = &'d Statement>) -> Self {
        let mut settled = Self {
            variant: self.variant,
            ..Self::default()
        };
        for (fork, met) in FORKS.iter().zip(forks(statements)) {
            let mut opposite = self;
            (fork.other)(&mut opposite);
            if met && opposite == self {
                (fork.other)(&mut settled);
            }
        }
        settled
    }
}

/// Which forks the statements meet, in the order of [`FORKS`].
fn forks<'d>(statements: impl Iterator<Item = &'d Statement>) -> [bool; 9] {
    let mut met = [false; 9];
    let [
        any_value,
        not_resource,
        star,
        services,
        bearers,
        federated,
        short,
        milliseconds,
        plain,
    ] = &mut met;
    for statement in statements {
        let short_text = |text: &crate::text::Text| matches!(text.fixed(), Some(Form::Arn(ArnPattern::Short(_))));
        for condition in &statement.conditions {
            *any_value |= condition.if_exists && condition.quantifier == Some(Quantifier::ForAnyValue);
            *short |= condition.texts().iter().any(short_text);
            *milliseconds |=
                matches!(&condition.values, Values::Dates(dates) if dates.iter().any(|date| date.ambiguous));
            *plain |= condition.plain_on_several();
        }
        let resources = &statement.resource;
        *not_resource |= resources.not && resources.values.iter().any(|text| text.fixed().is_none());
        *short |= resources.values.iter().any(short_text);
        *star |= statement.action.values.iter().any(|action| action.raw == "*:*");
        let principals = &statement.principal.values;
        let every = principals.contains(&PrincipalEntry::EveryAws);
        *services |= every;
        *bearers |= every;
        *federated |= principals
            .iter()
            .any(|entry| matches!(entry, PrincipalEntry::Federated(_)));
    }
    met
}
