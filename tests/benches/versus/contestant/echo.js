// Node.js. Arguments: tcp, udp or unix; a path.
'use strict';

const dgram = require('node:dgram');
const net = require('node:net');

const [network, path] = process.argv.slice(2);

function work(message, answer) {
  switch (message[0]) {
    case 's'.charCodeAt(0):
      setTimeout(answer, 10);
      return;
    case 'c'.charCodeAt(0):
      compute();
  }
  answer();
}

function compute() {
  let number = 2463534242;
  for (let i = 0; i < 2_500_000; i++) {
    number ^= number << 13;
    number ^= number >>> 17;
    number ^= number << 5;
  }
  return number;
}

if (network === 'udp') {
  const server = dgram.createSocket('udp4');
  server.on('message', (message, client) => {
    work(message, () => server.send(message, client.port, client.address));
  });
  server.bind(0, '127.0.0.1', () => console.log(`127.0.0.1:${server.address().port}`));
} else {
  const server = net.createServer({ noDelay: true }, (connection) => {
    connection.on('data', (message) => work(message, () => connection.write(message)));
    connection.on('error', () => connection.destroy());
  });
  const place = network === 'unix' ? { path } : { port: 0, host: '127.0.0.1' };
  server.listen({ ...place, backlog: 4096 }, () => {
    console.log(network === 'unix' ? path : `127.0.0.1:${server.address().port}`);
  });
}
