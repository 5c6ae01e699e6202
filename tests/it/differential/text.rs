//! Random Dockerfiles on `tiny:1`: few places, so that lines meet, and many ways to come to them.

use super::random::Random;

/// Places of copies that a base image leaves alone.
const FRESH: [&str; 14] = [
    "/opt/a",
    "/opt/a/b",
    "/opt/a/k",
    "/opt/new",
    "/app",
    "/app/x",
    "/usr/local/bin",
    "/usr/local/share/k",
    "/etc/k",
    "/home",
    "/w/x",
    "/n/m/o",
    "/n/m",
    "/n",
];
/// Places that a base image made something special of, and links.
const SPECIAL: [&str; 34] = [
    "/tmp",
    "/tmp/x",
    "/root",
    "/root/.k",
    "/home/app",
    "/home/app/k",
    "/home/app/k/m",
    "/srv",
    "/srv/n",
    "/srv/n/o",
    "/bin",
    "/bin/k",
    "/lib",
    "/lib/k",
    "/sbin/k",
    "/var/run/k",
    "/var/run",
    "/var/lock/k",
    "/var/lib/k",
    "/var/tmp/k",
    "/data700",
    "/data700/k",
    "/xd",
    "/xd/k",
    "/proc/k",
    "/dev/k",
    "/sys",
    "/run/lock/k",
    "/",
    "/l",
    "/l/k",
    "/opt/l/k",
    "/opt/a/l",
    "/cap/sub/k",
];
const RELATIVE: [&str; 10] =
    [".", "./", "k", "sub/", "sub", "../k", "$D/k", "${D}", "${A:-/opt/a}/k", "$A/q/"];
/// Places that commands work on.
const WORKED: [&str; 25] = [
    "/opt/a",
    "/opt/a/b",
    "/opt/a/k",
    "/opt/new",
    "/app",
    "/app/x",
    "/n",
    "/n/m",
    "/n/m/o",
    "/w",
    "/w/x",
    "/home/app/k",
    "/srv/n",
    "/tmp/x",
    "/root/.k",
    "/l",
    "/data700/k",
    "/xd/k",
    "/var/lib/k",
    "/opt/l",
    "/home/app",
    "/tmp",
    "/root",
    "/srv",
    "/dev/k",
];
const WORKED_BY_USER: [&str; 6] =
    ["/home/app/k", "/home/app/k/m", "/tmp/x", "/tmp/u/k", "/home/app", "/var/tmp/k"];
const OWNERS: [&str; 16] = [
    ":",
    "5:",
    "1000:1001",
    "1000:1001",
    "1000:1000",
    "0:0",
    "0",
    "1000",
    "root",
    "app",
    "app:appg",
    "app:50",
    "root:staff",
    "5:6",
    "0:50",
    "nosuch",
];
const CHANGED_OWNERS: [&str; 8] =
    ["1000:1001", "1000:1001", "1000:1000", "0:0", "5:6", "app", "app:appg", "root"];
const MODES: [&str; 9] = ["755", "0755", "700", "0777", "1777", "2775", "750", "0", "4755"];
const SYMBOLIC: [&str; 14] = [
    "a+rwx",
    "go-rwx",
    "u=rwx,go=rx",
    "+x",
    "g+w",
    "a+rwxt",
    "-t",
    "o=",
    "a+X",
    "u+rwX,go-w",
    "g=u",
    "g+s",
    "+w",
    "=rx",
];
const SOURCES: [&str; 30] = [
    "w*/x", "w?", "d/fifo", "w*", "f", "f", "g.txt", "run.sh", "d", "d", "d/", "d/x", "d/sub", "e", "p",
    "p/q", "tree", "tree/", ".", "*.txt", "d/*", "?", "l", "ld", "tree/*", "tree/opt", "e/k", "[fg]*",
    "d/../e", "gone*",
];
const ARCHIVES: [&str; 4] = ["a.tar", "b.tgz", "*.t*", "a.tar"];
const STAGED: [&str; 22] = [
    "/opt/a",
    "/opt/a/b",
    "/opt",
    "/n",
    "/n/m",
    "/app",
    "/etc/passwd",
    "/tmp",
    "/home/app",
    "/home",
    "/srv",
    "/",
    "/l",
    "/xd",
    "/var/lib",
    "/w",
    "/opt/a/*",
    "/etc/*",
    "/root",
    "/data700",
    "/opt/./a",
    "/bin/sh",
];

