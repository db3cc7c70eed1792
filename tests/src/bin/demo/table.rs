//! Before and after, side by side.

use postern_tests::checks::Check;

use crate::color::Color;

/// Characters of a line in a cell, so that three columns fit into 100.
const WIDEST: usize = 28;

/// One row for each check, one column for each observation.
pub(crate) fn table(title: &str, looks: &[(&str, &[Check])], color: Color) -> String {
    let names: Vec<_> = looks
        .first()
        .map_or(&[][..], |(_, checks)| checks)
        .iter()
        .map(|check| check.what)
        .collect();
    let mut columns = vec![Column::new(title, names.into_iter().map(|name| (None, name)))];
    for (heading, checks) in looks {
        let cells = checks.iter().map(|check| (Some(check.passed), check.state.as_str()));
        columns.push(Column::new(heading, cells));
    }
    let rule = |left: &str, cross: &str, right: &str| {
        let lines: Vec<_> = columns.iter().map(|column| "─".repeat(column.width + 2)).collect();
        format!("{left}{}{right}\n", lines.join(cross))
    };
    let row = |cells: Vec<String>| format!("│ {} │\n", cells.join(" │ "));
    let mut table = rule("┌", "┬", "┐");
    table.push_str(&row(columns
        .iter()
        .map(|column| color.bold(&pad(&column.heading, column.width)))
        .collect()));
    table.push_str(&rule("├", "┼", "┤"));
    let rows = columns
        .iter()
        .map(|column| column.cells.len())
        .max()
        .unwrap_or_default();
    for index in 0..rows {
        let lines = columns
            .iter()
            .map(|column| column.lines(index))
            .max()
            .unwrap_or_default();
        for line in 0..lines {
            let cells = columns.iter().map(|column| column.cell(index, line, color));
            table.push_str(&row(cells.collect()));
        }
    }
    table.push_str(&rule("└", "┴", "┘"));
    table
}

struct Column {
    heading: String,
    /// The lines of each cell, with the mark before the first.
    cells: Vec<(Option<bool>, Vec<String>)>,
    width: usize,
}

impl Column {
    fn new<'a>(heading: &str, cells: impl Iterator<Item = (Option<bool>, &'a str)>) -> Self {
        let cells: Vec<_> = cells.map(|(mark, text)| (mark, wrapped(text))).collect();
        let widths = cells.iter().flat_map(|(mark, lines)| {
            let before = if mark.is_some() { 2 } else { 0 };
            lines.iter().map(move |line| line.chars().count() + before)
        });
        let width = widths.chain([heading.chars().count()]).max().unwrap_or_default();
        Self {
            heading: heading.to_owned(),
            cells,
            width,
        }
    }

    fn lines(&self, index: usize) -> usize {
        self.cells.get(index).map_or(0, |(_, lines)| lines.len())
    }

    fn cell(&self, index: usize, line: usize, color: Color) -> String {
        let Some((mark, lines)) = self.cells.get(index) else {
            return pad("", self.width);
        };
        let text = lines.get(line).map(String::as_str).unwrap_or_default();
        match (mark, line) {
            (Some(passed), 0) => format!("{} {}", color.mark(*passed), pad(text, self.width - 2)),
            (Some(_), _) => format!("  {}", pad(text, self.width - 2)),
            (None, _) => pad(text, self.width),
        }
    }
}

/// Lines of at most [`WIDEST`] characters, broken at spaces.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDEST => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

fn pad(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}
