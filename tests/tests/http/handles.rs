//! Handles that handlers keep, and what they do with the connection itself.

use socketserver::http::{BaseHTTPRequestHandler, BodyReader, Exchange, Headers, ReplyWriter};
use tests::prelude::*;

use crate::harness::{Column, list, programs};
use crate::replies::{Replies, ask};
use crate::site::{Site, serve};

list!(
    ;
    input_read_ahead_passes_for_nothing_else, values_may_use_the_reply, ended_replies_stay_whole;
    handles_end_with_their_request, idle_connections_keep_no_head;
);

programs!(keeping);

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1")]
struct Keeping {
    path: String,
    connection: Socket,
    headers: Headers,
    rfile: BodyReader,
    wfile: ReplyWriter,
    kept: Option<(ReplyWriter, BodyReader, Exchange)>,
    logged: String,
}

/// One letter for each result.
fn letter<T>(result: io::Result<T>) -> char {
    match result {
        Ok(_) => '.',
        Err(error) if error.kind() == ErrorKind::InvalidInput => 'i',
        Err(_) => '?',
    }
}

/// A value that uses the reply, and may panic, while it is formatted.
struct Busy(ReplyWriter, bool);

impl Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("busy")?;
        // The head has not ended.
        assert_eq!(letter(self.0.clone().write_all(b"EVIL")), 'i');
        if self.1 {
            resume_unwind(Box::new("no"));
        }
        Ok(())
    }
}

/// A value that writes to the body while it is formatted.
struct Writing(ReplyWriter);

impl Display for Writing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.clone().write_all(b"inner ").map_err(|_| fmt::Error)?;
        f.write_str("outer")
    }
}

// Panics that are resumed print nothing.
#[allow(non_snake_case)]
impl Keeping {
    fn do_GET(&mut self) -> io::Result<()> {
        match &*self.path.clone() {
            "/keep" => {
                let exchange = self.exchange().clone();
                self.kept = Some((self.wfile.clone(), self.rfile.clone(), exchange));
                self.reply(200, "text/plain", "kept")
            }
            "/use" => {
                let said = self.use_kept();
                self.reply(200, "text/plain", said)
            }
            "/layer" | "/detach" | "/relay" | "/take-over" => self.change_protocol(),
            "/values" => self.format_values(),
            "/fields" => self.reply(200, "text/plain", self.headers.len().to_string()),
            "/logged" => self.reply(200, "text/plain", self.logged.clone()),
            _ => self.reply(200, "text/plain", "fine"),
        }
    }

    fn do_POST(&mut self) -> io::Result<()> {
        self.use_kept_body()
    }

    /// What each call on the handles of an earlier request comes to.
    fn use_kept(&mut self) -> String {
        let (mut wfile, _, exchange) = self.kept.clone().expect("kept");
        self.send_response(200).expect("a reply");
        self.end_headers().expect("a head");
        let clone = wfile.clone().write_all(b"EVIL");
        exchange.set_closes(true);
        let said = [
            letter(wfile.write_all(b"EVIL")),
            letter(wfile.flush()),
            letter(clone),
            letter(exchange.take_over()),
            letter(self.wfile.clone().write_all(b"")),
        ];
        said.into_iter().chain(exchange.closes().then_some('!')).collect()
    }

    fn use_kept_body(&mut self) -> io::Result<()> {
        let kept = self.kept.as_mut().expect("kept").1.read(&mut [0; 9]);
        let mut said = letter(kept).to_string();
        self.rfile.read_to_string(&mut said)?;
        self.reply(200, "text/plain", said)
    }

    /// Sends what became of the bytes that had come with the request.
    fn change_protocol(&mut self) -> io::Result<()> {
        self.send_response_only(101)?;
        self.send_header("Upgrade", "other")?;
        self.end_headers()?;
        let said = match &*self.path {
            "/layer" => format!("{:?}", self.connection.set_layer(Through).map_err(|e| e.kind())),
            "/detach" => match self.connection.detach() {
                Ok(fd) => return File::from(fd).write_all(b"detached"),
                Err(error) => format!("Err({:?})", error.kind()),
            },
            "/relay" => {
                let (near, far) = socketpair(SocketKind::Stream)?;
                drop(far);
                format!("{:?}", relay(&self.connection, &near).map_err(|error| error.kind()))
            }
            _ => {
                let come = self.exchange().take_over()?;
                self.connection.set_layer(Through)?;
                String::from_utf8_lossy(&come).into_owned()
            }
        };
        self.connection.sendall(said.as_bytes())
    }

