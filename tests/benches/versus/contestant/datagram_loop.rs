//! One thread that receives and sends datagrams.

use tests::prelude::*;

use super::place::udp_socket;
use super::{BUFFER, Contestant, Place, Program, Service};
use crate::job::work;

pub(super) const DATAGRAM_LOOP: Contestant = Contestant {
    name: "datagram-loop",
    about: "written by hand: one loop of `recv_from` and `send_to`",
    services: &[Service::Udp],
    most_connections: 0,
    sleeps: false,
    program: Program::Here(serve),
    ..Contestant::USUAL
};

fn serve(_: &Place) -> io::Result<()> {
    let socket = udp_socket()?;
    let mut buffer = [0; BUFFER];
    loop {
        let (count, client) = socket.recv_from(&mut buffer)?;
        work(&buffer[..count], thread::sleep);
        socket.send_to(&buffer[..count], client)?;
    }
}
