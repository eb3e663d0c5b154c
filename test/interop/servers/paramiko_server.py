"""paramiko: a server that runs commands by /bin/sh. Arguments: host key, authorized keys. Prints its port."""
import socket
import subprocess
import sys
import threading

import paramiko

HOST_KEY = paramiko.RSAKey(filename=sys.argv[1])
KNOWN = {line.split()[1] for line in open(sys.argv[2], encoding='ascii')}


class Server(paramiko.ServerInterface):
    def get_allowed_auths(self, username):
        return 'publickey'

    def check_auth_publickey(self, username, key):
        known = key.get_base64() in KNOWN
        return paramiko.AUTH_SUCCESSFUL if known else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        session = kind == 'session'
        return paramiko.OPEN_SUCCEEDED if session else paramiko.OPEN_FAILED_UNKNOWN_CHANNEL_TYPE

    def check_channel_exec_request(self, channel, command):
        threading.Thread(target=run, args=(channel, command), daemon=True).start()
        return True


def run(channel, command):
    pipe = subprocess.PIPE
    child = subprocess.Popen(['/bin/sh', '-c', command.decode()], stdin=pipe, stdout=pipe, stderr=pipe)

    def feed():
        while data := channel.recv(65536):
            child.stdin.write(data)
            child.stdin.flush()
        child.stdin.close()

    def copy(source, send):
        while data := source.read1(65536):
            send(data)

    threading.Thread(target=feed, daemon=True).start()
    errors = threading.Thread(target=copy, args=(child.stderr, channel.sendall_stderr))
    errors.start()
    copy(child.stdout, channel.sendall)
    errors.join()
    channel.send_exit_status(child.wait())
    channel.close()


def serve(connection):
    transport = paramiko.Transport(connection)
    transport.add_server_key(HOST_KEY)
    transport.start_server(server=Server())


listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
while True:
    serve(listener.accept()[0])
