//! The elements of drawings. Lengths are in units of the drawing, which are pixels at full size.

use std::fmt::Write as _;

use super::escape::escaped;

/// Begins a drawing; `</svg></figure>` ends it. `number` tells drawings of the page apart.
pub(super) fn begin(number: usize, (width, height): (usize, usize), title: &str, description: &str) -> String {
    format!(
        "<figure><svg class=\"map\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-labelledby=\"map-{number} about-{number}\"><title id=\"map-{number}\">{}</title><desc \
         id=\"about-{number}\">{}</desc>",
        escaped(title),
        escaped(description),
    )
}

/// The point of an arrow that leads to the right, with its tip at `x`.
pub(super) fn head(svg: &mut String, class: &str, x: usize, y: usize) {
    let _ = write!(svg, "<path class=\"{class}\" d=\"M{x} {y}l-8 -5v10z\"/>");
}

/// What is shown where the pointer rests.
pub(super) fn title(svg: &mut String, content: &str) {
    let _ = write!(svg, "<title>{}</title>", escaped(content));
}

/// Text of at most so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Begins a group; `</g>` ends it.
pub(super) fn group(svg: &mut String, attribute: &str, value: &str) {
    let _ = write!(svg, "<g {attribute}=\"{}\">", escaped(value));
}

pub(super) fn rect(svg: &mut String, class: &str, x: usize, y: usize, width: usize, height: usize) {
    let _ = write!(
        svg,
        "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"5\"/>"
    );
}

pub(super) fn line(svg: &mut String, class: &str, x1: usize, y1: usize, x2: usize, y2: usize) {
    let _ = write!(
        svg,
        "<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"
    );
}

pub(super) fn text(svg: &mut String, class: &str, x: usize, y: usize, content: &str) {
    let class = match class {
        "" => String::new(),
        class => format!(" class=\"{class}\""),
    };
    let _ = write!(svg, "<text{class} x=\"{x}\" y=\"{y}\">{}</text>", escaped(content));
}
