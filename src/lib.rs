//! Layerwright migrates the Dockerfiles of a repository to `COPY --link` and proves that no image changes.

pub mod dockerfile;
pub mod rootfs;
pub mod shell;
pub mod text;
