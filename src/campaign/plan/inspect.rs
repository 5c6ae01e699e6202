//! Judges Dockerfiles without a repository. It never edits them.

use rayon::prelude::*;

use super::file::{FileReport, Inspection, SCHEMA};
use super::from_analysis::{self, sites_report};
use super::judge::deselect;
use super::options::Options;
use super::waivers::Waivers;
use crate::analysis::end_state::NoNeighbours;
use crate::analysis::named_context::NamedContexts;
use crate::analysis::rule::Finding;
use crate::analysis::{self, Inputs};
use crate::builds::{BuildContext, FolderContext, NoContext};
use crate::dockerfile::Dockerfile;

/// Judges standalone Dockerfiles, each with a folder as its build context.
pub fn inspect(
    files: &[(String, &[u8], Option<FolderContext>)],
    options: &Options<'_>,
    waivers: &Waivers,
) -> Inspection {
    let given = options.build_args.iter().map(|(name, value)| (name.clone(), Some(value.clone())));
    let build_args = given.collect();
    let report = |(path, text, context): &(String, &[u8], Option<FolderContext>)| {
        let dockerfile = Dockerfile::read(text.to_vec());
        let context: &dyn BuildContext = context.as_ref().map_or(&NoContext, |context| context);
        let accepted = |finding: &Finding| waivers.accepting(path, finding).is_some();
        let inputs = Inputs {
            way: "",
            images: options.images,
            context,
            assumed_context: None,
            assumes_build: false,
            targets: &[],
            named_contexts: &NamedContexts::none(),
            build_args: &build_args,
            platforms: &[],
            rules: options.rules,
            neighbours: &NoNeighbours,
            accepted: &accepted,
        };
        let judged = analysis::analyze(&dockerfile, &[inputs]);
        let mut sites = sites_report(&dockerfile, &judged.sites, options, &|finding| {
            waivers.accepting(path, finding).map(|waiver| waiver.reason.clone())
        });
        if !dockerfile.errors().is_empty() {
            deselect(&mut sites);
        }
        FileReport {
            path: path.clone(),
            errors: from_analysis::errors(&dockerfile),
            syntax: from_analysis::syntax(&dockerfile, &sites),
            sites,
        }
    };
    Inspection { schema: SCHEMA, files: files.par_iter().map(report).collect() }
}
