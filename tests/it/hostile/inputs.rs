//! Inputs that are made to cost memory or time, to recurse without end, or to meet a defect.

/// Dockerfiles by name.
pub fn dockerfiles() -> Vec<(&'static str, String)> {
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let doubling =
        |keyword: &str| format!("{keyword} a=xxxxxxxxxx\n{}", format!("{keyword} a=$a$a$a$a\n").repeat(16));
    let stages = lines(24, &|at| {
        format!("FROM scratch AS s{}\nCOPY --from=s{at} / /x/\nCOPY --from=s{at} / /y/\n", at + 1)
    });
    let dockerfiles = vec![
        ("env", format!("FROM base:1\n{}COPY f /$a\n", doubling("ENV"))),
        ("arg", format!("{}FROM base:1\nARG a\nCOPY f /$a\n", doubling("ARG"))),
        (
            "many-env",
            format!(
                "FROM base:1\n{}COPY f /x/$a\n",
                doubling("ENV").replace("ENV a=$a$a$a$a\n", "ENV b=$a$a c=$b$b a=$c$c\n")
            ),
        ),
        (
            "replace",
            format!(
                "FROM base:1\n{}ENV b=${{a//x/$a}}\nCOPY f /x/$b\n",
                "ENV a=xxxxxxxx\nENV a=$a$a$a$a$a$a$a$a\n".repeat(5)
            ),
        ),
        ("deep-copy", format!("FROM base:1\nCOPY f {}\n", "/a".repeat(8000))),
        ("deep-workdir", format!("FROM base:1\nWORKDIR {}\nCOPY f x\n", "/a".repeat(8000))),
        ("stages-double", format!("FROM base:1 AS s0\nWORKDIR /r\n{stages}")),
        ("copies", format!("FROM base:1\n{}", lines(9_000, &|at| format!("COPY f /x{at}/f\n")))),
        (
            "chain",
            format!(
                "FROM base:1 AS s0\n{}",
                lines(400, &|at| format!("FROM s{at} AS s{}\nCOPY f /x{at}/f\n", at + 1))
            ),
        ),
        ("too-many-stages", lines(3_000, &|at| format!("FROM base:1 AS s{at}\nCOPY f /x{at}/f\n"))),
        ("braces", format!("FROM base:1\nCOPY f /{}x{}\n", "${a:-".repeat(20_000), "}".repeat(20_000))),
        ("json", format!("FROM base:1\nCOPY {}{}\n", "[".repeat(100_000), "]".repeat(100_000))),
        ("onbuild", format!("FROM base:1\n{}COPY f /x\n", "ONBUILD COPY f /y\n".repeat(5_000))),
        ("workdirs", format!("FROM base:1\n{}COPY f /srv/x\n", "WORKDIR a\n".repeat(9_000))),
        ("sources", format!("FROM base:1\nCOPY {} /d/\n", lines(100_000, &|at| format!("s{at} ")))),
        (
            "variables",
            format!(
                "FROM base:1\n{}{}COPY f /x\n",
                lines(5_000, &|at| format!("ENV a{at}=b\n")),
                "RUN make\n".repeat(4_000)
            ),
        ),
        (
            "runs",
            format!("FROM base:1\n{}COPY f /srv/x\n", "RUN make -C /srv/a /srv/b /srv/c\n".repeat(9_000)),
        ),
        ("stars", "FROM base:1\nCOPY *a*a*a*a*a*a*a*a*b /srv/x/\n".to_owned()),
    ];
    dockerfiles.into_iter().chain(scripts()).collect()
}

