//! What the programs share: how they begin and end ([`program`]), where they listen or connect
//! ([`place`]), how they serve ([`server`]), and which text is fit for a terminal ([`text`]).

pub mod place;
pub mod program;
pub mod server;
pub mod text;
