//! The ONBUILD triggers that the campaign edits: an image stores the text of each trigger, so the two images must
//! differ in exactly these. It never hides any other difference.

use serde_json::Value;

use crate::dockerfile::{Body, Dockerfile, Instruction};
use crate::verify::image::Image;

/// Replaces each edited trigger of the edited image by the original one. Any other difference stays.
pub(crate) fn leave_out(original: &Image, edited: &mut Image, before: &Dockerfile, after: &Dockerfile) {
    let Some(olds) = original.config.get("config").and_then(|config| config.get("OnBuild")) else { return };
    let news = edited.config.get_mut("config").and_then(|config| config.get_mut("OnBuild"));
    let (Some(olds), Some(news)) = (olds.as_array(), news.and_then(Value::as_array_mut)) else { return };
    let pairs: Vec<(Vec<String>, Vec<String>)> = before
        .instructions()
        .iter()
        .zip(after.instructions())
        .filter_map(|(old, new)| Some((trigger(old, before)?, trigger(new, after)?)))
        .collect();
    for (old, new) in olds.iter().zip(news) {
        let (Some(before), Some(after)) = (old.as_str(), new.as_str()) else { continue };
        if pairs.contains(&(words(before), words(after))) {
            *new = old.clone();
        }
    }
}

/// Returns the words of the instruction in an ONBUILD.
fn trigger(instruction: &Instruction, dockerfile: &Dockerfile) -> Option<Vec<String>> {
    let Body::Onbuild(child) = &instruction.body else { return None };
    let text = String::from_utf8_lossy(&dockerfile.text()[child.span.range()]);
    let escape = char::from(dockerfile.directives().escape_token);
    Some(words(&text.replace(&format!("{escape}\r\n"), " ").replace(&format!("{escape}\n"), " ")))
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::verify::image::Digest;

    fn image(triggers: &Value) -> Image {
        let config = json!({ "config": { "OnBuild": triggers } });
        let config = config.as_object().cloned().unwrap();
        Image {
            entries: std::collections::BTreeMap::new(),
            config,
            layers: Vec::new(),
            digest: Digest([0; 32]),
        }
    }

    #[test]
    fn only_what_is_edited_is_left_out() {
        let before = Dockerfile::read("FROM a\nONBUILD COPY x \\\n  /x\nONBUILD RUN y\n");
        let after = Dockerfile::read("FROM a\nONBUILD COPY --link x \\\n  /x\nONBUILD RUN y\n");
        let original = image(&json!(["COPY x   /x", "RUN y", "COPY z /z"]));
        let mut edited = image(&json!(["COPY --link x   /x", "RUN other", "COPY --link z /z"]));
        leave_out(&original, &mut edited, &before, &after);
        assert_eq!(edited, image(&json!(["COPY x   /x", "RUN other", "COPY --link z /z"])));
        leave_out(&image(&json!(null)), &mut edited, &before, &after);
        assert_eq!(edited, image(&json!(["COPY x   /x", "RUN other", "COPY --link z /z"])));
    }
}
