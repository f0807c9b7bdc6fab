//! Waits for the redirect at the end of a login in the browser, and returns its code to `main`:
//! one request that counts, and a deadline.
//!
//!     cargo run --example http_oauth_callback --features http
//!     curl 'http://127.0.0.1:…/callback?state=…&code=1234'      # as the program prints it

#![allow(clippy::print_stdout)]

use std::env;
use std::io;
use std::sync::mpsc::{self, SyncSender};
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use socketserver::http::{BaseHTTPRequestHandler, HTTPError, ReplyWriter, ThreadingHTTPServer};
use socketserver::{BaseServer, ServerRef};

/// What the provider's redirect says: a code, or why there is none.
type Answer = Result<String, String>;

struct Login {
    /// A random number, so that no other page can finish this login with a different code.
    state: String,
    answer: SyncSender<Answer>,
}

impl BaseServer for Login {}

#[derive(BaseHTTPRequestHandler)]
struct Callback {
    server: ServerRef<Login>,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Callback {
    fn do_GET(&mut self) -> io::Result<()> {
        // Browsers also ask for an icon.
        if self.path_without_query() != "/callback" {
            return Err(HTTPError::new(404).into());
        }
        if self.query_value("state").as_ref() != Some(&self.server.state) {
            return Err(HTTPError::new((400, "This is not the login that was begun")).into());
        }
        let answer = match (self.query_value("code"), self.query_value("error")) {
            (Some(code), None) => Ok(code),
            (_, Some(error)) => Err(error),
            (None, None) => return Err(HTTPError::new((400, "No code")).into()),
        };
        // The channel has room for one: a page that is loaded again changes nothing.
        let _ = self.server.answer.try_send(answer);
        self.reply(200, "text/plain; charset=utf-8", "You may close this window.\n")
    }
}

fn log_in(time: Duration) -> io::Result<String> {
    let mut number = [0; 16];
    SystemRandom::new().fill(&mut number).map_err(|_| io::Error::other("no random numbers"))?;
    let state = number.map(|byte| format!("{byte:02x}")).concat();
    let (answer, answers) = mpsc::sync_channel(1);
    let login = Login { state: state.clone(), answer };
    // On threads, because a browser may open a second connection and send nothing.
    let server = ThreadingHTTPServer::<Callback, Login>::with(login);
    let running = server.bind("127.0.0.1:0")?.spawn()?;
    let callback = format!("http://{}/callback", running.server_address());
    // A real program opens the provider's page here, with these two as `redirect_uri` and `state`.
    println!("{callback}?state={state}");
    let answer = answers.recv_timeout(time);
    // The browser still gets its page.
    running.drain(Duration::from_secs(1))?;
    match answer {
        Ok(Ok(code)) => Ok(code),
        Ok(Err(error)) => Err(io::Error::other(format!("the login has failed: {error:?}"))),
        Err(_) => {
            Err(io::Error::new(io::ErrorKind::TimedOut, "expected a login, got none in time"))
        }
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    let seconds = env::args().nth(1).and_then(|seconds| seconds.parse().ok()).unwrap_or(120);
    let code = log_in(Duration::from_secs(seconds))?;
    println!("the code is {code:?}");
    Ok(())
}
