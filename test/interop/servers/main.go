// golang.org/x/crypto/ssh: a server that runs commands by /bin/sh. Arguments: host key, authorized keys.
// Prints its port.
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"

	"golang.org/x/crypto/ssh"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func run(channel ssh.Channel, command string) {
	child := exec.Command("/bin/sh", "-c", command)
	child.Stdout, child.Stderr = channel, channel.Stderr()
	stdin := must(child.StdinPipe())
	if err := child.Start(); err != nil {
		panic(err)
	}
	go func() {
		buffer := make([]byte, 65536)
		for {
			n, err := channel.Read(buffer)
			stdin.Write(buffer[:n])
			if err != nil {
				break
			}
		}
		stdin.Close()
	}()
	child.Wait()
	status := make([]byte, 4)
	binary.BigEndian.PutUint32(status, uint32(child.ProcessState.ExitCode()))
	channel.SendRequest("exit-status", false, status)
	channel.Close()
}

func session(opened ssh.NewChannel) {
	if opened.ChannelType() != "session" {
		opened.Reject(ssh.UnknownChannelType, "sessions only")
		return
	}
	channel, requests, err := opened.Accept()
	if err != nil {
		return
	}
	for request := range requests {
		isExec := request.Type == "exec"
		request.Reply(isExec, nil)
		if isExec {
			var payload struct{ Command string }
			ssh.Unmarshal(request.Payload, &payload)
			go run(channel, payload.Command)
		}
	}
}

func main() {
	known, _, _, _, err := ssh.ParseAuthorizedKey(must(os.ReadFile(os.Args[2])))
	if err != nil {
		panic(err)
	}
	config := &ssh.ServerConfig{
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if bytes.Equal(key.Marshal(), known.Marshal()) {
				return nil, nil
			}
			return nil, errors.New("unknown key")
		},
	}
	config.AddHostKey(must(ssh.ParsePrivateKey(must(os.ReadFile(os.Args[1])))))
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	for {
		connection := must(listener.Accept())
		go func() {
			_, channels, requests, err := ssh.NewServerConn(connection, config)
			if err != nil {
				return
			}
			go ssh.DiscardRequests(requests)
			for opened := range channels {
				go session(opened)
			}
		}()
	}
}
