//! What this process has used, as Linux tells it; `None` on other systems.
#![allow(dead_code, reason = "each tool measures something else")]

use std::fs;

/// Returns the most memory, in bytes.
pub fn most_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

/// Returns the seconds of processor time of all threads (`proc_pid_stat(5)`, in hundredths of a second).
pub fn processor_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in parentheses, may hold blanks.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u32>().ok());
    Some(f64::from(ticks.sum::<Option<u32>>()?) / 100.0)
}
