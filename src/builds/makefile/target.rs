//! The targets of a rule, as their recipes see them.

use super::TARGETS;
use super::expand::STEM;
use super::goals::{Needs, Wanted, fits_below_folder, is_open, may_fit, stem};
use crate::git::RepoPath;

/// A target as its recipe sees it.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) stem: Option<String>,
    pub(super) first: String,
    /// The pattern of a pattern rule, whose stem is not known.
    pub(super) pattern: Option<String>,
}

impl Target {
    /// Returns the target as a call makes it: once for each wanted name that fits its pattern. Where a wanted name has
    /// an unknown part or a folder or fits other patterns too, of which make takes one, or there are too many, its stem
    /// stays unknown. Without a call, it may be made itself.
    pub(super) fn made(&self, wanted: Option<&Wanted>, needs: &Needs) -> Vec<Self> {
        let Some(Wanted { all: wanted, .. }) = wanted else { return vec![self.clone()] };
        let Some(pattern) = &self.pattern else {
            return if wanted.contains(&self.name) { vec![self.clone()] } else { Vec::new() };
        };
        let (open, named): (Vec<&String>, Vec<&String>) = wanted.iter().partition(|name| is_open(name));
        let named: Vec<&String> = named.into_iter().filter(|name| !needs.is_made(name)).collect();
        let fitting = named.iter().filter_map(|&name| Some((name, stem(pattern, name)?)));
        let (fitting, others): (Vec<_>, Vec<_>) = fitting.partition(|(name, _)| needs.fits_at_most_one(name));
        let is_more = fitting.len() > TARGETS
            || !others.is_empty()
            || named.iter().any(|name| fits_below_folder(pattern, name))
            || open.iter().any(|name| may_fit(pattern, name));
        let mut made: Vec<Self> = fitting
            .into_iter()
            .take(TARGETS)
            .map(|(name, stem)| Self {
                name: name.clone(),
                stem: Some(stem.to_owned()),
                first: self.first.replacen(&format!("${{{STEM}}}"), stem, 1),
                pattern: None,
            })
            .collect();
        made.extend(is_more.then(|| self.clone()));
        made
    }

    /// Returns what is not settled about it as a call makes it.
    pub(super) fn doubt(&self, wanted: Option<&Wanted>, path: &RepoPath) -> Option<String> {
        match &self.pattern {
            Some(pattern) => Some(format!("which targets fit {pattern}, in {path}")),
            None if wanted.is_none_or(|wanted| wanted.is_certain(&self.name)) => None,
            None => Some(format!("if the call makes {}, in {path}", self.name)),
        }
    }
}
