//! The engine that the `docker` command talks to, as a source of images. It never pulls, runs or changes one.

use std::fs::File;
use std::io::{self, Read};

use super::buildx::DockerBuildx;
use super::process;
use crate::images::engine::{EngineClient, EngineError};
use crate::text::words::first_line;

impl DockerBuildx {
    fn ask_engine(&self, arguments: &[&str]) -> Result<(bool, String, String), EngineError> {
        let answer = self.ask(self.command(arguments));
        answer.map_err(|error| EngineError { problem: NO_ANSWER, said: error.to_string() })
    }
}

/// The problem if the client or the engine does not answer.
const NO_ANSWER: &str = "the engine does not answer";

impl EngineClient for DockerBuildx {
    fn check(&self) -> Result<(), EngineError> {
        let (success, _, said) = self.ask_engine(&["version", "--format", "{{.Server.Version}}"])?;
        let said = first_line(&said).to_owned();
        if success { Ok(()) } else { Err(EngineError { problem: NO_ANSWER, said }) }
    }

    fn id(&self, image: &str) -> Result<Option<String>, EngineError> {
        let (success, wrote, _) = self.ask_engine(&["image", "inspect", "--format", "{{.Id}}", image])?;
        Ok(Some(wrote.trim().to_owned()).filter(|id| success && !id.is_empty()))
    }

    fn save(&self, id: &str, to: &mut File) -> Result<(), EngineError> {
        let failed = |said: String| EngineError { problem: "the engine cannot save the image", said };
        let mut copied = Ok(0);
        let errors = |mut stderr: process::Errors| {
            let mut bytes = Vec::new();
            let _broken = stderr.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let output = |stdout: &mut dyn Read| copied = io::copy(stdout, to);
        let command = self.command(&["image", "save", id]);
        let ran = process::run(command, self.interrupt(), None, errors, output);
        let (ended, said) = ran.map_err(|error| failed(error.to_string()))?;
        copied.map_err(|error| failed(error.to_string()))?;
        if ended.status.success() { Ok(()) } else { Err(failed(first_line(&said).to_owned())) }
    }
}
