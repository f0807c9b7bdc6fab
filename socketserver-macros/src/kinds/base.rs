//! `BaseRequestHandler`: requests of any type, and no further fields or options.

use proc_macro2::TokenStream;

use crate::ast::{Kind, RequestType};

pub(crate) static KIND: Kind = Kind {
    derive: "BaseRequestHandler",
    request: RequestType::OfField,
    parts: &[],
    options: &[],
    prepare: |_| TokenStream::new(),
    required: None,
    handle: None,
    further: None,
    stand_in: None,
    base: |_| None,
};
