//! Tables of the page.

use std::fmt::Write as _;

use super::escape::escaped;

/// Rows of cells below a caption. The first cell of a row is its heading.
pub(super) fn table<const N: usize>(
    page: &mut String,
    caption: &str,
    head: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
) {
    let _ = write!(
        page,
        "<div class=\"scroll\"><table><caption class=\"soft\">{caption}</caption><thead><tr>"
    );
    for word in head {
        let _ = write!(page, "<th scope=\"col\">{word}</th>");
    }
    page.push_str("</tr></thead><tbody>");
    for row in rows {
        page.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            let _ = match column {
                0 => write!(page, "<th scope=\"row\">{}</th>", escaped(cell)),
                _ => write!(page, "<td>{}</td>", escaped(cell)),
            };
        }
        page.push_str("</tr>");
    }
    page.push_str("</tbody></table></div>");
}
