//! Each construct of a Dockerfile, as BuildKit reads it.

use super::super::{Assignment, Body, Dockerfile, From, Instruction, Keyword, Run, RunCommand, Transfer};
use crate::dockerfile::instruction::Heredoc;
use crate::text::Span;

/// Parses a text after a FROM of one line.
fn staged(text: &str) -> Dockerfile {
    Dockerfile::read(format!("FROM a\n{text}"))
}

/// Returns the messages of a text that is refused.
fn refused(dockerfile: &Dockerfile) -> Vec<&str> {
    dockerfile.errors().iter().map(|error| &*error.message).collect()
}

fn refusals(text: &str) -> Vec<String> {
    refused(&staged(text)).into_iter().map(str::to_owned).collect()
}

/// Returns the last instruction of a text that is accepted.
fn last(dockerfile: &Dockerfile) -> &Instruction {
    assert_eq!(refused(dockerfile), Vec::<&str>::new());
    dockerfile.instructions().last().expect("there is one")
}

fn source(dockerfile: &Dockerfile, span: Span) -> &str {
    std::str::from_utf8(&dockerfile.text()[span.range()]).expect("it is UTF-8")
}

fn transfer(instruction: &Instruction) -> &Transfer {
    match &instruction.body {
        Body::Transfer(transfer) => transfer,
        Body::Onbuild(child) => transfer(child),
        other => panic!("{other:?}"),
    }
}

fn run(instruction: &Instruction) -> &Run {
    match &instruction.body {
        Body::Run(run) => run,
        other => panic!("{other:?}"),
    }
}

/// Returns flags, sources and destination, each as read and as written.
fn words(dockerfile: &Dockerfile) -> Vec<(&str, &str)> {
    let transfer = transfer(dockerfile.instructions().last().expect("there is one"));
    let words = transfer.flags.iter().chain(&transfer.sources).chain(&transfer.destination);
    words.map(|word| (&*word.text, source(dockerfile, word.span))).collect()
}

/// Returns heredocs: name, true if expanded, true if chomped, body.
fn heredocs<'d>(dockerfile: &'d Dockerfile, heredocs: &'d [Heredoc]) -> Vec<(&'d str, bool, bool, &'d str)> {
    let one = |heredoc: &'d Heredoc| {
        (&*heredoc.name, heredoc.expand, heredoc.chomp, source(dockerfile, heredoc.body))
    };
    heredocs.iter().map(one).collect()
}

#[test]
fn lines_and_spans() {
    let text =
        "\u{feff}# c\r\nFROM a\r\n\r\n  copy --from=b \\\r\n# c\r\n\r\n  x\\\r\ny \\\r\n /d  \r\nUSER u";
    let dockerfile = Dockerfile::read(text);
    assert_eq!(refused(&dockerfile), Vec::<&str>::new());
    let [from, copy, user] = dockerfile.instructions() else { panic!("there are three") };
    assert_eq!((from.start_line, from.end_line, source(&dockerfile, from.span)), (2, 2, "FROM a"));
    assert_eq!((copy.start_line, copy.end_line), (4, 9));
    let written = "copy --from=b \\\r\n# c\r\n\r\n  x\\\r\ny \\\r\n /d  ";
    assert_eq!((&*copy.word.text, source(&dockerfile, copy.span)), ("copy", written));
    assert_eq!((user.start_line, user.end_line, source(&dockerfile, user.span)), (10, 10, "USER u"));
    let transfer = transfer(copy);
    let words = [&transfer.flags[0], &transfer.sources[0]];
    let words = words.map(|word| (&*word.text, source(&dockerfile, word.span)));
    assert_eq!(words, [("--from=b", "--from=b"), ("xy", "x\\\r\ny")]);
    assert_eq!(dockerfile.text(), text.as_bytes());
}

#[test]
fn a_continuation_at_the_end_is_parsed_as_it_is() {
    let dockerfile = staged("RUN a \\\n# c\n\n");
    let instruction = last(&dockerfile);
    assert_eq!((instruction.start_line, instruction.end_line), (2, 4));
    assert_eq!(run(instruction).command, RunCommand::Shell("a".to_owned()));
    assert_eq!(refusals("\\"), ["unknown instruction: "]);
    assert_eq!(last(&staged("\\\nRUN a")).start_line, 2);
}

