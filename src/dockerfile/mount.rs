//! A `--mount` of RUN (`instructions.parseMount`), before its variables are expanded.

use super::csv::fields;
use super::go;

/// A value of `--mount`.
///
/// ```text
/// RUN --mount=type=secret,id=npmrc,required npm ci
///             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
/// ```
///
/// If a key is given twice, the last value counts. Keys have any letter case. Values may contain variables, except
/// that of `from`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mount {
    /// `type`: `bind` without one.
    pub(crate) kind: Option<String>,
    /// `from`: a stage, an image or a named context.
    pub(crate) from: Option<String>,
    /// `source` or `src`.
    pub(crate) source: Option<String>,
    /// `target`, `dst` or `destination`.
    pub(crate) target: Option<String>,
    /// `id`.
    pub(crate) id: Option<String>,
    /// `required`: also true without a value. False if the value is a variable.
    pub(crate) required: bool,
    /// `env`.
    pub(crate) env: Option<String>,
}

impl Mount {
    /// Parses a value, and checks what BuildKit checks before variables are known.
    ///
    /// # Errors
    ///
    /// BuildKit's message if BuildKit refuses it.
    pub(super) fn read(value: &str) -> Result<Self, String> {
        let fields = fields(value).map_err(|why| format!("failed to parse csv mounts: {why}"))?;
        let mut mount = Self::default();
        for field in &fields {
            let (key, value) =
                field.split_once('=').map_or((&**field, None), |(key, value)| (key, Some(value)));
            let key = go::lower(key);
            let is_variable = |value: &str| value.find('$').is_some_and(|at| at + 1 < value.len());
            if key == "from" && value.is_some_and(is_variable) {
                let message = "'from' doesn't support variable expansion, define alias stage instead";
                return Err(message.to_owned());
            }
            let value = value.map(str::to_owned);
            match &*key {
                "type" => mount.kind = value,
                "from" => mount.from = value,
                "source" | "src" => mount.source = value,
                "target" | "dst" | "destination" => mount.target = value,
                "id" => mount.id = value,
                "required" => mount.required = value.is_none_or(|value| go::parse_bool(&value) == Some(true)),
                "env" => mount.env = value,
                _ => {}
            }
        }
        Ok(mount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Mount {
        Mount::read(value).unwrap_or_else(|why| panic!("{value}: {why}"))
    }

    #[test]
    fn the_last_value_of_a_key_counts() {
        let some = |text: &str| Some(text.to_owned());
        let mount = read("TYPE=cache,target=/a,id=x,dst=/b,type=tmpfs,src=s,\"destination=/c,d\",ro");
        let expected = Mount {
            kind: some("tmpfs"),
            target: some("/c,d"),
            id: some("x"),
            source: some("s"),
            ..Mount::default()
        };
        assert_eq!(mount, expected);
        for (value, required) in
            [("required", true), ("required=T", true), ("required=$R", false), ("id=x", false)]
        {
            assert_eq!(read(value).required, required, "{value}");
        }
        assert!(!read("required,required=0").required);
        assert_eq!(read("from=a,from=").from, some(""));
        assert_eq!(read("env=TOKEN,uid=$U").env, some("TOKEN"));
    }

    #[test]
    fn mounts_are_checked_for_variables_in_from() {
        for fine in
            ["type=cache,target=/x", "from=a", "from=a$", "source=$x", "ro", "type=nonsense", "\"from=a\""]
        {
            read(fine);
        }
        let variable = "'from' doesn't support variable expansion, define alias stage instead";
        assert_eq!(Mount::read("type=bind,from=$x"), Err(variable.to_owned()));
        assert_eq!(Mount::read("\"FROM=a${x}\""), Err(variable.to_owned()));
        assert_eq!(Mount::read(""), Err("failed to parse csv mounts: EOF".to_owned()));
    }
}
