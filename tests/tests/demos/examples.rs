//! Examples as users run them, attacked.

use tests::prelude::*;

#[test]
fn a_chat_member_that_does_not_read_stops_no_speaker() {
    let address = format!("{}:9999", inet(&apart()).ip());
    let _server = Process::start(Command::new(example("chat")).arg(&address));
    let address = address.to_address().expect("an address");
    until("the example listens", || Client::impatient(&address).is_ok());
    let join = || Client::stream(&address);
    let _deaf = join();
    let (mut ann, mut bob) = (join(), join());
    bob.send("I am here\n");
    let mut heard = BufReader::new(bob).lines().map(|line| line.expect("a line"));
    heard.next().expect("a member hears itself, once it is one");
    let mut echo = ann.tcp().try_clone().expect("a descriptor");
    thread::spawn(move || while echo.read(&mut [0; 65_536]).is_ok_and(|read| read > 0) {});
    // More than the buffers of the system hold for the member that does not read.
    let line = "x".repeat(4_000) + "\n";
    for _ in 0..3_000 {
        ann.send(&line);
        heard.next().expect("the line");
    }
    // A client cannot fill the memory.
    let mut endless = join();
    until("a line without an end is cut off", || {
        let sent = endless.write_all(&[b'x'; 65_536]);
        sent.is_err_and(|error| error.kind() != ErrorKind::WouldBlock)
    });
}
