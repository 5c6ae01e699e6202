//! The tests that look at the crate from outside, in one binary, a module a concern.

// The helpers of tests are tests, and may stop them.
#![allow(clippy::unwrap_used)]

mod discovery;
mod reading;