/// Dockerfiles whose RUN costs much to read.
fn scripts() -> Vec<(&'static str, String)> {
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let run = |script: String| format!("FROM base:1\nRUN {script}\nCOPY f /srv/x\n");
    vec![
        (
            "mounts",
            format!(
                "FROM base:1\nRUN {}make\nCOPY f /srv/x\n",
                "--mount=type=cache,target=/x ".repeat(25_000)
            ),
        ),
        (
            "other-mounts",
            format!(
                "FROM base:1\nRUN {}make\nCOPY f /srv/x\n",
                lines(10_000, &|at| format!("--mount=type=cache,target=/x{at} "))
            ),
        ),
        ("flags", run(format!("{} true", "--mount=type=cache,target=/x ".repeat(20_000)))),
        ("continued", run(format!("true {}", "\\\n".repeat(500_000)))),
        ("wrappers", run(format!("{}touch /y", "env sudo ".repeat(30_000)))),
        ("times", run(format!("{}touch /y", "time ".repeat(50_000)))),
        ("evals", run(format!("{}touch /y", "eval ".repeat(50_000)))),
        ("conditions", run(format!("[[ {}a ]]", "! ".repeat(20_000)))),
        ("few-conditions", run(format!("[[ {}a ]]", "! ".repeat(900)))),
        ("joins", run(format!("[[ a{} ]]", " && a".repeat(10_000)))),
        ("coprocs", run(format!("{}a", "coproc ".repeat(9_000)))),
        ("arithmetic", run(format!("b=$(({}1))", "a=".repeat(20_000)))),
        ("digits", run(format!("echo {}", "07777".repeat(12_000)))),
        ("differences", run(format!("mkdir -m 700 /d{}", lines(9_000, &|at| format!("\nCOPY f /d/{at}"))))),
    ]
}

/// Files that state builds, and CODEOWNERS, by path.
pub fn carriers() -> Vec<(&'static str, String)> {
    [nested_carriers(), long_carriers(), env_files(), definitions(), read_again(), repeated_values()].concat()
}

/// Returns the file that runs or reads a carrier: the compose file of an `.env`, a script that runs bake or another
/// script, and a workflow that uses another one.
pub fn reader(path: &str) -> Option<(String, String)> {
    if path == ".github/workflows/used.yml" {
        let job = |at: usize| format!("  a{at}:\n    uses: ./{path}\n    with: {{x: \"{at}\"}}\n");
        let jobs: String = (0..1000).map(job).collect();
        return Some((".github/workflows/uses.yml".to_owned(), format!("on: push\njobs:\n{jobs}")));
    }
    if path == "called/x.sh" {
        let calls = (0..2000).map(|at| format!("./x.sh {at}\n"));
        return Some(("called/y.sh".to_owned(), calls.collect()));
    }
    if let Some(folder) = path.strip_suffix("docker-bake.hcl").filter(|folder| *folder == "called/") {
        let calls = (0..500).map(|at| format!("docker buildx bake t{at}\n"));
        return Some((format!("{folder}build.sh"), calls.collect()));
    }
    let folder = path.strip_suffix(".env")?;
    let text = "services:\n  a:\n    build: {context: ., args: {X: \"$LAST\"}}\n";
    Some((format!("{folder}compose.yaml"), text.to_owned()))
}

/// Carriers in which much opens.
fn nested_carriers() -> Vec<(&'static str, String)> {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(50_000), close.repeat(50_000));
    vec![
        ("compose.yaml", format!("services: {}\n", deep("[", "]"))),
        ("a/compose.yaml", format!("services: {}\n", deep("{a: ", "}"))),
        ("b/compose.yaml", format!("services:\n  a:\n    build: \"{}\"\n", deep("${a:-", "}"))),
        ("docker-bake.hcl", format!("target \"a\" {{ context = {} }}\n", deep("[", "]"))),
        ("a/docker-bake.hcl", format!("target \"a\" {{ context = {} }}\n", deep("(", ")"))),
        ("b/docker-bake.hcl", format!("target \"a\" {{ context = \"{}\" }}\n", deep("${\"", "\"}"))),
        ("docker-bake.json", format!("{{\"target\": {}}}", deep("[", "]"))),
        (".devcontainer/devcontainer.json", format!("{{\"build\": {}}}", deep("{\"a\":", "}"))),
        ("Makefile", format!("a:\n\tdocker build {} .\n", deep("$(", ")"))),
        ("build.sh", format!("docker build {} .\n", deep("$(", ")"))),
        ("a/build.sh", format!("{} docker build .\n", deep("{ ", "; }"))),
        ("b/build.sh", format!("docker build -t \"{}\" .\n", deep("${a:-", "}"))),
        (".github/workflows/a.yml", format!("jobs: {}\n", deep("[", "]"))),
        (
            ".github/workflows/b.yml",
            format!("jobs:\n  a:\n    steps:\n      - run: docker build ${{{{ {} }}}} .\n", deep("(", ")")),
        ),
        ("package.json", format!("{{\"scripts\": {}}}", deep("[", "]"))),
        ("c/build.sh", format!("[[ {}a ]] && docker build .\n", "! ".repeat(20_000))),
    ]
}

