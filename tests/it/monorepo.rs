//! A campaign in a repository of 300 Dockerfiles: what is found, how it is built, in which order it goes out, and
//! what stays as it was when people go on working in between. The repository is made by code, so that what is
//! there is known beforehand and never copied from what the command says.

use std::collections::{BTreeMap, BTreeSet};

use layerwright::analysis::Verdict;
use layerwright::builds::BuildFileKind;
use layerwright::campaign::plan::file::{Class, Decided, File, Plan, Wave};
use layerwright::git::hash_blob;

use crate::support::{Base, Scratch, files_below, git, run};

/// How many Dockerfiles the plan holds.
const ALL: usize = 300;
/// Services whose heads say that they are generated, and such with the text of a template.
const GENERATED: usize = 10;
const TEMPLATES: usize = 5;
/// Files that are left out: by the name of a template, and in `vendor/`.
const TEMPLATE_NAMES: usize = 4;
const VENDORED: usize = 6;
/// One service in so many copies to `/tmp` too, which a link would change.
const HELD: usize = 7;

/// How the Dockerfiles of a team are built, and who says so.
const TEAMS: [(&str, Option<BuildFileKind>); 6] = [
    ("pay", Some(BuildFileKind::Compose)),
    ("web", Some(BuildFileKind::Bake)),
    ("data", Some(BuildFileKind::Script)),
    ("ml", Some(BuildFileKind::Workflow)),
    ("edge", Some(BuildFileKind::Makefile)),
    ("ops", None),
];

/// What services start from, with the Dockerfile that builds it.
const BASES: [(&str, Option<&str>); 4] = [
    ("base:1", None),
    ("corp/base:1", Some("images/base/Dockerfile")),
    ("registry.corp/java:17", Some("images/java/Dockerfile")),
    ("registry.corp/node:20", Some("images/node/Dockerfile")),
];

/// A Dockerfile that has a right plan.
struct Service {
    team: usize,
    base: usize,
    held: bool,
}

struct Monorepo {
    scratch: Scratch,
    base: Base,
    services: BTreeMap<String, Service>,
}

impl Monorepo {
    fn new() -> Self {
        let mut made = Self { scratch: Scratch::new(), base: Base::new(), services: BTreeMap::new() };
        made.bases();
        let special = made.special();
        let rest = ALL - GENERATED - TEMPLATES - special - 3;
        for at in 0..rest {
            let team = at % TEAMS.len();
            let path = format!("services/{}/s{at:03}", TEAMS[team].0);
            made.service(&path, Service { team, base: at / TEAMS.len() % BASES.len(), held: at % HELD == 0 });
        }
        made.builds();
        made.apart();
        made.scratch.commit("First");
        made
    }

    /// Three private bases: two on the public one, and one on a private one.
    fn bases(&self) {
        let write = |name: &str, from: &str| {
            let text = format!("FROM {from}\nCOPY ca.crt /srv/corp/ca-{name}.crt\n");
            self.scratch.write(&format!("images/{name}/Dockerfile"), text);
            self.scratch.write(&format!("images/{name}/ca.crt"), name);
        };
        write("base", "base:1");
        write("java", "corp/base:1");
        write("node", "base:1");
        let bake = "variable \"VERSION\" { default = \"1\" }\ntarget \"base\" {\n  context = \"images/base\"\n  \
                    tags = [\"corp/base:${VERSION}\"]\n}\n";
        self.scratch.write("docker-bake.hcl", bake);
        self.scratch.write(
            "compose.yaml",
            "services:\n  java:\n    image: registry.corp/java:17\n    build: images/java\n  duo:\n    build: duo\n",
        );
        self.scratch.write(
            "images/build.sh",
            "#!/bin/sh\ncd \"$(dirname \"$0\")/..\"\ndocker build -t \"registry.corp/node:$1\" images/node\n",
        );
    }

