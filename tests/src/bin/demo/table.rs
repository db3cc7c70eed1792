//! Before and after, side by side.

use postern_tests::checks::Check;

use crate::color::Color;

/// One row per check, one column per look.
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
        table.push_str(&row(columns.iter().map(|column| column.cell(index, color)).collect()));
    }
    table.push_str(&rule("└", "┴", "┘"));
    table
}

struct Column {
    heading: String,
    /// With the mark that stands before it.
    cells: Vec<(Option<bool>, String)>,
    width: usize,
}

impl Column {
    fn new<'a>(heading: &str, cells: impl Iterator<Item = (Option<bool>, &'a str)>) -> Self {
        let cells: Vec<_> = cells.map(|(mark, text)| (mark, text.to_owned())).collect();
        let widths = cells
            .iter()
            .map(|(mark, text)| text.chars().count() + if mark.is_some() { 2 } else { 0 });
        let width = widths.chain([heading.chars().count()]).max().unwrap_or_default();
        Self {
            heading: heading.to_owned(),
            cells,
            width,
        }
    }

    fn cell(&self, index: usize, color: Color) -> String {
        match self.cells.get(index) {
            Some((Some(passed), text)) => format!("{} {}", color.mark(*passed), pad(text, self.width - 2)),
            Some((None, text)) => pad(text, self.width),
            None => pad("", self.width),
        }
    }
}

fn pad(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}
