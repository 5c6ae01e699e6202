//! Judges one file: its instructions, the decision to edit it, and the text that the edit gives. It never writes the
//! file.

use super::edits::line_plans;
use super::file::{self, File};
use super::from_analysis::{self, sites_report};
use super::neighbours::{Graph, Member};
use super::options::Options;
use super::waivers::Waivers;
use crate::analysis::named_context::NamedContexts;
use crate::analysis::rule::Finding;
use crate::analysis::{self, Analysis, Inputs};
use crate::discover::{self, Class, SourceFile};
use crate::dockerfile::Dockerfile;
use crate::edit::header::{self, Header};
use crate::edit::{self, LinePlan};
use crate::git::{BlobId, hash_blob};

/// Judges a file of a discovery. Its wave and its owners are not set yet.
pub(super) fn file(
    file: &SourceFile,
    member: &Member<'_>,
    graph: &Graph,
    options: &Options<'_>,
    waivers: &Waivers,
) -> File {
    let dockerfile = member.dockerfile;
    let refused = !dockerfile.errors().is_empty();
    let class = if refused { discover::classify(&file.text, refused) } else { file.class.clone() };
    let class = match class {
        Class::Plain => file::Class::Plain,
        Class::Template => file::Class::Template,
        Class::Generated(head) => {
            file::Class::Generated { line: head.line, by: head.by, template: head.template }
        }
    };
    let accepted = |finding: &Finding| waivers.accepting(member.path, finding).is_some();
    let around = graph.around(member.path);
    let setups = member.setups.iter().enumerate();
    let named: Vec<NamedContexts<'_>> =
        setups.map(|(at, setup)| setup.named_contexts(&|name| around.result(at, name))).collect();
    let inputs: Vec<Inputs<'_>> = member
        .setups
        .iter()
        .zip(&named)
        .map(|(setup, named_contexts)| Inputs {
            way: &setup.name,
            images: options.images,
            context: setup.context(),
            assumed_context: setup.assumed.as_deref(),
            assumes_build: setup.assumes_build,
            named_contexts,
            build_args: &setup.args,
            platforms: &setup.platforms,
            rules: options.rules,
            neighbours: &around,
            accepted: &accepted,
        })
        .collect();
    let judged = analysis::analyze(dockerfile, &inputs);
    let trouble = member.setups.iter().find_map(|setup| setup.trouble.clone());
    let decided = options.earlier.and_then(|earlier| earlier.decided(member.path)).cloned();
    let by_hand = decided.as_ref().and_then(|decided| decided.skip.clone());
    let skip = by_hand.or(trouble).or_else(|| skip_reason(file, dockerfile, &class, options));
    File { decided, ..finish(file, member, class, &judged, skip, options, waivers) }
}

/// Returns the reason why a file is not edited, regardless of its instructions.
fn skip_reason(
    file: &SourceFile,
    dockerfile: &Dockerfile,
    class: &file::Class,
    options: &Options<'_>,
) -> Option<String> {
    let skips = &options.config.files.skip;
    if let Some(skip) = skips.iter().find(|skip| skip.path == file.path.as_str()) {
        return Some(skip.reason.clone());
    }
    match class {
        file::Class::Template => return Some("a template, which BuildKit does not read".into()),
        file::Class::Generated { by, template, .. } if !options.edit_generated => {
            let from = template.as_ref().map_or(String::new(), |template| format!(" from {template}"));
            return Some(format!("generated{from} ({by}); edit the template, or pass --edit-generated"));
        }
        _ => {}
    }
    let error = dockerfile.errors().first()?;
    let line = dockerfile.line_index().position(error.span.start).line;
    Some(format!("BuildKit refuses it: line {line}: {}", error.message))
}

fn finish(
    file: &SourceFile,
    member: &Member<'_>,
    class: file::Class,
    judged: &Analysis,
    mut skip: Option<String>,
    options: &Options<'_>,
    waivers: &Waivers,
) -> File {
    let (path, dockerfile) = (member.path, member.dockerfile);
    let mut sites = sites_report(dockerfile, &judged.sites, options, &|finding| {
        waivers.accepting(path, finding).map(|waiver| waiver.reason.clone())
    });
    let wanted = sites.iter().any(|site| site.selected) && skip.is_none();
    let (header, rewritten) = match rewritten(dockerfile, &sites, wanted, options) {
        Ok(done) => done,
        Err(why) => {
            skip = skip.or(Some(why));
            (Header::Keep, None)
        }
    };
    if skip.is_some() {
        deselect(&mut sites);
    }
    File {
        path: path.to_owned(),
        blob: file.blob.as_str().to_owned(),
        class,
        skip,
        contexts: member.setups.iter().map(|setup| setup.shown.clone()).collect(),
        bases: from_analysis::bases(&judged.bases),
        errors: from_analysis::errors(dockerfile),
        syntax: from_analysis::syntax(dockerfile, &sites),
        header,
        sites,
        wave: None,
        decided: None,
        owners: Vec::new(),
        rewritten: rewritten.map(|blob| blob.as_str().to_owned()),
    }
}

/// Excludes all instructions from the campaign.
pub(super) fn deselect(sites: &mut [file::Site]) {
    for site in sites {
        site.selected = false;
    }
}

/// Returns the header and the id of the new text if something is edited, or the reason why it cannot be edited.
fn rewritten(
    dockerfile: &Dockerfile,
    sites: &[file::Site],
    wanted: bool,
    options: &Options<'_>,
) -> Result<(Header, Option<BlobId>), String> {
    if !wanted {
        return Ok((Header::Keep, None));
    }
    let required = header::floor(dockerfile, true).unwrap_or(header::LINK);
    let header = header::header(dockerfile, required, &options.config.syntax.write)
        .map_err(|error| error.to_string())?;
    if let Header::Foreign { value } = &header
        && header::Frontend::read(value) == header::Frontend::Other
    {
        return Err(format!("its frontend {value} is unknown"));
    }
    let lines: Vec<LinePlan> = line_plans(sites.iter().filter(|site| site.selected));
    let rewrite = edit::rewrite(dockerfile, &lines, &header).map_err(|error| error.to_string())?;
    let blob = hash_blob(&rewrite.text).map_err(|error| error.to_string())?;
    Ok((header, Some(blob)))
}