#[test]
fn the_escape_directive() {
    let dockerfile = Dockerfile::read("# escape=`\nFROM a\nCOPY a `\n  b\\ c:\\");
    assert_eq!(last(&dockerfile).end_line, 4);
    assert_eq!(words(&dockerfile), [("a", "a"), ("b\\", "b\\"), ("c:\\", "c:\\")]);
    let directives = dockerfile.directives();
    assert_eq!(directives.escape_token, b'`');
    assert_eq!(directives.escape.as_ref().map(|found| (&*found.value, found.line)), Some(("`", 1)));

    // Unlike syntax, it is searched in trimmed lines, and not after anything else.
    let token = |text: &str| Dockerfile::read(text).directives().escape_token;
    assert_eq!(token("  # ESCAPE = `\nFROM a"), b'`');
    assert_eq!(token("\u{feff}# syntax=a\n# escape=`\nFROM a"), b'`');
    assert_eq!(token("#!x\n# escape=`\nFROM a"), b'\\');
    assert_eq!(token("\n# escape=`\nFROM a"), b'\\');
    assert_eq!(token("# c\n# escape=`\nFROM a"), b'\\');
    assert_eq!(token("# escape=\\\nFROM a"), b'\\');
}

#[test]
fn directives_are_refused() {
    let errors = |text: &str| {
        Dockerfile::read(text).errors().iter().map(|e| (e.message.clone(), e.span)).collect::<Vec<_>>()
    };
    let invalid = "invalid escape token 'x' does not match ` or \\".to_owned();
    assert_eq!(errors("# escape=x\nFROM a"), [(invalid, Span::new(9, 10))]);
    let twice = "only one escape parser directive can be used".to_owned();
    assert_eq!(errors("# escape=`\n# escape=`\nFROM a"), [(twice, Span::new(11, 21))]);
    let twice = "only one syntax parser directive can be used".to_owned();
    assert_eq!(errors("# syntax=a\n# SYNTAX=a\nFROM a"), [(twice, Span::new(11, 21))]);
}

#[test]
fn from_has_a_base_and_perhaps_a_name() {
    let from = |text: &str| match &last(&Dockerfile::read(text)).body {
        Body::From(from) => from.clone(),
        other => panic!("{other:?}"),
    };
    let From { base, name, platform } = from("from --platform=$BUILDPLATFORM a:1 aS Build");
    assert_eq!((&*base.text, base.span), ("a:1", Span::new(31, 34)));
    assert_eq!((name.as_deref(), platform.as_deref()), (Some("build"), Some("$BUILDPLATFORM")));
    assert_eq!(from("FROM scratch").name, None);
    assert_eq!(from("FROM a aſ b").name.as_deref(), Some("b"));

    let args = "FROM requires either one or three arguments";
    for text in ["FROM", "FROM a b", "FROM a AS b c", "FROM a IS b", "FROM a AS"] {
        assert_eq!(refused(&Dockerfile::read(text)), [args], "{text}");
    }
    assert_eq!(
        refused(&Dockerfile::read("FROM a AS 1\nFROM --platform a\nFROM --x=y a")),
        [
            "invalid name for build stage: \"1\", name can't start with a number or contain symbols",
            "missing a value on flag: --platform",
            "unknown flag: --x",
        ]
    );
}

#[test]
fn stages_are_counted_by_the_from_that_are_taken() {
    let dockerfile = Dockerfile::read("ARG a\nFROM $a\nRUN b\nFROM c d\nRUN e\nFROM f\nRUN g");
    let stages = dockerfile.instructions().iter().map(|instruction| instruction.stage).collect::<Vec<_>>();
    assert_eq!(stages, [None, Some(0), Some(0), Some(0), Some(0), Some(1), Some(1)]);
    let dockerfile = Dockerfile::read("RUN a\nONBUILD RUN b\nARG c\nFROM d e\nRUN f");
    let no_stage = "no build stage in current context";
    let args = "FROM requires either one or three arguments";
    assert_eq!(refused(&dockerfile), [no_stage, no_stage, args]);
    assert_eq!(dockerfile.instructions()[4].stage, None);
}

