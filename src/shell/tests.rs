use super::*;

/// Effects as one line each: `certain:` or `perhaps:` and the changes, `touches:` and the paths, `tool`, `anything`.
fn lines(steps: &[Step]) -> Vec<String> {
    steps
        .iter()
        .filter_map(|step| match &step.effect {
            Effect::None => None,
            Effect::Certain(changes) => {
                assert!(step.certain, "{step:?}");
                Some(format!("certain: {}", changes.iter().map(short).collect::<Vec<_>>().join(", ")))
            }
            Effect::Perhaps(changes) => {
                assert!(!step.certain, "{step:?}");
                Some(format!("perhaps: {}", changes.iter().map(short).collect::<Vec<_>>().join(", ")))
            }
            Effect::Footprint(_) => Some("tool".into()),
            Effect::Touches { unread: true, .. } => Some("touches: ?".into()),
            Effect::Touches { paths, .. } => {
                let paths: Vec<String> = paths
                    .iter()
                    .map(|pattern| match pattern {
                        PathPattern::At(path) => path.clone(),
                        PathPattern::Under { directory, name } => format!("{directory}/{name}"),
                    })
                    .collect();
                Some(format!("touches: {}", paths.join(" ")))
            }
            Effect::Anything => Some("anything".into()),
        })
        .collect()
}

fn short(change: &Change) -> String {
    match change {
        Change::Mkdir { path, parents, mode, .. } => {
            let mode = match mode {
                None => String::new(),
                Some(Mode::Octal(bits)) => format!(" {bits:o}"),
                Some(Mode::Symbolic(text)) => format!(" {text}"),
            };
            format!("mkdir{} {path}{mode}", if *parents { " -p" } else { "" })
        }
        Change::Touch { path } => format!("touch {path}"),
        Change::Write { path } => format!("write {path}"),
        Change::Remove { path, .. } => format!("rm {}", operand(path)),
        Change::Rewrite { path } => format!("rewrite {}", operand(path)),
        Change::Link { target, link, .. } => format!("ln {target} {}", end(link)),
        Change::Copy { sources, destination, .. } => format!("cp {} {}", operands(sources), end(destination)),
        Change::Move { sources, destination } => format!("mv {} {}", operands(sources), end(destination)),
        Change::Install { sources, destination, .. } => {
            format!("install {} {}", operands(sources), end(destination))
        }
        Change::Chmod { paths, mode, recursive } => {
            format!("chmod {mode:?} {} {recursive}", operands(paths))
        }
        Change::Chown { paths, user, group, recursive, .. } => {
            format!("chown {user:?} {group:?} {} {recursive}", operands(paths))
        }
        Change::Extract { into } => format!("extract {into}"),
        Change::GitClone { into } => format!("clone {into}"),
        Change::AddUser(account) => format!(
            "user {} {:?} {:?} {:?} {:?}",
            account.name, account.uid, account.home, account.create_home, account.flavour
        ),
        Change::AddGroup { name, gid } => format!("group {name} {gid:?}"),
        Change::Rmdir { path, .. } => format!("rmdir {path}"),
    }
}

fn operand(operand: &Operand) -> String {
    match operand {
        Operand::Path(path) => path.clone(),
        Operand::Contents(path) => format!("{path}/."),
        Operand::Glob(path) => format!("{path} (glob)"),
    }
}

fn operands(all: &[Operand]) -> String {
    all.iter().map(operand).collect::<Vec<_>>().join(" ")
}

fn end(destination: &Destination) -> String {
    format!("{}{}", destination.path, if destination.directory { "/" } else { "" })
}

fn environment(name: &str) -> Lookup {
    match name {
        "DIR" => Lookup::Set("/srv/d".into()),
        "DEEP" => Lookup::Set("(".repeat(900)),
        "UNSET" => Lookup::Unset,
        _ => Lookup::Unknown,
    }
}

fn steps_with(script: Script, heredocs: &[ScriptHeredoc], shell: &[&str]) -> Vec<Step> {
    invoked(script, heredocs, shell, &environment)
}

fn steps_in(script: &str, shell: &[&str], env: &(dyn Fn(&str) -> Lookup + Sync)) -> Vec<Step> {
    invoked(Script::Shell(script), &[], shell, env)
}

fn invoked(
    script: Script,
    heredocs: &[ScriptHeredoc],
    shell: &[&str],
    env: &(dyn Fn(&str) -> Lookup + Sync),
) -> Vec<Step> {
    with_files(script, heredocs, shell, env, &Files::new())
}

fn with_files(
    script: Script,
    heredocs: &[ScriptHeredoc],
    shell: &[&str],
    env: &(dyn Fn(&str) -> Lookup + Sync),
    files: &Files,
) -> Vec<Step> {
    let shell: Vec<String> = shell.iter().map(|word| (*word).to_owned()).collect();
    effects(&Invocation {
        script,
        heredocs,
        shell: &shell,
        workdir: Some("/w"),
        user: User::Root,
        env,
        files,
        first_line: 10,
    })
}

fn run(script: &str) -> Vec<String> {
    lines(&steps_with(Script::Shell(script), &[], &["/bin/sh", "-c"]))
}

