//! A task per connection.

use tests::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use super::BUFFER;

pub(super) fn tasks() -> io::Result<SocketAddr> {
    let runtime = Runtime::new()?;
    let listener = runtime.block_on(TcpListener::bind(LOCAL))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        runtime.block_on(async {
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(upper_task(stream));
                }
            }
        })
    });
    Ok(address)
}

async fn upper_task(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; BUFFER];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => {
                let answer = buffer[..count].to_ascii_uppercase();
                stream.write_all(&answer).await?;
            }
        }
    }
}
