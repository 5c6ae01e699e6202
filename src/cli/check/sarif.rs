//! SARIF 2.1.0, as GitHub's code scanning reads it ("SARIF support for code scanning").

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::fingerprints;
use crate::analysis::rule;
use crate::builders;
use crate::campaign::check::{self, Finding, Fix, Level, Report};

/// The most results of a run that GitHub accepts.
const MOST_RESULTS: usize = 25_000;
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Returns a report as a SARIF log.
pub(super) fn log(report: &Report) -> Value {
    let names: BTreeSet<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let rules: Vec<Value> = names.iter().map(|name| described(name)).collect();
    let results: Vec<Value> = report
        .findings
        .iter()
        .zip(fingerprints(report))
        .take(MOST_RESULTS)
        .map(|(finding, print)| result(finding, &print, &names))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "layerwright",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    })
}

/// Returns the description of a rule.
fn described(name: &str) -> Value {
    let (summary, documentation) = rule::find(name)
        .map(|rule| (rule.summary, rule.documentation.to_owned()))
        .or_else(|| builders::find(name).map(|rule| (rule.summary, rule.documentation())))
        .or_else(|| check::find(name).map(|rule| (rule.summary, rule.documentation.to_owned())))
        .unwrap_or_default();
    json!({
        "id": name,
        "name": name,
        "shortDescription": {"text": summary},
        "fullDescription": {"text": summary},
        "help": {"text": documentation, "markdown": documentation},
    })
}

fn result(finding: &Finding, print: &str, names: &[&str]) -> Value {
    let level = match finding.kind.level() {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    let location = json!({"uri": uri(&finding.path), "uriBaseId": "%SRCROOT%"});
    let mut region = json!({"startLine": finding.line, "endLine": finding.end_line});
    if !finding.excerpt.is_empty() {
        region["snippet"] = json!({"text": finding.excerpt});
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": names.binary_search(&finding.rule.as_str()).unwrap_or_default(),
        "level": level,
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": {"artifactLocation": location, "region": region}}],
        "partialFingerprints": {"primaryLocationLineHash": print},
    });
    if let Some(fix) = &finding.fix {
        result["fixes"] = json!([fixed(fix, &location)]);
    }
    result
}

/// Returns an edit. A region that ends at the first column of a line ends before that line.
fn fixed(fix: &Fix, location: &Value) -> Value {
    let end = fix.line + fix.lines;
    json!({
        "description": {"text": fix.title},
        "artifactChanges": [{
            "artifactLocation": location,
            "replacements": [{
                "deletedRegion": {"startLine": fix.line, "startColumn": 1, "endLine": end, "endColumn": 1},
                "insertedContent": {"text": format!("{}\n", fix.text)},
            }],
        }],
    })
}

/// Returns a path as a relative reference (RFC 3986, 4.2).
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
