//! The plan: what was found and decided, file by file and line by line, and in which order it goes out.
//!
//! The same commit, base images and options give the same plan, byte for byte: it is sorted and has neither clock
//! nor environment in it.

mod bases;
pub mod check;
pub mod file;
mod neighbours;
mod notes;
mod read;
mod report;
mod waivers;
mod waves;
mod ways;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;

use crate::analysis::end_state::NoNeighbours;
use crate::analysis::named_context::NamedContexts;
use crate::analysis::rule::{Finding, Rule};
use crate::analysis::{self, Analysis, Benefit, Inputs, Verdict};
use crate::builds::{BuildContext, Builds, FolderContext, NoContext};
use crate::config::Config;
use crate::discover::{self, Class, Discovery, Owners, Source, SourceFile};
use crate::dockerfile::{Body, Dockerfile};
use crate::edit::{self, LinePlan, header};
use crate::git::{BlobId, RepoPath, hash_blob};
use crate::images::ImageSource;
use crate::text::escape::shown;
use file::{Decided, File, FileReport, Header, Inspection, Plan, Refused, Wave};
use neighbours::{Graph, Member};
use waves::Order;
use ways::Way;

pub use notes::without_effect;
pub use read::PlanError;
pub use report::sites_report;
pub use waivers::{UnknownRule, Waivers};

/// What is decided beside the repository.
pub struct Options<'a> {
    /// `layerwright.toml`.
    pub config: &'a Config,
    /// What base images hold.
    pub images: &'a (dyn ImageSource + Sync),
    /// Build arguments.
    pub build_args: &'a BTreeMap<String, String>,
    /// Benefits that are selected.
    pub selects: &'a [Benefit],
    /// True if local ADDs stay ADDs.
    pub keep_add: bool,
    /// True if generated files are edited too.
    pub edit_generated: bool,
    /// What the plan that there was before decided.
    pub earlier: Option<&'a Earlier>,
    /// The files that are planned, where that is not all of them.
    pub only: Option<&'a BTreeSet<RepoPath>>,
    /// The rules that judge: [`ALL`](crate::analysis::rule::ALL).
    pub rules: &'a [&'static Rule],
}

