//! What stands for the module's `__all__`, and for the methods of its classes: a name that goes
//! missing does not compile.

use tests::prelude::*;

/// The names of servers with a handler.
macro_rules! names {
    ($($server:ident),+ $(,)?) => { [$(type_name::<$server<Base>>()),+] };
}

/// Python's, and the fourth column.
pub(crate) fn servers() -> [&'static str; 16] {
    names! {
        TCPServer, ThreadingTCPServer, ForkingTCPServer, GreenTCPServer,
        UDPServer, ThreadingUDPServer, ForkingUDPServer, GreenUDPServer,
        UnixStreamServer, ThreadingUnixStreamServer, ForkingUnixStreamServer, GreenUnixStreamServer,
        UnixDatagramServer, ThreadingUnixDatagramServer, ForkingUnixDatagramServer,
        GreenUnixDatagramServer,
    }
}

/// The three handlers, each with all of its attributes and methods.
macro_rules! handler {
    ($(#[$attribute:meta])* struct $name:ident { $($field:ident: $type:ty),+ $(,)? }) => {
        $(#[$attribute])*
        struct $name {
            client_address: Address,
            server: ServerRef<()>,
            $($field: $type),+
        }

        impl $name {
            fn setup(&self) {}
            fn handle(&self) {
                let _attributes = (&self.client_address, &self.server, $(&self.$field),+);
            }
            fn finish(&self) {}
        }
    };
}

handler! {
    #[derive(BaseRequestHandler)]
    struct Base {
        request: Request,
    }
}

handler! {
    #[derive(StreamRequestHandler)]
    #[handler(rbufsize = -1, wbufsize = 0, timeout = 30, disable_nagle_algorithm)]
    struct Stream {
        request: Socket,
        connection: Socket,
        rfile: SocketReader,
        wfile: SocketWriter,
    }
}

handler! {
    #[derive(DatagramRequestHandler)]
    struct Message {
        request: Datagram,
        packet: Arc<[u8]>,
        socket: ReplySocket,
        rfile: PacketReader,
        wfile: Vec<u8>,
    }
}

/// The methods and class attributes of Python's servers, by what they are here.
pub(crate) fn members() {
    let _for_the_caller = (
        TCPServer::<Stream>::with,
        UDPServer::<Message>::with,
        TCPServer::<Stream>::server_address,
        TCPServer::<Stream>::fileno,
        TCPServer::<Stream>::serve_forever,
        TCPServer::<Stream>::handle_request,
        TCPServer::<Stream>::shutdown,
        TCPServer::<Stream>::server_close,
        ForkingTCPServer::<Stream>::active_children,
    );
    let _for_a_subclass = (
        <() as BaseServer>::verify_request,
        <() as BaseServer>::handle_error,
        <() as BaseServer>::handle_timeout,
        <() as BaseServer>::service_actions,
        <() as BaseServer>::server_close,
    );
    let _about_sockets = (
        <Tcp as Transport>::socket,
        <Tcp as Transport>::server_bind,
        <Tcp as Transport>::server_activate,
        <Tcp as Transport>::get_request,
        <Tcp as Transport>::shutdown_request,
        <Tcp as Transport>::server_close,
    );
    let _of_the_mixins = (
        <Inline as Concurrency>::process_request,
        <Threading as Concurrency>::process_request,
        <Threading as Concurrency>::server_close,
        <Forking as Concurrency>::process_request,
        <Forking as Concurrency>::service_actions,
        <Forking as Concurrency>::server_close,
        <Green as Concurrency>::process_request,
    );
    let _class_attributes = (
        Builder::<Tcp, Inline, Stream, ()>::timeout,
        Builder::<Tcp, Inline, Stream, ()>::request_queue_size,
        Builder::<Tcp, Inline, Stream, ()>::allow_reuse_address,
        Builder::<Tcp, Inline, Stream, ()>::allow_reuse_port,
        Builder::<Udp, Inline, Message, ()>::max_packet_size,
        Builder::<Tcp, Threading, Stream, ()>::daemon_threads,
        Builder::<Tcp, Threading, Stream, ()>::block_on_close,
        Builder::<Tcp, Forking, Stream, ()>::max_children,
        Builder::<Tcp, Forking, Stream, ()>::block_on_close,
    );
}