/// What sets a directory of the base again.
const HEALS: [(&str, &str); 12] = [
    ("/tmp", "chmod 1777 /tmp"),
    ("/tmp", "chmod a+rwxt /tmp"),
    ("/tmp/", "chmod 777 /tmp && chmod +t /tmp"),
    ("/root", "chmod 700 /root"),
    ("/root", "chmod go-rwx /root"),
    ("/home/app", "chown 1000:1001 /home/app && chmod 750 /home/app"),
    ("/home/app", "chown -R 1000:1001 /home/app && chmod -R u=rwX,g=rX,o= /home/app"),
    ("/home/app", "chown app:appg /home/app && chmod 0750 /home/app"),
    ("/var/tmp", "chmod 1777 /tmp /var/tmp"),
    ("/data700", "chmod -R go= /data700"),
    ("/data700", "rm -rf /data700 && mkdir -m 700 /data700"),
    ("/srv", "chgrp 50 /srv && chmod 2775 /srv"),
];

/// What there is to write with.
#[derive(Clone, Copy)]
pub struct Means {
    /// Whether the engine's own frontend reads `--exclude` and `--parents`.
    pub filters: bool,
    /// Whether there is `gnu:1`: `tiny:1` with the tools of GNU and of shadow.
    pub gnu: bool,
}

/// Commands of shadow, of which some fail where others ran before.
const ACCOUNTS: [&str; 12] = [
    "groupadd -g 2001 grp",
    "groupadd -g 2001 grp && useradd -u 2002 -g grp usr",
    "useradd -u 2002 -g 0 usr",
    "useradd -u 2002 -g 50 -M usr",
    "useradd -m -u 2002 -U usr",
    "useradd -m -o -u 1000 -g appg -d /opt/a usr",
    "groupadd -r -g 2001 grp; useradd -r -o -u 5 -g 2001 usr",
    "groupadd -f -g 50 grp && useradd -u 2002 -g grp usr",
    "groupadd -g 2001 usr && useradd -u 2002 -g usr -m -d /n usr && usermod -u 2003 usr",
    "useradd -u 2002 -g 0 usr || true",
    "useradd usr",
    "useradd -u 2002 -g 0 -m -k /etc usr",
];
const MADE_OWNERS: [&str; 6] = ["usr", "usr:grp", "7:grp", "usr:9", "usr:usr", "usr:root"];

/// A stage that lines may copy from.
struct Stage {
    name: String,
    /// Whether commands run in it.
    has_shell: bool,
    /// Whether it has the tools of GNU and of shadow.
    has_gnu: bool,
    /// Whether it has a user without rights.
    unprivileged: bool,
}

struct Writer<'a> {
    random: &'a mut Random,
    means: Means,
    text: String,
    stages: Vec<Stage>,
    here: Stage,
}

/// A Dockerfile. The first line of each stage gives it a cache key of its own.
pub fn write(random: &mut Random, means: Means) -> String {
    let text = "ARG A=/opt/a\n".to_owned();
    let here = Stage { name: String::new(), has_shell: false, has_gnu: false, unprivileged: false };
    let mut writer = Writer { random, means, text, stages: Vec::new(), here };
    for at in 0..writer.random.one(&[1, 1, 1, 2, 2, 3]) {
        writer.stage(at);
    }
    writer.text
}

