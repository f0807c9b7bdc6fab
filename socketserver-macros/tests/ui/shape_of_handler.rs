use socketserver::{BaseRequestHandler, Socket, StreamRequestHandler};

#[derive(BaseRequestHandler)]
enum Enum {
    Case,
}

#[derive(BaseRequestHandler)]
union Union {
    case: u8,
}

#[derive(BaseRequestHandler)]
struct TupleStruct(Socket);

#[derive(StreamRequestHandler)]
struct WithLifetime<'a> {
    name: &'a str,
}

#[derive(StreamRequestHandler)]
struct AttributeOnParameter<#[handler(timeout = 30)] T> {
    case: Option<T>,
}

fn main() {}
