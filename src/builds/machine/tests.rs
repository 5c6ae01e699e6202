use super::*;

fn path(path: &str) -> RepoPath {
    RepoPath::new(path).unwrap()
}

const WORKFLOW: &str = "\
on: push
env: {DOCKER_BUILDKIT: 1}
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - run: docker build .
  two:
    runs-on: ${{ matrix.os }}
    strategy:
      matrix:
        os: [ubuntu-22.04, ubuntu-24.04]
    env:
      DOCKER_BUILDKIT: 0
    steps:
      - uses: actions/checkout@v5
      - uses: docker/setup-buildx-action@v3
        with:
          driver: docker
      - name: Build
        uses: docker/build-push-action@v6
        with: {push: true}
";

fn workflow(line: usize) -> Machine {
    let path = path(".github/workflows/ci.yml");
    let machines = Machines::new([(&path, WORKFLOW)].into_iter());
    let place = Place { kind: BuildFileKind::Workflow, path: path.clone(), line };
    machines.of(&[place])
}

#[test]
fn a_line_of_a_workflow_has_the_machine_of_its_job() {
    let one = workflow(7);
    assert_eq!((one.ci, one.runners.as_slice()), (Some(Ci::GitHub), &["ubuntu-24.04".to_owned()][..]));
    assert_eq!((one.env["DOCKER_BUILDKIT"].as_str(), one.setups.len()), ("1", 0));
    assert_eq!(one.step.map(|step| (step.line, step.exports)), Some((7, false)));
    let two = workflow(21);
    assert_eq!(two.runners, ["ubuntu-22.04", "ubuntu-24.04"]);
    assert_eq!(two.env["DOCKER_BUILDKIT"], "0");
    assert_eq!(two.setups, [Setup::Buildx { driver: "docker".into(), install: false }]);
    assert_eq!(two.step.map(|step| (step.line, step.exports)), Some((20, true)));
}

#[test]
fn a_job_of_gitlab_has_its_image_its_services_and_what_it_extends() {
    let text = "\
variables: {DOCKER: '28'}
default:
  image: docker:cli
.base:
  services:
    - name: docker:${DOCKER}-dind
  variables: {DOCKER_DRIVER: overlay2}
build:
  extends: .base
  script:
    - docker build .
kaniko:
  image: {name: 'gcr.io/kaniko-project/executor:v1.9.0-debug', entrypoint: ['']}
  script: [/kaniko/executor]
";
    let path = path(".gitlab-ci.yml");
    let machines = Machines::new([(&path, text)].into_iter());
    let build = machines.of_line(&path, 11);
    assert_eq!((build.ci, build.image.as_deref()), (Some(Ci::GitLab), Some("docker:cli")));
    assert_eq!(
        (build.services, &*build.env["DOCKER_DRIVER"]),
        (vec!["docker:28-dind".to_owned()], "overlay2")
    );
    let kaniko = machines.of_line(&path, 14);
    assert_eq!(kaniko.image.as_deref(), Some("gcr.io/kaniko-project/executor:v1.9.0-debug"));
    assert!(kaniko.services.is_empty());
}

#[test]
fn the_caller_of_a_script_has_the_machine_and_the_script_its_variables() {
    let script = path("build.sh");
    let text = "export DOCKER_BUILDKIT=0 # old\nX=1 DOCKER_BUILDKIT=1 true\ndocker build .\n";
    let ci = path(".github/workflows/ci.yml");
    let machines = Machines::new([(&script, text), (&ci, WORKFLOW)].into_iter());
    let place = |kind, path: &RepoPath, line| Place { kind, path: path.clone(), line };
    let chain = [place(BuildFileKind::Script, &script, 3), place(BuildFileKind::Workflow, &ci, 7)];
    let machine = machines.of(&chain);
    assert_eq!(
        (&*machine.env["DOCKER_BUILDKIT"], machine.runners.as_slice()),
        ("0", &["ubuntu-24.04".to_owned()][..])
    );
    let prefixed = lines::MachineLines::of(text).variables(1, 2);
    assert_eq!(prefixed["DOCKER_BUILDKIT"], "1");
}

#[test]
fn builders_are_created_above_a_line() {
    let text =
        "docker buildx create --use\ndocker buildx create \\\n  --driver kubernetes\ndocker buildx build .\n";
    let created = |line| lines::MachineLines::of(text).created(1, line).len();
    assert_eq!((created(1), created(4)), (1, 2));
    assert_eq!(lines::MachineLines::of(text).created(1, 4)[1], Setup::Create("kubernetes".into()));
}
