//! Examples as users run them, attacked.

use tests::prelude::*;

#[test]
fn a_chat_member_that_does_not_read_stops_no_speaker() {
    let address = (inet(&apart()).ip(), 9999);
    let _server =
        Process::start(Command::new(example("chat")).arg(format!("{}:{}", address.0, address.1)));
    let join = || {
        let mut member = None;
        until("the example listens", || {
            member = TcpStream::connect(address).ok();
            member.is_some()
        });
        let member = member.expect("connected");
        member.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        member
    };
    let _deaf = join();
    let (mut ann, mut bob) = (join(), join());
    bob.write_all(b"I am here\n").expect("send");
    let mut heard = BufReader::new(bob).lines().map(|line| line.expect("a line"));
    heard.next().expect("a member hears itself, once it is one");
    let mut echo = ann.try_clone().expect("a descriptor");
    thread::spawn(move || while echo.read(&mut [0; 65_536]).is_ok_and(|read| read > 0) {});
    // More than the buffers of the system hold for the member that does not read.
    let line = "x".repeat(4_000) + "\n";
    for _ in 0..3_000 {
        ann.write_all(line.as_bytes()).expect("send");
        heard.next().expect("the line");
    }
    // A client cannot fill the memory.
    let mut endless = join();
    until("a line without an end is cut off", || {
        let sent = endless.write_all(&[b'x'; 65_536]);
        sent.is_err_and(|error| error.kind() != ErrorKind::WouldBlock)
    });
}
