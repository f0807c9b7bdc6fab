// Go's net package. Arguments: tcp, udp or unix; a path.
package main

import (
	"fmt"
	"net"
	"os"
	"time"
)

var sink uint32

func work(message []byte) {
	switch message[0] {
	case 's':
		time.Sleep(10 * time.Millisecond)
	case 'c':
		compute()
	}
}

func compute() {
	number := uint32(2463534242)
	for i := 0; i < 2_500_000; i++ {
		number ^= number << 13
		number ^= number >> 17
		number ^= number << 5
	}
	sink = number
}

func stream(connection net.Conn) {
	defer connection.Close()
	// Go sets TCP_NODELAY itself.
	buffer := make([]byte, 1024)
	for {
		count, err := connection.Read(buffer)
		if err != nil {
			return
		}
		work(buffer[:count])
		if _, err = connection.Write(buffer[:count]); err != nil {
			return
		}
	}
}

func streams(network, address string) error {
	// Its backlog is the system's maximum, 4,096.
	listener, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go stream(connection)
	}
}

func datagrams(address string) error {
	packets, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	socket := packets.(*net.UDPConn)
	fmt.Println(socket.LocalAddr())
	for {
		buffer := make([]byte, 1024)
		count, client, err := socket.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return err
		}
		go func() {
			work(buffer[:count])
			socket.WriteToUDPAddrPort(buffer[:count], client)
		}()
	}
}

func main() {
	var err error
	switch os.Args[1] {
	case "tcp":
		err = streams("tcp4", "127.0.0.1:0")
	case "unix":
		err = streams("unix", os.Args[2])
	case "udp":
		err = datagrams("127.0.0.1:0")
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
