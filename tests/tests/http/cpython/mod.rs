//! CPython's own tests of `http.server`, under their names: `Lib/test/test_httpservers.py` of
//! CPython 3.14, whose 92 tests are the 76 of CPython 3.13 and some more. What they ask is asked
//! here in Rust, written anew. 74 of the 92 are tests here, each of a server in every column.
//!
//! | class | tests | where |
//! | --- | --- | --- |
//! | `BaseHTTPServerTestCase` | 22 | `base` |
//! | `HTTP09ServerTestCase` | 3 | `base`, with the option `http_0_9` |
//! | `BaseHTTPSServerTestCase` | 3 | `rest` |
//! | `RequestHandlerLoggingTestCase` | 2 | `base` |
//! | `SimpleHTTPServerTestCase` | 19 | `http/files/cpython.rs` |
//! | `BaseHTTPRequestHandlerTestCase` | 18 | `socketless` |
//! | `SimpleHTTPRequestHandlerTestCase` | 2 of 3 | `http/files/cpython.rs` |
//! | `MiscTestCase` | 1 | `rest` |
//! | `ScriptTestCase` | 4 | `rest` |
//!
//! The 18 others:
//!
//! | test | why it is not here |
//! | --- | --- |
//! | the 16 of `CGIHTTPServerTestCase` | there is no CGI: deprecated in 3.13, removed in 3.15 |
//! | `test_windows_colon` | there are no drives: the crate does not compile on Windows |
//! | `TestSSLDisabled.test_https_server_raises_runtime_error` | without the feature `tls` there is no such method |

// The names are CPython's.
#![allow(non_snake_case)]

pub(crate) mod base;
pub(crate) mod rest;
pub(crate) mod servers;
pub(crate) mod socketless;
