//! What is model-checked: see `.ci/loom.sh`.

mod server;
