//! Which requests a server admits.

mod full;
mod limits;
mod rates;
