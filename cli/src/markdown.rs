//! Pages in Markdown as text for a terminal.

use crate::output::wrapped;
use postern_core::model::text::printable;

/// Paragraphs and lists are wrapped, code is indented, links are followed by their addresses.
pub(crate) fn as_text(page: &str) -> String {
    let mut text = String::new();
    let mut code = false;
    for line in page.lines() {
        if line.starts_with("```") {
            code = !code;
        } else if code {
            text.push_str(&format!("    {}\n", printable(line)));
        } else {
            for line in prose(line) {
                text.push_str(&printable(&line));
                text.push('\n');
            }
        }
    }
    text
}

fn prose(line: &str) -> Vec<String> {
    if let Some(heading) = line
        .trim_start_matches('#')
        .strip_prefix(' ')
        .filter(|_| line.starts_with('#'))
    {
        return vec![heading.to_uppercase()];
    }
    let text = without_links(&line.replace("**", ""));
    match text.strip_prefix("- ") {
        Some(item) => wrapped("- ", "  ", item),
        None => wrapped("", "", &text),
    }
}

/// `[text](address)` as `text (address)`.
fn without_links(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, name, address, after)) = link(rest) {
        text.push_str(&format!("{before}{name} ({address})"));
        rest = after;
    }
    text + rest
}

fn link(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (before, rest) = text.split_once('[')?;
    let (name, rest) = rest.split_once("](")?;
    let (address, after) = rest.split_once(')')?;
    (!name.contains('[')).then_some((before, name, address, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_has_no_markup_left_and_its_code_is_as_it_was() {
        let page = "Text **in bold** with a [link](https://aws.amazon.com) and `code`.\n\n## Exempt a resource\n\n- one item\n\n\
                    ```toml\n[[exemptions]]\nreason = \"a [b](c)\"\n```\n";
        assert_eq!(
            as_text(page),
            "Text in bold with a link (https://aws.amazon.com) and `code`.\n\nEXEMPT A RESOURCE\n\n- one item\n\n    \
             [[exemptions]]\n    reason = \"a [b](c)\"\n"
        );
    }

    #[test]
    fn paragraphs_and_items_keep_to_the_width() {
        let text = as_text(&format!("{0}\n- {0}\n", "word ".repeat(40)));
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.contains("\n- word") && text.contains("\n  word"), "{text}");
    }
}
