GSSAPIAuthentication yes
LogLevel VERBOSE
Port 23459
ListenAddress 127.0.0.1
HostKey /hk
PidFile none