    /// A Dockerfile with two lines to link, and perhaps one that must not be.
    fn service(&mut self, folder: &str, service: Service) {
        let from = BASES[service.base].0;
        let held = if service.held { "COPY c.txt /tmp/\n" } else { "" };
        let text =
            format!("FROM {from}\nENV A=1\nCOPY a.txt /srv/app/\n{held}COPY b.txt /opt/b.txt\nCMD [\"x\"]\n");
        self.scratch.write(&format!("{folder}/Dockerfile"), text);
        for name in ["a", "b", "c"] {
            self.scratch.write(&format!("{folder}/{name}.txt"), name);
        }
        self.services.insert(format!("{folder}/Dockerfile"), service);
    }

    /// What says how the services are built.
    fn builds(&self) {
        let of = |team: &str| -> Vec<&str> {
            let prefix = format!("services/{team}/");
            let names = self.services.keys().filter_map(|path| path.strip_prefix(&prefix));
            names.map(|path| path.trim_end_matches("/Dockerfile")).collect()
        };
        let each =
            |team: &str, line: &dyn Fn(&str) -> String| of(team).into_iter().map(line).collect::<String>();
        let services = each("pay", &|name| format!("  {name}:\n    build: {name}\n"));
        self.scratch.write("services/pay/compose.yaml", format!("services:\n{services}"));
        let targets =
            each("web", &|name| format!("target \"{name}\" {{ context = \"services/web/{name}\" }}\n"));
        self.scratch.write("web.docker-bake.hcl", targets);
        let script = format!(
            "#!/bin/bash\ncd \"$(dirname \"$0\")/..\"\nfor name in {}; do\n  docker build -t \"data/$name\" \"services/data/$name\"\ndone\n",
            of("data").join(" ")
        );
        self.scratch.write("scripts/build-data.sh", script);
        let steps = each("ml", &|name| {
            format!(
                "      - uses: docker/build-push-action@v6\n        with:\n          context: services/ml/{name}\n"
            )
        });
        let workflow = format!(
            "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - run: docker build -f \
             duo/Dockerfile duo/other\n      - run: docker buildx bake -f web.docker-bake.hcl\n{steps}"
        );
        self.scratch.write(".github/workflows/images.yml", workflow);
        let rules = each("edge", &|name| format!("{name}:\n\tdocker build services/edge/{name}\n"));
        self.scratch.write("Makefile", rules);
        let owners = TEAMS.iter().map(|(team, _)| format!("/services/{team}/ @corp/{team} @lead-{team}\n"));
        self.scratch.write("CODEOWNERS", owners.collect::<String>());
    }

    /// Dockerfiles that are not like the others; how many of them the plan holds.
    fn special(&self) -> usize {
        let good = "FROM base:1\nCOPY a.txt /srv/\n";
        let odd = ["odd names/Dockerfile", "ünï-код/Dockerfile", "-dash/Dockerfile", "upper/DOCKERFILE"];
        let named = ["named/x.Dockerfile", "pod/Containerfile", "duo/Dockerfile"];
        for path in odd.into_iter().chain(named) {
            self.scratch
                .write(path, good)
                .write(&path.replace(path.rsplit('/').next().unwrap(), "a.txt"), "a");
        }
        self.scratch.write("duo/other/a.txt", "a");
        self.scratch.write("broken/Dockerfile", "FROM base:1\nCOPY a.txt /srv/\nCOPI b.txt /srv/\n");
        self.scratch.write("onbuild/Dockerfile", "FROM base:1\nONBUILD COPY a.txt /srv/\n");
        let windows = "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nCOPY a.txt C:/app/\n";
        self.scratch.write("win/Dockerfile", windows);
        for at in 0..GENERATED {
            let text = format!("# Code generated by mkdocker. DO NOT EDIT.\n{good}");
            self.scratch.write(&format!("gen/{at}/Dockerfile"), text);
        }
        for at in 0..TEMPLATES {
            let text = "FROM base:1\n{{ range .Files }}\nCOPY {{ . }} /srv/\n{{ end }}\n";
            self.scratch.write(&format!("tpl/{at}/Dockerfile"), text);
        }
        odd.len() + named.len() + 3
    }

