//! The generated code means the same in a module where every name it could use means something
//! else. Its variables are out of reach of the expressions in attributes.

#![no_implicit_prelude]
#![deny(warnings)]
#![allow(dead_code, non_camel_case_types, clippy::non_minimal_cfg)]

mod shadowed {
    struct Address;
    struct Arc;
    struct Box;
    struct Clone;
    struct Default;
    struct Duration;
    struct Err;
    struct HandlerError;
    struct Into;
    struct None;
    struct Ok;
    struct Option;
    struct OptionalHooks;
    struct Outcome;
    struct RequestHandler;
    struct Result;
    struct ServerRef;
    struct Socket;
    struct Some;
    struct StreamFiles;
    struct StreamOptions;
    struct Vec;
    struct bool;
    mod core {}
    mod socketserver {}
    mod std {}

    #[derive(::socketserver::StreamRequestHandler)]
    #[handler(timeout = 3, wbufsize = -1, rbufsize = 0, disable_nagle_algorithm)]
    struct Stream {
        request: ::socketserver::Socket,
        client_address: ::socketserver::Address,
        server: ::socketserver::ServerRef<()>,
        connection: ::socketserver::Socket,
        rfile: ::socketserver::SocketReader,
        wfile: ::socketserver::SocketWriter,
        r#type: u8,
        r#match: ::std::option::Option<u8>,
        #[handler(default = { let request = 1; let server = 2; request + server })]
        sum: i32,
    }

    impl Stream {
        fn setup(&self) {}
        fn handle(&mut self) {}
        fn finish(&mut self) {}
    }

    #[derive(::socketserver::DatagramRequestHandler)]
    struct Datagram {
        packet: ::std::sync::Arc<[u8]>,
        socket: ::socketserver::ReplySocket,
        rfile: ::socketserver::PacketReader,
        wfile: ::std::vec::Vec<u8>,
    }

    impl Datagram {
        fn handle(&self) {}
    }

    #[derive(::socketserver::BaseRequestHandler)]
    struct Generic<#[cfg(all())] T: ::std::default::Default = u8, const N: usize = 3>
    where
        [T; N]: ::std::default::Default,
    {
        request: ::socketserver::Request,
        own: [T; N],
    }

    impl<T: ::std::default::Default, const N: usize> Generic<T, N>
    where
        [T; N]: ::std::default::Default,
    {
        fn handle(&self) {}
    }
}

macro_rules! handler {
    ($name:ident, $field:ident: $type:ty, $default:expr) => {
        #[derive(::socketserver::BaseRequestHandler)]
        struct $name {
            $field: $type,
            #[handler(default = $default)]
            number: u32,
            #[cfg(any())]
            absent: NoSuchType,
            #[cfg_attr(all(), handler(default = 7))]
            conditional: u32,
        }

        impl $name {
            fn handle(&self) {}
        }
    };
}

handler!(FromMacro, request: ::socketserver::Socket, 5);

fn main() {
    #[derive(::socketserver::BaseRequestHandler)]
    struct Local {
        request: ::socketserver::Datagram,
    }

    impl Local {
        fn handle(&self) {}
    }

    let _ = ::socketserver::UDPServer::<Local>::bind("127.0.0.1:0");
}
