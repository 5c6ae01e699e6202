//! One line of comma separated values, as values of `--mount` and `--device` are (`csvvalue.Fields`).

use std::borrow::Cow;

use crate::text::cut;

/// Returns the fields of one line.
///
/// # Errors
///
/// BuildKit's message if the line is invalid.
pub(crate) fn fields(line: &str) -> Result<Vec<Cow<'_, str>>, String> {
    let line = line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
    if line.is_empty() {
        return Err("EOF".to_owned());
    }
    let failed = |rest: &str, why: &str| {
        Err(format!("parse error on line 1, column {}: {why}", line.len() - rest.len() + 1))
    };
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let Some(quoted) = rest.strip_prefix('"') else {
            let (field, behind) = rest.split_once(',').map_or((rest, None), |(a, b)| (a, Some(b)));
            if let Some(at) = field.find('"') {
                return failed(cut::from(rest, at), "bare \" in non-quoted field");
            }
            fields.push(Cow::Borrowed(field));
            match behind {
                Some(behind) => rest = behind,
                None => return Ok(fields),
            }
            continue;
        };
        let mut field = String::new();
        let mut open = quoted;
        loop {
            let Some((part, behind)) = open.split_once('"') else {
                return failed(open, "extraneous or missing \" in quoted field");
            };
            field.push_str(part);
            if let Some(behind) = behind.strip_prefix('"') {
                field.push('"');
                open = behind;
            } else if let Some(behind) = behind.strip_prefix(',') {
                rest = behind;
                break;
            } else if behind.is_empty() {
                fields.push(Cow::Owned(field));
                return Ok(fields);
            } else {
                return failed(cut::from(open, part.len()), "extraneous or missing \" in quoted field");
            }
        }
        fields.push(Cow::Owned(field));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separated_values_are_csv() {
        let joined = |line: &str| fields(line).map(|fields| fields.join("|"));
        assert_eq!(joined("a,\"b,\"\"c\","), Ok("a|b,\"c|".to_owned()));
        assert_eq!(joined("a\r\n"), Ok("a".to_owned()));
        assert_eq!(joined(""), Err("EOF".to_owned()));
        let failed = |column: usize, why: &str| Err(format!("parse error on line 1, column {column}: {why}"));
        assert_eq!(joined("a,b\"c"), failed(4, "bare \" in non-quoted field"));
        assert_eq!(joined("\"a\"b"), failed(3, "extraneous or missing \" in quoted field"));
        assert_eq!(joined("x,\"a"), failed(4, "extraneous or missing \" in quoted field"));
    }
}
