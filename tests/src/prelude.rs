//! The names that most tests use: `use tests::prelude::*`. Beside the standard library's and this
//! crate's, these are all of the library under test. What a file declares or imports itself comes
//! before them.

pub use std::any::type_name;
pub use std::collections::{BTreeSet, HashSet};
pub use std::fmt::{self, Display};
pub use std::fs::{self, File};
pub use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
pub use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
pub use std::os::fd::{AsFd, AsRawFd, OwnedFd};
pub use std::os::unix::process::CommandExt;
pub use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
pub use std::path::{Path, PathBuf};
pub use std::process::{Command, Stdio};
pub use std::sync::atomic::Ordering::{self, Relaxed, SeqCst};
pub use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
pub use std::sync::{Arc, Barrier, OnceLock};
pub use std::thread::{self, JoinHandle, ThreadId};
pub use std::time::{Duration, Instant};

pub use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
pub use log::LevelFilter;
pub use parking_lot::Mutex;
pub use rustix::io::Errno;
pub use rustix::process::{
    Pid, Resource, Rlimit, getpid, getppid, getrlimit, getuid, kill_process, setrlimit,
};
pub use socket2::{Domain, SockRef, Type};
pub use socketserver::*;

pub use crate::*;
