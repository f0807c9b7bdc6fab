//! Every form of every row.

mod chunks;
mod connection;
mod fields;
mod files;
mod hosts;
mod lengths;
mod limits;
mod lines;
mod noise;

use super::case::Case;

pub(crate) fn all() -> Vec<Case> {
    [
        hosts::cases(),
        lengths::cases(),
        chunks::cases(),
        fields::cases(),
        lines::cases(),
        connection::cases(),
        limits::cases(),
        files::cases(),
        noise::cases(),
    ]
    .concat()
}