/// Carriers that have much of one thing.
fn long_carriers() -> Vec<(&'static str, String)> {
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    vec![
        ("CODEOWNERS", "/x*y/**/z @a\n".repeat(100_000)),
        (".github/CODEOWNERS", format!("{} @a\n", "x".repeat(500_000))),
        ("e/build.sh", "cd \"$(dirname \"$0\")/$1\"\n".repeat(2_000) + "docker build .\n"),
        (
            "c/compose.yaml",
            format!(
                "services:\n{} s16000: {{build: .}}\n",
                lines(16_000, &|at| format!(" s{at}: {{extends: s{}}}\n", at + 1))
            ),
        ),
        (
            "d/compose.yaml",
            format!("a: &a {{b: c}}\nservices:\n{}", lines(50_000, &|at| format!(" s{at}: *a\n"))),
        ),
        (
            "e/compose.yaml",
            format!(
                "a: &a0 [x]\n{}",
                lines(30, &|at| format!("a{at}: &a{} [{}]\n", at + 1, format!("*a{at},").repeat(20)))
            ),
        ),
        (
            "f/compose.yaml",
            format!(
                "services:\n{}# {}\n",
                lines(16_000, &|at| format!(
                    " s{at}: {{extends: {{file: compose.yaml, service: s{}}}}}\n",
                    at + 1
                )),
                "x".repeat(100_000)
            ),
        ),
        ("c/docker-bake.hcl", lines(16_000, &|at| format!("target \"t{at}\" {{ context = \".\" }}\n"))),
        (
            "a/Makefile",
            format!(
                "t0: X = 1\n{}t9999:\n\tdocker build .\n",
                lines(9_999, &|at| format!("t{at}: t{}\n", at + 1))
            ),
        ),
        (
            "c/Makefile",
            format!("a:\n\tdocker build {}a{} .\n", "$(subst a,aaaaaaaaaa,".repeat(13), ")".repeat(13)),
        ),
        (
            "d/Makefile",
            format!("n = {}\na:\n\tdocker build $(n:={}) .\n", "a ".repeat(30_000), "b".repeat(60_000)),
        ),
        ("b/Makefile", format!("a:\n\tdocker build{} .\n", "07777".repeat(40_000))),
        ("g/build.sh", "DOCKER_BUILDKIT=1 docker build $x .\n".repeat(10_000)),
        ("ci/Jenkinsfile", "sh 'export DOCKER_BUILDKIT=1; docker build .'\n".repeat(10_000)),
        (
            ".gitlab-ci.yml",
            format!("a:\n  script:\n{}", "    - docker build -f $x/Dockerfile .\n".repeat(10_000)),
        ),
        ("d/build.sh", format!("docker build -t $(({}1)) .\n", "a=".repeat(20_000))),
        ("h/build.sh", format!("docker build -f \"{}x\" .\n", lines(40, &|at| format!("$v{at}")))),
    ]
}

/// A bake file with a function that repeats its argument.
fn repeating(result: &str) -> String {
    let call = format!("{}1{}", "f(".repeat(12), ")".repeat(12));
    format!(
        "function \"f\" {{\n params = [x]\n result = {result}\n}}\ntarget \"a\" {{\n args = {{X = \"${{length({call})}}\"}}\n}}\n"
    )
}

/// Files of variables of compose.
fn env_files() -> Vec<(&'static str, String)> {
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    vec![
        (
            "a/.env",
            format!(
                "A0=xxxxxxxxxx\n{}LAST=$A64\n",
                lines(64, &|at| format!("A{}=${{A{at}}}${{A{at}}}\n", at + 1))
            ),
        ),
        ("b/.env", format!("A={}\nLAST={}\n", "x".repeat(120_000), "$A".repeat(100_000))),
        ("c/.env", lines(90_000, &|at| format!("A{at}=1\n"))),
        ("d/.env", format!("A={}\n{}", "x".repeat(60_000), lines(60_000, &|at| format!("B{at}=$A\n")))),
        (
            "e/.env",
            format!("A={}\n{}", "x".repeat(500_000), lines(40_000, &|at| format!("B{at}=${{A:+}}\n"))),
        ),
    ]
}