    /// What has the name of a Dockerfile and is none of the campaign's.
    fn apart(&self) {
        for at in 0..TEMPLATE_NAMES {
            self.scratch.write(&format!("chef/{at}/Dockerfile.j2"), "FROM {{ base }}\n");
        }
        for at in 0..VENDORED {
            self.scratch.write(&format!("vendor/lib{at}/Dockerfile"), "FROM base:1\nCOPY . /srv/\n");
        }
        self.scratch.write("latin/Dockerfile", b"FROM base:1\nLABEL a=\"\xe9\"\n");
        self.scratch.write("link/a.txt", "").link("link/Dockerfile", "../duo/Dockerfile");
    }

    /// The plan that is saved, and what was said.
    fn save(&self) -> (Plan, String) {
        let rootfs = self.base.argument();
        let screen = self.scratch.run(&["plan", "--save", "--rootfs", &rootfs]).done().stdout;
        (Plan::read(&self.scratch.read(PLAN)).unwrap(), screen)
    }
}

const PLAN: &str = "plans/copy-link/plan.json";

fn wave_of(plan: &Plan, path: &str) -> usize {
    plan.file(path).unwrap_or_else(|| panic!("{path} is not in the plan")).wave.expect(path)
}

/// A line of the output; where it is broken, the next lines belong to it.
#[track_caller]
fn assert_says(screen: &str, line: &str) {
    let whole = screen.replace("\n  ", " ");
    assert!(whole.lines().any(|shown| shown.starts_with(line)), "`{line}` is not in\n{screen}");
}

#[track_caller]
fn assert_service(file: &File, service: &Service) {
    let verdicts: Vec<Verdict> = file.sites.iter().map(|site| site.verdict).collect();
    let expected: &[Verdict] = if service.held {
        &[Verdict::Link, Verdict::Hold, Verdict::Link]
    } else {
        &[Verdict::Link, Verdict::Link]
    };
    assert_eq!(verdicts, expected, "{}", file.path);
    let (team, said_by) = TEAMS[service.team];
    assert_eq!(file.owners, [format!("@corp/{team}"), format!("@lead-{team}")], "{}", file.path);
    let said: Vec<_> = file.contexts.iter().map(|context| (context.root.as_str(), context.said_by)).collect();
    assert_eq!(said, [(file.path.trim_end_matches("/Dockerfile"), said_by)]);
    // What the repository builds itself is assumed to be what was published. What the sources are does not matter
    // to these destinations, so neither does the context.
    let proved = BASES[service.base].1.is_none();
    assert!(file.sites.iter().all(|site| site.proved == Some(proved)), "{}: {:#?}", file.path, file.sites);
    assert_eq!(file.selected().count(), 2);
}