fn check(table: &[(&str, &[&str])]) {
    let wrong: Vec<String> = table
        .iter()
        .filter(|(script, want)| run(script) != *want)
        .map(|(script, want)| format!("{script}\n  want {want:?}\n  have {:?}", run(script)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// As [`check`], where the image sets no variable.
fn check_without_environment(cases: &[(&str, &[&str])]) {
    let mut wrong = Vec::new();
    for (script, want) in cases {
        let bash = ["declare", "((", "[[", "shopt", "hash"].iter().any(|word| script.contains(word));
        let shell = if bash { "/bin/bash" } else { "/bin/sh" };
        let have = lines(&steps_in(script, &[shell, "-c"], &|_| Lookup::Unset));
        if have != *want {
            wrong.push(format!("{script}\n  want {want:?}\n  have {have:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_surely_ran_is_certain_and_nothing_else() {
    check(&[
        ("mkdir -p a && cd a && touch b", &["certain: mkdir -p /w/a", "certain: touch /w/a/b"]),
        ("cd /x; mkdir y", &["touches: /w/y /x/y"]),
        ("cd /x && mkdir y", &["certain: mkdir /x/y"]),
        ("cd /x || exit 1; mkdir y", &["certain: mkdir /x/y"]),
        ("cd /x || { echo no; exit 1; }; mkdir y", &["certain: mkdir /x/y"]),
        ("mkdir /a || true", &["perhaps: mkdir /a"]),
        ("mkdir /a; mkdir /b", &["perhaps: mkdir /a", "certain: mkdir /b"]),
        ("mkdir /a\nmkdir /b", &["perhaps: mkdir /a", "certain: mkdir /b"]),
        ("set -eux; mkdir /w1; mkdir /w2", &["certain: mkdir /w1", "certain: mkdir /w2"]),
        (
            "set -e; mkdir /a && mkdir /b; mkdir /c",
            &["perhaps: mkdir /a", "perhaps: mkdir /b", "certain: mkdir /c"],
        ),
        ("set -e; set +e; mkdir /a; true", &["perhaps: mkdir /a"]),
        ("set -e; { mkdir /a && mkdir /b; }; true", &["perhaps: mkdir /a", "perhaps: mkdir /b"]),
        ("set -e; ( mkdir /a && mkdir /b ); true", &["certain: mkdir /a", "certain: mkdir /b"]),
        (
            "mkdir /a && mkdir /b || mkdir /c",
            &["perhaps: mkdir /a", "perhaps: mkdir /b", "perhaps: mkdir /c"],
        ),
        ("! mkdir /a", &["perhaps: mkdir /a"]),
        ("mkdir /a & mkdir /b", &["touches: /a", "certain: mkdir /b", "touches: /a"]),
        ("mkdir /a | cat", &["perhaps: mkdir /a"]),
        ("set -o pipefail; mkdir /a | cat", &["certain: mkdir /a"]),
        ("set -o pipefail && mkdir /a | cat; true", &["perhaps: mkdir /a"]),
        ("if [ -e /q ]; then mkdir /a; fi; mkdir /b", &["perhaps: mkdir /a", "certain: mkdir /b"]),
        ("if [ -e /q ]; then exit 0; fi; mkdir /b", &["perhaps: mkdir /b"]),
        ("if [ -e /q ]; then exit 1; fi; mkdir /b", &["certain: mkdir /b"]),
        ("(exit 0; mkdir /a); mkdir /b", &["perhaps: mkdir /a", "certain: mkdir /b"]),
        ("case $X in a) mkdir /a;; *) mkdir /b;; esac", &["perhaps: mkdir /a", "perhaps: mkdir /b"]),
        ("while read l; do mkdir /a; done", &["perhaps: mkdir /a"]),
        ("f() { mkdir /a; }; f", &["touches: /a", "touches: "]),
        ("exec mkdir /a; mkdir /b", &["perhaps: mkdir /a", "perhaps: mkdir /b"]),
        ("{ mkdir /a; }", &["certain: mkdir /a"]),
        ("(cd /x && mkdir y) && mkdir z", &["certain: mkdir /x/y", "certain: mkdir /w/z"]),
        ("eval \"$X\"; mkdir /a", &["touches: ?", "touches: /a"]),
        (". /etc/os-release && mkdir /a", &["touches: ?", "touches: /a"]),
        ("umask 077 && mkdir /a", &["touches: /a"]),
    ]);
}

#[test]
fn loops_over_known_words_are_followed() {
    check(&[
        ("for d in a b; do mkdir $d; done", &["perhaps: mkdir /w/a", "certain: mkdir /w/b"]),
        ("set -e; for d in a b; do mkdir $d; done", &["certain: mkdir /w/a", "certain: mkdir /w/b"]),
        ("for d in $LIST; do mkdir /x/$d; done", &["touches: /x/*"]),
        ("x=/a; while foo; do rm $x; x=/b; done", &["touches: ", "touches: ?"]),
        (
            "for d in a b; do test -e $d && break; mkdir $d; done",
            &["perhaps: mkdir /w/a", "perhaps: mkdir /w/b"],
        ),
    ]);
}

#[test]
fn words_are_expanded_as_far_as_they_are_known() {
    check(&[
        ("mkdir $DIR/x", &["certain: mkdir /srv/d/x"]),
        ("rm -rf \"$UNSET\"/x", &["certain: rm /x"]),
        ("rm -rf \"$NOBODY\"/x", &["touches: ?"]),
        ("mkdir $(x)", &["touches: ", "touches: ?"]),
        ("mkdir \"/a\\\nb\"", &["certain: mkdir /ab"]),
        ("mkdir /a\\\nb", &["certain: mkdir /ab"]),
        ("mkdir ~99999999999999999999/a", &["touches: ?"]),
        ("x=$(case a in a) rm -rf /app;; esac); mkdir /b", &["touches: ?"]),
        ("mkdir /a/$(mkdir /q)", &["touches: /q", "touches: /a/*"]),
        ("D=/d && mkdir $D", &["certain: mkdir /d"]),
        ("export D=/d; mkdir ${D}/e", &["certain: mkdir /d/e"]),
        ("if x; then D=/d; fi; mkdir $D", &["touches: ", "touches: ?"]),
        ("mkdir -p /a/{b,c}", &["touches: /a/*"]),
        ("mkdir ../x", &["touches: /x"]),
        ("rm -rf /var/lib/apt/lists/*", &["certain: rm /var/lib/apt/lists/* (glob)"]),
        ("mkdir ~/x", &["touches: ?"]),
        ("cd && mkdir x", &["touches: ?"]),
    ]);
}

#[test]
fn variables_that_others_set_are_not_known() {
    check_without_environment(&[
        ("mkdir $HOME/q", &["touches: ?"]),
        ("mkdir ${HOME}/q", &["touches: ?"]),
        ("mkdir /opt/$OSTYPE", &["touches: /opt/*"]),
        ("mkdir /opt/g$GROUPS", &["touches: /opt/g*"]),
        ("mkdir /opt/n$OPTIND", &["touches: /opt/n*"]),
        ("mkdir /opt/v${BASH_VERSINFO}", &["touches: /opt/v*"]),
    ]);
}

#[test]
fn what_words_assign_is_not_known_afterwards() {
    check_without_environment(&[
        (": ${X:=/opt} && mkdir $X/n", &["touches: ?"]),
        (": \"${X=/opt}\" && mkdir $X/n", &["touches: ?"]),
        (": ${A:=${B:=/opt}}; mkdir $B/n", &["touches: ?", "touches: ?"]),
        ("mkdir ${X:=/opt} $X/n", &["touches: ?"]),
        ("i=1; ((i+=1)); mkdir /o/n$i", &["touches: /o/n*"]),
        ("i=1; : $((i+=1)); mkdir /o/n$i", &["touches: /o/n*"]),
        ("for ((i=0;i<2;i++)); do :; done; mkdir /o/n$i", &["touches: ?", "touches: ?", "touches: /o/n*"]),
        (": $(( $(mkdir /q) ))", &["touches: ?"]),
        ("printf -v X /opt; mkdir $X/n", &["touches: ?"]),
        ("declare X=/opt; mkdir $X/n", &["certain: mkdir /opt/n"]),
        ("declare -u X=/opt; mkdir $X/n", &["touches: ?"]),
        ("declare -n r=X; r=/b; mkdir $X", &["touches: ?"]),
        ("let i=2; mkdir /o/n$i", &["touches: /o/n*"]),
        ("[[ i=5 -eq 5 ]]; mkdir /o/n$i", &["touches: /o/n*"]),
    ]);
}

#[test]
fn functions_hide_commands_where_they_are_defined() {
    check(&[
        ("mkdir() { true; }; mkdir /n", &["touches: /n"]),
        ("(mkdir() { true; }); mkdir /n", &["certain: mkdir /n"]),
        ("mkdir() { true; }; sh -c 'mkdir /n'", &["certain: mkdir /n"]),
        ("mkdir() { true; }; busybox mkdir /n", &["certain: mkdir /n"]),
        ("mkdir() { true; }; command mkdir /n", &["certain: mkdir /n"]),
        ("mkdir() { true; }; unset -f mkdir; mkdir /n", &["touches: /n"]),
        ("if foo; then mkdir() { true; }; fi; mkdir /n", &["touches: ", "touches: /n"]),
    ]);
}

#[test]
fn what_changes_later_commands_makes_them_uncertain() {
    check_without_environment(&[
        ("hash -p /bin/true mkdir; mkdir /q", &["touches: /bin/true /w/mkdir", "touches: /q"]),
        ("set -n; mkdir /q", &["touches: /q"]),
        ("shopt -s lastpipe; true | cd /opt; mkdir n", &["touches: /w/lastpipe", "touches: /w/n"]),
        ("mkdir $'/n'", &["touches: ?"]),
        ("setsid -f rm /a", &["touches: ?", "touches: /a", "touches: /a", "touches: /a"]),
        ("CDPATH=/opt; cd q && mkdir n", &["touches: ?"]),
    ]);
    let bash_env = |name: &str| match name {
        "BASH_ENV" => Lookup::Set("/e".into()),
        _ => Lookup::Unset,
    };
    let steps = steps_in("mkdir /n", &["/bin/bash", "-c"], &bash_env);
    assert_eq!(lines(&steps), ["touches: /n"]);
}

#[test]
fn commands_that_run_others_by_a_flag_are_not_certain() {
    check(&[
        ("tar -Izstd -xf /a.tar.zst -C /opt", &["touches: /a.tar.zst /opt"]),
        ("tar -c -I /c -f /a.tar /etc/passwd", &["touches: /a.tar /c /etc/passwd"]),
        ("tar --checkpoint-action=exec=/c -xf /a.tar", &["touches: /a.tar /w/exec=/c"]),
        ("awk -f/p", &["touches: ?"]),
        ("sed -n '1e mkdir /opt/n' /etc/passwd", &["touches: /etc/passwd /opt/n /w/1e /w/mkdir /w/sed"]),
        ("sed 's/x/x/;s/^/ /ge'", &["touches: /ge /w/s /w/sed"]),
    ]);
}

#[test]
fn commands_of_files() {
    check(&[
        ("ln -s /a /b", &["certain: ln /a /b"]),
        ("ln -sf ../a b", &["certain: ln ../a /w/b"]),
        ("ln -sr /a /b", &["touches: /a /b"]),
        ("chown -R app:app .", &["certain: chown Some(\"app\") Some(\"app\") /w true"]),
        ("chown 1000 /a /b", &["certain: chown Some(\"1000\") None /a /b false"]),
        ("chgrp -R 0 /a", &["certain: chown None Some(\"0\") /a true"]),
        ("chmod +x /a", &["certain: chmod Symbolic(\"+x\") /a false"]),
        ("chmod -R 0775 /a/*", &["certain: chmod Octal(509) /a/* (glob) true"]),
        ("chmod -x /a", &["certain: chmod Symbolic(\"-x\") /a false"]),
        ("cp -r a b /c", &["certain: cp /w/a /w/b /c/"]),
        ("cp -a src/. /c", &["certain: cp /w/src/. /c"]),
        ("mv /a /b/", &["certain: mv /a /b/"]),
        ("install -d -m 0750 -o app /a", &["certain: mkdir -p /a 750, chown Some(\"app\") None /a false"]),
        ("install -m755 x /usr/bin/x", &["certain: install /w/x /usr/bin/x"]),
        ("mkdir -pm 1777 /a", &["certain: mkdir -p /a 1777"]),
        ("sed -i 's/a/b/' /etc/x", &["certain: rewrite /etc/x"]),
        ("sed s/a/b/ /etc/x", &[]),
        ("echo a > b", &["certain: write /w/b"]),
        ("echo a >/dev/null 2>&1", &[]),
        ("echo a | tee /b > /dev/null", &["certain: write /b"]),
        ("/bin/mkdir /a", &["certain: mkdir /a"]),
        ("/opt/mkdir /a", &["touches: /a"]),
        ("mkdir() { echo; }; mkdir /a", &["touches: /a"]),
        ("rmdir /a", &["certain: rmdir /a"]),
    ]);
}

#[test]
fn accounts() {
    check(&[
        ("useradd -m -u 1000 app", &["certain: user app Some(1000) None Some(true) Shadow"]),
        ("useradd app -m", &["certain: user app None None Some(true) Shadow"]),
        ("adduser -D -h /srv/app app", &["certain: user app None Some(\"/srv/app\") Some(true) Busybox"]),
        ("adduser --disabled-password --gecos '' app", &["certain: user app None None Some(true) Debian"]),
        (
            "addgroup -S app && adduser -S -G app app",
            &["certain: group app None", "certain: user app None None Some(true) Busybox"],
        ),
        ("groupadd -g 10 app", &["certain: group app Some(10)"]),
    ]);
}

#[test]
fn transfers() {
    check(&[
        ("tar -xzf /x.tar -C /opt", &["certain: extract /opt"]),
        ("tar xzf x.tgz", &["certain: extract /w"]),
        ("tar -C /a --strip-components=1 -xf /x.tar", &["certain: extract /a"]),
        ("tar czf /x.tgz a", &["certain: write /x.tgz"]),
        ("curl -fsSL https://x/y | tar xz -C /a", &["certain: extract /a"]),
        ("curl -fsSLo /a https://x", &["certain: write /a"]),
        ("curl https://x -o a", &["certain: write /w/a"]),
        ("wget -qO- --no-hsts https://x", &[]),
        ("wget -qO- https://x", &["touches: "]),
        ("wget -O /a https://x", &["touches: /a"]),
        ("unzip -q x.zip -d /a", &["certain: extract /a"]),
        ("git clone --depth 1 https://h/o/name.git", &["certain: clone /w/name"]),
        ("git clone https://h/o/name.git /a", &["certain: clone /a"]),
    ]);
}

#[test]
fn commands_that_run_others() {
    check(&[
        ("sh -c \"mkdir /q\"", &["certain: mkdir /q"]),
        ("bash -ec 'mkdir /q; mkdir /r'", &["certain: mkdir /q", "certain: mkdir /r"]),
        ("sh -c 'mkdir /q; mkdir /r'", &["perhaps: mkdir /q", "certain: mkdir /r"]),
        ("A=/x sh -c 'mkdir $A'", &["touches: ?"]),
        ("sh -c \"$DEEP\"", &["touches: ?"]),
        ("sudo mkdir /q", &["certain: mkdir /q"]),
        ("env A=b mkdir /q", &["certain: mkdir /q"]),
        ("nice -n 5 mkdir /q", &["certain: mkdir /q"]),
        ("time mkdir /q", &["touches: ?", "touches: /q", "touches: /q", "touches: /q"]),
        ("command -v mkdir", &[]),
        ("busybox mkdir /q", &["certain: mkdir /q"]),
        ("su app -c 'mkdir /q'", &["touches: /q"]),
        ("foo /a b --out=/c", &["touches: /a /c /w/b"]),
        ("apt-get update && apt-get install -y curl", &["tool", "tool"]),
    ]);
}

#[test]
fn other_interpreters_may_do_anything() {
    let powershell = steps_with(Script::Shell("mkdir /a"), &[], &["powershell", "-Command"]);
    assert_eq!(lines(&powershell), ["touches: /a /w/mkdir /w/powershell"]);
    let heredoc = |body| [ScriptHeredoc { name: "EOF", chomp: false, body, line: 11 }];
    let run = |body| steps_with(Script::Shell("<<EOF"), &heredoc(body), &["/bin/sh", "-c"]);
    assert_eq!(lines(&run("#!/usr/bin/env python3\nmkdir\n")), ["touches: /usr/bin/env /w/mkdir /w/python3"]);
    assert_eq!(
        lines(&run("#!/bin/bash -e\nmkdir /a\nmkdir /b\n")),
        ["certain: mkdir /a", "certain: mkdir /b"]
    );
    let steps = run("echo a\n\nmkdir /b\n");
    assert_eq!(steps.iter().map(|step| step.line).collect::<Vec<_>>(), [11, 13]);
}

#[test]
fn heredocs_of_commands_are_read_as_files() {
    let heredocs = [ScriptHeredoc { name: "EOF", chomp: false, body: "rm -rf /\n", line: 11 }];
    let steps = steps_with(Script::Shell("cat <<EOF > /a && mkdir /b"), &heredocs, &["/bin/sh", "-c"]);
    assert_eq!(lines(&steps), ["certain: write /a", "certain: mkdir /b"]);
}

#[test]
fn the_exec_form_has_no_shell() {
    let exec = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        lines(&steps_with(Script::Exec(&words), &[], &["/bin/sh", "-c"]))
    };
    assert_eq!(exec(&["mkdir", "/x"]), ["certain: mkdir /x"]);
    assert_eq!(exec(&["mkdir", "$DIR"]), ["certain: mkdir /w/$DIR"]);
    assert_eq!(exec(&["sh", "-c", "mkdir /x"]), ["certain: mkdir /x"]);
}

#[test]
fn assignments_stay_where_no_command_is_left() {
    check(&[
        ("X=/x $UNSET; mkdir $X", &["certain: mkdir /x"]),
        ("X=/x $UNKNOWN; mkdir $X/n", &["touches: ?", "touches: ?"]),
    ]);
}

#[test]
fn a_process_substitution_is_an_argument() {
    let have = lines(&steps_in("cp /a <(true) /b", &["/bin/bash", "-c"], &environment));
    assert_eq!(have, ["touches: /a /b /dev/fd/*"]);
}

#[test]
fn nothing_runs_after_a_case_that_matches_everything() {
    check(&[
        (
            "case $X in a) mkdir /a;; *) mkdir /b;; c) mkdir /c;; esac",
            &["perhaps: mkdir /a", "perhaps: mkdir /b"],
        ),
        ("case $X in *) mkdir /b;; esac", &["perhaps: mkdir /b"]),
    ]);
    let falls = "case $X in *) mkdir /a;;& c) mkdir /c;; esac; case $X in *) mkdir /d;& e) mkdir /e;; esac";
    let have = lines(&steps_in(falls, &["/bin/bash", "-c"], &environment));
    assert_eq!(have, ["perhaps: mkdir /a", "perhaps: mkdir /c", "perhaps: mkdir /d", "perhaps: mkdir /e"]);
}

#[test]
fn a_command_after_a_continued_line_is_on_its_own_line() {
    let heredocs = [ScriptHeredoc { name: "E", chomp: false, body: "true && \\\n mkdir /x\n", line: 12 }];
    let steps = steps_with(Script::Shell("<<E"), &heredocs, &["/bin/sh", "-c"]);
    let shown: Vec<(&str, usize)> = steps.iter().map(|step| (step.command.as_str(), step.line)).collect();
    assert_eq!(shown, [("true", 12), ("mkdir /x", 13)]);
}

#[test]
fn the_options_of_the_shell_count() {
    let steps = steps_with(Script::Shell("mkdir /a; mkdir /b"), &[], &["/bin/bash", "-eo", "pipefail", "-c"]);
    assert_eq!(lines(&steps), ["certain: mkdir /a", "certain: mkdir /b"]);
    let steps = steps_with(Script::Shell("mkdir /a"), &[], &["/bin/bash", "--login", "-c"]);
    assert_eq!(lines(&steps), ["touches: /a"]);
}

#[test]
fn steps_are_asked_about_paths() {
    let ask = |script: &str, path: &str| {
        let steps = steps_with(Script::Shell(script), &[], &["/bin/sh", "-c"]);
        match mentions(steps.last().expect("a step"), path) {
            Mention::No => "no",
            Mention::Certain(_) => "certain",
            Mention::Spared => "spared",
            Mention::Grows => "grows",
            Mention::Maybe => "maybe",
        }
    };
    for (script, path, want) in [
        ("echo", "/a", "no"),
        ("mkdir /a", "/a", "certain"),
        ("mkdir /a", "/b", "no"),
        ("mkdir -p /a/b", "/a", "certain"),
        ("foo /a", "/a", "maybe"),
        ("foo /a/b", "/a", "grows"),
        ("foo /a", "/b", "spared"),
        ("eval $x", "/a", "spared"),
        ("apt-get install x", "/usr/lib/x", "grows"),
        ("apt-get install x", "/app", "spared"),
        ("npm ci", "/w", "grows"),
        ("npm ci", "/w/node_modules", "grows"),
        ("npm ci", "/w/src", "spared"),
        ("npm run build", "/w/dist", "grows"),
        ("go build -o /out/x .", "/out/x", "maybe"),
        ("go build -o /out/x .", "/out", "grows"),
        ("pip install -r requirements.txt", "/usr/src/app", "spared"),
        ("DESTDIR=/x make install", "/x", "grows"),
    ] {
        assert_eq!(ask(script, path), want, "{script}: {path}");
    }
}

#[test]
fn hostile_scripts_are_bounded() {
    let deep = |open: &str, close: &str, count: usize| {
        let script = format!("{}true{}", open.repeat(count), close.repeat(count));
        steps_with(Script::Shell(&script), &[], &["/bin/sh", "-c"])
    };
    for count in [10, 23, 30, 300, 100_000] {
        for (open, close) in [
            ("( ", " )"),
            ("echo $(", ")"),
            ("echo \"a$(", ")\""),
            ("if true; then ", "; fi"),
            ("{ ", "; }"),
            ("`", "`"),
            ("[[ ! ", " ]]"),
            ("coproc ", ""),
        ] {
            deep(open, close, count);
        }
        for (open, close) in [("[[ ", "a ]]"), ("[[ a ", "]]"), ("b=$((", "1))")] {
            for inner in ["! ", "&& a ", "|| a ", "a="] {
                let script = format!("{open}{}{close}", inner.repeat(count.min(30_000)));
                steps_with(Script::Shell(&script), &[], &["/bin/bash", "-c"]);
            }
        }
        deep("for a in 1 2 3 4; do ", "; done", count.min(60));
        deep("while x; do ", "; done", count.min(60));
    }
    steps_with(Script::Shell("f() { f; f; }; f"), &[], &["/bin/sh", "-c"]);
    let long = "mkdir a && ".repeat(20_000) + "true";
    let steps = steps_with(Script::Shell(&long), &[], &["/bin/sh", "-c"]);
    assert!(matches!(steps.last().unwrap().effect, Effect::Touches { unread: true, .. }));
}

#[test]
fn find_is_as_harmless_as_what_it_runs() {
    check(&[
        ("find /usr -type f -exec ldd '{}' ';'", &[]),
        ("find /usr -exec stat {} + -exec find {} -name x \\;", &[]),
        ("find /usr -exec find {} -delete \\;", &["touches: /usr /w/; /w/find /w/{}"]),
        ("find /usr -name x -delete", &["touches: /usr /w/x"]),
        ("scanelf --needed --recursive /usr/local", &[]),
        ("scanelf -X /usr/local", &["touches: /usr/local"]),
    ]);
}

#[test]
fn find_on_files_leaves_directories_alone() {
    let on = |script: &str, path: &str| {
        let steps = steps_with(Script::Shell(script), &[], &["/bin/sh", "-c"]);
        format!("{:?}", mentions(steps.last().unwrap(), path))
    };
    for (script, path, want) in [
        ("find /usr -type f -delete", "/usr/local", "Grows"),
        ("find /usr -type f -delete", "/opt", "Spared"),
        ("find -L /usr -type f -delete", "/usr", "Grows"),
        ("find -type f -delete", "/w", "Grows"),
        ("find /usr -type f -exec chmod 600 {} +", "/usr", "Grows"),
        ("find /usr -type f -exec mv {} /opt \\;", "/opt", "Maybe"),
        ("find /usr -delete -type f", "/usr", "Maybe"),
        ("find /usr ! -type f -delete", "/usr", "Maybe"),
        ("find /usr -type f -o -name x -delete", "/usr", "Maybe"),
        ("find /usr -type d -exec chmod 700 {} +", "/usr", "Maybe"),
        ("find /usr $TESTS -type f -delete", "/usr", "Maybe"),
    ] {
        assert_eq!(on(script, path), want, "{script} {path}");
    }
}

/// A script that an interpreter is handed is read as a shell reads it, or everything that it names is unknown.
#[test]
fn what_an_interpreter_is_handed_is_read() {
    let run = |script: &str, body: &str| {
        let heredocs = [ScriptHeredoc { name: "E", chomp: false, body, line: 11 }];
        lines(&steps_with(Script::Shell(script), &heredocs, &["/bin/sh", "-c"]))
    };
    assert_eq!(run("<<E sh -e", "mkdir /a\nmkdir /b\n"), ["certain: mkdir /a", "certain: mkdir /b"]);
    assert_eq!(run("/bin/bash -e <<E", "mkdir /a\nmkdir /b\n"), ["certain: mkdir /a", "certain: mkdir /b"]);
    assert_eq!(run("bash -l <<E", "mkdir /a\n"), ["touches: /a"]);
    assert_eq!(run("sh <<E", "cat\nmkdir /a\n"), ["touches: /a"]);
    assert_eq!(run("sh <<E", "tee /b\nmkdir /a\n"), ["touches: /b", "touches: /a"]);
    assert_eq!(run("sh <<E", "mkdir $X\n"), ["touches: ?"]);
    let mentioned = |script: &str, body: &str, path: &str| {
        let heredocs = [ScriptHeredoc { name: "E", chomp: false, body, line: 11 }];
        let steps = steps_with(Script::Shell(script), &heredocs, &["/bin/sh", "-c"]);
        steps.iter().any(|step| mentions(step, path) == Mention::Maybe)
    };
    for (script, body) in [
        ("python3 <<E", "import os\nos.mkdir('/opt/q')\n"),
        ("python3 -c 'import os; os.mkdir(\"/opt/q\")'", ""),
        ("perl -e 'mkdir \"/opt/q\"'", ""),
        ("echo /opt/q | xargs mkdir", ""),
        ("mk() { mkdir -p \"$1\"; }; mk /opt/q", ""),
        ("export X=/opt/q; sh -c 'mkdir $X'", ""),
        ("env X=/opt/q sh -c 'mkdir $X'", ""),
        ("awk 'BEGIN { system(\"mkdir /opt/q\") }'", ""),
        ("cat <<E | sh", "mkdir /opt/q\n"),
        ("/bin/bash -l <<E", "mkdir /opt/q\n"),
        ("fish -c 'mkdir /opt/q'", ""),
        ("pwsh -Command 'New-Item /opt/q'", ""),
        ("node <<E", "require('fs').mkdirSync('/opt/q')\n"),
        ("perl - <<E", "mkdir '/opt/q';\n"),
        ("xargs mkdir <<E", "/opt/q\n"),
        ("ssh host mkdir /opt/q", ""),
        ("trap 'mkdir /opt/q' EXIT", ""),
        ("su app -c 'mkdir /opt/q'", ""),
        ("sed -n '1e mkdir /opt/q' /f", ""),
    ] {
        assert!(mentioned(script, body, "/opt/q"), "{script}");
    }
}

/// False certainty that was found by attacks and by the oracle; each is uncertain now.
#[test]
fn nothing_is_certain_that_was_found_to_be_false() {
    let wrong: Vec<String> = [
        "rm -rf /l/",
        "for a in x; do for b in y; do continue 2; done; mkdir /n; done",
        "set -n; mkdir /n",
        "ln -s /x",
        "ln -sT /x",
        "mkdir -pm5 /x/.",
        "echo a | tee -",
        "unzip -p /z.zip -d /n",
        "unzip /z.zip x -d /n",
        "sort -ron /f /g",
        "uniq - /n",
        "xz -t /f -z",
        "sed -ie s/a/b/ /f",
        "sed 's/a/b/w /n' /f",
        "i=1; mkdir /n$((i++))$i",
        "mkdir /n$((010))",
        "mkdir /n${x:=y}$x",
        "f() { exit 0; }; f; mkdir /n",
        "exit() { :; }; mkdir /n || exit 1; true",
        "printf -v x /y; mkdir $x",
        "read x < /f; mkdir /n$x",
        "mkdir /n | rm -rf /n",
        "rm -rf /n & mkdir /n; wait",
        "setsid mkdir /n",
        "tar --checkpoint-action=exec=/x -xf /a.tar",
        "awk -f/p.awk",
        "kill $$; mkdir /n",
        "exec 3>/n; alias mkdir=true; mkdir /m",
        "mkdir /n &> /m",
        "mkdir $'/n'",
        "mkdir /n{a,b}",
        "readonly X=1; X=2; mkdir /n",
        "PATH=/x:$PATH; mkdir /n",
        "PATH=/x mkdir /n",
        "POSIXLY_CORRECT=1 mkdir /n",
        "umask 077; mkdir /n",
        "fakeroot mkdir /n",
        "trap 'rmdir /n' EXIT; mkdir /n",
        "chdir /n && mkdir m",
        "time mkdir /n",
        "set -f; rm -rf /n/*",
        "$X mkdir /n; cd /m; mkdir n",
        "for a in x; do continue; sh -c 'mkdir /n'; done",
        "if [ -e /q ]; then exit 0; fi; sh -c 'mkdir /n'",
    ]
    .iter()
    .filter(|script| {
        let have = run(script);
        let last_is_certain = steps_with(Script::Shell(script), &[], &["/bin/sh", "-c"])
            .last()
            .is_some_and(|step| matches!(step.effect, Effect::Certain(_)));
        let all_certain = !have.is_empty() && have.iter().all(|line| line.starts_with("certain"));
        have.is_empty() || all_certain || last_is_certain
    })
    .map(|script| format!("{script}: {:?}", run(script)))
    .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn variables_that_steer_make_everything_uncertain() {
    for (name, value, shell) in [
        ("BASH_ENV", "/e", "/bin/bash"),
        ("SHELLOPTS", "noexec", "/bin/bash"),
        ("POSIXLY_CORRECT", "1", "/bin/sh"),
        ("TAR_OPTIONS", "-k", "/bin/sh"),
        ("BASH_FUNC_mkdir%%", "() { true; }", "/bin/sh"),
        ("CDPATH", "/opt", "/bin/sh"),
        ("LD_PRELOAD", "/x.so", "/bin/sh"),
    ] {
        let env = |asked: &str| if asked == name { Lookup::Set(value.into()) } else { Lookup::Unset };
        assert_eq!(lines(&steps_in("mkdir /n", &[shell, "-c"], &env)), ["touches: /n"], "{name}");
    }
    assert_eq!(lines(&steps_with(Script::Shell("mkdir /n"), &[], &["sh", "-n", "-c"])), ["touches: /n"]);
}

#[test]
fn a_shell_takes_dots_off_the_path_that_it_came_by() {
    check(&[
        ("cd /a/b && cd .. && mkdir c", &["certain: mkdir /a/c"]),
        ("cd .. && mkdir c", &["touches: /c"]),
        ("cd /a/b && cd -P .. && mkdir c", &["touches: /a/c"]),
        ("cd /a/b && mkdir ../c", &["touches: /a/c"]),
        ("umask 0022 && mkdir /a", &["certain: mkdir /a"]),
        ("umask 077; umask 022 && mkdir /a", &["certain: mkdir /a"]),
    ]);
    let bash = |script| lines(&steps_with(Script::Shell(script), &[], &["/bin/bash", "-c"]));
    assert_eq!(bash("mkdir -p /a/{b,c}"), ["certain: mkdir -p /a/b, mkdir -p /a/c"]);
    assert_eq!(bash("mkdir /a/{b,'c'}"), ["touches: /a/*"]);
}

/// The effects of a RUN in a filesystem with scripts: certain ones, and one that may have another text.
fn run_with_files(script: &str) -> Vec<String> {
    let file = |(path, text, certain): (&str, &str, bool)| {
        (path.to_owned(), ScriptFile { text: text.into(), certain })
    };
    let files: Files = [
        ("/tmp/setup.sh", "#!/bin/sh -e\nmkdir -p /app\nchown 5:6 /app\n", true),
        ("/w/plain.sh", "mkdir /plain\n", true),
        ("/w/env.sh", "X=/from/env\nmkdir /sourced\n", true),
        ("/w/bash.sh", "#!/usr/bin/env bash\nset -e\nfor d in a b; do mkdir /opt/$d; done\n", true),
        ("/w/python", "#!/usr/bin/python3\nmkdir /app\n", true),
        ("/w/local.sh", "#!/usr/local/bin/bash\nmkdir /app\n", true),
        ("/w/maybe.sh", "#!/bin/sh\nmkdir /app\n", false),
        ("/w/cp.sh", "#!/bin/sh -e\nmkdir /one\ncp /a /b\nmkdir /two\n", true),
        ("/w/loop.sh", "#!/bin/sh\n/w/loop.sh\n", true),
        ("/w/early.sh", "#!/bin/sh -e\nmkdir /one\nif [ -e /q ]; then exit 0; fi\nmkdir /two\n", true),
        ("/w/outer.sh", "#!/bin/sh -e\nsh plain.sh\nmkdir /outer\n", true),
        ("/w/ends.sh", "#!/bin/sh\necho mkdir /more >> ends.sh\n", true),
        ("/w/return.sh", "mkdir /one || return 0\nmkdir /two\n", true),
    ]
    .map(file)
    .into();
    lines(&with_files(Script::Shell(script), &[], &["/bin/sh", "-c"], &environment, &files))
}

#[test]
fn scripts_on_disk_are_read() {
    let chown = "certain: chown Some(\"5\") Some(\"6\") /app false";
    let setup = &["certain: mkdir -p /app", chown][..];
    for (script, want) in [
        ("/tmp/setup.sh", setup),
        ("sh -e /tmp/setup.sh && true", setup),
        // Without `-e`, the first command may have failed.
        ("sh /tmp/setup.sh", &["perhaps: mkdir -p /app", chown]),
        ("cd /tmp && ./setup.sh", setup),
        ("env X=1 /tmp/setup.sh", setup),
        ("sh plain.sh", &["certain: mkdir /plain"]),
        ("./bash.sh a b", &["certain: mkdir /opt/a", "certain: mkdir /opt/b"]),
        ("./outer.sh", &["certain: mkdir /plain", "certain: mkdir /outer"]),
        (". ./env.sh && mkdir $X", &["certain: mkdir /sourced", "certain: mkdir /from/env"]),
        (
            "chmod +x /tmp/setup.sh && /tmp/setup.sh",
            &["certain: chmod Symbolic(\"+x\") /tmp/setup.sh false", "certain: mkdir -p /app", chown],
        ),
        // What may not run, or fail, is not certain.
        ("/tmp/setup.sh || true", &["perhaps: mkdir -p /app", "touches: /app"]),
        ("/tmp/setup.sh; mkdir /x", &["perhaps: mkdir -p /app", "touches: /app", "certain: mkdir /x"]),
        (". ./env.sh; mkdir $X", &["perhaps: mkdir /sourced", "touches: ?"]),
        ("./early.sh && mkdir /x", &["certain: mkdir /one", "perhaps: mkdir /two", "certain: mkdir /x"]),
        (". ./return.sh && mkdir /x", &["perhaps: mkdir /one", "perhaps: mkdir /two", "certain: mkdir /x"]),
        // A script that may be another one, or that may be changed while it runs.
        ("/w/maybe.sh", &["touches: /w/maybe.sh", "touches: /app"]),
        (
            "cp /tmp/setup.sh /x && /tmp/setup.sh",
            &["certain: cp /tmp/setup.sh /x", "touches: /tmp/setup.sh", "touches: /app", "touches: /app"],
        ),
        ("./cp.sh", &["certain: mkdir /one", "certain: cp /a /b", "touches: /two", "touches: ?"]),
        ("./ends.sh && mkdir /x", &["certain: write /w/ends.sh", "touches: ?", "certain: mkdir /x"]),
        // Another interpreter, one that is not the system's, and a file that no shell finds without PATH.
        ("./python", &["touches: ?"]),
        ("./local.sh", &["touches: "]),
        (". env.sh", &["touches: ?"]),
    ] {
        assert_eq!(run_with_files(script), want, "{script}");
    }
    assert!(run_with_files("./loop.sh").len() < 100);
    let bash = with_files(
        Script::Shell("source /w/x.sh; mkdir /x"),
        &[],
        &["/bin/sh", "-c"],
        &environment,
        &[("/w/x.sh".to_owned(), ScriptFile { text: "mkdir /y".into(), certain: true })].into(),
    );
    assert!(!bash.iter().any(|step| step.certain), "{bash:?}");
}

#[test]
fn a_variable_that_may_be_empty_names_what_follows_it_and_not_the_root() {
    let named = script::named("rm -rf $WORK/* && cp a $X/opt", &["/w".to_owned()]);
    assert!(
        named.contains(&PathPattern::At("/opt".into())) && named.contains(&PathPattern::At("/w/a".into()))
    );
    assert!(!named.contains(&PathPattern::At("/".into())), "{named:?}");
}

#[test]
fn pipelines_within_each_other_have_no_more_steps_than_commands() {
    let mut script = "rm -rf /a | rm -rf /b".to_owned();
    for _ in 0..30 {
        script = format!("{{ {script}; }} | rm -rf /c");
    }
    let steps = steps_with(Script::Shell(&script), &[], &["/bin/sh", "-c"]);
    assert!(steps.len() < 30_000, "{}", steps.len());
    assert!(lines(&steps).contains(&"touches: ?".to_owned()), "anything may follow");
}

/// Words of builtins of which a shell makes more than a name or a number.
#[test]
fn what_the_words_of_a_builtin_may_do_is_not_certain() {
    let bash = |script| lines(&steps_with(Script::Shell(script), &[], &["/bin/bash", "-c"]));
    let mut wrong = Vec::new();
    for (script, want) in [
        ("read -r X < /f; mkdir $X", &["touches: ?"][..]),
        ("X=/n; read -raX < /f; mkdir $X", &["touches: ?"]),
        ("X=/n; printf -vX /m; mkdir $X", &["touches: ?"]),
        ("X=/n; wait -np X; mkdir $X", &["touches: ?"]),
        // The value of an option is a name for a shell that lacks the option.
        ("X=/n; read -p X Y < /f; mkdir $X", &["touches: ?"]),
        ("X=/n; [ -v 'a[$(rm -rf /n)]' ]; mkdir $X", &["touches: ?"]),
        ("mapfile -C 'mkdir /n' -c 1 a < /f", &["touches: /n", "touches: ", "touches: /n"]),
        // With two words, bash goes on.
        ("if [ -e /q ]; then exit 1 2; fi; mkdir /b", &["perhaps: mkdir /b"]),
        ("cd /x || exit 1 2; mkdir y", &["touches: /w/y /x/y"]),
        ("set -e; break 01; mkdir /b", &["touches: /b"]),
        ("set -eE; mkdir /b; true", &["touches: /b"]),
        ("set -e +o pipefail -- -x; mkdir /b; true", &["certain: mkdir /b"]),
        ("set -o; mkdir /b", &["touches: /b"]),
        ("set -; mkdir /b", &["touches: /b"]),
        ("set + -n; mkdir /b", &["touches: /b"]),
        ("a[$(rm /n)]=$(rm /m); mkdir /b", &["touches: /m", "touches: ?", "touches: /b"]),
    ] {
        if bash(script) != want {
            wrong.push(format!("{script}\n  want {want:?}\n  have {:?}", bash(script)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
