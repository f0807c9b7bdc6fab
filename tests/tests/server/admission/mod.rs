//! Which requests a server admits.

mod full;
mod rates;
