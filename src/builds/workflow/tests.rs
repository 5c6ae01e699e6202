use proptest::prelude::*;

use super::super::files::tests::without;
use super::*;

fn flow(path: &str, text: &str, inputs: Option<&[(String, Pattern)]>) -> Result<Flow, Unreadable> {
    without(|repository| super::read(repository, &RepoPath::new(path).unwrap(), text, inputs, &[]))
}

fn read(path: &str, text: &str) -> Vec<Declared> {
    flow(path, text, None).unwrap().runs.builds
}

fn texts(patterns: &[Pattern]) -> Vec<String> {
    patterns.iter().map(Pattern::to_string).collect()
}

/// `LINE DOCKERFILE from CONTEXT as TAGS` of each build.
fn shown(builds: &[Declared]) -> Vec<String> {
    let shown = |build: &Declared| {
        let context = build.context.as_ref().map_or_else(|| "?".to_owned(), Pattern::to_string);
        let tags = texts(&build.tags).join(",");
        format!("{} {} from {context} as {tags}", build.place.line, build.dockerfile)
    };
    builds.iter().map(shown).collect()
}

fn args(build: &Declared) -> Vec<String> {
    let shown = |(name, value): &(String, Option<Pattern>)| match value {
        Some(value) => format!("{name}={value}"),
        None => name.clone(),
    };
    build.args.iter().map(shown).collect()
}

#[test]
fn a_step_of_build_push_says_all_of_its_build() {
    let text = "\
on: push
env:
  REGISTRY: registry.example
jobs:
  image:
    runs-on: ubuntu-latest
    env:
      VERSION: 1.10
    steps:
      - uses: actions/checkout@v4
      - id: meta
        uses: docker/metadata-action@v5
        with:
          images: |
            ${{ env.REGISTRY }}/meta
            ghcr.io/${{ github.repository }}
      - name: Build
        uses: docker/build-push-action@v6
        with:
          context: ./app
          file: docker/Dockerfile
          target: run
          platforms: linux/amd64,linux/arm64
          build-args: |
            VERSION=${{ env.VERSION }}
            SHA=${{ github.sha }}
            LIST=a,b
          build-contexts: |
            lib=../lib
          tags: |
            ${{ env.REGISTRY }}/app:latest, app:${{ github.sha }}
            ${{ steps.meta.outputs.tags }}
            ${{ steps.other.outputs.tags }}
";
    let builds = read(".github/workflows/ci.yml", text);
    assert_eq!(builds.len(), 1);
    let build = &builds[0];
    assert_eq!((build.place.line, build.place.kind), (18, BuildFileKind::Workflow));
    assert_eq!(build.folders, [Pattern::default()]);
    assert_eq!(build.dockerfile, Pattern::text("docker/Dockerfile"));
    assert_eq!(build.context, Some(Pattern::text("./app")));
    assert_eq!(build.target, Some(Pattern::text("run")));
    assert_eq!(texts(&build.platforms), ["linux/amd64", "linux/arm64"]);
    assert_eq!(args(build), ["VERSION=1.1", "SHA=${github.sha}", "LIST=a,b"]);
    assert_eq!(build.args[1].1, Some(Pattern::hole("github.sha")));
    assert_eq!(build.contexts, [("lib".to_owned(), Pattern::text("../lib"))]);
    let tags = [
        "registry.example/app:latest",
        "app:${github.sha}",
        "registry.example/meta:${a tag of meta}",
        "ghcr.io/${github.repository}:${a tag of meta}",
    ];
    assert_eq!(texts(&build.tags), tags);
}

fn with(action: &str, inputs: &str) -> Vec<String> {
    let text = format!("jobs:\n  a:\n    steps:\n      - uses: {action}\n        with: {inputs}\n");
    shown(&read(".github/workflows/ci.yml", &text))
}

