//! [`Ignore`]: globs of tensors of a file that are left out because the network does not have them.

use globset::{Glob, GlobMatcher, escape};

/// Compiled globs, which match a tensor by its name in the file or by its name without the common prefix.
#[derive(Debug, Default)]
pub struct Ignore {
    globs: Vec<GlobMatcher>,
}

impl Ignore {
    /// Compiles `globs`.
    ///
    /// # Errors
    /// When one is no glob; the message names it.
    pub fn new(globs: &[String]) -> Result<Self, String> {
        let compile = |glob: &String| {
            let compiled =
                Glob::new(glob).map_err(|error| format!("expected globs of tensor names in `ignore`, found `{glob}`: {error}"))?;
            Ok::<_, String>(compiled.compile_matcher())
        };
        Ok(Self { globs: globs.iter().map(compile).collect::<Result<_, _>>()? })
    }

    /// Whether one of the globs matches `name`.
    pub fn matches(&self, name: &str) -> bool {
        self.globs.iter().any(|glob| glob.is_match(name))
    }

    /// The globs that match none of `names`.
    pub fn idle<'a>(&self, names: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
        let idle = self.globs.iter().filter(|glob| !names.clone().any(|name| glob.is_match(name)));
        idle.map(|glob| glob.glob().glob().to_owned()).collect()
    }
}

/// For more unexpected tensors than this no globs are proposed.
const MOST: usize = 1000;
/// Number of leading parts of a name that globs are made of.
const DEPTH: usize = 8;

/// The fewest globs of whole layers that match all of `unwanted` and none of `needed`; none for too many tensors.
pub fn globs(unwanted: &[String], needed: &[&str]) -> Vec<String> {
    if unwanted.len() > MOST {
        return Vec::new();
    }
    let mut globs: Vec<String> = Vec::new();
    let mut layers: Vec<String> = Vec::new();
    for name in unwanted {
        if layers.iter().any(|layer| name.starts_with(layer)) {
            continue;
        }
        let ends = name.match_indices('.').map(|(dot, _)| &name[..=dot]).take(DEPTH);
        match ends.into_iter().find(|layer| !needed.iter().any(|needed| needed.starts_with(layer))) {
            Some(layer) => {
                globs.push(format!("{}*", escape(layer)));
                layers.push(layer.to_owned());
            }
            None => globs.push(escape(name)),
        }
    }
    globs
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn proposed_globs_mean_what_is_left_over_and_nothing_else() {
        let needed = ["layer2.0.conv1.weight", "layer2.0.bn1.bias", "fc.weight"];
        let unwanted =
            owned(&["layer2.0.shortcut.0.weight", "layer2.0.shortcut.1.bias", "head.a.weight", "head.b", "n_averaged", "fc.scale[0]"]);
        let proposed = globs(&unwanted, &needed);
        assert_eq!(proposed, ["layer2.0.shortcut.*", "head.*", "n_averaged", "fc.scale[[]0[]]"]);
        let ignore = Ignore::new(&proposed).unwrap();
        assert!(unwanted.iter().all(|name| ignore.matches(name)) && !needed.iter().any(|name| ignore.matches(name)));
    }

    #[test]
    fn globs_that_mean_nothing_are_known_and_broken_ones_named() {
        let ignore = Ignore::new(&owned(&["fc.*", "hed.*"])).unwrap();
        assert_eq!(ignore.idle(["fc.bias", "head.bias"].into_iter()), ["hed.*"]);
        let error = Ignore::new(&owned(&["fc.*", "layer[1"])).unwrap_err();
        assert!(error.contains("`layer[1`"), "{error}");
    }
}
