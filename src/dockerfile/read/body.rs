//! The content of each instruction: BuildKit's line parsers (`parser/line_parsers.go`) and the checks of
//! `instructions/parse.go` after them.

use std::ops::Range;

use super::super::instruction::{
    Assignment, Body, From, Instruction, Keyword, Run, RunCommand, TransferKind,
};
use super::super::line::LogicalLine;
use super::super::mount::Mount;
use super::super::word::{self, Node};
use super::super::{check, flags, go, json};
use super::Reader;
use crate::text::Span;

/// `errDockerfileNotStringArray`.
const MIXED: &str = "when using JSON array syntax, arrays must be comprised of strings only";

/// Arguments that may be a JSON array.
pub(super) enum Args {
    /// They are a JSON array.
    Json(Vec<json::Item>),
    /// They are not a JSON array.
    Plain(Range<usize>),
}

impl Args {
    pub(super) fn is_json(&self) -> bool {
        matches!(self, Self::Json(_))
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Json(items) => items.is_empty(),
            Self::Plain(range) => range.is_empty(),
        }
    }
}

fn texts(items: Vec<json::Item>) -> Vec<String> {
    items.into_iter().map(|item| item.text).collect()
}

impl Reader<'_> {
    /// Parses the text after an instruction word.
    pub(super) fn body(
        &mut self,
        keyword: Keyword,
        line: &LogicalLine<'_>,
        node: Node,
        start_line: usize,
    ) -> Body {
        let body = match keyword {
            Keyword::Onbuild => self.onbuild(line, &node, start_line),
            Keyword::Add => self.transfer(TransferKind::Add, line, node),
            Keyword::Copy => self.transfer(TransferKind::Copy, line, node),
            Keyword::Run => self.run(line, node),
            keyword => self.simple(keyword, line, &node),
        };
        body.unwrap_or(Body::Unreadable)
    }

    /// Parses an instruction that cannot have a heredoc. `None` if it is refused.
    fn simple(&mut self, keyword: Keyword, line: &LogicalLine<'_>, node: &Node) -> Option<Body> {
        let args = node.args.clone();
        match keyword {
            Keyword::From => return self.from(line, node),
            Keyword::Arg => return self.arg(line, node),
            Keyword::Env | Keyword::Label => return self.pairs(keyword, line, node),
            Keyword::Healthcheck => return self.healthcheck(line, node),
            Keyword::Shell => return self.shell(line, node),
            Keyword::Volume => self.volume(line, node)?,
            Keyword::Cmd | Keyword::Entrypoint => {
                self.maybe_json(line, node, args)?;
                self.no_flags(node)?;
            }
            Keyword::Expose => {
                self.require(!args.is_empty(), line, node, "EXPOSE requires at least one argument")?;
                self.no_flags(node)?;
            }
            Keyword::Workdir | Keyword::User | Keyword::Maintainer | Keyword::StopSignal => {
                if args.is_empty() {
                    let message = format!("{} requires exactly one argument", keyword.as_str());
                    self.refuse(Self::place(line, node), message);
                    return None;
                }
                // BuildKit ignores the flags of STOPSIGNAL.
                if keyword != Keyword::StopSignal {
                    self.no_flags(node)?;
                }
                match keyword {
                    Keyword::Workdir => return Some(Body::Workdir(line.word(&args))),
                    Keyword::User => return Some(Body::User(line.word(&args))),
                    _ => {}
                }
            }
            _ => {}
        }
        Some(Body::Other(keyword))
    }

    /// Returns the span of an instruction's own line: from its word to its last argument.
    pub(super) fn place(line: &LogicalLine<'_>, node: &Node) -> Span {
        line.span(&(node.word.start..node.args.end.max(node.word.end)))
    }

    fn require(&mut self, holds: bool, line: &LogicalLine<'_>, node: &Node, message: &str) -> Option<()> {
        if !holds {
            self.refuse(Self::place(line, node), message);
        }
        holds.then_some(())
    }

    fn no_flags(&mut self, node: &Node) -> Option<()> {
        let errors = self.errors.len();
        flags::read(&node.flags, &[], &mut self.errors);
        (self.errors.len() == errors).then_some(())
    }

    /// Parses arguments that may be a JSON array (`parseMaybeJSON`). `None` if the array contains more than strings.
    pub(super) fn maybe_json(
        &mut self,
        line: &LogicalLine<'_>,
        node: &Node,
        range: Range<usize>,
    ) -> Option<Args> {
        let range = go::trim_start(line.bytes, range);
        match json::array(line.bytes, range.clone()) {
            json::Array::Strings(items) => Some(Args::Json(items)),
            json::Array::Invalid => Some(Args::Plain(range)),
            json::Array::Mixed => {
                self.refuse_syntax(Self::place(line, node), MIXED);
                None
            }
        }
    }

    /// `ONBUILD`: only the name of its child is checked (`parseOnBuild`).
    fn onbuild(&mut self, line: &LogicalLine<'_>, node: &Node, start_line: usize) -> Option<Body> {
        self.require(!node.args.is_empty(), line, node, "ONBUILD requires at least one argument")?;
        let child = Node::split(line, node.args.clone(), self.escape_token);
        let word = line.word(&child.word);
        let keyword = Keyword::of(&word.text);
        // White space beyond ASCII may stand at the end of the word.
        let trigger = go::upper(word.text.trim());
        let refused = match &*trigger {
            "ONBUILD" => Some("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed".to_owned()),
            "MAINTAINER" | "FROM" => Some(format!("{trigger} isn't allowed as an ONBUILD trigger")),
            _ => None,
        };
        let body = match keyword {
            Some(keyword) if refused.is_none() => {
                // The errors of `instructions.Parse` for the child occur in the build that it triggers.
                let errors = std::mem::take(&mut self.errors);
                let body = self.body(keyword, line, child, start_line);
                self.errors = errors;
                body
            }
            _ => Body::Unreadable,
        };
        if let Some(message) = refused {
            self.refuse(word.span, message);
        }
        self.no_flags(node);
        Some(Body::Onbuild(Box::new(Instruction {
            span: Span::new(word.span.start, self.lines.end().max(word.span.end)),
            start_line,
            end_line: self.lines.number(),
            word,
            stage: self.stage(),
            body,
        })))
    }

    /// `FROM` (`parseFrom`).
    fn from(&mut self, line: &LogicalLine<'_>, node: &Node) -> Option<Body> {
        let mut words = word::fields(line.bytes, node.args.clone());
        let name = match (words.next(), words.next(), words.next(), words.next()) {
            (Some(base), None, ..) => Some((base, None)),
            (Some(base), Some(by), Some(name), None) if is_as(&line.bytes[by.clone()]) => {
                Some((base, Some(name)))
            }
            _ => None,
        };
        let errors = self.errors.len();
        let platform = flags::read(&node.flags, flags::FROM, &mut self.errors);
        let platform = platform.first().map(|flag| flag.value.to_owned());
        let Some((base, name)) = name else {
            self.refuse(Self::place(line, node), "FROM requires either one or three arguments");
            return None;
        };
        let name = match name.map(|name| check::stage_name(&line.text(&name)).map_err(|e| (e, name))) {
            None => None,
            Some(Ok(name)) => Some(name),
            Some(Err((message, name))) => {
                self.refuse(line.span(&name), message);
                return None;
            }
        };
        (self.errors.len() == errors).then(|| Body::From(From { base: line.word(&base), name, platform }))
    }

    /// `ARG` (`parseNameOrNameVal`, `parseArg`). BuildKit ignores its flags.
    fn arg(&mut self, line: &LogicalLine<'_>, node: &Node) -> Option<Body> {
        let mut assignments = Vec::new();
        for range in word::quoted_words(line.bytes, node.args.clone(), self.escape_token) {
            let bytes = &line.bytes[range.clone()];
            let assignment = match memchr::memchr(b'=', bytes) {
                Some(0) => {
                    self.refuse(line.span(&range), "ARG names cannot be blank");
                    return None;
                }
                Some(at) => {
                    Assignment { name: go::lossy(&bytes[..at]), value: Some(go::lossy(&bytes[at + 1..])) }
                }
                None => Assignment { name: go::lossy(bytes), value: None },
            };
            assignments.push(assignment);
        }
        self.require(!assignments.is_empty(), line, node, "ARG requires at least one argument")?;
        Some(Body::Arg(assignments))
    }

    /// `ENV` and `LABEL` (`parseNameVal`, `parseKvps`).
    fn pairs(&mut self, keyword: Keyword, line: &LogicalLine<'_>, node: &Node) -> Option<Body> {
        let mut words = word::quoted_words(line.bytes, node.args.clone(), self.escape_token).peekable();
        let equals = |word: &Range<usize>| memchr::memchr(b'=', &line.bytes[word.clone()]);
        let mut pairs = Vec::new();
        if words.peek().is_some_and(|first| equals(first).is_none()) {
            // The old form `ENV name value`.
            let Some(pair) = word::split_once(line.bytes, node.args.clone()) else {
                let message = format!("{} must have two arguments", keyword.as_str());
                self.refuse_syntax(Self::place(line, node), message);
                return None;
            };
            pairs.push(pair);
        } else {
            for word in words {
                let Some(at) = equals(&word) else {
                    let shown = go::quote(&line.text(&word));
                    let message =
                        format!("Syntax error - can't find = in {shown}. Must be of the form: name=value");
                    self.refuse_syntax(line.span(&word), message);
                    return None;
                };
                pairs.push((word.start..word.start + at, word.start + at + 1..word.end));
            }
        }
        self.no_flags(node)?;
        let wrong = if pairs.is_empty() {
            "requires at least one argument"
        } else if pairs.iter().any(|(name, _)| name.is_empty()) {
            "names cannot be blank"
        } else {
            ""
        };
        if !wrong.is_empty() {
            self.refuse(Self::place(line, node), format!("{} {wrong}", keyword.as_str()));
            return None;
        }
        if keyword != Keyword::Env {
            return Some(Body::Other(keyword));
        }
        let assignment =
            |(name, value)| Assignment { name: line.text(&name), value: Some(line.text(&value)) };
        Some(Body::Env(pairs.into_iter().map(assignment).collect()))
    }

    /// `SHELL` (`parseShell`).
    fn shell(&mut self, line: &LogicalLine<'_>, node: &Node) -> Option<Body> {
        let args = self.maybe_json(line, node, node.args.clone())?;
        self.no_flags(node)?;
        self.require(!args.is_empty(), line, node, "SHELL requires at least one argument")?;
        match args {
            Args::Json(items) => Some(Body::Shell(texts(items))),
            Args::Plain(_) => {
                self.require(false, line, node, "SHELL requires the arguments to be in JSON form")?;
                None
            }
        }
    }

    /// `VOLUME` (`parseVolume`).
    fn volume(&mut self, line: &LogicalLine<'_>, node: &Node) -> Option<()> {
        let args = self.maybe_json(line, node, node.args.clone())?;
        self.require(!args.is_empty(), line, node, "VOLUME requires at least one argument")?;
        self.no_flags(node)?;
        let Args::Json(items) = args else { return Some(()) };
        let blank = items.iter().any(|item| item.text.trim().is_empty());
        self.require(!blank, line, node, "VOLUME specified cannot be an empty string")
    }

    /// `HEALTHCHECK` (`parseHealthConfig`, `parseHealthcheck`).
    fn healthcheck(&mut self, line: &LogicalLine<'_>, node: &Node) -> Option<Body> {
        // BuildKit looks for white space byte by byte here.
        let bytes = &line.bytes[node.args.clone()];
        let kind_end = bytes.iter().position(|&b| go::is_space_byte(b)).unwrap_or(bytes.len());
        let spaces = bytes[kind_end..].iter().take_while(|&&b| go::is_space_byte(b)).count();
        let command = node.args.start + kind_end + spaces..node.args.end;
        self.require(kind_end > 0, line, node, "HEALTHCHECK requires at least one argument")?;
        let args = self.maybe_json(line, node, command)?;
        let kind = go::upper(&go::lossy(&bytes[..kind_end]));
        if kind == "NONE" {
            self.require(args.is_empty(), line, node, "HEALTHCHECK NONE takes no arguments")?;
            return Some(Body::Other(Keyword::Healthcheck));
        }
        let errors = self.errors.len();
        for flag in flags::read(&node.flags, flags::HEALTHCHECK, &mut self.errors) {
            let checked = match flag.name {
                "retries" => check::retries(flag.value),
                name => check::interval(name, flag.value),
            };
            if let Err(message) = checked {
                self.refuse(flag.word.span, message);
            }
        }
        if kind == "CMD" {
            self.require(!args.is_empty(), line, node, "Missing command after HEALTHCHECK CMD")?;
        } else {
            let message = format!("Unknown type {} in HEALTHCHECK (try CMD)", go::quote(&kind));
            self.refuse(Self::place(line, node), message);
        }
        (self.errors.len() == errors).then_some(Body::Other(Keyword::Healthcheck))
    }

    /// `RUN` (`parseRun` and its hooks).
    fn run(&mut self, line: &LogicalLine<'_>, node: Node) -> Option<Body> {
        let args = self.maybe_json(line, &node, node.args.clone())?;
        let heredocs = self.heredocs(line, args.is_json());
        let mut mounts = Vec::new();
        for flag in flags::read(&node.flags, flags::RUN, &mut self.errors) {
            let value = flag.value;
            let checked = match flag.name {
                "mount" => Mount::read(value).map(|mount| mounts.push(mount)),
                "device" => check::device(value),
                "network" if !matches!(value, "default" | "none" | "host") => {
                    Err(format!("invalid network mode {}", go::quote(value)))
                }
                "security" if !matches!(value, "insecure" | "sandbox") => {
                    Err(format!("security {} is not valid", go::quote(value)))
                }
                _ => Ok(()),
            };
            if let Err(message) = checked {
                self.refuse(flag.word.span, message);
            }
        }
        let command = match args {
            Args::Json(items) => RunCommand::Exec(texts(items)),
            Args::Plain(range) => RunCommand::Shell(line.text(&range)),
        };
        Some(Body::Run(Run { flags: node.flags, mounts, command, heredocs }))
    }
}

/// Returns true if `strings.EqualFold(word, "as")`; the long s folds with `s`.
fn is_as(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(b"as") || matches!(word, [b'a' | b'A', 0xc5, 0xbf])
}
