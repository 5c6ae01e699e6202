//! Tests of the library through its public face, one module a concern.

// The helpers of tests are tests, and may stop them.
#![allow(clippy::unwrap_used)]

mod discovery;
mod patch;