/// Plans the files of a discovery.
///
/// `tick` is called for each file that is judged, from any thread.
pub fn plan(
    source: &Source<'_>,
    discovery: &Discovery,
    builds: &Builds,
    options: &Options<'_>,
    waivers: &Waivers,
    tick: &(dyn Fn() + Sync),
) -> Plan {
    let read = |file: &SourceFile| {
        let dockerfile = Dockerfile::read(file.text.clone());
        let own = options.config.build.get(file.path.as_str());
        let mut given = own.map(|build| build.args.clone()).unwrap_or_default();
        given.extend(options.build_args.clone());
        let ways = ways::ways(source, &file.path, &dockerfile, builds.of(&file.path), &given);
        (dockerfile, ways)
    };
    let read: Vec<(Dockerfile, Vec<Way<'_>>)> = discovery.files.par_iter().map(read).collect();
    let members: Vec<Member<'_>> = discovery
        .files
        .iter()
        .zip(&read)
        .map(|(file, (dockerfile, ways))| {
            let builds = builds.of(&file.path);
            Member { path: file.path.as_str(), dockerfile, ways, builds }
        })
        .collect();
    let graph = Graph::new(&members, options);
    let mut files: Vec<File> = discovery
        .files
        .par_iter()
        .zip(&members)
        .filter(|(file, _)| options.only.is_none_or(|only| only.contains(&file.path)))
        .map(|(file, member)| {
            let planned = plan_file(file, member, &graph, options, waivers);
            tick();
            planned
        })
        .collect();
    let waves = in_waves(source, &mut files, &members, &graph, options);
    Plan {
        schema: file::SCHEMA,
        commit: None,
        build_args: options.build_args.clone(),
        syntax: options.config.syntax.write.clone(),
        selects: options.selects.to_vec(),
        waivers: waivers.listed(),
        list: None,
        left_out: discovery
            .left_out_counts()
            .into_iter()
            .map(|(why, count)| (why.to_string(), count))
            .collect(),
        refused: refused(discovery),
        unread: unread(builds),
        cycles: graph.cycles.iter().cloned().collect(),
        waves,
        files,
    }
}

/// The files that cannot be taken as they are.
fn refused(discovery: &Discovery) -> Vec<Refused> {
    let refused = discovery.refused.iter().map(|refused| (refused.path.as_str(), refused.reason.to_string()));
    let odd = discovery.odd.iter().map(|odd| (odd.name.as_str(), odd.reason.to_string()));
    refused.chain(odd).map(|(path, reason)| Refused { path: shown(path).into_owned(), reason }).collect()
}

/// The files that should say how something is built.
fn unread(builds: &Builds) -> Vec<Refused> {
    let unread = builds.unread.iter();
    unread
        .map(|file| Refused { path: shown(file.path.as_str()).into_owned(), reason: file.why.to_string() })
        .collect()
}

/// Tells the files' owners and puts them into waves.
fn in_waves(
    source: &Source<'_>,
    files: &mut [File],
    members: &[Member<'_>],
    graph: &Graph,
    options: &Options<'_>,
) -> Vec<Wave> {
    let owners = Owners::of(source);
    for file in files.iter_mut() {
        if let Ok(path) = RepoPath::new(&file.path) {
            file.owners = owners.owners(&path).to_vec();
        }
    }
    keep_waves(files, options.earlier);
    let runs = members.iter().map(|member| (member.path, runs(member.dockerfile))).collect();
    let order = Order { config: &options.config.waves, parents: &graph.parents, runs: &runs };
    let mut waves = waves::assign(files, &order);
    let poc = waves.first_mut().filter(|wave| wave.reason.is_empty());
    if let (Some(poc), Some(earlier)) = (poc, options.earlier) {
        poc.reason.clone_from(&earlier.poc_reason);
    }
    waves
}

/// What an earlier plan decided: waves stay as they are, and so does what people wrote into it.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    waves: HashMap<String, usize>,
    decided: HashMap<String, Decided>,
    poc_reason: String,
}

impl Earlier {
    /// What `plan` decided.
    pub fn new(plan: &Plan) -> Self {
        let mut earlier = Self::default();
        for file in &plan.files {
            earlier.waves.extend(file.wave.map(|wave| (file.path.clone(), wave)));
            earlier.decided.extend(file.decided.clone().map(|decided| (file.path.clone(), decided)));
        }
        let poc = plan.waves.first().filter(|wave| wave.number == 0);
        earlier.poc_reason = poc.map(|wave| wave.reason.clone()).unwrap_or_default();
        earlier
    }
}

/// Puts files into the waves that they were in: those that have something to do still, and those that are done.
fn keep_waves(files: &mut [File], earlier: Option<&Earlier>) {
    let Some(earlier) = earlier else { return };
    for file in files {
        let done = file.sites.iter().any(|site| site.verdict == Verdict::Linked);
        if file.selected().next().is_some() || done {
            file.wave = earlier.waves.get(&file.path).copied();
        }
    }
}

fn runs(dockerfile: &Dockerfile) -> usize {
    dockerfile.instructions().iter().filter(|instruction| matches!(instruction.body, Body::Run(_))).count()
}

fn plan_file(
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
    let named: Vec<NamedContexts<'_>> = member.ways.iter().map(Way::named_contexts).collect();
    let inputs: Vec<Inputs<'_>> = member
        .ways
        .iter()
        .zip(&named)
        .map(|(way, named_contexts)| Inputs {
            way: &way.name,
            images: options.images,
            context: way.context(),
            assumed_context: way.assumed.as_deref(),
            named_contexts,
            build_args: &way.args,
            rules: options.rules,
            neighbours: &around,
            accepted: &accepted,
        })
        .collect();
    let judged = analysis::analyze(dockerfile, &inputs);
    let trouble = member.ways.iter().find_map(|way| way.trouble.clone());
    let decided = options.earlier.and_then(|earlier| earlier.decided.get(member.path)).cloned();
    let by_hand = decided.as_ref().and_then(|decided| decided.skip.clone());
    let skip = by_hand.or(trouble).or_else(|| skip_reason(file, dockerfile, &class, options));
    File { decided, ..finish(file, member, class, &judged, skip, options, waivers) }
}

/// Why a file is not edited, whatever its sites say.
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
        contexts: member.ways.iter().map(|way| way.shown.clone()).collect(),
        bases: report::bases(&judged.bases),
        errors: report::errors(dockerfile),
        syntax: report::syntax(dockerfile, &sites),
        header,
        sites,
        wave: None,
        decided: None,
        owners: Vec::new(),
        rewritten: rewritten.map(|blob| blob.as_str().to_owned()),
    }
}

fn deselect(sites: &mut [file::Site]) {
    for site in sites {
        site.selected = false;
    }
}

/// The header and the id of the new text, where something is edited; the reason where that cannot be done.
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
    if let header::Header::Foreign(value) = &header
        && header::Frontend::read(value) == header::Frontend::Other
    {
        return Err(format!("its frontend is {value}, of which nothing is known"));
    }
    let lines: Vec<LinePlan> = line_plans(sites.iter().filter(|site| site.selected));
    let rewrite = edit::rewrite(dockerfile, &lines, &header).map_err(|error| error.to_string())?;
    let blob = hash_blob(&rewrite.text).map_err(|error| error.to_string())?;
    Ok((report::header(&header), Some(blob)))
}

/// The lines of a plan that are edited.
pub fn line_plans<'a>(sites: impl Iterator<Item = &'a file::Site>) -> Vec<LinePlan> {
    let plan = |site: &file::Site| Some(LinePlan { line: site.line, replacement: site.replacement.clone()? });
    sites.filter_map(plan).collect()
}

/// Judges Dockerfiles that stand alone, each with a folder as its build context.
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
            named_contexts: &NamedContexts::none(),
            build_args: &build_args,
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
            errors: report::errors(&dockerfile),
            syntax: report::syntax(&dockerfile, &sites),
            sites,
        }
    };
    Inspection { schema: file::SCHEMA, files: files.par_iter().map(report).collect() }
}