/// An expression that stands for several lines gives all of them; one that is not known may give any.
#[test]
fn an_expression_may_be_several_arguments() {
    let text = "\
jobs:
  image:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        include:
          - platforms: linux/amd64,linux/arm64
            args: |
              VARIANT=default
          - platforms: linux/amd64
            args: |
              VARIANT=cuda
              CUDA=12
    steps:
      - uses: docker/build-push-action@v6
        with:
          platforms: ${{ matrix.platforms }}
          build-args: |
            BASE=a
            ${{ matrix.args }}
      - uses: docker/build-push-action@v6
        with:
          build-args: |
            ${{ steps.args.outputs.all }}
            ${{ env.NONE }}_X=1
            A=${{ steps.args.outputs.one }}
          build-contexts: ${{ steps.args.outputs.contexts }}
";
    let builds = read(".github/workflows/ci.yml", text);
    let of: Vec<(Vec<String>, Vec<String>)> =
        builds.iter().map(|build| (args(build), texts(&build.platforms))).collect();
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let matrix = |build: &(Vec<String>, Vec<String>)| !build.1.is_empty();
    let [first, second] = of.iter().filter(|build| matrix(build)).collect::<Vec<_>>()[..] else {
        panic!("{of:?}")
    };
    assert_eq!(*first, (words(&["BASE=a", "VARIANT=default"]), words(&["linux/amd64", "linux/arm64"])));
    assert_eq!(*second, (words(&["BASE=a", "VARIANT=cuda", "CUDA=12"]), words(&["linux/amd64"])));
    assert!(builds.iter().all(|build| build.platforms.is_empty() != build.unsettled.is_empty()));
    let open = builds.iter().find(|build| build.platforms.is_empty()).unwrap();
    assert_eq!(args(open), ["A=${steps.args.outputs.one}"]);
    let unsettled = [
        "the build-args of ${steps.args.outputs.all}",
        "the build-args of ${env.NONE}_X",
        "the build-contexts of ${steps.args.outputs.contexts}",
    ];
    assert_eq!(open.unsettled, unsettled);
}

#[test]
fn the_context_says_where_the_dockerfile_is() {
    let action = "docker/build-push-action@v6";
    let cases = [
        ("{push: true}", "4 Dockerfile from . as "),
        ("{context: .}", "4 Dockerfile from . as "),
        ("{context: app}", "4 app/Dockerfile from app as "),
        ("{context: app, file: x/Dockerfile}", "4 x/Dockerfile from app as "),
        ("{context: '{{defaultContext}}:app'}", "4 app/Dockerfile from app as "),
        ("{context: '{{defaultContext}}:app', file: x.Dockerfile}", "4 app/x.Dockerfile from app as "),
        ("{file: app/Dockerfile}", "4 app/Dockerfile from . as "),
        ("{context: '${{ github.workspace }}/app'}", "4 ./app/Dockerfile from ./app as "),
    ];
    for (inputs, build) in cases {
        assert_eq!(with(action, inputs), [build], "{inputs}");
    }
    assert!(with(action, "{context: 'https://example.org/x.git'}").is_empty());
    assert!(with("actions/setup-go@v5", "{context: app}").is_empty());
}

#[test]
fn other_actions_have_their_own_inputs() {
    let cases = [
        (
            "docker/build-push-action@v1",
            "{path: app, repository: r/app, tags: 'a,b'}",
            "4 app/Dockerfile from app as r/app:a,r/app:b",
        ),
        (
            "docker/build-push-action@v1",
            "{repository: app, dockerfile: x/Dockerfile}",
            "4 x/Dockerfile from . as app",
        ),
        (
            "redhat-actions/buildah-build@v2",
            "{containerfiles: ./x/Containerfile, image: app, tags: a b}",
            "4 ./x/Containerfile from . as app:a,app:b",
        ),
        (
            "mr-smithers-excellent/docker-build-push@v6",
            "{directory: app, image: app}",
            "4 app/Dockerfile from app as app",
        ),
        (
            "elgohr/Publish-Docker-Github-Action@v5",
            "{name: app, workdir: app, dockerfile: X}",
            "4 app/X from app as app",
        ),
        (
            "whoan/docker-build-with-cache-action@v8",
            "{context: app, image_name: app}",
            "4 app/Dockerfile from app as app",
        ),
        ("depot/build-push-action@v1", "{context: app}", "4 app/Dockerfile from app as "),
    ];
    for (action, inputs, build) in cases {
        assert_eq!(with(action, inputs), [build], "{action}");
    }
}

#[test]
fn each_row_of_a_matrix_is_a_build() {
    let text = "\
jobs:
  image:
    strategy:
      matrix:
        os: [debian, alpine]
        include:
          - os: debian
            file: Dockerfile
          - os: alpine
            file: alpine.Dockerfile
        python: [3.10, 3.11]
    steps:
      - uses: docker/build-push-action@v6
        with:
          file: images/${{ matrix.file }}
          tags: app:${{ matrix.os }}
      - uses: docker/build-push-action@v6
        with:
          file: ${{ matrix.name }}Dockerfile
          tags: ${{ matrix.python }}-${{ github.ref }}
";
    let expected = [
        "13 images/Dockerfile from . as app:debian",
        "13 images/alpine.Dockerfile from . as app:alpine",
        "17 Dockerfile from . as 3.1-${github.ref}",
        "17 Dockerfile from . as 3.11-${github.ref}",
    ];
    assert_eq!(shown(&read(".github/workflows/ci.yml", text)), expected);
}