impl Writer<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn stage(&mut self, at: usize) {
        let from = match self.random.below(100) {
            0..25 if at > 0 => self.random.below(self.stages.len()),
            _ => usize::MAX,
        };
        let (base, has_shell, has_gnu, unprivileged) = match self.stages.get(from) {
            Some(stage) => (stage.name.clone(), stage.has_shell, stage.has_gnu, stage.unprivileged),
            None => match self.random.below(100) {
                0..12 => ("scratch".to_owned(), false, false, false),
                12..18 => ("caps:1".to_owned(), false, false, false),
                18..22 => ("named".to_owned(), false, false, false),
                22..45 if self.means.gnu => ("gnu:1".to_owned(), true, true, false),
                _ => ("tiny:1".to_owned(), true, false, false),
            },
        };
        let name = format!("s{at}");
        self.here = Stage { name, has_shell, has_gnu, unprivileged };
        let name = self.here.name.clone();
        self.line(&format!("FROM {base} AS {name}"));
        self.line("COPY --link=false salt /salt");
        self.line("ARG A");
        let place = self.random.one(&["/opt/a", "/n", "/home/app", "/tmp", "/l", "/w"]);
        self.line(&format!("ENV D={place}"));
        for _ in 0..2 + self.random.below(6) {
            self.instruction();
        }
        let next = Stage { name: String::new(), has_shell: false, has_gnu: false, unprivileged: false };
        let done = std::mem::replace(&mut self.here, next);
        self.stages.push(done);
    }

    fn instruction(&mut self) {
        match self.random.below(100) {
            46..72 if self.here.has_shell => self.run(),
            72..80 => {
                let place = self.place();
                self.line(&format!("WORKDIR {place}"));
            }
            80..86 if self.here.has_shell => {
                let mut user = self.random.one(&["root", "root", "app", "1000:1001", "1000", "0"]);
                if self.here.has_gnu && self.random.chance(30) {
                    user = "usr";
                }
                self.here.unprivileged = !matches!(user, "root" | "0");
                self.line(&format!("USER {user}"));
            }
            86..95 if self.here.has_shell && !self.here.unprivileged => self.heal(),
            95..97 => self.transfer("ONBUILD "),
            97..98 => self.line("VOLUME /opt/a"),
            _ => self.transfer(""),
        }
    }

    fn place(&mut self) -> String {
        let place = match self.random.below(100) {
            0..52 => self.random.one(&FRESH),
            52..86 => self.random.one(&SPECIAL),
            _ => self.random.one(&RELATIVE),
        };
        let slash = if self.random.chance(45) && !place.ends_with('/') { "/" } else { "" };
        format!("{place}{slash}")
    }

    fn worked(&mut self) -> &'static str {
        if self.here.unprivileged { self.random.one(&WORKED_BY_USER) } else { self.random.one(&WORKED) }
    }

    fn mode(&mut self) -> &'static str {
        if self.random.chance(60) { self.random.one(&MODES) } else { self.random.one(&SYMBOLIC) }
    }

    /// A line that differs, and what may make good for it.
    fn heal(&mut self) {
        if self.random.chance(12) {
            let (place, mode) = (self.random.one(&FRESH), self.random.one(&MODES));
            self.line(&format!("RUN echo -m {mode} | busybox xargs mkdir -p {place}/u"));
            return self.line(&format!("COPY f {place}/u/k"));
        }
        if self.random.chance(30) {
            let (place, owner, mode) =
                (self.worked(), self.random.one(&CHANGED_OWNERS), self.random.one(&MODES));
            self.line(&format!("RUN mkdir -p {place} && chown {owner} {place} && chmod {mode} {place}"));
            self.line(&format!("COPY f {place}/k"));
            self.between();
            let (owner, mode) = match self.random.below(3) {
                0 => (self.random.one(&CHANGED_OWNERS), self.random.one(&MODES)),
                _ => (owner, mode),
            };
            return self.line(&format!("RUN chown -R {owner} {place} && chmod {mode} {place}"));
        }
        let (place, heals) = self.random.one(&HEALS);
        let chown = if self.random.chance(25) { "--chown=1000:1001 " } else { "" };
        let source = self.random.one(&["f", "d", "g.txt run.sh"]);
        self.line(&format!("COPY {chown}{source} {place}/k/"));
        self.between();
        if self.random.chance(85) {
            self.line(&format!("RUN {heals}"));
        }
    }

    fn between(&mut self) {
        match self.random.below(9) {
            0 => self.run(),
            1 => self.transfer(""),
            2 => {
                let place = self.worked();
                self.line(&format!("RUN if [ -d {place} ]; then stat -c '%a %u %g' {place} >/opt/seen; fi"));
            }
            3 => self.line("RUN mkdir -p /opt/made && cp -a /tmp /opt/made/"),
            4 => self.line("RUN find / -xdev -type d -perm 755 | sort >/opt/found"),
            _ => {}
        }
    }

    fn run(&mut self) {
        let mount = match self.random.below(36) {
            0 => "--mount=type=bind,source=d,target=/opt/a/mounted ",
            1 => "--mount=type=tmpfs,target=/tmp ",
            2 => "--mount=type=cache,target=/n/cache ",
            3 => "--mount=type=bind,source=d,target=/n ",
            4 => "--mount=type=tmpfs,target=/opt ",
            5 => "--mount=type=tmpfs,target=/zz,target=/opt/a ",
            6 => "--mount='\"type=tmpfs\",\"target=/n\"' ",
            7 => "--mount=type=bind,target=. ",
            8 => "--mount=type=cache,target=/opt --mount=type=tmpfs,dst=/opt/a ",
            _ => "",
        };
        let mut commands = Vec::new();
        for _ in 0..self.random.one(&[1, 1, 1, 2, 3]) {
            commands.push(self.command());
        }
        let between = self.random.one(&[" && ", " && ", " && ", "; ", " \\\n && "]);
        self.line(&format!("RUN {mount}{}", commands.join(between)));
    }

    fn command(&mut self) -> String {
        let (a, b, mode) = (self.worked(), self.worked(), self.mode());
        let owner = self.random.one(&CHANGED_OWNERS);
        let octal = self.random.one(&MODES);
        if self.here.unprivileged {
            return match self.random.below(5) {
                0 => format!("mkdir -p {a} && chmod {mode} {a} || true"),
                1 => format!("mkdir -p -m {octal} {a}"),
                2 => format!("[ -d {a} ] || mkdir -p {a}"),
                3 => format!("touch {a}/t || true"),
                _ => format!("mkdir -p {a}"),
            };
        }
        if self.here.has_gnu && self.random.chance(35) {
            return match self.random.below(5) {
                0 => format!("install -d {a}"),
                1 => format!(
                    "install -d -m {mode} -o {owner} {a} {b}",
                    owner = self.random.one(&["1000", "app", "root"])
                ),
                2 => format!("mkdir -p {a} && install -m {octal} /etc/group {a}/k"),
                _ => self.random.one(&ACCOUNTS).to_owned(),
            };
        }
        match self.random.below(38) {
            0..4 => format!("mkdir -p {a}"),
            4 => format!("mkdir -p -m {octal} {a}"),
            5 => format!("mkdir -m {octal} {a}"),
            6..9 => format!("mkdir -p {a} && chmod {mode} {a}"),
            9..11 => format!("mkdir -p {a} && chown {owner} {a}"),
            11 => format!("mkdir -p {a} {b} && chown -R {owner} {b}"),
            12 => format!("mkdir -p {a} && chmod -R {mode} {a}"),
            13 => format!("ln -s {} {a}", self.random.one(&["/opt/a", "a", "../n", "/nowhere", "/tmp", "."])),
            14 => format!("ln -sf {b} {a}"),
            15 => format!("ln -sfn {b} /l"),
            16 => format!(
                "rm -rf {}",
                self.random.one(&["/opt/a", "/n", "/app", "/w", "/l", "/opt/new", "/srv/n"])
            ),
            17 => format!("rm -rf {}/*", self.random.one(&["/opt", "/n", "/opt/a", "/home/app", "/tmp"])),
            18 => format!("mkdir -p {b} && mv {b} /moved"),
            19 => format!("mkdir -p /n/m && mv /n/m {a}"),
            20 => format!("mkdir -p /n/m && cp -a /n {a}"),
            21 => format!("mkdir -p {a} && cp -a /home/. {a}/"),
            22 => format!("mkdir -p /opt/a && cp -r /opt/a {a}"),
            23 => format!("mkdir -p {a} && touch {a}/t {a}/k"),
            24 => format!("echo x >{a}"),
            25 => format!("umask 077 && mkdir -p {a}"),
            34 => self
                .random
                .one(&[
                    "chmod 2755 / && mkdir -p /n/m/o",
                    "mkdir -p '/opt/a$b' && ln -sfn '/opt/a$b' /l",
                    "mkdir -p '/opt/a\\b' && ln -sfn '/opt/a\\b' /l",
                    "rm -rf /l && ln -s . /l",
                    "rm -rf /opt/a && mkfifo /opt/a",
                    "rm -rf /w /w/x",
                    "mv /w /moved || mkdir /moved",
                    "chmod g+s /opt /n || mkdir -p /n",
                    "ln -s /opt/a /l && ln /l /opt/new",
                ])
                .to_owned(),
            26 => format!("for i in m q; do mkdir -p {a}/$i; done"),
            27 => format!("test -d {a} || mkdir -p {a}"),
            28 => format!("mkdir -p {a} && cd {a} && mkdir -p m && chmod {octal} m . && cd /"),
            29 => self
                .random
                .one(&[
                    "echo 'usr:x:7:8::/:/bin/sh' >>/etc/passwd",
                    "echo 'grp:x:9:' >>/etc/group",
                    "sed -i s/1001/1002/ /etc/passwd",
                    "rm /etc/group",
                ])
                .to_owned(),
            30 => format!("mkdir -p {a} && mkdir -p {b} && tar -cf - -C {a} . | tar -xf - -C {b}"),
            31 => format!("mkdir -p {a} && find {a} -type d -exec chmod {octal} {{}} +"),
            32 => format!("mkdir -p {a} && rmdir {a} || true"),
            33 => format!("at=$(echo {a}) && rm -rf \"$at\" && ln -s {b} \"$at\""),
            _ => format!("mkdir -p $D {a} && chmod {mode} $D && chgrp 50 {a}"),
        }
    }

    fn transfer(&mut self, before: &str) {
        let from = match self.random.below(100) {
            0..22 if !self.stages.is_empty() => {
                let at = self.random.below(self.stages.len());
                self.stages[at].name.clone()
            }
            22..26 => "tiny:1".to_owned(),
            26..29 => "caps:1".to_owned(),
            29..34 => "named".to_owned(),
            34..36 => "other:1".to_owned(),
            _ => String::new(),
        };
        let is_add = from.is_empty() && self.random.chance(25);
        let mut flags = Vec::new();
        if !from.is_empty() {
            flags.push(format!("--from={from}"));
        }
        if self.random.chance(30) {
            let made = self.here.has_gnu && self.random.chance(50);
            let owner = if made { self.random.one(&MADE_OWNERS) } else { self.random.one(&OWNERS) };
            flags.push(format!("--chown={owner}"));
        }
        if self.random.chance(9) {
            let mode =
                self.random.one(&["0750", "0750", "0644", "755", "0755", "u=rwX,go=rX", "go-w", "2755"]);
            flags.push(format!("--chmod={mode}"));
        }
        if self.random.chance(9) {
            flags.push("--link".to_owned());
        }
        if self.means.filters && self.random.chance(10) {
            flags.push(self.random.one(&["--exclude=**/*.txt", "--exclude=x", "--exclude=!d/x"]).to_owned());
        }
        if self.means.filters && self.random.chance(8) && !is_add {
            flags.push("--parents".to_owned());
        }
        let word = if is_add {
            self.random.one(&["ADD", "ADD", "add"])
        } else {
            self.random.one(&["COPY", "COPY", "Copy"])
        };
        let mut words = flags;
        if from.is_empty() && self.random.chance(7) {
            words.extend(["<<E".to_owned(), self.place()]);
            return self.line(&format!("{before}{word} {}\nhere\nE", words.join(" ")));
        }
        let count = self.random.one(&[1, 1, 1, 1, 1, 2]);
        let mut sources = Vec::new();
        for _ in 0..count {
            sources.push(match from.as_str() {
                "" if is_add && self.random.chance(55) => self.random.one(&ARCHIVES),
                "" | "named" => self.random.one(&SOURCES),
                "caps:1" | "other:1" => self.random.one(&["/cap", "/cap/", "/cap/f", "/cap/sub", "/"]),
                "tiny:1" => self.random.one(&[
                    "/etc/passwd",
                    "/home",
                    "/home/app",
                    "/tmp",
                    "/xd",
                    "/srv",
                    "/var",
                    "/lib",
                ]),
                _ => self.random.one(&STAGED),
            });
        }
        // Most of what an archive may meet is at the root.
        let is_archive = sources.iter().any(|source| ARCHIVES.contains(source));
        let place = if is_archive && self.random.chance(45) { "/".to_owned() } else { self.place() };
        if self.random.chance(8) {
            let quoted: Vec<String> = sources.iter().map(|source| format!("\"{source}\"")).collect();
            words.push(format!("[{}, \"{place}\"]", quoted.join(", ")));
        } else {
            words.extend(sources.into_iter().map(str::to_owned));
            words.push(place);
        }
        self.line(&format!("{before}{word} {}", words.join(" ")));
    }
}
