//! Requests of the query protocol.

use std::cell::Cell;

use crate::not_modelled;

/// The fields of one request. Its handler has to read each of them.
#[derive(Debug)]
pub(crate) struct Form(Vec<Field>);

#[derive(Debug)]
struct Field {
    name: String,
    value: String,
    read: Cell<bool>,
}

impl Form {
    /// Decodes `application/x-www-form-urlencoded`.
    pub(crate) fn decode(body: &[u8]) -> Self {
        Self::new(form_urlencoded::parse(body).into_owned())
    }

    pub(crate) fn new(fields: impl IntoIterator<Item = (String, String)>) -> Self {
        let field = |(name, value)| Field {
            name,
            value,
            read: Cell::new(false),
        };
        Self(fields.into_iter().map(field).collect())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let field = self.0.iter().find(|field| field.name == name)?;
        field.read.set(true);
        Some(&field.value)
    }

    /// Empty where it is missing.
    pub(crate) fn required(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.text(name).map(|value| value == "true")
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    /// The values of `NAME.1`, `NAME.2` and so on.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let values = (1..).map_while(|n| self.text(&format!("{name}.{n}")));
        values.map(str::to_owned).collect()
    }

    /// The prefixes `NAME.1`, `NAME.2` and so on of a list of structures.
    pub(crate) fn structures(&self, name: &str) -> Vec<String> {
        let prefixes = (1..).map(|n| format!("{name}.{n}"));
        prefixes
            .take_while(|prefix| {
                let within = |field: &Field| {
                    field
                        .name
                        .strip_prefix(prefix)
                        .is_some_and(|rest| rest.starts_with('.'))
                };
                self.0.iter().any(within)
            })
            .collect()
    }

    pub(crate) fn pairs(&self) -> Vec<(String, String)> {
        let pairs = self.0.iter().map(|field| (field.name.clone(), field.value.clone()));
        pairs.collect()
    }

    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.0.into_iter().map(|field| (field.name, field.value)).collect()
    }

    /// Panics if a field was not read.
    pub(crate) fn all_read(&self, operation: &str) {
        if let Some(field) = self.0.iter().find(|field| !field.read.get()) {
            not_modelled(format_args!("`{}` = `{}` of {operation}", field.name, field.value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_and_lists_are_found() {
        let form = Form::decode(b"Action=A&Filter.1.Name=vpc-id&Filter.1.Value.1=a%2Fb+c&Filter.1.Value.2=d");
        assert_eq!(form.text("Action"), Some("A"));
        assert_eq!(form.structures("Filter"), ["Filter.1"]);
        assert_eq!(form.text("Filter.1.Name"), Some("vpc-id"));
        assert_eq!(form.list("Filter.1.Value"), ["a/b c", "d"]);
        form.all_read("A");
    }

    #[test]
    #[should_panic(expected = "does not know `New` = `1` of A")]
    fn a_field_that_nobody_reads_fails_the_test() {
        Form::decode(b"Action=A&New=1").text("Action");
        let form = Form::decode(b"New=1");
        form.all_read("A");
    }
}
