//! What a change does to a document, however the document is laid out.

use postern_core::model::text::printable;
use similar::{ChangeTag, TextDiff};

/// So many lines around a change are shown.
const CONTEXT: usize = 3;

/// From this length on, a list that was shown before is not shown again.
const LONG_LIST: usize = 8;

/// The changed lines of two JSON texts, of which `label` says what the second one is, such as `fixed`; both are laid out with one member or item a line. A long list that is added twice is
/// shown once.
pub(crate) fn difference(file: &str, label: &str, before: &str, after: &str) -> String {
    let (before, after) = (laid_out(before), laid_out(after));
    let diff = TextDiff::from_lines(&before, &after);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(CONTEXT) {
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            lines.push(format!("{sign} {}", printable(change.value().trim_end_matches('\n'))));
        }
    }
    let mut shown = format!("--- {file}\n+++ {file}, {label}\n");
    let mut lists: Vec<Vec<&str>> = Vec::new();
    for run in lines.chunk_by(|a, b| is_added_item(a) == is_added_item(b)) {
        let items = run.iter().map(|line| line.trim_start_matches(['+', ' ']));
        let items: Vec<&str> = items.collect();
        match run.first() {
            Some(first) if run.len() >= LONG_LIST && is_added_item(first) && lists.contains(&items) => {
                let indent: String = first.chars().skip(1).take_while(|c| *c == ' ').collect();
                shown.push_str(&format!("+{indent}… the same {} items as above\n", run.len()));
            }
            _ => {
                lists.push(items);
                run.iter().for_each(|line| shown.extend([line, "\n"]));
            }
        }
    }
    shown
}

/// Whether a line adds a text to a list.
fn is_added_item(line: &str) -> bool {
    let item = line.strip_prefix('+').map(|item| item.trim().trim_end_matches(','));
    item.is_some_and(|item| item.len() > 1 && item.starts_with('"') && item.ends_with('"') && !item.contains("\": "))
}

/// JSON with one member or item a line; every token stays as it is.
fn laid_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut level = 0_usize;
    let (mut inside, mut escaped) = (false, false);
    let mut opened = false;
    for c in text.chars() {
        if inside {
            out.push(c);
            inside = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        if c.is_ascii_whitespace() {
            continue;
        }
        let closes = matches!(c, '}' | ']');
        level -= usize::from(closes && level > 0);
        if closes != opened {
            new_line(&mut out, level);
        }
        opened = matches!(c, '{' | '[');
        level += usize::from(opened);
        inside = c == '"';
        out.push(c);
        match c {
            ',' => new_line(&mut out, level),
            ':' => out.push(' '),
            _ => {}
        }
    }
    out.push('\n');
    out
}

fn new_line(out: &mut String, level: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", level));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_of_a_document_makes_no_difference() {
        let one_line = r#"{"a":["x, [y]","\"{"],"b":{},"a":[],"c":[{"d":1.0}]}"#;
        let laid = "{\n  \"a\": [\n    \"x, [y]\",\n    \"\\\"{\"\n  ],\n  \"b\": {},\n  \"a\": [],\n  \"c\": [\n    {\n      \"d\": 1.0\n    }\n  ]\n}\n";
        assert_eq!(laid_out(one_line), laid);
        assert_eq!(laid_out(laid), laid);
        assert_eq!(difference("f", "fixed", one_line, laid), "--- f\n+++ f, fixed\n");
    }

    #[test]
    fn long_list_that_is_added_twice_is_shown_once() {
        let items: Vec<String> = (0..9).map(|n| format!("\"item-{n}\"")).collect();
        let list = items.join(",");
        let after = format!("{{\"a\":[{list}],\"b\":{{\"c\":[{list}]}}}}");
        let shown = difference("f", "fixed", "{}", &after);
        assert_eq!(shown.matches("item-5").count(), 1, "{shown}");
        assert!(shown.contains("… the same 9 items as above\n"), "{shown}");
        let short = difference("f", "fixed", "{}", "{\"a\":[\"x\"],\"b\":[\"x\"]}");
        assert_eq!(short.matches("\"x\"").count(), 2, "{short}");
    }

    #[test]
    fn difference_shows_changed_lines_with_context_only() {
        let items: Vec<String> = (0..9).map(|n| n.to_string()).collect();
        let before = format!("[{}]", items.join(","));
        let after = format!("[{},9]", items.join(","));
        let expected = "--- f\n+++ f, fixed\n    5,\n    6,\n    7,\n-   8\n+   8,\n+   9\n  ]\n";
        assert_eq!(difference("f", "fixed", &before, &after), expected);
    }
}