    fn format_values(&mut self) -> io::Result<()> {
        self.send_response(200)?;
        self.send_header("X-Busy", Busy(self.wfile.clone(), false))?;
        let half = || self.send_header("X-Half", Busy(self.wfile.clone(), true));
        assert!(catch_unwind(AssertUnwindSafe(half)).is_err());
        self.send_header("X-Last", 1)?;
        self.end_headers()?;
        write!(self.wfile, "{}", Writing(self.wfile.clone()))
    }

    /// It is called when the reply has ended.
    fn log_request(&mut self, _: u16, _: u64) {
        let results = [
            self.wfile.write_all(b"EVIL"),
            self.send_response(500),
            self.end_headers(),
            self.wfile.flush(),
        ];
        self.logged.extend(results.map(letter));
    }
}

fn keeping(column: Column, _: &[String]) {
    serve(Builder::<_, _, Keeping, _>::new(Tcp::new(), column.concurrency(), ()));
}

fn site(column: Column) -> Site {
    Site::start("handles::keeping", column, &[])
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

fn handles_end_with_their_request(column: Column) {
    let site = site(column);
    let mut replies = Replies::new(Client::stream(site.address()));
    for (path, said) in [("/keep", "kept"), ("/use", "iiii."), ("/fine", "fine")] {
        replies.client.send(request(path));
        assert_eq!(replies.reply().text(), said, "{path}");
    }
    replies.client.send("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
    assert_eq!(replies.reply().text(), "ibody");
    site.end();
}

/// Bytes that were sent before a layer was there must not pass for bytes that it protects.
fn input_read_ahead_passes_for_nothing_else(column: Column) {
    let site = site(column);
    for (path, said) in [
        ("/layer", "Err(InvalidInput)"),
        ("/detach", "Err(InvalidInput)"),
        ("/relay", "Err(InvalidInput)"),
        ("/take-over", "INJECTED"),
    ] {
        let mut client = Client::stream(site.address());
        client.send(request(path) + "INJECTED");
        let all = String::from_utf8(client.rest()).expect("text");
        assert_eq!(all.split_once("\r\n\r\n").map(|(_, rest)| rest), Some(said), "{path}");
    }
    // Nothing is left of a request that came alone.
    for (path, said) in [("/layer", "Ok(())"), ("/detach", "detached")] {
        let mut client = Client::stream(site.address());
        client.send(request(path));
        assert!(client.rest().ends_with(said.as_bytes()), "{path}");
    }
    site.end();
}

fn values_may_use_the_reply(column: Column) {
    let site = site(column);
    let replies = ask(site.address(), request("/values"));
    assert_eq!(replies[0].text(), "inner outer");
    let own = |name| replies[0].field(name).map(str::to_owned);
    assert_eq!(own("X-Busy").as_deref(), Some("busy"));
    assert_eq!((own("X-Half"), own("X-Last").as_deref()), (None, Some("1")));
    site.end();
}

fn ended_replies_stay_whole(column: Column) {
    let site = site(column);
    let mut replies = Replies::new(Client::stream(site.address()));
    replies.client.send(request("/fine"));
    assert_eq!(replies.reply().text(), "fine");
    if column != Column::Inline {
        replies.client.send(request("/logged"));
        assert_eq!(replies.reply().text(), "iii.");
    }
    replies.client.end();
    assert_eq!(replies.rest(), b"");
    site.end();
}

/// A client may send a long head, and then nothing.
fn idle_connections_keep_no_head(column: Column) {
    const CLIENTS: usize = 100;
    const FIELD: usize = 15_000;
    if column == Column::Forking {
        // Their memory is that of their processes.
        return;
    }
    let site = site(column);
    let mut clients: Vec<_> =
        (0..CLIENTS).map(|_| Replies::new(Client::stream(site.address()))).collect();
    let ask = |clients: &mut Vec<Replies>, fields: usize| {
        let field = format!("X: {}\r\n", "a".repeat(FIELD));
        for replies in clients {
            let head = "GET /fields HTTP/1.1\r\nHost: a\r\n";
            replies.client.send(format!("{head}{}\r\n", field.repeat(fields)));
            assert_eq!(replies.reply().text(), (fields + 1).to_string());
        }
        memory_of(site.id(), "VmRSS").expect("its memory")
    };
    let before = ask(&mut clients, 0);
    let grown = ask(&mut clients, 4).saturating_sub(before);
    println!("figure: {column}: {} bytes per idle connection", grown as usize / CLIENTS);
    // The heads had twice as much.
    assert!(grown < (CLIENTS * 2 * FIELD) as u64, "{grown} bytes");
    drop(clients);
    site.end();
}
