//! A program that is locked into an empty folder after `bind`, with neither `/proc` nor
//! `/dev/null`.

use rustix::process::{WaitOptions, chroot, wait};
use tests::prelude::*;

use crate::harness::list;

list!(TESTS: forking_server_serves_in_a_jail);

/// And its child does not keep the listener.
fn forking_server_serves_in_a_jail() {
    if !getuid().is_root() {
        return;
    }
    let server = bind(ForkingTCPServer::<Echo>::builder().block_on_close(false));
    let address = server.server_address().clone();
    let folder = Folder::new();
    chroot(folder.path()).expect("chroot");
    std::env::set_current_dir("/").expect("chdir");

    let mut client = Client::stream(&address);
    client.send("hello");
    server.handle_request().expect("it serves");
    assert_eq!(client.recv(), b"hello");
    assert_eq!(server.active_children().len(), 1);
    drop(server);
    Client::try_stream(&address).expect_err("the child has no listener");
    client.end();
    let ended = wait(WaitOptions::empty()).expect("wait").expect("a child");
    assert_eq!(ended.1.exit_status(), Some(0));
}
