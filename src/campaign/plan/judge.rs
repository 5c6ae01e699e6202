//! Judges one file: its instructions, the decision to edit it, and the text that the edit gives. It never writes the
//! file.

use std::collections::BTreeMap;

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
use crate::edit::header::{self, Frontend, Header};
use crate::edit::{self, LinePlan};
use crate::git::{BlobId, hash_blob};

/// The build argument that sets the frontend in place of the header.
const SYNTAX: &str = "BUILDKIT_SYNTAX";

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
            targets: &setup.targets,
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
    if sites.iter().any(|site| site.selected) {
        let own = options.config.build.get(path).map(|build| &build.args);
        let given: Vec<&BTreeMap<String, String>> = std::iter::once(options.build_args).chain(own).collect();
        skip = skip.or_else(|| other_frontend(member, &given));
    }
    let done = if skip.is_some() {
        Ok((Header::Keep, None))
    } else if sites.iter().any(|site| site.selected) {
        linked(dockerfile, &sites, options)
    } else if options.config.syntax.everywhere && dockerfile.directives().syntax.is_none() {
        headed(dockerfile, options)
    } else {
        Ok((Header::Keep, None))
    };
    let (header, rewritten) = match done {
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
        built_by: Vec::new(),
        rewritten: rewritten.map(|blob| blob.as_str().to_owned()),
    }
}

/// Returns the reason why the frontend that a build argument sets in place of the header cannot read the edited text
/// (BuildKit, `frontend/dockerfile/builder.Build`).
fn other_frontend(member: &Member<'_>, given: &[&BTreeMap<String, String>]) -> Option<String> {
    let required = header::floor(member.dockerfile, true).unwrap_or(header::LINK);
    let given = given.iter().filter_map(|args| args.get(SYNTAX));
    let given = given.map(|value| ("a given argument".to_owned(), Some(value)));
    let of_builds = member
        .builds
        .iter()
        .filter_map(|build| Some((build.place.to_string(), build.args.get(SYNTAX)?.as_ref())));
    given.chain(of_builds).find_map(|(place, value)| {
        let Some(value) = value else {
            return Some(format!("{place} sets {SYNTAX} to a frontend that is not known"));
        };
        match Frontend::read(value) {
            Frontend::Docker(version) if version >= required => None,
            Frontend::Docker(_) => {
                Some(format!("{place} sets {SYNTAX} to {value}, which is too old: the edit needs {required}"))
            }
            Frontend::Digest | Frontend::Other => {
                Some(format!("{place} sets {SYNTAX} to {value}, an unknown frontend"))
            }
        }
    })
}

/// Excludes all instructions from the campaign.
pub(super) fn deselect(sites: &mut [file::Site]) {
    for site in sites {
        site.selected = false;
    }
}

/// Returns the header and the id of the new text with the selected lines linked, or the reason why the file cannot be
/// edited.
fn linked(
    dockerfile: &Dockerfile,
    sites: &[file::Site],
    options: &Options<'_>,
) -> Result<(Header, Option<BlobId>), String> {
    let required = header::floor(dockerfile, true).unwrap_or(header::LINK);
    let header = header::header(dockerfile, required, &options.config.syntax.write)
        .map_err(|error| error.to_string())?;
    if let Header::Foreign { value } = &header
        && Frontend::read(value) == Frontend::Other
    {
        return Err(format!("its frontend {value} is unknown"));
    }
    let lines: Vec<LinePlan> = line_plans(sites.iter().filter(|site| site.selected));
    rewritten(dockerfile, &lines, header)
}

/// Returns the new header, and the id of the text with it, of a file without one in which no line is edited.
fn headed(dockerfile: &Dockerfile, options: &Options<'_>) -> Result<(Header, Option<BlobId>), String> {
    let required = header::floor(dockerfile, false).unwrap_or(header::FIRST);
    let header = header::header(dockerfile, required, &options.config.syntax.write)
        .map_err(|error| error.to_string())?;
    match header {
        Header::Insert { .. } => rewritten(dockerfile, &[], header),
        _ => Ok((Header::Keep, None)),
    }
}

fn rewritten(
    dockerfile: &Dockerfile,
    lines: &[LinePlan],
    header: Header,
) -> Result<(Header, Option<BlobId>), String> {
    let rewrite = edit::rewrite(dockerfile, lines, &header).map_err(|error| error.to_string())?;
    let blob = hash_blob(&rewrite.text).map_err(|error| error.to_string())?;
    Ok((header, Some(blob)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builds::{Build, BuildFileKind, ContextRoot, Place};
    use crate::git::RepoPath;

    #[test]
    fn a_frontend_that_an_argument_sets_must_know_the_edit() {
        let dockerfile = Dockerfile::read("FROM a\nCOPY x /x\n");
        let path = |path| RepoPath::new(path).unwrap();
        let build = |value: Option<&str>| Build {
            place: Place { kind: BuildFileKind::Compose, path: path("compose.yaml"), line: 5 },
            dockerfile: path("Dockerfile"),
            context: ContextRoot::Folder(None),
            target: None,
            args: BTreeMap::from([(SYNTAX.to_owned(), value.map(str::to_owned))]),
            contexts: BTreeMap::new(),
            tags: Vec::new(),
            platforms: Vec::new(),
            unsettled: Vec::new(),
            callers: Vec::new(),
            from_git: false,
        };
        let told = |value: Option<&str>| {
            let builds = [build(value)];
            let member = Member { path: "Dockerfile", dockerfile: &dockerfile, setups: &[], builds: &builds };
            other_frontend(&member, &[])
        };
        assert_eq!(told(Some("docker/dockerfile:1")), None);
        assert_eq!(
            told(Some("docker/dockerfile:1.2")).as_deref(),
            Some(
                "compose.yaml:5 sets BUILDKIT_SYNTAX to docker/dockerfile:1.2, which is too old: the edit needs 1.4"
            )
        );
        assert!(told(Some("example/other:1")).unwrap().ends_with("an unknown frontend"));
        assert!(told(None).unwrap().ends_with("a frontend that is not known"));
        let member = Member { path: "Dockerfile", dockerfile: &dockerfile, setups: &[], builds: &[] };
        let given = BTreeMap::from([(SYNTAX.to_owned(), "docker/dockerfile:1.3".to_owned())]);
        assert!(other_frontend(&member, &[&given]).unwrap().starts_with("a given argument sets"));
    }
}
