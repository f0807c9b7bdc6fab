//! Answers DNS queries for IPv4 addresses from a zone, over UDP and over TCP.
//!
//!     cargo run --example dns_responder 127.0.0.1:5353
//!     dig @127.0.0.1 -p 5353 www.example.test
//!     dig @127.0.0.1 -p 5353 +tcp www.example.test

#![allow(clippy::print_stdout)]

use std::collections::HashMap;
use std::env;
use std::io::{self, BufRead, Read};
use std::net::Ipv4Addr;
use std::time::Duration;

use socketserver::{
    Address, BaseRequestHandler, BaseServer, Request, ServerRef, Socket, ThreadingTCPServer,
    UDPServer,
};

const RESPONSE: u8 = 0x80;
const OPCODE: u8 = 0x78;
const AUTHORITATIVE: u8 = 0x04;
const RECURSION_DESIRED: u8 = 0x01;
const NOERROR: u8 = 0;
const FORMERR: u8 = 1;
const NXDOMAIN: u8 = 3;
const NOTIMP: u8 = 4;
/// The type and the class of an internet address.
const ADDRESS: [u8; 4] = [0, 1, 0, 1];
/// The fields before each address: a pointer to the name in the question at byte 12, type, class,
/// 300 seconds to live, and the length of four bytes.
const RECORD: [u8; 12] = [0xC0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4];
const IDLE: Duration = Duration::from_secs(10);
const DRAIN: Duration = Duration::from_secs(1);

/// The names and addresses that both servers know.
#[derive(Clone)]
struct Zone(HashMap<&'static str, Vec<Ipv4Addr>>);

impl<R> BaseServer<R> for Zone {}

/// The name at the start of the data, and the data after it.
fn read_name(mut data: &[u8]) -> Option<(String, &[u8])> {
    let mut labels = Vec::new();
    loop {
        let (length, rest) = data.split_first()?;
        let (label, rest) = match length {
            0 => return Some((labels.join("."), rest)),
            1..=63 => rest.split_at_checked(usize::from(*length))?,
            // A compressed name, which is pointless in a question.
            _ => return None,
        };
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        data = rest;
    }
}

/// The content of a reply: its code, the question, and the addresses.
type Answer<'a> = (u8, &'a [u8], &'a [Ipv4Addr]);

/// The answer, or `None` if the query is malformed.
fn look_up<'a>(header: [u8; 12], questions: &'a [u8], zone: &'a Zone) -> Option<Answer<'a>> {
    if header[2] & OPCODE != 0 {
        return Some((NOTIMP, &[], &[]));
    }
    let (name, rest) = read_name(questions)?;
    let (asked, rest) = rest.split_at_checked(4)?;
    let question = &questions[..questions.len() - rest.len()];
    match zone.0.get(name.as_str()) {
        _ if header[4..6] != [0, 1] => None,
        None => Some((NXDOMAIN, question, &[])),
        Some(addresses) if asked == ADDRESS => Some((NOERROR, question, addresses)),
        Some(_) => Some((NOERROR, question, &[])),
    }
}

/// The reply to a query, or `None` if the message is not a query.
fn reply_to(query: &[u8], zone: &Zone) -> Option<Vec<u8>> {
    let (header, questions) = query.split_first_chunk::<12>()?;
    let [high, low, flags, ..] = *header;
    if flags & RESPONSE != 0 {
        return None;
    }
    let answer = look_up(*header, questions, zone);
    let (code, question, addresses) = answer.unwrap_or((FORMERR, &[], &[]));
    let flags = RESPONSE | AUTHORITATIVE | flags & (OPCODE | RECURSION_DESIRED);
    let (questions, answers) = (u8::from(!question.is_empty()), addresses.len() as u8);
    let mut reply = vec![high, low, flags, code, 0, questions, 0, answers, 0, 0, 0, 0];
    reply.extend(question);
    for address in addresses {
        reply.extend(RECORD);
        reply.extend(address.octets());
    }
    Some(reply)
}

/// Created for each datagram and for each connection.
#[derive(BaseRequestHandler)]
struct DnsHandler {
    request: Request,
    client_address: Address,
    server: ServerRef<Zone>,
}

impl DnsHandler {
    fn handle(&self) -> io::Result<()> {
        match &self.request {
            Request::Datagram(datagram) => {
                if let Some(reply) = reply_to(&datagram.data, &self.server) {
                    datagram.socket.sendto(&reply, &self.client_address)?;
                }
                Ok(())
            }
            Request::Stream(connection) => self.answer_all(connection),
        }
    }

    /// On a stream, the length of each message comes before it.
    fn answer_all(&self, connection: &Socket) -> io::Result<()> {
        connection.settimeout(Some(IDLE))?;
        let (mut rfile, _) = connection.makefile(-1, 0);
        while !rfile.fill_buf()?.is_empty() {
            let mut prefix = [0; 2];
            rfile.read_exact(&mut prefix)?;
            let mut query = vec![0; u16::from_be_bytes(prefix).into()];
            rfile.read_exact(&mut query)?;
            let Some(reply) = reply_to(&query, &self.server) else {
                break;
            };
            let prefix = (reply.len() as u16).to_be_bytes();
            connection.sendall(&[&prefix, &reply[..]].concat())?;
        }
        Ok(())
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    let address = env::args().nth(1).unwrap_or("127.0.0.1:5353".into());
    let zone = Zone(HashMap::from([
        ("example.test", vec![[192, 0, 2, 1].into()]),
        ("www.example.test", vec![[192, 0, 2, 2].into(), [192, 0, 2, 3].into()]),
    ]));
    let udp = UDPServer::<DnsHandler, Zone>::with(zone.clone()).bind(&address)?;
    let tcp = ThreadingTCPServer::<DnsHandler, Zone>::with(zone).bind(&address)?;
    println!("udp {}", udp.server_address());
    println!("tcp {}", tcp.server_address());
    tcp.drain_on_signals(DRAIN)?;
    let udp = udp.spawn()?;
    tcp.serve_forever()?;
    udp.drain(DRAIN)?;
    Ok(())
}