#[test]
fn transfers_have_flags_sources_and_a_destination() {
    let dockerfile = staged(
        "COPY --from=b --chown=1:2 --chmod=\"0 7\" --exclude=x --exclude=y --link=false --parents a \"b c\" $d",
    );
    let copy = transfer(last(&dockerfile));
    let options = &copy.options;
    assert_eq!((options.from.as_deref(), options.chown.as_deref()), (Some("b"), Some("1:2")));
    assert_eq!((options.chmod.as_deref(), options.link, options.parents), (Some("0 7"), Some(false), true));
    assert_eq!(options.exclude, ["x", "y"]);
    assert_eq!(words(&dockerfile)[2], ("--chmod=0 7", "--chmod=\"0 7\""));
    assert_eq!(words(&dockerfile)[7..], [("a", "a"), ("\"b", "\"b"), ("c\"", "c\""), ("$d", "$d")]);

    let dockerfile = staged("add --keep-git-dir=false --checksum=sha256:x --unpack --link a b");
    let options = &transfer(last(&dockerfile)).options;
    assert_eq!((options.keep_git_dir, options.unpack, options.link), (Some(false), Some(true), Some(true)));
    assert_eq!(options.checksum.as_deref(), Some("sha256:x"));
    // Bytes beyond ASCII become Latin-1 in flags, and are unchanged in words.
    assert_eq!(words(&staged("COPY --chown=ü ü ü")), [("--chown=Ã¼", "--chown=ü"), ("ü", "ü"), ("ü", "ü")]);
}

#[test]
fn transfers_may_be_json() {
    let dockerfile = staged("COPY --link [\"a b\", \"\\u00e9\",\\\n  \"/d/\"]");
    assert!(transfer(last(&dockerfile)).json);
    let expected = [("--link", "--link"), ("a b", "\"a b\""), ("é", "\"\\u00e9\""), ("/d/", "\"/d/\"")];
    assert_eq!(words(&dockerfile), expected);
    let dockerfile = staged("COPY [\"a\", \"b\"");
    assert!(!transfer(last(&dockerfile)).json);
    assert_eq!(words(&dockerfile), [("[\"a\",", "[\"a\","), ("\"b\"", "\"b\"")]);
    // A heredoc in JSON has no body.
    let dockerfile = staged("COPY [\"<<EOF\", \"/d\"]");
    let copy = transfer(last(&dockerfile));
    assert_eq!(
        (copy.sources.len(), heredocs(&dockerfile, &copy.heredocs)),
        (0, vec![("EOF", true, false, "")])
    );
}

#[test]
fn transfers_that_are_refused_have_their_flags_alone() {
    let few =
        "requires at least two arguments, but only one was provided. Destination could not be determined";
    let dockerfile = staged("COPY a");
    assert_eq!(refused(&dockerfile), [format!("COPY {few}")]);
    assert_eq!(transfer(&dockerfile.instructions()[1]).sources, []);
    let dockerfile = staged("ADD --link");
    assert_eq!(refused(&dockerfile), [format!("ADD {few}")]);
    assert_eq!(transfer(&dockerfile.instructions()[1]).destination, None);
    let dockerfile = staged("COPY --lnk --from a b");
    assert_eq!(
        refused(&dockerfile),
        ["unknown flag: --lnk (did you mean link?)", "missing a value on flag: --from"]
    );
    // `parseCopy` returns when a flag is wrong, before it reads the arguments.
    let copy = transfer(&dockerfile.instructions()[1]);
    assert_eq!((copy.flags.len(), copy.sources.len(), &copy.destination), (2, 0, &None));
    let dockerfile = staged("COPY a <<EOF\nEOF\nRUN b");
    assert_eq!(refused(&dockerfile), ["COPY cannot accept a heredoc as a destination"]);
    assert_eq!(dockerfile.instructions()[2].start_line, 4);
    assert_eq!(
        refusals("COPY [\"a\", 1]"),
        ["when using JSON array syntax, arrays must be comprised of strings only"]
    );
}