#[test]
fn the_plan_says_of_each_file_what_was_made() {
    let made = Monorepo::new();
    let (plan, screen) = made.save();
    assert_eq!(plan.files.len(), ALL);
    for (path, service) in &made.services {
        assert_service(plan.file(path).unwrap(), service);
    }
    let of = |class: fn(&Class) -> bool| plan.files.iter().filter(|file| class(&file.class)).count();
    assert_eq!(of(|class| matches!(class, Class::Generated { .. })), GENERATED);
    assert_eq!(of(|class| *class == Class::Template), TEMPLATES);
    let left_out = BTreeMap::from([
        ("a link within the repository".to_owned(), 1),
        ("a template by its name".to_owned(), TEMPLATE_NAMES),
        ("in vendor/".to_owned(), VENDORED),
    ]);
    assert_eq!(plan.left_out, left_out);
    assert_eq!(plan.refused.len(), 1);
    assert!(plan.refused[0].path == "latin/Dockerfile" && plan.refused[0].reason.contains("not UTF-8"));
    assert!(plan.cycles.is_empty() && plan.unread.is_empty());
    let skipped: BTreeSet<&str> =
        plan.files.iter().filter(|file| file.skip.is_some()).map(|file| file.path.as_str()).collect();
    assert_eq!(skipped.len(), GENERATED + TEMPLATES + 1);
    assert!(skipped.contains("broken/Dockerfile"));
    let duo = plan.file("duo/Dockerfile").unwrap();
    let roots: Vec<&str> = duo.contexts.iter().map(|context| context.root.as_str()).collect();
    assert_eq!(roots, ["duo", "duo/other"]);
    let onbuild = &plan.file("onbuild/Dockerfile").unwrap().sites[0];
    assert!(onbuild.onbuild && onbuild.verdict == Verdict::Link, "it runs on what the image ends with");
    assert_eq!(plan.file("win/Dockerfile").unwrap().sites[0].verdict, Verdict::Hold);
    for path in ["odd names/Dockerfile", "ünï-код/Dockerfile", "-dash/Dockerfile", "upper/DOCKERFILE"] {
        assert_eq!(plan.file(path).unwrap().selected().count(), 1, "{path}");
    }
    assert_first_screen(&made, &plan, &screen);
}

fn assert_first_screen(made: &Monorepo, plan: &Plan, screen: &str) {
    let sites = plan.files.iter().map(|file| file.sites.len()).sum::<usize>();
    assert_says(screen, &format!("{ALL} Dockerfiles, {sites} COPY/ADD in commit "));
    assert!(screen.lines().next().unwrap().contains(".  The plan is in "), "{screen}");
    assert_says(
        screen,
        &format!(
            "Not edited: {GENERATED} generated (edit their template, or pass --edit-generated), {TEMPLATES} templates, 1 other."
        ),
    );
    assert_says(
        screen,
        &format!(
            "Left out: a link within the repository (1), a template by its name ({TEMPLATE_NAMES}), in vendor/ ({VENDORED})."
        ),
    );
    assert_says(screen, "Refused: 1 file");
    let built_by = |kind: BuildFileKind| {
        made.services.values().filter(|service| TEAMS[service.team].1 == Some(kind)).count()
    };
    let found = [
        (built_by(BuildFileKind::Compose) + 2, "compose file"),
        (built_by(BuildFileKind::Bake) + 1, "bake file"),
        (built_by(BuildFileKind::Script) + 1, "script"),
        (built_by(BuildFileKind::Workflow), "workflow"),
        (built_by(BuildFileKind::Makefile), "Makefile"),
    ];
    let all: usize = found.iter().map(|(many, _)| many).sum();
    assert_says(screen, &format!("Contexts: {all} stated ("));
    for (many, kind) in found {
        assert!(screen.replace("\n  ", " ").contains(&format!("{many} {kind}")), "{many} {kind}: {screen}");
    }
    assert!(screen.replace("\n  ", " ").contains(&format!("), {} guessed.", ALL - all)), "{screen}");
}

#[test]
fn bases_go_out_before_what_starts_from_them_and_the_first_file_is_a_good_one() {
    let made = Monorepo::new();
    let (plan, screen) = made.save();
    assert!(wave_of(&plan, "images/base/Dockerfile") < wave_of(&plan, "images/java/Dockerfile"));
    for (path, service) in &made.services {
        if let Some(base) = BASES[service.base].1 {
            assert!(wave_of(&plan, base) < wave_of(&plan, path), "{base} is a base of {path}");
        }
    }
    let sizes: Vec<usize> = plan.waves.iter().map(|wave| wave.files.len()).collect();
    assert_eq!(sizes[..4], [1, 3, 9, 27]);
    let in_waves: usize = sizes.iter().sum();
    assert_eq!(in_waves, plan.files.iter().filter(|file| file.selected().next().is_some()).count());
    let first = &plan.waves[0].files[0];
    let service = &made.services[first];
    assert!(
        service.base == 0 && TEAMS[service.team].1.is_some(),
        "{first} is proved, and its context is known"
    );
    let pays = plan.file(first).unwrap().selected().count();
    assert_eq!(
        plan.waves[0].reason,
        format!(
            "2 lines selected, {pays} of them worth linking, 2 proved; context known; 0 RUNs to run in a build"
        )
    );
    assert_says(&screen, &format!("Start: {first} (2 lines proved)."));
}

