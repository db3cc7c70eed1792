//! Lists in the XML of query services.

use std::collections::BTreeMap;

use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};

/// The members of each list of this name, each with the texts of these elements in it or in one of its elements.
pub(crate) fn records(xml: &str, list: &str, fields: &[&str]) -> Vec<BTreeMap<String, String>> {
    let mut found = Vec::new();
    if let Ok(mut document) = Document::try_from(xml.as_bytes())
        && let Ok(mut root) = document.root_element()
    {
        visit(&mut root, list, fields, &mut found);
    }
    found
}

fn visit(element: &mut ScopedDecoder<'_, '_>, list: &str, fields: &[&str], found: &mut Vec<BTreeMap<String, String>>) {
    while let Some(mut child) = element.next_tag() {
        if child.start_el().matches(list) {
            while let Some(mut member) = child.next_tag() {
                let mut record = BTreeMap::new();
                read(&mut member, fields, &mut record);
                found.push(record);
            }
        } else {
            visit(&mut child, list, fields, found);
        }
    }
}

fn read(element: &mut ScopedDecoder<'_, '_>, fields: &[&str], record: &mut BTreeMap<String, String>) {
    while let Some(mut child) = element.next_tag() {
        match fields.iter().find(|field| child.start_el().matches(field)) {
            Some(field) => {
                if let Ok(text) = try_data(&mut child) {
                    record.insert((*field).to_owned(), text.into_owned());
                }
            }
            None => read(&mut child, fields, record),
        }
    }
}
