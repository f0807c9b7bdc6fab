//! The transports, from end to end.

mod adopt;
mod answers;
mod bind;
mod inet;
mod learnt;
mod networks;
mod options;
mod other_family;
mod restored_file;
mod socket_file;
mod stream;
mod tcp;
mod udp;
mod unix;
