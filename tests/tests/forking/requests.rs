//! What becomes of one request, in its child.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, abort, exit};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use rustix::process::{Signal, getpid, kill_process};
use socketserver::{
    Address, BaseRequestHandler, BaseServer, Concurrency, Forking, ForkingTCPServer,
    ForkingUDPServer, Job, Refused, Request, Server, ServerRef, Served, Socket, Tcp, Threading,
    Udp, UnixDatagram, UnixStream, Waker, Workers,
};
use tests::{Client, Folder, Place};

use crate::harness::list;
use crate::support::{EndAfter, Journal, end_of, is_childless};

list!(TESTS:
    tcp_echoes,
    udp_echoes,
    unix_streams_echo,
    unix_datagrams_echo,
    python_talks_over_every_transport,
);
