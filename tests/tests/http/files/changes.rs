//! Files that change while they are sent.

use super::*;
use crate::harness::list;
use crate::replies::Replies;

list!(
    ;
    a_file_that_shrinks_aborts_its_reply,
    a_small_file_leaves_in_one_write;
    a_file_that_grows_keeps_its_length,
    a_replaced_file_is_sent_as_it_was;
);

/// More than the buffers of both sides hold.
const LARGE: u64 = 64 << 20;

/// A tree with a large file, and a client that has asked for it and read the head of the reply.
fn begun(column: Column) -> (Tree, Client, String) {
    let tree = Tree::new(column, &[], &[("file", b""), ("small", b"small")]);
    let file = File::options().write(true).open(tree.folder.join("file")).expect("open");
    file.set_len(LARGE).expect("a length");
    let mut client = Client::stream(tree.site.address());
    client.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(char::from(client.recv_exact(1)[0]));
    }
    assert!(head.contains(&format!("Content-Length: {LARGE}\r\n")), "{head}");
    (tree, client, head)
}

fn truncate(tree: &Tree, length: u64) {
    let file = File::options().write(true).open(tree.folder.join("file")).expect("open");
    file.set_len(length).expect("a length");
}

/// The client must not take what it has got for the whole.
fn a_file_that_shrinks_aborts_its_reply(column: Column) {
    let (tree, mut client, _) = begun(column);
    truncate(&tree, 1 << 20);
    let mut received = 0_u64;
    let mut buffer = vec![0; 1 << 20];
    let end = loop {
        match client.read(&mut buffer) {
            Ok(0) => break None,
            Ok(bytes) => received += bytes as u64,
            Err(error) => break Some(error.kind()),
        }
    };
    assert_eq!(end, Some(ErrorKind::ConnectionReset));
    assert!(received < LARGE, "{received}");
    assert_eq!(tree.get("/small", &[]).text(), "small");
}

fn a_file_that_grows_keeps_its_length(column: Column) {
    let (tree, mut client, _) = begun(column);
    truncate(&tree, 2 * LARGE);
    let mut left = LARGE;
    let mut buffer = vec![1; 1 << 20];
    while left > 0 {
        let room = buffer.len().min(left as usize);
        let bytes = client.read(&mut buffer[..room]).expect("read");
        assert!(bytes > 0 && buffer[..bytes].iter().all(|byte| *byte == 0));
        left -= bytes as u64;
    }
    // What follows is the next reply.
    client.send("GET /small HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(Replies::new(client).reply().text(), "small");
}

/// Programs that replace files whole, as they should, disturb no reply.
fn a_replaced_file_is_sent_as_it_was(column: Column) {
    let (tree, mut client, _) = begun(column);
    fs::write(tree.folder.join("new"), "new").expect("write");
    fs::rename(tree.folder.join("new"), tree.folder.join("file")).expect("rename");
    let mut left = LARGE;
    let mut buffer = vec![1; 1 << 20];
    while left > 0 {
        let room = buffer.len().min(left as usize);
        left -= client.read(&mut buffer[..room]).expect("read") as u64;
    }
    assert_eq!(tree.get("/file", &[]).text(), "new");
}

/// Head and body together, or a client that delays its acknowledgements waits 40 ms for the rest.
fn a_small_file_leaves_in_one_write(column: Column) {
    let content = vec![b'x'; 64 << 10];
    let tree =
        Tree::of("files::counted_files", column, &[], &[("small", &content), ("tiny", b"tiny")]);
    let lengths = ["/tiny", "/small"].map(|target| {
        let reply = tree.get(target, &[]);
        assert_eq!(reply.status, 200);
        reply.body.len()
    });
    assert_eq!(lengths, [4, 64 << 10]);
    let Tree { site, folder } = tree;
    let log = site.end();
    let writes = log.lines().filter_map(|line| line.strip_prefix("wrote "));
    let writes: Vec<usize> = writes.map(|size| size.parse().expect("a number")).collect();
    assert_eq!(writes.len(), 2, "{log}");
    assert!(writes[0] < 1_000 && writes[1] > 64 << 10, "{log}");
    drop(folder);
}
