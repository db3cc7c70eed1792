//! Lines of at most 80 columns, and text of others made fit for them.

/// Columns of a line. Only commands, links and code may be longer, so that they can be copied.
pub(crate) const WIDTH: usize = 80;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    lines: Vec<String>,
}

impl Page {
    /// A line that must stay as it is, such as a command or a link.
    pub(crate) fn verbatim(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// A paragraph: its first line begins with `first`, the others are indented as far.
    pub(crate) fn wrapped(&mut self, first: &str, text: &str) {
        self.wrapped_at_most(usize::MAX, first, text);
    }

    /// The same, cut with an ellipsis after so many lines.
    pub(crate) fn wrapped_at_most(&mut self, most: usize, first: &str, text: &str) {
        let mut lines = wrap(first, text);
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                let kept: String = last.chars().take(WIDTH - 4).collect();
                let between_words = kept.len() == last.len();
                let end = kept
                    .trim_end()
                    .rfind(' ')
                    .filter(|end| !between_words && *end > WIDTH / 2);
                let kept = end.and_then(|end| kept.get(..end)).unwrap_or(&kept);
                *last = format!("{} ...", kept.trim_end());
            }
        }
        self.lines.extend(lines);
    }

    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Adds another page below, with an empty line between.
    pub(crate) fn section(&mut self, other: Self) {
        if other.is_empty() {
            return;
        }
        if !self.is_empty() {
            self.lines.push(String::new());
        }
        self.lines.extend(other.lines);
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.lines.extend(other.lines);
    }

    pub(crate) fn finish(self) -> String {
        self.lines.join("\n") + "\n"
    }
}

/// Breaks text between words. A word that is longer than a line is broken as well, but for a command in backticks.
fn wrap(first: &str, text: &str) -> Vec<String> {
    let width = first.chars().count();
    let indent = " ".repeat(width);
    let room = WIDTH.saturating_sub(width).max(1);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in words(text).into_iter().flat_map(|word| pieces(word, room)) {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(&word);
        used += length;
    }
    lines.push(line);
    let starts = std::iter::once(first).chain(std::iter::repeat(indent.as_str()));
    starts
        .zip(lines)
        .map(|(start, line)| format!("{start}{line}"))
        .collect()
}

/// The words of a text. What stands between backticks is one.
fn words(text: &str) -> Vec<String> {
    let odd = |word: &str| word.matches('`').count() % 2 == 1;
    let mut words = Vec::new();
    let mut rest = text.split_whitespace();
    while let Some(word) = rest.next() {
        let (mut span, mut open, mut ahead) = (vec![word], odd(word), rest.clone());
        while open && let Some(next) = ahead.next() {
            span.push(next);
            open ^= odd(next);
        }
        // A backtick that nothing closes is one of somebody's text.
        if open {
            words.push(word.to_owned());
        } else {
            words.push(span.join(" "));
            rest = ahead;
        }
    }
    words
}

fn pieces(word: String, room: usize) -> Vec<String> {
    if word.contains(' ') {
        return vec![word];
    }
    let characters: Vec<char> = word.chars().collect();
    characters.chunks(room).map(|piece| piece.iter().collect()).collect()
}

/// Text of others: at most so many characters, and neither markup nor, but for the links of Postern itself, a link.
pub(crate) fn foreign(text: &str, most: usize) -> String {
    let text = text
        .replace("://", ":/ /")
        .replace('<', "\u{2039}")
        .replace('>', "\u{203a}");
    if text.chars().count() <= most {
        return text;
    }
    let kept: String = text.chars().take(most.saturating_sub(3)).collect();
    format!("{kept}...")
}

/// A line of code: a policy in it means the same with its markup escaped as JSON and Terraform do.
pub(crate) fn code_line(line: &str) -> String {
    let mut safe = String::with_capacity(line.len());
    let mut characters = line.chars().take(200).peekable();
    while let Some(c) = characters.next() {
        let tag = |next: &char| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?');
        match (c, characters.peek()) {
            ('<', Some(next)) if tag(next) => safe.push_str("\\u003c"),
            _ => safe.push(c),
        }
    }
    safe
}

/// An argument of a command as a shell has to be given it. No id has the characters that are replaced.
pub(crate) fn argument(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@=,+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''").replace(['<', '>'], "?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_keep_to_the_width_and_hang_below_their_first_line() {
        let mut page = Page::default();
        page.wrapped("  To do: ", &"word ".repeat(40));
        page.wrapped("- ", &"x".repeat(200));
        let text = page.finish();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].starts_with("  To do: word word"));
        assert!(lines[1].starts_with("         word"));
        assert_eq!(text.matches('x').count(), 200, "nothing is lost");
    }

    #[test]
    fn command_in_backticks_stays_on_one_line_and_a_lone_backtick_does_not_matter() {
        let command = format!(
            "`aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {}`",
            "vpce-1 ".repeat(10).trim()
        );
        let mut page = Page::default();
        page.wrapped("  To do: ", &format!("Then run {command}, which deletes them."));
        let lone = format!("a ` {}", "word ".repeat(40));
        page.wrapped("", &lone);
        let text = page.finish();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "  To do: Then run");
        assert_eq!(lines[1].trim(), format!("{command},"));
        assert_eq!(lines[2].trim(), "which deletes them.");
        assert!(lines[3..].iter().all(|line| line.len() <= WIDTH), "{text}");
        assert_eq!(text.matches("word").count(), 40);
    }

    #[test]
    fn a_paragraph_that_is_too_long_ends_with_an_ellipsis() {
        let mut page = Page::default();
        page.wrapped_at_most(2, "", &"word ".repeat(100));
        let text = page.finish();
        assert_eq!(text.lines().count(), 2);
        assert!(text.ends_with("word ...\n"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
    }

    #[test]
    fn foreign_text_has_neither_markup_nor_links() {
        assert_eq!(
            foreign("<a href=\"https://evil.example\">", 100),
            "\u{2039}a href=\"https:/ /evil.example\"\u{203a}"
        );
        assert_eq!(foreign(&"n".repeat(300), 10), "nnnnnnn...");
    }

    #[test]
    fn code_stays_code_and_its_markup_is_escaped() {
        assert_eq!(code_line("policy = <<-POLICY"), "policy = <<-POLICY");
        assert_eq!(code_line("\"Sid\": \"<img>\""), "\"Sid\": \"\\u003cimg>\"");
    }

    #[test]
    fn odd_arguments_are_quoted() {
        assert_eq!(argument("vpce-0a1"), "vpce-0a1");
        assert_eq!(argument("a; rm -rf 'x'"), r"'a; rm -rf '\''x'\'''");
    }
}
