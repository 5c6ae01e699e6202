//! `layerwright inspect`.

use super::{Error, Format, InspectArguments, Kind, human, workspace, write};
use crate::analysis::rule;
use crate::builds::FolderContext;
use crate::campaign::plan::{self, Options, Waivers};
use crate::config::Config;

/// Shows the sites and verdicts of files.
pub fn run(arguments: &InspectArguments) -> Result<(), Error> {
    let knowledge = &arguments.knowledge;
    let images = knowledge.images()?;
    let build_args = knowledge.build_args()?;
    let selects = knowledge.selects();
    if let Some(context) = arguments.context.as_ref().filter(|context| !context.is_dir()) {
        return Err(Error::new(
            Kind::Usage,
            format!("--context {}: there is no such folder", context.display()),
        ));
    }
    let mut files = Vec::new();
    for path in &arguments.files {
        let seen = arguments.context.as_deref().map(|root| FolderContext::seen_by(root, path));
        let context = seen.transpose().map_err(|error| Error::usage(&error))?;
        files.push((path.display().to_string(), workspace::read(path)?, context));
    }
    let config = Config::default();
    let options = Options {
        config: &config,
        images: &images,
        build_args: &build_args,
        selects: &selects,
        keep_add: knowledge.keep_add,
        edit_generated: false,
        earlier: None,
        only: None,
        rules: rule::ALL,
    };
    images.check().map_err(|error| Error::usage(&error))?;
    let inspection = plan::inspect(&files, &options, &Waivers::none());
    match arguments.format {
        Format::Json => {
            let json = serde_json::to_string_pretty(&inspection)
                .map_err(|error| Error::new(Kind::Environment, error.to_string()))?;
            write::raw((json + "\n").as_bytes())
        }
        Format::Human => {
            let texts: Vec<&[u8]> = files.iter().map(|(_, text, _)| text.as_slice()).collect();
            write::stdout(&human::inspection(&inspection, &texts))
        }
    }
}
