//! Shapes of Einstein sums.

use std::collections::BTreeMap;

use super::shape::{Shaped, numel};

/// A letter of an equation, or the k-th last dimension that `...` stands for.
type Label = (char, usize);

/// Labels of the dimensions of a term, of which `hidden` gives those of `...`.
fn labels(term: &str, hidden: impl Fn(usize) -> Option<usize>) -> Result<Vec<Label>, String> {
    let (before, after) = term.split_once("...").unwrap_or((term, ""));
    let letters = before.len() + after.len();
    let known = before.chars().chain(after.chars()).all(|letter| letter.is_ascii_alphabetic());
    let dots = hidden(letters).filter(|&dots| known && (dots == 0 || term.contains("...")));
    let dots = dots.ok_or_else(|| format!("expected letters for all dimensions, found `{term}`"))?;
    let letter = |letter: char| (letter, 0);
    Ok(before.chars().map(letter).chain((0..dots).rev().map(|k| ('.', k))).chain(after.chars().map(letter)).collect())
}

/// Shape of an Einstein sum.
pub fn einsum_shape(equation: &str, shapes: &[&Vec<i64>]) -> Shaped {
    let equation = equation.replace(' ', "");
    let (left, right) = equation.split_once("->").map_or((equation.as_str(), None), |(left, right)| (left, Some(right)));
    let terms: Vec<&str> = left.split(',').collect();
    if terms.len() != shapes.len() {
        return Err(format!("expected {} tensors for `{equation}`, found {}", terms.len(), shapes.len()));
    }
    let (mut sides, mut uses) = (BTreeMap::<Label, i64>::new(), BTreeMap::<Label, usize>::new());
    for (term, shape) in terms.iter().zip(shapes) {
        let mut own = BTreeMap::new();
        for (label, &side) in labels(term, |letters| shape.len().checked_sub(letters))?.into_iter().zip(*shape) {
            *uses.entry(label).or_default() += 1;
            if *own.entry(label).or_insert(side) != side {
                return Err(format!("expected equal sides for `{}` in `{term}`, found {shape:?}", label.0));
            }
        }
        for (label, side) in own {
            let common = sides.entry(label).or_insert(side);
            match (*common, side) {
                (common, side) if common == side || side == 1 => {}
                (1, side) => *common = side,
                _ => return Err(format!("expected equal sides for `{}` in `{equation}`, found {common} and {side}", label.0)),
            }
        }
    }
    // Sums in between have no other labels.
    numel(&sides.values().copied().collect::<Vec<_>>())?;
    let hidden = sides.keys().filter(|label| label.0 == '.').count();
    let kept = match right {
        Some(right) => labels(right, |_| Some(if right.contains("...") { hidden } else { 0 }))?,
        // `...` first, then what stands once.
        None => {
            let letters = uses.iter().filter(|(label, count)| label.0 != '.' && **count == 1).map(|(label, _)| *label);
            (0..hidden).rev().map(|k| ('.', k)).chain(letters).collect()
        }
    };
    let repeated = kept.iter().enumerate().any(|(k, label)| kept[..k].contains(label));
    let shape = kept.iter().map(|label| sides.get(label).copied()).collect::<Option<Vec<i64>>>().filter(|_| !repeated);
    shape.ok_or_else(|| format!("expected letters of the left side, each once, after `->` in `{equation}`"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::testing::{Argument, agreed_shape, shape};

    fn given(equation: &str, count: usize) -> [Argument; 2] {
        [Argument::Text(equation.into()), Argument::Tensors((0..count).map(Some).collect())]
    }

    #[test]
    fn sums_have_the_shapes_of_their_values() {
        let of = |equation: &str, sides: &[&[i64]]| agreed_shape("einsum.default", &given(equation, sides.len()), sides);
        assert_eq!(of("bhid, bhjd -> bhij", &[&[2, 3, 4, 5], &[2, 3, 6, 5]]), [2, 3, 4, 6]);
        assert_eq!(of("ba,bc", &[&[2, 3], &[2, 4]]), [3, 4]);
        assert_eq!(of("ii", &[&[3, 3]]), [] as [i64; 0]);
        assert_eq!(of("ii->i", &[&[3, 3]]), [3]);
        assert_eq!(of("...ij,...jk->...ik", &[&[7, 2, 3], &[5, 1, 3, 4]]), [5, 7, 2, 4]);
        assert_eq!(of("...j,j", &[&[2, 6, 3], &[3]]), [2, 6]);
        assert_eq!(of("i...->...", &[&[2, 6, 3]]), [6, 3]);
        assert_eq!(of("ij,ij->ij", &[&[1, 3], &[2, 3]]), [2, 3]);
        assert_eq!(of("a,b,c->cab", &[&[2], &[3], &[4]]), [4, 2, 3]);
    }

    #[test]
    fn equations_that_do_not_fit_are_refused() {
        let sides: [&[i64]; 2] = [&[2, 3], &[3, 4]];
        let refused = [
            "ij",
            "ij,jk,kl",
            "ijk,jk->i",
            "i,jk->i",
            "ij,kj->i",
            "ij,jk->il",
            "ij,jk->ii",
            "ij,j1->i",
            "ij,jk->..i",
            "ij->i,jk",
            "iij,jk->",
        ];
        for equation in refused {
            assert!(shape("einsum.default", &given(equation, 2), &sides).is_err(), "{equation}");
        }
    }
}