/// What people do between two plans.
struct Changes {
    edited: Vec<String>,
    gone: Vec<String>,
    new: Vec<String>,
}

/// The services that change.
fn third(made: &Monorepo) -> impl Iterator<Item = &String> {
    made.services.keys().step_by(3)
}

/// A third of the services change: a line is linked by hand, or moved, a file goes, another comes.
fn change(made: &mut Monorepo) -> Changes {
    let paths: Vec<String> = third(made).cloned().collect();
    let mut changes = Changes { edited: Vec::new(), gone: Vec::new(), new: Vec::new() };
    for (at, path) in paths.into_iter().enumerate() {
        let text = made.scratch.text(&path);
        match at % 3 {
            0 => {
                made.scratch.write(&path, text.replace("COPY a.txt", "COPY --link a.txt"));
                changes.edited.push(path);
            }
            1 => {
                made.scratch.write(&path, text.replace("/opt/b.txt", "/srv/b.txt"));
                changes.edited.push(path);
            }
            _ => {
                made.scratch.remove(&path);
                let folder = format!("services/ops/new{at:03}");
                made.services.remove(&path);
                made.service(&folder, Service { team: 5, base: 0, held: false });
                changes.gone.push(path);
                changes.new.push(format!("{folder}/Dockerfile"));
            }
        }
    }
    made.scratch.commit("People go on working");
    changes
}

#[test]
fn planning_again_keeps_what_was_decided_and_puts_new_files_behind() {
    let mut made = Monorepo::new();
    let (mut first, _) = made.save();
    let last = first.waves.len() - 1;
    let changing: BTreeSet<&String> = third(&made).collect();
    let mut staying = first.waves[last].files.iter().filter(|path| !changing.contains(path)).cloned();
    let (early, skipped) = (staying.next().unwrap(), staying.next().unwrap());
    for file in &mut first.files {
        if file.path == early {
            file.decided = Some(Decided { wave: Some(2), skip: None });
        } else if file.path == skipped {
            file.decided = Some(Decided { wave: None, skip: Some("rebuilt in June".into()) });
        }
    }
    made.scratch.write(PLAN, serde_json::to_string_pretty(&first).unwrap());
    let changes = change(&mut made);
    assert!(changes.edited.len() > 55 && changes.gone.len() > 25, "about a third of {ALL}");

    let (second, screen) = made.save();
    assert_eq!(second.files.len(), ALL, "as many came as went");
    assert_says(&screen, &format!("{ALL} Dockerfiles, "));
    for file in &first.files {
        let path = file.path.as_str();
        if changes.gone.iter().any(|gone| gone == path) {
            assert!(second.file(path).is_none(), "{path} is gone");
        } else if path == early {
            assert_eq!(wave_of(&second, path), 2);
        } else if path == skipped {
            let file = second.file(path).unwrap();
            assert_eq!(file.skip.as_deref(), Some("rebuilt in June"));
            assert_eq!(file.selected().count(), 0);
        } else {
            assert_eq!(second.file(path).unwrap().wave, file.wave, "{path} stays in its wave");
        }
    }
    for path in [&early, &skipped] {
        let decided = |plan: &Plan| plan.file(path).unwrap().decided.clone();
        assert!(decided(&first).is_some() && decided(&second) == decided(&first), "{path}");
    }
    for path in &changes.new {
        assert!(wave_of(&second, path) > last, "{path} comes behind what there was");
    }
    let edited: BTreeSet<&String> = changes.edited.iter().collect();
    for path in edited {
        let blob = |plan: &Plan| plan.file(path).unwrap().blob.clone();
        assert_ne!(blob(&first), blob(&second), "{path} is judged again");
    }
    assert_eq!(second.waves[0], first.waves[0], "the proof of concept and why it was chosen");
    made.scratch.commit("Plan again");
    assert_eq!(made.save().0.files, second.files, "a third plan changes nothing");
}

