//! The files that are changed, and words that matter to their readers.

/// Every kind of file that Layerwright reads.
pub const SEEDS: &[(&str, &str)] = &[
    (
        "a/Dockerfile",
        "# syntax=docker/dockerfile:1\nARG V=3\nFROM alpine:$V AS build\nENV a=x b=${a:-y}\nRUN set -e; \\\n  mkdir -p /srv/x && \
         for i in 1 2; do touch /srv/$i; done\nRUN <<EOF\nln -s /srv /l\nchmod 700 /srv\nEOF\nWORKDIR /w\nCOPY --chown=1:1 . ./\n\
         FROM build\nCOPY --from=build /w /app/\nADD [\"x y\", \"/z/\"]\nONBUILD COPY f /o\nUSER app\nCOPY *.txt ${b%y}/t/\n",
    ),
    (
        "b.Dockerfile",
        "FROM base:1\nRUN --mount=type=secret,id=k,target=/k tar xf /k -C /opt\nCOPY --link --chmod=755 x /usr/bin\n",
    ),
    ("a/.dockerignore", "*\n!*.txt\n**/node_modules\n# c\n/a/[b-d]?\n"),
    (
        "compose.yaml",
        "x-b: &b\n  args: {V: \"${V:-4}\"}\nservices:\n  a:\n    image: r/a:${T-1}\n    build:\n      <<: *b\n      context: a\n      \
         dockerfile: ./Dockerfile\n      target: build\n      additional_contexts:\n        c: ../c\n  b:\n    extends: a\n    build: .\n",
    ),
    (
        "docker-bake.hcl",
        "variable \"TAG\" { default = \"1\" }\ngroup \"default\" { targets = [\"a\"] }\ntarget \"a\" {\n  name = \"a-${v}\"\n  \
         matrix = { v = [\"1\", \"2\"] }\n  context = \"a\"\n  args = { V = v == \"1\" ? upper(v) : \"${TAG}x\" }\n  \
         contexts = { c = \"target:b\" }\n}\ntarget \"b\" { inherits = [\"a\"] }\n",
    ),
    (
        "d/docker-bake.json",
        "{\"variable\": {\"A\": {\"default\": \"1\"}}, \"target\": {\"a\": {\"context\": \"../a\", \"args\": {\"V\": \"${A}\"}}}}",
    ),
    (
        ".github/workflows/ci.yml",
        "on: push\nenv: {R: ghcr.io}\njobs:\n  a:\n    strategy:\n      matrix:\n        v: [1, 2]\n        include: [{v: 3, d: a}]\n    \
         steps:\n      - uses: actions/checkout@v4\n      - uses: docker/build-push-action@v6\n        with:\n          context: a\n          \
         tags: ${{ env.R }}/a:${{ matrix.v }}\n          build-args: |\n            V=${{ format('{0}', matrix.v) }}\n      - run: |\n          \
         cd a && docker build -t x:$GITHUB_SHA --build-arg V=\"${V:-3}\" .\n",
    ),
    (
        "build.sh",
        "#!/usr/bin/env bash\nset -euo pipefail\ncd \"$(dirname \"$0\")\"\nfor d in a b; do\n  docker build -t \"r/$d:${TAG:-latest}\" \
         -f $d/Dockerfile --target=build $d\ndone\nf() { docker buildx build --build-context c=../c \"$@\" .; }\nf --tag y\n",
    ),
    (
        "Makefile",
        "TAG ?= $(shell git describe)\nIMG := r/a:$(TAG)\nimage: a/Dockerfile\n\tdocker build -t $(IMG) -f $< $(dir $<) \\\n\t  \
         --build-arg V=$(or $(V),3)\n%.img:\n\tdocker build -t $* $*\n",
    ),
    (
        ".devcontainer/devcontainer.json",
        "{\n  // c\n  \"build\": {\"dockerfile\": \"../a/Dockerfile\", \"context\": \"${localWorkspaceFolder}\", \"args\": {\"V\": \"${localEnv:V:3}\"}},\n}\n",
    ),
    (
        "layerwright.toml",
        "[campaign]\ndir = \"plans/copy-link\"\n[files]\ninclude = [\"*.docker\"]\nexclude = [\"c/**\"]\n[waves]\nsizes = [1, 2]\n\
         [build.\"b.Dockerfile\"]\ncontext = \".\"\nargs = { V = \"1\" }\n[base.\"base:*\"]\nlike = \"debian:12\"\n[[waivers]]\n\
         rule = \"ancestor-mode\"\npath = \"/root\"\nreason = \"r\"\n",
    ),
    ("CODEOWNERS", "* @all\n/a/ @a @b/c # x\n**/deep/*.md a@b.org\n"),
    (
        "issue.md",
        "- [ ] `a/Dockerfile`\n- [x] b.Dockerfile (#12)\n| a/Dockerfile | x |\nhttps://github.com/o/r/blob/main/a/Dockerfile#L3\n",
    ),
    ("plans/copy-link/plan.json", PLAN),
    (
        "evidence.json",
        "{\"schema\": 1, \"path\": \"a/Dockerfile\", \"commit\": null, \"before\": \"\", \"after\": \"\", \"outcome\": \"same\", \"reason\": null, \"builds\": [], \"figures\": {\"began\": \"\", \"total_ms\": 1, \"written_bytes\": 1, \"builds\": []}}",
    ),
    ("a/x y", "x"),
    ("a/n.txt", "n"),
];