/// Files that state many builds or large values.
fn definitions() -> Vec<(&'static str, String)> {
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    vec![
        (
            "g/docker-bake.hcl",
            lines(8_000, &|at| format!("target \"t{at}\" {{ args = {{A = \"{at}\"}} }}\n")),
        ),
        (
            "g/compose.yaml",
            format!(
                "services:\n{}",
                lines(10_000, &|at| format!("  s{at}:\n    build: {{context: ., args: {{A: \"{at}\"}}}}\n"))
            ),
        ),
        (
            "h/compose.yaml",
            format!(
                "services:\n  s:\n    build:\n      context: .\n      tags:\n{}",
                lines(50_000, &|at| format!("      - t:{at}\n"))
            ),
        ),
        (
            ".github/workflows/steps.yml",
            format!(
                "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n{}",
                lines(5_000, &|at| format!(
                    "    - uses: docker/build-push-action@v6\n      with: {{context: ., build-args: \"A={at}\"}}\n"
                ))
            ),
        ),
        (
            ".github/workflows/c.yml",
            format!(
                "on: push\njobs:\n  a:\n    steps:\n{}",
                lines(8_000, &|at| format!("    - run: docker build --build-arg A={at} .\n"))
            ),
        ),
        (
            "called/docker-bake.hcl",
            lines(3_000, &|at| format!("target \"t{at}\" {{ args = {{A = \"{at}\"}} }}\n")),
        ),
        ("d/docker-bake.hcl", repeating("[x,x,x,x,x,x,x,x,x,x]")),
        ("e/docker-bake.hcl", repeating("{a=x,b=x,c=x,d=x,e=x,f=x,g=x,h=x,i=x,j=x}")),
        (
            "f/docker-bake.hcl",
            format!(
                "target \"a\" {{\n args = {{{}}}\n}}\n",
                lines(10_000, &|at| format!(
                    " a{at} = replace(\"{}\", \"a\", \"{}\")\n",
                    "a".repeat(40),
                    "b".repeat(40)
                ))
            ),
        ),
    ]
}

/// Carriers that are read again for each row of a matrix or for each of their callers.
fn read_again() -> Vec<(&'static str, String)> {
    let script = |indent: &str, given: &str| {
        let line = |at: usize| format!("{indent}docker build --build-arg A={at} -t \"x:{given}\" .\n");
        (0..1500).map(line).collect::<String>()
    };
    let row = |at: usize| format!("{at},");
    let rows: String = (0..256).map(row).collect();
    let job = "jobs:\n  a:\n    runs-on: ubuntu-latest\n";
    let steps = |given: &str| format!("    steps:\n    - run: |\n{}", script("        ", given));
    vec![
        (
            ".github/workflows/f.yml",
            format!(
                "on: push\n{job}    strategy:\n      matrix:\n        x: [{rows}]\n{}",
                steps("${{ matrix.x }}")
            ),
        ),
        (
            ".github/workflows/used.yml",
            format!(
                "on:\n  workflow_call:\n    inputs:\n      x: {{type: string}}\n{job}{}",
                steps("${{ inputs.x }}")
            ),
        ),
        ("called/x.sh", script("", "$1")),
    ]
}

/// Carriers with short texts that repeat a long value.
fn repeated_values() -> Vec<(&'static str, String)> {
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let long = "x".repeat(300_000);
    let job = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n";
    vec![
        ("e/Makefile", format!("A := x\n{}all:\n\tdocker build .\n", "A := $(A)$(A)\n".repeat(40))),
        (
            "Taskfile.yml",
            format!("vars: {{X: {long}}}\ntasks:\n  a: docker build {} .\n", "{{.X}}".repeat(60_000)),
        ),
        ("justfile", format!("X := \"{long}\"\na:\n  docker build {} .\n", "{{X}}".repeat(60_000))),
        (
            ".github/workflows/d.yml",
            format!(
                "{job}    env: {{X: {long}}}\n    steps:\n      - run: docker build {} .\n",
                "${{ env.X }}".repeat(40_000)
            ),
        ),
        (
            ".github/workflows/e.yml",
            format!(
                "{job}    strategy:\n      matrix:\n        x: [{}]\n        y: [[{}]]\n    steps:\n      - run: docker \
                 build .\n",
                lines(256, &|at| format!("{at},")),
                "a,".repeat(300_000)
            ),
        ),
        (
            "h/docker-bake.hcl",
            format!(
                "variable \"V\" {{ default = (BAKE_LOCAL_PLATFORM ?{} 1 : 2) }}\ntarget \"a\" {{ args = {{\n{}}}}}\n",
                " ".repeat(700_000),
                lines(9_000, &|at| format!("A{at}=V\n"))
            ),
        ),
    ]
}