#[test]
fn an_action_builds_its_own_image() {
    let text = "name: x\nruns:\n  using: docker\n  image: docker/Dockerfile\n";
    let builds = read("actions/x/action.yml", text);
    assert_eq!(shown(&builds), ["4 docker/Dockerfile from docker as "]);
    assert_eq!(builds[0].folders, [Pattern::text("actions/x")]);
    assert_eq!(
        shown(&read("action.yml", "runs:\n  using: docker\n  image: Dockerfile\n")),
        ["3 Dockerfile from . as "]
    );
    assert!(read("action.yml", "runs:\n  using: docker\n  image: docker://debian\n").is_empty());
    let text = "\
inputs:
  file:
    default: Dockerfile
runs:
  using: composite
  steps:
    - uses: docker/build-push-action@v6
      with:
        context: ${{ github.action_path }}
        file: ${{ inputs.file }}
";
    let builds = read(".github/actions/x/action.yml", text);
    assert_eq!(shown(&builds), ["7 ${inputs.file} from .github/actions/x as "]);
}

#[test]
fn a_context_from_git_has_no_ignore_file_and_inputs_come_from_the_caller() {
    let text = "\
on:
  workflow_call:
    inputs:
      context: {default: app}
      file: {required: true}
jobs:
  a:
    steps:
      - uses: docker/build-push-action@v6
        with: {context: '${{ inputs.context }}', file: '${{ inputs.file }}'}
      - uses: docker/build-push-action@v6
  b:
    uses: ./.github/workflows/c.yml
    with: {file: x}
";
    let of = |inputs: Option<&[(String, Pattern)]>| flow(".github/workflows/x.yml", text, inputs).unwrap();
    let found = of(None);
    assert_eq!(
        shown(&found.runs.builds),
        ["9 ${inputs.file} from ${inputs.context} as ", "11 Dockerfile from . as "]
    );
    assert_eq!(found.runs.builds.iter().map(|build| build.from_git).collect::<Vec<_>>(), [false, true]);
    assert_eq!(
        found.defaults,
        [("context".to_owned(), Pattern::text("app")), ("file".to_owned(), Pattern::default())]
    );
    assert_eq!((found.uses.len(), found.uses[0].path.as_str()), (1, ".github/workflows/c.yml"));
    let given = [("context".to_owned(), Pattern::text("svc")), ("file".to_owned(), Pattern::text("y"))];
    assert_eq!(shown(&of(Some(&given)).runs.builds)[0], "9 y from svc as ");
}

#[test]
fn the_repository_may_be_in_a_folder_of_the_workspace() {
    let text = "\
jobs:
  a:
    steps:
      - uses: actions/checkout@v4
        with: {path: src}
      - uses: docker/build-push-action@v6
        with: {context: src/svc, file: src/x}
      - run: cd src && docker build -f y svc
      - run: docker build other
  b:
    steps:
      - uses: docker/build-push-action@v6
        with: {context: /home/runner/work/r/r/svc, file: z}
";
    let expected = [
        "6 x from svc as ",
        "8 y from svc as ",
        "9 /outside of the repository from /outside of the repository as ",
        "12 z from ./svc as ",
    ];
    assert_eq!(shown(&read(".github/workflows/x.yml", text)), expected);
}

#[test]
fn unknown_parts_of_a_script_go_through_the_shells_reader_as_words() {
    let text = "\
on: push
defaults:
  run:
    working-directory: app
jobs:
  a:
    strategy:
      matrix:
        v: [1, 2]
    steps:
      - run: |
          true

          docker build -t x:${{ matrix.v }}-${{ github.sha }} ${{ github.workspace }}/y
      - shell: pwsh
        run: docker build .
";
    let node = yaml::documents(text).unwrap().swap_remove(0);
    let job = Job::of(&node.get("jobs").unwrap().entries()[0].value, &node, &Names::default());
    let scripts: Vec<Script> =
        job.rows.iter().filter_map(|row| Script::of(&job.steps[0], &job, row.clone())).collect();
    assert_eq!(scripts.len(), 2);
    let first = &scripts[0];
    assert_eq!((first.first_line, first.folder.clone()), (12, Pattern::text("app")));
    let word = placeholder(0);
    assert_eq!(first.text, format!("true\n\ndocker build -t x:1-{word} $GITHUB_WORKSPACE/y\n"));
    assert_eq!(first.restored(&Pattern::text(&format!("x:1-{word}"))).to_string(), "x:1-${github.sha}");
    assert_eq!(first.restored(&Pattern::text(&word)), Pattern::hole("github.sha"));
    assert!(Script::of(&job.steps[1], &job, Names::default()).is_none());
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,40}", value in "[${}a.'|(),{}:\u{e000}\u{e001}1-]{0,30}") {
        let path = "action.yml";
        let _ = flow(path, &text, None);
        let _ = flow(path, &format!("jobs:\n a:\n  steps:\n  - run: {value}\n  - uses: docker/build-push-action@v1\n    with:\n     context: \"{value}\"\n     tags: |\n      {value}\n"), None);
    }
}