#[test]
fn heredocs_of_transfers() {
    let text = "COPY a <<EOF <<-\"B C\" b <<'D' /d\n1\nEOF\n\t2\n\tB\n\tB C\nD\nRUN x";
    // The words are split at white space, so `<<-"B` and `C"` are two paths; the lexer of heredocs sees one.
    let dockerfile = staged(text);
    assert_eq!(refused(&dockerfile), Vec::<&str>::new());
    let copy = transfer(&dockerfile.instructions()[1]);
    assert_eq!(heredocs(&dockerfile, &copy.heredocs), [("EOF", true, false, "1\n"), ("D", false, false, "")]);
    let sources = copy.sources.iter().map(|word| &*word.text).collect::<Vec<_>>();
    assert_eq!(sources, ["a", "<<-\"B", "C\"", "b"]);
    let instruction = &dockerfile.instructions()[1];
    assert_eq!((instruction.start_line, instruction.end_line), (2, 8));
    assert!(source(&dockerfile, instruction.span).ends_with("\tB C\nD"));

    // For equal names the last body counts for all.
    let dockerfile = staged("COPY <<A <<A /d\n1\nA\n2\nA");
    let copy = transfer(last(&dockerfile));
    assert_eq!(heredocs(&dockerfile, &copy.heredocs), [("A", true, false, "2\n"), ("A", true, false, "2\n")]);
}

#[test]
fn heredocs_of_run() {
    let dockerfile =
        staged("RUN --mount=type=cache,target=/c <<-EOF cat && 3<<'F' tail\r\n\ta\r\n\tEOF\r\nb\r\nF\r\n");
    let instruction = last(&dockerfile);
    let command = run(instruction);
    assert_eq!(
        heredocs(&dockerfile, &command.heredocs),
        [("EOF", true, true, "\ta\r\n"), ("F", false, false, "b\r\n")]
    );
    let mount = command.mounts.first().expect("it has one");
    assert_eq!((mount.kind.as_deref(), mount.target.as_deref()), (Some("cache"), Some("/c")));
    assert_eq!(command.command, RunCommand::Shell("<<-EOF cat && 3<<'F' tail".to_owned()));
    assert_eq!(instruction.end_line, 6);

    // They start after the logical line, and lines do not continue inside.
    let dockerfile = staged("RUN cat <<EOF \\\n  && b\na \\\nEOF\nUSER u");
    assert_eq!(
        heredocs(&dockerfile, &run(&dockerfile.instructions()[1]).heredocs),
        [("EOF", true, false, "a \\\n")]
    );
    assert_eq!(last(&dockerfile).start_line, 6);

    // The lexer of heredocs always escapes with a backslash, and gives up on what it cannot lex.
    let dockerfile = Dockerfile::read("# escape=`\nFROM a\nRUN cat \\<<EOF\nUSER u");
    assert_eq!(last(&dockerfile).start_line, 4);
    let dockerfile = staged("RUN echo it's <<EOF\nUSER u");
    assert_eq!(last(&dockerfile).start_line, 3);
    assert_eq!(last(&staged("RUN [\"cat\", \"<<EOF\"]\nUSER u")).start_line, 3);
    assert_eq!(last(&staged("CMD cat <<EOF\nUSER u")).start_line, 3);
}

#[test]
fn heredocs_must_end() {
    let dockerfile = staged("RUN <<A cat <<B\nA\nx\nUSER u");
    assert_eq!(refused(&dockerfile), ["unterminated heredoc"]);
    let [_, instruction] = dockerfile.instructions() else { panic!("the rest is the heredoc") };
    assert_eq!(instruction.end_line, 5);
    assert_eq!(heredocs(&dockerfile, &run(instruction).heredocs)[1], ("B", true, false, "x\nUSER u"));
    assert_eq!(source(&dockerfile, dockerfile.errors()[0].span), "RUN <<A cat <<B");
    assert_eq!(refusals("RUN cat <<\\'EOF\\''x"), Vec::<String>::new());
}

