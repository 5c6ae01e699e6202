//! Values that `instructions.Parse` checks: stage names, durations, numbers and devices.

use std::fmt::Write as _;

use super::csv::fields;
use super::flags::suggestion;
use super::go;
use crate::text::cut;

/// Returns the name of a stage in lower case, if it is valid (`parseBuildStageName`).
pub(super) fn stage_name(name: &str) -> Result<String, String> {
    let lower = go::lower(name);
    let valid = lower.starts_with(|c: char| c.is_ascii_lowercase())
        && lower.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'));
    if valid {
        return Ok(lower.into_owned());
    }
    Err(format!(
        "invalid name for build stage: {}, name can't start with a number or contain symbols",
        go::quote(name)
    ))
}

/// Checks an interval of HEALTHCHECK (`parseOptInterval`).
pub(super) fn interval(flag: &str, value: &str) -> Result<(), String> {
    const MILLISECOND: i64 = 1_000_000;
    match if value.is_empty() { 0 } else { duration(value)? } {
        0 | MILLISECOND.. => Ok(()),
        _ => Err(format!("Interval {} cannot be less than 1ms", go::quote(flag))),
    }
}

/// Returns the nanoseconds of a duration such as `1h30m` (`time.ParseDuration`).
fn duration(text: &str) -> Result<i64, String> {
    let shown = || quoted(text);
    let invalid = || format!("time: invalid duration {}", shown());
    let (negative, mut rest) = match cut::first(text) {
        Some((sign @ ('+' | '-'), rest)) => (sign == '-', rest),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (whole, behind) = split_digits(rest);
        let (fraction, behind) = match behind.strip_prefix('.') {
            Some(behind) => split_digits(behind),
            None => ("", behind),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let (name, behind) = behind
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .map_or((behind, ""), |end| behind.split_at(end));
        if name.is_empty() {
            return Err(format!("time: missing unit in duration {}", shown()));
        }
        let unit = unit(name)
            .ok_or_else(|| format!("time: unknown unit {} in duration {}", quoted(name), shown()))?;
        total = amount(whole, fraction, unit)
            .and_then(|amount| total.checked_add(amount))
            .filter(|&total| total <= 1 << 63)
            .ok_or_else(invalid)?;
        rest = behind;
    }
    match i64::try_from(total) {
        Ok(total) => Ok(if negative { -total } else { total }),
        Err(_) if negative => Ok(i64::MIN),
        Err(_) => Err(invalid()),
    }
}

/// Quotes as Go's `time` package does: bytes that are not printable ASCII one by one.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..=b'\x7f' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push('"');
    out
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn unit(name: &str) -> Option<u64> {
    Some(match name {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// Returns `whole.fraction` units in nanoseconds. `None` if the result is too large.
fn amount(whole: &str, fraction: &str, unit: u64) -> Option<u64> {
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
    let whole = whole.checked_mul(unit).filter(|&amount| amount <= 1 << 63)?;
    // 19 digits are more than the precision of Go's float64.
    let digits = cut::before(fraction, fraction.len().min(18));
    let numerator = if digits.is_empty() { 0 } else { digits.parse::<u128>().ok()? };
    let scale = 10_u128.pow(u32::try_from(digits.len()).ok()?);
    let part = u64::try_from(numerator * u128::from(unit) / scale).ok()?;
    whole.checked_add(part).filter(|&amount| amount <= 1 << 63)
}

/// Checks `--retries` (`strconv.ParseInt` with base 10 and 32 bits).
pub(super) fn retries(value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Ok(());
    }
    let failed = |why: &str| format!("strconv.ParseInt: parsing {}: {why}", go::quote(value));
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(failed("invalid syntax"));
    }
    match value.parse::<i32>() {
        Err(_) => Err(failed("value out of range")),
        Ok(retries) if retries < 0 => Err(format!("--retries cannot be negative ({retries})")),
        Ok(_) => Ok(()),
    }
}

/// Checks a `--device` (`ParseDevice`).
pub(super) fn device(value: &str) -> Result<(), String> {
    let fields = fields(value).map_err(|why| format!("failed to parse csv devices: {why}"))?;
    let mut name = "";
    for field in &fields {
        let (key, value) = field.split_once('=').map_or((&**field, None), |(key, value)| (key, Some(value)));
        let key = go::lower(key);
        match (&*key, value) {
            ("required", value) if value.is_none_or(|value| go::parse_bool(value).is_some()) => {}
            ("required", Some(value)) => return Err(format!("invalid value for {key}: {value}")),
            ("name", Some(_)) if !name.is_empty() => {
                return Err(format!("device name already set to {name}"));
            }
            ("name", Some(value)) => name = value,
            _ if name.is_empty() => name = field,
            (_, None) => return Err(format!("invalid field '{field}' must be a key=value pair")),
            (_, Some(_)) => {
                let near = suggestion(&key, ["name", "required"].into_iter());
                return Err(format!("unexpected key '{key}' in '{field}'{near}"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stage_names_are_lower_case_words() {
        assert_eq!(stage_name("Build-1_a.B"), Ok("build-1_a.b".to_owned()));
        assert_eq!(stage_name("\u{212a}it"), Ok("kit".to_owned()));
        for wrong in ["1a", "-a", "a/b", "é", "aé", "a\n"] {
            assert_eq!(
                stage_name(wrong),
                Err(format!(
                    "invalid name for build stage: {}, name can't start with a number or contain symbols",
                    go::quote(wrong)
                ))
            );
        }
    }

    #[test]
    fn durations_are_go_s() {
        let seconds = 1_000_000_000;
        for (text, nanoseconds) in [
            ("0", 0),
            ("-0", 0),
            ("1h2m3s", 3723 * seconds),
            ("+1.5s", 1_500_000_000),
            ("-1.5s", -1_500_000_000),
            (".5s", 500_000_000),
            ("5.s", 5 * seconds),
            ("1us1µs1μs", 3_000),
            ("1ns", 1),
            ("0.000000000000000000000001s", 0),
            ("9223372036854775807ns", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
        ] {
            assert_eq!(duration(text), Ok(nanoseconds), "{text}");
        }
        for (text, message) in [
            ("", "time: invalid duration \"\""),
            ("-", "time: invalid duration \"-\""),
            ("s", "time: invalid duration \"s\""),
            (".s", "time: invalid duration \".s\""),
            ("1", "time: missing unit in duration \"1\""),
            ("1s1", "time: missing unit in duration \"1s1\""),
            ("1d", "time: unknown unit \"d\" in duration \"1d\""),
            ("1Âµs", "time: unknown unit \"\\xc3\\x82\\xc2\\xb5s\" in duration \"1\\xc3\\x82\\xc2\\xb5s\""),
            ("9223372036854775808ns", "time: invalid duration \"9223372036854775808ns\""),
            ("9999999999999999999999s", "time: invalid duration \"9999999999999999999999s\""),
            ("3000000h", "time: invalid duration \"3000000h\""),
        ] {
            assert_eq!(duration(text), Err(message.to_owned()), "{text}");
        }
    }

    #[test]
    fn intervals_last_a_millisecond_or_nothing() {
        assert_eq!(interval("interval", ""), Ok(()));
        assert_eq!(interval("interval", "0s"), Ok(()));
        assert_eq!(interval("interval", "1ms"), Ok(()));
        let short = Err("Interval \"timeout\" cannot be less than 1ms".to_owned());
        assert_eq!(interval("timeout", "999us"), short);
        assert_eq!(interval("timeout", "-1s"), short);
    }

    #[test]
    fn retries_are_32_bits() {
        for fine in ["", "0", "+3", "2147483647", "007"] {
            assert_eq!(retries(fine), Ok(()), "{fine}");
        }
        let failed = |value: &str, why: &str| Err(format!("strconv.ParseInt: parsing \"{value}\": {why}"));
        assert_eq!(retries("x"), failed("x", "invalid syntax"));
        assert_eq!(retries("+"), failed("+", "invalid syntax"));
        assert_eq!(retries("1_0"), failed("1_0", "invalid syntax"));
        assert_eq!(retries("2147483648"), failed("2147483648", "value out of range"));
        assert_eq!(retries("-1"), Err("--retries cannot be negative (-1)".to_owned()));
    }

    #[test]
    fn devices_have_one_name() {
        for fine in ["v.com/d=x", "v.com/d=x,required", "name=v.com/d,required=F", "required=1,a", "REQUIRED"]
        {
            assert_eq!(device(fine), Ok(()), "{fine}");
        }
        for (value, message) in [
            ("a,name=b", "device name already set to a"),
            ("a,b", "invalid field 'b' must be a key=value pair"),
            ("a,requird=1", "unexpected key 'requird' in 'requird=1' (did you mean required?)"),
            ("required=maybe", "invalid value for required: maybe"),
            ("", "failed to parse csv devices: EOF"),
        ] {
            assert_eq!(device(value), Err(message.to_owned()), "{value}");
        }
    }
}
