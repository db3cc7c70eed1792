//! The condition operators of the IAM reference.

/// How the values of a policy are compared with a key of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operator {
    StringEquals,
    StringNotEquals,
    StringEqualsIgnoreCase,
    StringNotEqualsIgnoreCase,
    StringLike,
    StringNotLike,
    NumericEquals,
    NumericNotEquals,
    NumericLessThan,
    NumericLessThanEquals,
    NumericGreaterThan,
    NumericGreaterThanEquals,
    DateEquals,
    DateNotEquals,
    DateLessThan,
    DateLessThanEquals,
    DateGreaterThan,
    DateGreaterThanEquals,
    Bool,
    BinaryEquals,
    IpAddress,
    NotIpAddress,
    ArnEquals,
    ArnLike,
    ArnNotEquals,
    ArnNotLike,
    Null,
}

/// What an operator compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Text { ignore_case: bool, wild: bool },
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    Network,
    Arn,
    Presence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    /// Whether `left` stands in this order to `right`.
    pub(crate) fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

/// `ForAllValues:` or `ForAnyValue:` before an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Quantifier {
    ForAllValues,
    ForAnyValue,
}

const OPERATORS: [(&str, Operator); 27] = [
    ("ArnEquals", Operator::ArnEquals),
    ("ArnLike", Operator::ArnLike),
    ("ArnNotEquals", Operator::ArnNotEquals),
    ("ArnNotLike", Operator::ArnNotLike),
    ("BinaryEquals", Operator::BinaryEquals),
    ("Bool", Operator::Bool),
    ("DateEquals", Operator::DateEquals),
    ("DateGreaterThan", Operator::DateGreaterThan),
    ("DateGreaterThanEquals", Operator::DateGreaterThanEquals),
    ("DateLessThan", Operator::DateLessThan),
    ("DateLessThanEquals", Operator::DateLessThanEquals),
    ("DateNotEquals", Operator::DateNotEquals),
    ("IpAddress", Operator::IpAddress),
    ("NotIpAddress", Operator::NotIpAddress),
    ("Null", Operator::Null),
    ("NumericEquals", Operator::NumericEquals),
    ("NumericGreaterThan", Operator::NumericGreaterThan),
    ("NumericGreaterThanEquals", Operator::NumericGreaterThanEquals),
    ("NumericLessThan", Operator::NumericLessThan),
    ("NumericLessThanEquals", Operator::NumericLessThanEquals),
    ("NumericNotEquals", Operator::NumericNotEquals),
    ("StringEquals", Operator::StringEquals),
    ("StringEqualsIgnoreCase", Operator::StringEqualsIgnoreCase),
    ("StringLike", Operator::StringLike),
    ("StringNotEquals", Operator::StringNotEquals),
    ("StringNotEqualsIgnoreCase", Operator::StringNotEqualsIgnoreCase),
    ("StringNotLike", Operator::StringNotLike),
];

impl Operator {
    /// The operator in a name such as `ForAnyValue:StringLikeIfExists`, its quantifier, and whether it ends in
    /// `IfExists`.
    pub(crate) fn parse(name: &str) -> Option<(Option<Quantifier>, Self, bool)> {
        let (quantifier, rest) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(Quantifier::ForAllValues), rest),
            Some(("ForAnyValue", rest)) => (Some(Quantifier::ForAnyValue), rest),
            Some(_) => return None,
            None => (None, name),
        };
        let (rest, if_exists) = match rest.strip_suffix("IfExists") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let (_, operator) = OPERATORS.iter().find(|(known, _)| *known == rest)?;
        let presence = *operator == Self::Null;
        (!presence || (quantifier.is_none() && !if_exists)).then_some((quantifier, *operator, if_exists))
    }

    /// Whether the operator holds where none of the values fits: `StringNotEquals` and its like.
    pub(crate) fn negated(self) -> bool {
        matches!(
            self,
            Self::StringNotEquals
                | Self::StringNotEqualsIgnoreCase
                | Self::StringNotLike
                | Self::NumericNotEquals
                | Self::DateNotEquals
                | Self::NotIpAddress
                | Self::ArnNotEquals
                | Self::ArnNotLike
        )
    }

    pub(crate) fn family(self) -> Family {
        match self {
            Self::StringEquals | Self::StringNotEquals => Family::Text {
                ignore_case: false,
                wild: false,
            },
            Self::StringEqualsIgnoreCase | Self::StringNotEqualsIgnoreCase => Family::Text {
                ignore_case: true,
                wild: false,
            },
            Self::StringLike | Self::StringNotLike => Family::Text {
                ignore_case: false,
                wild: true,
            },
            Self::NumericEquals | Self::NumericNotEquals => Family::Number(Order::Equal),
            Self::NumericLessThan => Family::Number(Order::Less),
            Self::NumericLessThanEquals => Family::Number(Order::LessOrEqual),
            Self::NumericGreaterThan => Family::Number(Order::Greater),
            Self::NumericGreaterThanEquals => Family::Number(Order::GreaterOrEqual),
            Self::DateEquals | Self::DateNotEquals => Family::Date(Order::Equal),
            Self::DateLessThan => Family::Date(Order::Less),
            Self::DateLessThanEquals => Family::Date(Order::LessOrEqual),
            Self::DateGreaterThan => Family::Date(Order::Greater),
            Self::DateGreaterThanEquals => Family::Date(Order::GreaterOrEqual),
            Self::Bool => Family::Bool,
            Self::BinaryEquals => Family::Binary,
            Self::IpAddress | Self::NotIpAddress => Family::Network,
            Self::ArnEquals | Self::ArnLike | Self::ArnNotEquals | Self::ArnNotLike => Family::Arn,
            Self::Null => Family::Presence,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_has_its_ifexists_and_quantified_forms_but_null_has_none() {
        for (name, operator) in OPERATORS {
            assert_eq!(Operator::parse(name), Some((None, operator, false)));
            let full = format!("ForAnyValue:{name}IfExists");
            let expected = Some((Some(Quantifier::ForAnyValue), operator, true));
            assert_eq!(Operator::parse(&full), expected.filter(|_| name != "Null"), "{full}");
        }
    }

    #[test]
    fn operator_with_a_wrong_name_is_not_read() {
        for name in [
            "stringEquals",
            "StringEqualIfExists",
            "ForSomeValues:StringLike",
            "IfExists",
            "",
        ] {
            assert_eq!(Operator::parse(name), None, "{name}");
        }
    }
}
