//! Which actions of a prefix come through an endpoint service, where AWS documents that.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::reference::list;

/// See the head of the file.
const TABLE: &str = include_str!("../../data/endpoint-actions.txt");

struct Line {
    endpoint: &'static str,
    /// Whether the endpoint service carries these actions and no other.
    only: bool,
    prefix: &'static str,
    actions: &'static str,
}

fn lines() -> &'static [Line] {
    static LINES: LazyLock<Vec<Line>> = LazyLock::new(|| {
        let line = |text: &'static str| {
            let mut fields = text.split('|');
            let endpoint = fields.next()?;
            Some(Line {
                endpoint: endpoint.trim_start_matches('='),
                only: endpoint.starts_with('='),
                prefix: fields.next()?,
                actions: fields.next()?,
            })
        };
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(line).collect()
    });
    &LINES
}

/// The endpoint service of this listed name, if the table tells its actions.
pub(super) fn endpoint(listed_name: &str) -> Option<&'static str> {
    static ENDPOINTS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| lines().iter().map(|line| line.endpoint).collect());
    ENDPOINTS.get(listed_name).copied().filter(|name| !name.is_empty())
}

/// The actions of a prefix, without it, that an endpoint service carries.
pub(super) enum Carried {
    Only(BTreeSet<&'static str>),
    AllBut(BTreeSet<&'static str>),
}

impl Carried {
    pub(super) fn by(endpoint: &str, prefix: &str) -> Self {
        let of_prefix = || lines().iter().filter(|line| line.prefix == prefix);
        let own = || of_prefix().filter(|line| line.endpoint == endpoint);
        let carried: BTreeSet<&str> = own().flat_map(|line| list(line.actions)).collect();
        if own().any(|line| line.only) {
            return Self::Only(carried);
        }
        let others = of_prefix().filter(|line| line.endpoint != endpoint && own().next().is_some());
        let others = others.flat_map(|line| list(line.actions));
        Self::AllBut(others.filter(|action| !carried.contains(action)).collect())
    }

    pub(super) fn has(&self, action: &str) -> bool {
        match self {
            Self::Only(carried) => carried.contains(action),
            Self::AllBut(others) => !others.contains(action),
        }
    }
}

#[cfg(test)]
mod tests;