#[test]
fn commands_are_json_or_text() {
    let command = |text: &str| run(last(&staged(text))).command.clone();
    assert_eq!(command("RUN a  \\\n   b # c"), RunCommand::Shell("a     b # c".to_owned()));
    assert_eq!(command("RUN [ \"a\", \"b c\" ]"), RunCommand::Exec(vec!["a".to_owned(), "b c".to_owned()]));
    assert_eq!(command("RUN [ -f a ]"), RunCommand::Shell("[ -f a ]".to_owned()));
    assert_eq!(command("RUN []"), RunCommand::Exec(vec![]));
    assert_eq!(command("RUN"), RunCommand::Shell(String::new()));
    assert_eq!(command("RUN --network=none -- --a"), RunCommand::Shell("--a".to_owned()));
    for text in
        ["RUN [1]", "CMD [null]", "ENTRYPOINT [[]]", "SHELL [{}]", "VOLUME [true]", "HEALTHCHECK CMD [1]"]
    {
        let mixed = "when using JSON array syntax, arrays must be comprised of strings only";
        assert_eq!(refusals(text), [mixed], "{text}");
    }
}

#[test]
fn flags_of_run_are_checked() {
    assert_eq!(refusals("RUN --network=x a"), ["invalid network mode \"x\""]);
    assert_eq!(refusals("RUN --security=x a"), ["security \"x\" is not valid"]);
    assert_eq!(refusals("RUN --security=insecure --network=host --device=a a"), Vec::<String>::new());
    assert_eq!(refusals("RUN --device=a,b a"), ["invalid field 'b' must be a key=value pair"]);
    assert_eq!(
        refusals("RUN --mount=from=$a a"),
        ["'from' doesn't support variable expansion, define alias stage instead"]
    );
    assert_eq!(refusals("RUN --mount a"), ["missing a value on flag: --mount"]);
    assert_eq!(refusals("RUN --mont=a a"), ["unknown flag: --mont (did you mean mount?)"]);
}

#[test]
fn assignments() {
    let pair = |name: &str, value: Option<&str>| Assignment {
        name: name.to_owned(),
        value: value.map(str::to_owned),
    };
    let body = |text: &str| last(&staged(text)).body.clone();
    assert_eq!(
        body("ENV a=1 b=\"2 3\" c= d=x=y"),
        Body::Env(vec![
            pair("a", Some("1")),
            pair("b", Some("\"2 3\"")),
            pair("c", Some("")),
            pair("d", Some("x=y")),
        ])
    );
    assert_eq!(body("ENV a  b=c  'd"), Body::Env(vec![pair("a", Some("b=c  'd"))]));
    assert_eq!(
        body("ARG a b=1 c="),
        Body::Arg(vec![pair("a", None), pair("b", Some("1")), pair("c", Some(""))])
    );
    assert_eq!(body("LABEL a b"), Body::Other(Keyword::Label));

    assert_eq!(refusals("ENV"), ["ENV requires at least one argument"]);
    assert_eq!(refusals("ENV a"), ["ENV must have two arguments"]);
    assert_eq!(refusals("LABEL a"), ["LABEL must have two arguments"]);
    assert_eq!(
        refusals("ENV a=1 \"b"),
        ["Syntax error - can't find = in \"\\\"b\". Must be of the form: name=value"]
    );
    assert_eq!(refusals("ENV =1"), ["ENV names cannot be blank"]);
    assert_eq!(refusals("LABEL a=1 =1"), ["LABEL names cannot be blank"]);
    assert_eq!(refusals("ENV --x a=1"), ["unknown flag: --x"]);
    assert_eq!(refusals("ARG"), ["ARG requires at least one argument"]);
    assert_eq!(refusals("ARG a =1"), ["ARG names cannot be blank"]);
    // BuildKit ignores these flags.
    assert_eq!(refusals("ARG --x a\nSTOPSIGNAL --x a\nHEALTHCHECK --x NONE"), Vec::<String>::new());
}

