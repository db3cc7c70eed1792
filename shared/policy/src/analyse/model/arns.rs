//! The ARNs with which a condition key is compared.

use super::Key;
use crate::glob::{Pattern, Piece, folded_pieces};
use crate::operators::Family;
use crate::text::{ArnPattern, Form};

/// The patterns that an ARN is compared with, in six fields. Nothing if one has another form. It may be told how many colons
/// the ARN has at least.
pub(in super::super) fn arns(key: &Key<'_>, colons: Option<usize>) -> Option<Vec<[Pattern; 6]>> {
    let conditions = key.conditions.iter();
    let texts = conditions.flat_map(|(_, condition)| condition.texts().iter().map(move |text| (text, condition)));
    let mut all = Vec::new();
    for (text, condition) in texts {
        match text.fixed()? {
            Form::Arn(ArnPattern::Fields(fields)) => all.push(fields.as_ref().clone()),
            Form::Arn(ArnPattern::All) | Form::Text(Pattern::All) => {}
            Form::Arn(ArnPattern::Short(_)) => return None,
            Form::Text(pattern) => {
                let folded = matches!(condition.operator.family(), Family::Text { ignore_case: true, .. });
                let pieces = match pattern {
                    Pattern::Exact(exact) if folded => folded_pieces(exact),
                    pattern => pattern.pieces(),
                };
                for pieces in spread(&pieces, colons)? {
                    all.push(fields(&pieces)?);
                }
            }
        }
    }
    Some(all)
}

/// The fields of a pattern. Nothing if a star may go across them, or if they are fewer than those of an ARN.
fn fields(pieces: &[Piece]) -> Option<[Pattern; 6]> {
    let mut fields = pieces.splitn(6, |piece| *piece == Piece::Char(':'));
    let mut field = |last: bool| {
        let field = fields.next()?.to_vec();
        (last || !field.contains(&Piece::Any)).then(|| Pattern::new(field))
    };
    Some([
        field(false)?,
        field(false)?,
        field(false)?,
        field(false)?,
        field(false)?,
        field(true)?,
    ])
}

/// More ways to put the colons of an ARN into the stars of a pattern are not tried.
const MOST_WAYS: usize = 64;

/// The patterns that together stand for the ARNs with this many colons that a pattern stands for, without a star that goes
/// across one. Nothing where these are too many.
fn spread(pieces: &[Piece], colons: Option<usize>) -> Option<Vec<Vec<Piece>>> {
    let own = pieces.iter().filter(|piece| **piece == Piece::Char(':')).count();
    let Some(left) = colons.and_then(|colons| colons.checked_sub(own)) else {
        return Some(vec![pieces.to_vec()]);
    };
    if left > 0 && pieces.contains(&Piece::One) {
        return None;
    }
    // How many colons are left for the stars that follow, with the pieces before them.
    let mut ways = vec![(left, Vec::new())];
    for piece in pieces {
        if *piece != Piece::Any {
            ways.iter_mut().for_each(|(_, before)| before.push(*piece));
            continue;
        }
        let more = ways.iter().flat_map(|(left, before)| {
            (0..=*left).map(move |taken| {
                let between = (0..taken).flat_map(|_| [Piece::Field, Piece::Char(':')]);
                let own = before.iter().copied().chain(between).chain([Piece::Field]);
                (left - taken, own.collect())
            })
        });
        ways = more.take(MOST_WAYS + 1).collect();
        if ways.len() > MOST_WAYS {
            return None;
        }
    }
    let whole = ways.into_iter().filter(|(left, _)| *left == 0);
    Some(whole.map(|(_, pieces)| pieces).collect())
}
