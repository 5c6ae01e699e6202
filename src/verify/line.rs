//! The comparison at the instruction: the filesystem right after an edited instruction, as it is and edited, on the very
//! same filesystem before it. Later steps are not built, and nothing is excused as nondeterministic.
//!
//! If both are equal for every edited instruction that a build reaches, every later step starts from the same input, and
//! the images are the same up to what the steps randomise themselves and what a RUN can observe of a link (the rule
//! `observed-metadata`). [`group`] finds the instructions that are compared together, [`text`] writes the texts that are
//! built, and [`state`] compares. [`steps`] lists what is executed. It never decides what a difference means for a campaign.

pub(crate) mod group;
pub(crate) mod state;
pub(crate) mod steps;
pub(crate) mod text;