#[test]
fn instructions_of_one_argument() {
    let dockerfile = staged("WORKDIR  /a b\\\n c ");
    let Body::Workdir(word) = &last(&dockerfile).body else { panic!("it is a WORKDIR") };
    assert_eq!((&*word.text, source(&dockerfile, word.span)), ("/a b c", "/a b\\\n c"));
    assert!(matches!(&last(&staged("USER a:b")).body, Body::User(word) if word.text == "a:b"));
    for name in ["WORKDIR", "USER", "MAINTAINER", "STOPSIGNAL"] {
        assert_eq!(refusals(name), [format!("{name} requires exactly one argument")]);
    }
    assert_eq!(refusals("USER --x a"), ["unknown flag: --x"]);
}

#[test]
fn instructions_of_some_arguments() {
    assert_eq!(last(&staged("EXPOSE 80 81/udp")).body, Body::Other(Keyword::Expose));
    assert_eq!(refusals("EXPOSE"), ["EXPOSE requires at least one argument"]);
    assert_eq!(last(&staged("VOLUME a b")).body, Body::Other(Keyword::Volume));
    assert_eq!(refusals("VOLUME []"), ["VOLUME requires at least one argument"]);
    assert_eq!(refusals("VOLUME [\"a\", \" \"]"), ["VOLUME specified cannot be an empty string"]);
    assert_eq!(last(&staged("ENTRYPOINT []")).body, Body::Other(Keyword::Entrypoint));
    assert_eq!(last(&staged("CMD")).body, Body::Other(Keyword::Cmd));
    assert_eq!(refusals("CMD --x a"), ["unknown flag: --x"]);
    assert_eq!(last(&staged("SHELL [\"a\", \"b\"]")).body, Body::Shell(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(refusals("SHELL []"), ["SHELL requires at least one argument"]);
    assert_eq!(refusals("SHELL a"), ["SHELL requires the arguments to be in JSON form"]);
}

#[test]
fn health_checks() {
    for fine in ["NONE", "none", "CMD a", "--interval=5s --retries=3 CMD [\"a\"]", "--timeout= cmd a"] {
        assert_eq!(refusals(&format!("HEALTHCHECK {fine}")), Vec::<String>::new(), "{fine}");
    }
    for (text, message) in [
        ("", "HEALTHCHECK requires at least one argument"),
        ("NONE a", "HEALTHCHECK NONE takes no arguments"),
        ("CMD", "Missing command after HEALTHCHECK CMD"),
        ("CMD []", "Missing command after HEALTHCHECK CMD"),
        ("Run a", "Unknown type \"RUN\" in HEALTHCHECK (try CMD)"),
        ("--interval=1 CMD a", "time: missing unit in duration \"1\""),
        ("--start-period=1us CMD a", "Interval \"start-period\" cannot be less than 1ms"),
        ("--retries=-1 CMD a", "--retries cannot be negative (-1)"),
        ("--retires=1 CMD a", "unknown flag: --retires (did you mean retries?)"),
    ] {
        assert_eq!(refusals(&format!("HEALTHCHECK {text}")), [message], "{text}");
    }
}

#[test]
fn onbuild_has_a_child() {
    let dockerfile = staged("ONBUILD  \\\n  copy --from=a <<EOF b /d\nx\nEOF\nRUN a");
    assert_eq!(refused(&dockerfile), Vec::<&str>::new());
    let instruction = &dockerfile.instructions()[1];
    let Body::Onbuild(child) = &instruction.body else { panic!("it is an ONBUILD") };
    assert_eq!((child.start_line, child.end_line, child.stage), (2, 5, Some(0)));
    assert_eq!((&*child.word.text, source(&dockerfile, child.word.span)), ("copy", "copy"));
    assert_eq!(source(&dockerfile, child.span), "copy --from=a <<EOF b /d\nx\nEOF");
    let copy = transfer(child);
    assert_eq!(heredocs(&dockerfile, &copy.heredocs), [("EOF", true, false, "x\n")]);
    assert_eq!(copy.sources[0].text, "b");
}

#[test]
fn of_a_child_only_the_name_is_checked() {
    assert_eq!(refusals("ONBUILD"), ["ONBUILD requires at least one argument"]);
    assert_eq!(refusals("ONBUILD onbuild RUN a"), ["Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"]);
    assert_eq!(refusals("ONBUILD FROM a"), ["FROM isn't allowed as an ONBUILD trigger"]);
    assert_eq!(refusals("ONBUILD FROM\u{a0} a"), ["FROM isn't allowed as an ONBUILD trigger"]);
    assert_eq!(refusals("ONBUILD maintainer"), ["MAINTAINER isn't allowed as an ONBUILD trigger"]);
    assert_eq!(refusals("ONBUILD --x RUN a"), ["unknown flag: --x"]);
    let fine = "ONBUILD COPY --x a\nONBUILD SHELL a\nONBUILD FOO a\nONBUILD WORKDIR";
    assert_eq!(refusals(fine), Vec::<String>::new());
    // The parser parses the child too, and refuses a child that it cannot parse.
    assert_eq!(refusals("ONBUILD ENV a"), ["ENV must have two arguments"]);
    assert_eq!(
        refusals("ONBUILD RUN [1]"),
        ["when using JSON array syntax, arrays must be comprised of strings only"]
    );
    assert_eq!(refusals("ONBUILD RUN <<A"), ["unterminated heredoc"]);
    assert_eq!(refusals("ONBUILD ONBUILD RUN <<A"), ["Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"]);
}

#[test]
fn unknown_instructions_are_refused_and_passed() {
    let dockerfile = staged("COPPY a b\nruun a\nFOOBAR\nRUN b");
    assert_eq!(
        refused(&dockerfile),
        [
            "unknown instruction: COPPY (did you mean COPY?)",
            "unknown instruction: ruun (did you mean run?)",
            "unknown instruction: FOOBAR"
        ]
    );
    assert_eq!(dockerfile.instructions()[1].body, Body::Unreadable);
    assert_eq!(source(&dockerfile, dockerfile.errors()[0].span), "COPPY");
    assert_eq!(run(&dockerfile.instructions()[4]).command, RunCommand::Shell("b".to_owned()));
}

#[test]
fn a_file_must_say_something() {
    for text in ["", "\u{feff}", "# c\n\n", "#!x"] {
        assert_eq!(refused(&Dockerfile::read(text)), ["file with no instructions"], "{text}");
    }
    assert_eq!(refused(&Dockerfile::read("ARG a")), Vec::<&str>::new());
}

#[test]
fn lines_may_not_be_too_long() {
    let long = "x".repeat(65_531);
    assert_eq!(refusals(&format!("RUN {long}\nRUN {long}")), Vec::<String>::new());
    let message = "dockerfile line greater than max allowed size of 65535";
    assert_eq!(refusals(&format!("RUN {long}x")), [message]);
    assert_eq!(refusals(&format!("RUN a\n# {long}xxx\nRUN b")), [message]);
    assert_eq!(refusals(&format!("RUN {long}x\nFOOBAR")), [message, "unknown instruction: FOOBAR"]);
}

#[test]
fn bytes_that_are_not_utf8_are_read() {
    let dockerfile = Dockerfile::read(b"FROM a\nCOPY --from=\xff \xfe [\\\n \"\xff\" b".as_slice());
    assert_eq!(refused(&dockerfile), Vec::<&str>::new());
    let copy = transfer(&dockerfile.instructions()[1]);
    assert_eq!(copy.flags[0].text, "--from=ÿ");
    let sources = copy.sources.iter().map(|word| (&*word.text, word.span)).collect::<Vec<_>>();
    let expected =
        [("\u{fffd}", Span::new(21, 22)), ("[", Span::new(23, 24)), ("\"\u{fffd}\"", Span::new(27, 30))];
    assert_eq!(sources, expected);
    let dockerfile = Dockerfile::read(b"FROM a\nRUN <<\xff\n\xff\n\xef\xbf\xbd".as_slice());
    assert_eq!(refused(&dockerfile), Vec::<&str>::new());
    assert_eq!(dockerfile.instructions()[1].end_line, 4);
}
