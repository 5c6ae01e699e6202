//! A repository after the manner of `y-scope/clp`, whose tracking issue lists these nine Dockerfiles: they install their
//! tools below `/root`, flatten their last stage and copy build products that git does not have. One does not build and
//! one is linked already.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::engine;
use crate::support::{Scratch, Tar};

pub const PACKAGE: &str = "tools/docker-images/clp-package/Dockerfile";
pub const EXECUTION: &str = "tools/docker-images/clp-execution-base-ubuntu-jammy/Dockerfile";
pub const CORE: &str = "components/core/tools/docker-images/clp-core-ubuntu-jammy/Dockerfile";
pub const CENTOS: &str = "components/core/tools/docker-images/clp-env-base-centos-stream-9/Dockerfile";
pub const MANYLINUX: [&str; 2] = [
    "components/core/tools/docker-images/clp-env-base-manylinux_2_28-aarch64/Dockerfile",
    "components/core/tools/docker-images/clp-env-base-manylinux_2_28-x86_64/Dockerfile",
];
pub const MUSLLINUX: [&str; 2] = [
    "components/core/tools/docker-images/clp-env-base-musllinux_1_2-aarch64/Dockerfile",
    "components/core/tools/docker-images/clp-env-base-musllinux_1_2-x86_64/Dockerfile",
];
pub const UBUNTU: &str = "components/core/tools/docker-images/clp-env-base-ubuntu-jammy/Dockerfile";

/// The images that they start from.
const BASES: [&str; 4] = [
    "layerwright-clp-ubuntu:jammy",
    "layerwright-clp-stream:9",
    "layerwright-clp-manylinux:2_28",
    "layerwright-clp-musllinux:1_2",
];

/// Where the scripts are that all of them copy.
const SCRIPTS: &str = "components/core/tools/scripts";

const FLATTENED: &str = "\n# Flatten the image\nFROM scratch\nCOPY --from=base / /\n";

/// The nine files.
fn dockerfiles() -> Vec<(&'static str, String)> {
    let [ubuntu, stream, manylinux, musllinux] = BASES;
    let core = format!(
        "FROM {ubuntu} AS base\n\nWORKDIR /root\n\nRUN mkdir -p ./tools-scripts\n\
         COPY ./{SCRIPTS}/lib_install ./tools-scripts/lib_install\n\
         RUN ./tools-scripts/lib_install/install.sh\n{FLATTENED}\
         \nWORKDIR /root\nCOPY ./build/core/clg ./build/core/clp /usr/bin/\n"
    );
    let execution = format!(
        "FROM {ubuntu} AS base\nWORKDIR /root\nCOPY ./{SCRIPTS}/lib_install/ ./setup-scripts/\n\
         RUN ./setup-scripts/install.sh\n{FLATTENED}"
    );
    let package =
        format!("# syntax=docker/dockerfile:1.4\nFROM {ubuntu}\nCOPY --link ./build/clp-package /opt/clp\n");
    let centos = format!(
        "FROM {stream}\nWORKDIR /root\nCOPY ./{SCRIPTS} ./tools-scripts\n\
         RUN ./tools-scripts/lib_install/centos-stream-9/install.sh\n"
    );
    let many = format!(
        "FROM {manylinux}\nWORKDIR /root\nADD ./{SCRIPTS} ./tools-scripts\n\
         RUN ./tools-scripts/lib_install/install.sh\n"
    );
    let musl = format!(
        "FROM {musllinux}\nWORKDIR /root\nRUN mkdir -p ./tools-scripts/lib_install\n\
         ADD ./{SCRIPTS}/lib_install ./tools-scripts/lib_install/\n"
    );
    let env = format!("FROM {ubuntu}\nCOPY ./{SCRIPTS}/lib_install /opt/lib_install\nCMD [\"/bin/sh\"]\n");
    let mut files = vec![(PACKAGE, package), (EXECUTION, execution), (CORE, core), (CENTOS, centos)];
    files.extend(MANYLINUX.map(|path| (path, many.clone())));
    files.extend(MUSLLINUX.map(|path| (path, musl.clone())));
    files.push((UBUNTU, env));
    files
}

