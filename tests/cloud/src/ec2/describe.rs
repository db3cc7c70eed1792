//! Lists: filters, ids and pages.

use std::sync::Arc;

use super::{ApiError, Call};
use crate::not_modelled;
use crate::world::{Stored, Tags};
use crate::xml::Xml;

/// How a kind of resource is listed.
pub(super) struct List<T> {
    /// The request's name of the list of ids.
    pub(super) ids: &'static str,
    /// Whether the caller sees it.
    pub(super) visible: fn(&Call<'_>, &T) -> bool,
    /// What a resource has under the name of a filter; `None` where there is no such filter.
    pub(super) filter: fn(&T, &str) -> Option<Vec<String>>,
    pub(super) tags: fn(&T) -> &Tags,
    /// The largest page that may be asked for.
    pub(super) largest: i64,
    /// The error of an id that does not exist.
    pub(super) missing: fn(&mut Call<'_>, &str) -> ApiError,
}

struct Filter {
    name: String,
    values: Vec<String>,
}

impl Call<'_> {
    /// The resources of one page, and the token of the next.
    pub(super) fn list<T: Stored>(&mut self, list: &List<T>) -> Result<(Vec<Arc<T>>, Option<String>), ApiError> {
        let ids = self.form.list(list.ids);
        let (page, after) = self.page(list.largest, !ids.is_empty())?;
        let filters = self.filters();
        let seen: Vec<Arc<T>> = if ids.is_empty() {
            self.world.read_all(&after, |_| true)
        } else {
            let mut found = Vec::new();
            for id in ids.iter().filter(|id| id.as_str() > after.as_str()) {
                let item = self.world.read::<T>(id).filter(|item| (list.visible)(self, item));
                found.push(item.ok_or_else(|| (list.missing)(self, id))?);
            }
            found.sort_by(|a, b| a.id().cmp(b.id()));
            found
        };
        let mut wanted = seen
            .into_iter()
            .filter(|item| (list.visible)(self, item) && passes(&filters, item.as_ref(), list));
        let items: Vec<_> = wanted.by_ref().take(page).collect();
        let more = wanted.next().is_some();
        drop(wanted);
        let last = items.last().map_or(after.as_str(), |item| item.id());
        let token = more.then(|| self.token(last));
        Ok((items, token))
    }

    /// The requested page: its size, and the id it begins after.
    pub(super) fn page(&mut self, largest: i64, by_id: bool) -> Result<(usize, String), ApiError> {
        let most = self.form.number("MaxResults");
        if let Some(most) = most {
            if by_id {
                return Err(ApiError::new(
                    "InvalidParameterCombination",
                    "The parameter maxResults cannot be used with the parameter for ids",
                ));
            }
            if !(5..=largest).contains(&most) {
                return Err(ApiError::new(
                    "InvalidParameterValue",
                    format!(
                        "Value ( {most} ) for parameter maxResults is invalid. Expecting a value from 5 to {largest}."
                    ),
                ));
            }
        }
        let token = self.form.text("NextToken").unwrap_or(":").to_owned();
        let Some((_, after)) = token.split_once(':') else {
            return Err(ApiError::parameter(format!("The token '{token}' is not valid")));
        };
        let limit = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(1_000);
        // A page may be empty although others follow.
        let size = match self.world.page < 1_000 && self.world.rng.u8(..8) == 0 {
            true => 0,
            false => self.world.page,
        };
        Ok((size.min(limit), after.to_owned()))
    }

    /// The token of the page after this resource. No two are the same.
    pub(super) fn token(&mut self, last: &str) -> String {
        format!("{:016x}:{last}", self.world.rng.u64(..))
    }

    pub(super) fn end_of_page(&mut self, token: Option<String>) {
        if let Some(token) = token {
            self.xml.text("nextToken", &token);
        }
    }

    fn filters(&self) -> Vec<Filter> {
        let prefixes = self.form.structures("Filter").into_iter();
        let filter = |prefix: String| Filter {
            name: self.form.required(&format!("{prefix}.Name")).to_owned(),
            values: self.form.list(&format!("{prefix}.Value")),
        };
        let filters: Vec<_> = prefixes.map(filter).collect();
        for value in filters.iter().flat_map(|filter| &filter.values) {
            if value.contains(['*', '?']) {
                not_modelled(format_args!("wildcards such as `{value}` in filters"));
            }
        }
        filters
    }

    /// Whether items that are not in a store pass the filters.
    pub(super) fn passing(&self) -> impl Fn(&Fields<'_>) -> bool + use<> {
        let filters = self.filters();
        move |fields| filters.iter().all(|filter| hits(filter, fields(&filter.name)))
    }
}

/// The values of an item's field, by the name of a filter; None for a filter that is not modelled.
type Fields<'a> = dyn Fn(&str) -> Option<Vec<String>> + 'a;

fn passes<T>(filters: &[Filter], item: &T, list: &List<T>) -> bool {
    filters.iter().all(|filter| {
        let found = match filter.name.strip_prefix("tag:") {
            Some(key) => Some((list.tags)(item).get(key).cloned().into_iter().collect()),
            None => (list.filter)(item, &filter.name),
        };
        hits(filter, found)
    })
}

fn hits(filter: &Filter, found: Option<Vec<String>>) -> bool {
    let Some(found) = found else {
        not_modelled(format_args!("the filter `{}`", filter.name));
    };
    found.iter().any(|value| filter.values.contains(value))
}

pub(super) fn tag_set(xml: &mut Xml, tags: &Tags) {
    xml.set("tagSet", tags, |xml, (key, value)| {
        xml.text("key", key);
        xml.text("value", value);
    });
}