/// What git prints, which must succeed.
#[track_caller]
fn printed(made: &Monorepo, arguments: &[&str]) -> Vec<u8> {
    let output = git(made.scratch.root(), arguments);
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    output.stdout
}

/// Makes the branches of a wave, looks at them, and merges them.
fn merge_wave(made: &Monorepo, plan: &Plan, wave: &Wave) {
    let number = wave.number.to_string();
    let said = made.scratch.run(&["migrate", "--wave", &number, "--commit"]).done().stdout;
    assert_eq!(made.scratch.changed(), [""; 0], "the working tree stays");
    assert_eq!(said.lines().count(), wave.files.len(), "{said}");
    for path in &wave.files {
        let end = format!(" new {path}");
        let line = said.lines().find(|line| line.ends_with(&end)).unwrap_or_else(|| panic!("{path}: {said}"));
        let branch = line.split(' ').next().unwrap();
        let text = printed(made, &["show", &format!("{branch}:{path}")]);
        let blob = hash_blob(&text).unwrap();
        assert_eq!(Some(blob.as_str()), plan.file(path).unwrap().rewritten.as_deref(), "{path}");
        let changed = printed(made, &["diff", "--name-only", "-z", &format!("HEAD...{branch}")]);
        assert_eq!(changed, format!("{path}\0").as_bytes(), "one file a branch");
        printed(made, &["merge", "-q", "--no-edit", branch]);
    }
}

#[test]
fn the_first_two_waves_go_out_and_one_file_of_them_comes_back() {
    let made = Monorepo::new();
    let mut config = made.scratch.git.config().unwrap();
    config.set_str("user.name", "Ann").unwrap();
    config.set_str("user.email", "ann@example.com").unwrap();
    let (plan, _) = made.save();
    made.scratch.commit("Plan");
    let texts = files_below(made.scratch.root());
    made.scratch.run(&["migrate", "--wave", "1", "--commit"]).refused(&["--ahead-of-waves"]);
    for wave in &plan.waves[..2] {
        merge_wave(&made, &plan, wave);
    }
    let back = plan.waves[1].files.iter().find(|path| made.services.contains_key(*path)).unwrap();
    let linked = made.scratch.read(back);
    made.scratch.run(&["revert", back, "--write"]).done();
    assert_eq!(made.scratch.changed(), [back.as_str()]);
    assert_eq!(made.scratch.read(back), texts[&made.scratch.root().join(back)], "as it was, byte for byte");
    made.scratch.write(back, linked);
    let shown = run(made.scratch.root(), &["migrate", "--diff"]).done().stdout;
    let next = &plan.waves[2].files;
    assert!(next.iter().all(|path| shown.contains(&format!("+++ b/{path}"))), "{shown}");
    let (again, screen) = made.save();
    let linked: usize = plan.waves[..2]
        .iter()
        .flat_map(|wave| &wave.files)
        .map(|path| plan.file(path).unwrap().selected().count())
        .sum();
    assert_says(&screen, &format!("{ALL} Dockerfiles, "));
    let row = screen.lines().find(|line| line.contains("already linked")).expect("a row counts them");
    assert_eq!(row.split_whitespace().next(), Some(linked.to_string().as_str()));
    for file in &plan.files {
        assert_eq!(again.file(&file.path).unwrap().wave, file.wave, "{}", file.path);
    }
}