const PLAN: &str = "{\"schema\": 1, \"commit\": null, \"build_args\": {}, \"syntax\": \"docker/dockerfile:1\", \"selects\": [\"pays\"], \
    \"waivers\": [], \"list\": null, \"left_out\": {}, \"refused\": [], \"unread\": [], \"cycles\": [], \"waves\": [], \"files\": []}";

/// Words of the languages of these files, and characters of several bytes.
pub const WORDS: &[&str] = &[
    "$",
    "${",
    "}",
    "${a:-",
    "${a//b/c}",
    "$(",
    ")",
    "`",
    "\"",
    "'",
    "\\",
    "\n",
    "\r\n",
    "\0",
    "\u{2013}",
    "\u{feff}",
    "é",
    "😀",
    "*",
    "**/",
    "?",
    "[",
    "]",
    "[!a]",
    "{",
    "(",
    "<<EOF",
    "<<-'x y'",
    "#",
    "# escape=`\n",
    "--link",
    "--from=build",
    "--chmod=u+x",
    "--chown=$a:b",
    "FROM ",
    "COPY ",
    "RUN ",
    "ONBUILD ",
    "ARG ",
    "ENV ",
    "WORKDIR ",
    "/",
    "/../",
    "..",
    "//",
    ":",
    "=",
    ",",
    ";",
    "&&",
    "||",
    "|",
    "!",
    "&a ",
    "*a ",
    "<<: *b\n",
    "${{ ",
    " }}",
    "fromJSON('[1]')",
    "target \"a\" {\n",
    "matrix",
    "docker build ",
    "docker buildx bake ",
    " -f ",
    " -t ",
    "for x in a b; do ",
    "done",
    "case $a in x) ",
    "esac",
    "if true; then ",
    "fi",
    "function f { ",
    "eval ",
    "$((1+",
    "99999999999999999999",
    "-1",
    "0777",
    "1e999",
    "null",
    "true",
    "$(eval x := $(x))",
    "$(foreach a,b c,$(a))",
    "define x\n",
    "endef\n",
    "include *.mk\n",
    "ifeq (a,b)\n",
    "target:a",
    "docker-image://x",
    "sha256:",
    "\t",
    "    ",
    "- ",
    "? ",
    "|+2\n",
    ">-\n",
    "@",
    "\u{202e}",
    "\u{1b}[2J",
    "xn--",
    "%2e%2e",
    "~",
    "^",
    "+",
    "\u{fffd}",
];
