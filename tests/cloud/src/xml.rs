//! Writes XML as the services do.

use std::fmt::Write;

use crate::api_error::ApiError;

#[derive(Debug, Default)]
pub(crate) struct Xml(String);

impl Xml {
    pub(crate) fn node(&mut self, tag: &str, content: impl FnOnce(&mut Self)) {
        self.open(tag);
        content(self);
        self.close(tag);
    }

    /// A node for each item, in a node around them.
    pub(crate) fn set<T>(&mut self, tag: &str, items: impl IntoIterator<Item = T>, item: impl Fn(&mut Self, T)) {
        self.node(tag, |xml| {
            for each in items {
                xml.node("item", |xml| item(xml, each));
            }
        });
    }

    pub(crate) fn texts<'a>(&mut self, tag: &str, items: impl IntoIterator<Item = &'a String>) {
        self.set(tag, items, |xml, text| xml.escape(text));
    }

    pub(crate) fn text(&mut self, tag: &str, text: &str) {
        self.node(tag, |xml| xml.escape(text));
    }

    pub(crate) fn value(&mut self, tag: &str, value: impl std::fmt::Display) {
        self.node(tag, |xml| {
            // Writing to a String cannot fail.
            let _ = write!(xml.0, "{value}");
        });
    }

    /// The failures in an answer with HTTP 200.
    pub(crate) fn unsuccessful(&mut self, failed: Vec<(String, ApiError)>) {
        self.set("unsuccessful", failed, |xml, (id, error)| {
            xml.node("error", |xml| {
                xml.text("code", &error.code);
                xml.text("message", &error.message);
            });
            xml.text("resourceId", &id);
        });
    }

    pub(crate) fn raw(&mut self, text: &str) {
        self.0.push_str(text);
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }

    fn open(&mut self, tag: &str) {
        self.0.push('<');
        self.0.push_str(tag);
        self.0.push('>');
    }

    fn close(&mut self, tag: &str) {
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
    }

    fn escape(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find(['&', '<', '>', '"']) {
            let (plain, from) = rest.split_at(at);
            self.0.push_str(plain);
            let mut characters = from.chars();
            self.0.push_str(match characters.next() {
                Some('&') => "&amp;",
                Some('<') => "&lt;",
                Some('>') => "&gt;",
                _ => "&quot;",
            });
            rest = characters.as_str();
        }
        self.0.push_str(rest);
    }
}