/// The repository, and what is known of its bases.
pub struct Clp {
    pub scratch: Scratch,
    base: tempfile::TempDir,
}

impl Clp {
    /// The repository with one commit. Its bases are described by a tar whose `/root` is 0700, and are on no engine.
    pub fn new() -> Self {
        let mut tar = Tar::new();
        tar.dir("etc", 0o755).file("etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/sh\n");
        tar.file("etc/group", 0o644, b"root:x:0:\n").dir("opt", 0o755).dir("root", 0o700);
        tar.dir("tmp", 0o1777).dir("usr", 0o755).dir("usr/bin", 0o755).dir("usr/local", 0o755);
        tar.file("usr/bin/sh", 0o755, b"").symlink("bin", "usr/bin");
        Self::on(&tar.bytes())
    }

    /// The same with its bases on the engine, each made of `tiny:1`.
    pub fn on_engine() -> Self {
        let made = tempfile::tempdir().unwrap();
        let dockerfile = made.path().join("Dockerfile");
        fs::write(&dockerfile, "FROM tiny:1\nLABEL org.example.of=clp\n").unwrap();
        for name in BASES {
            engine::tag(&dockerfile, made.path(), name).unwrap();
        }
        Self::on(&engine::export(&dockerfile, made.path(), &[]).unwrap())
    }

    fn on(base: &[u8]) -> Self {
        let (scratch, folder) = (Scratch::new(), tempfile::tempdir().unwrap());
        fs::write(folder.path().join("base.tar"), base).unwrap();
        let mut config = String::new();
        for (path, text) in dockerfiles() {
            scratch.write(path, text);
            config = format!("{config}[build.\"{path}\"]\ncontext = \".\"\n");
            if path == CORE {
                let products = "mkdir -p build/core && echo clg >build/core/clg && echo clp >build/core/clp";
                config = format!("{config}prepare = [\"{products}\"]\n");
            }
        }
        scratch.write("layerwright.toml", config).write(".gitignore", "/build/\n");
        let install = format!("{SCRIPTS}/lib_install/install.sh");
        scratch.write(&install, "#!/bin/sh\necho done >/usr/local/installed\n").chmod(&install, 0o755);
        scratch.write(&format!("{SCRIPTS}/README.md"), "Scripts\n");
        scratch.commit("First\n");
        Self { scratch, base: folder }
    }

    /// Plans what the bases allow, saves that and commits it.
    pub fn save(&self) -> Value {
        let tar = self.base.path().join("base.tar");
        let known = BASES.map(|name| format!("{name}={}", tar.display()));
        let mut arguments = vec!["--save"];
        for base in &known {
            arguments.extend(["--rootfs", base]);
        }
        let plan = self.scratch.plan(&arguments);
        self.scratch.commit("The plan\n");
        plan
    }

    /// Accepts that `/root` can be looked into.
    pub fn accept_root(&self) {
        let reason = "nothing relies on a private /root";
        self.scratch.run(&["migrate", "--accept", "ancestor-mode:/root", "--reason", reason]).done();
        self.scratch.commit("Accept an open /root\n");
    }
}

/// The destinations of the lines of a file that are edited.
pub fn selected(plan: &Value, path: &str) -> Vec<String> {
    let files = plan["files"].as_array().unwrap();
    let file = files.iter().find(|file| file["path"] == path).unwrap();
    let sites = file["sites"].as_array().unwrap().iter().filter(|site| site["selected"] == true);
    sites.map(|site| site["destination"].as_str().unwrap().to_owned()).collect()
}

/// The files of a wave.
pub fn wave(plan: &Value, number: usize) -> Vec<String> {
    let files = plan["waves"][number]["files"].as_array().unwrap().iter();
    files.map(|path| path.as_str().unwrap().to_owned()).collect()
}

/// The evidence of a file, as it stands in the clone.
pub fn evidence(root: &Path, path: &str) -> Option<Value> {
    let folder = fs::read_dir(root.join(".git/layerwright/copy-link/evidence")).ok()?;
    let mut all = folder
        .map(|entry| serde_json::from_slice::<Value>(&fs::read(entry.unwrap().path()).unwrap()).unwrap());
    all.find(|evidence| evidence["path"] == path)
}
