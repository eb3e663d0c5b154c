/* Generated from src/wire by `npm run generate`: change it there. */
#ifndef SSHPOOL_WIRE_H
#define SSHPOOL_WIRE_H

#define VERSION "0.1.0"
#define AGENT_GIVEN_UP "SSHPOOL_AGENT_GIVEN_UP"
#define SSH_DEPTH "SSHPOOL_SSH_DEPTH"
#define SSH_TRIED "SSHPOOL_SSH_TRIED"
#define CALLED_AS "SSHPOOL_CALLED_AS"
#define PACKAGE_BIN "SSHPOOL_PACKAGE_BIN"
#define TEXT_AGENT_LOST "the sshpool agent ended unexpectedly; its log: %s"
#define TEXT_AGENT_SILENT "the sshpool agent does not answer; end it: sshpool agent stop --force; its log: %s"
#define TEXT_NO_SSH "no ssh in PATH but sshpool itself; install OpenSSH, or put it into PATH"
#define TEXT_LOCK_HELD "another process started the sshpool agent and has not finished; it holds the lock %s: end that process, or remove the file"
#define TEXT_SSH_LOOP "the ssh in PATH is sshpool once more; put the real one before it"

enum {
	PROTOCOL = 4,
	MAX_FRAME = 1048576,
	MAX_CHUNK = 65536,
	AGENT_PATIENCE_MS = 5000,
	AGENT_RUNNING_PATIENCE_MS = 30000,
	EXIT_FAILURE_OF_OURS = 255,
	MAX_SSH_DEPTH = 8,
};

enum message {
	MESSAGE_HELLO = 1,
	MESSAGE_RETIRE = 2,
	MESSAGE_EXEC = 10,
	MESSAGE_STDIN = 11,
	MESSAGE_STDIN_END = 12,
	MESSAGE_TAKEN = 13,
	MESSAGE_STDOUT_CLOSED = 14,
	MESSAGE_SIGNAL = 15,
	MESSAGE_ANSWER = 16,
	MESSAGE_ENVIRONMENT = 17,
	MESSAGE_REQUEST = 18,
	MESSAGE_RESIZED = 19,
	MESSAGE_DISCONNECT = 20,
	MESSAGE_PING = 21,
	MESSAGE_ACCEPTED = 30,
	MESSAGE_ASK = 31,
	MESSAGE_ASK_ENVIRONMENT = 32,
	MESSAGE_NOTE = 33,
	MESSAGE_OPENED = 34,
	MESSAGE_WINDOW = 35,
	MESSAGE_STDOUT = 36,
	MESSAGE_STDERR = 37,
	MESSAGE_STDIN_CLOSED = 38,
	MESSAGE_EXITED = 39,
	MESSAGE_FAILED = 40,
	MESSAGE_DELEGATE = 41,
	MESSAGE_RESULT = 42,
	MESSAGE_STDOUT_END = 43,
	MESSAGE_PONG = 44,
	MESSAGE_STARTING = 45,
	MESSAGE_LOG = 46,
	MESSAGE_WORDS = 47,
};

/* Variables that make a program's connections lead elsewhere. */
#define DIVERSIONS { "LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "HOSTALIASES", "LOCALDOMAIN", "RES_OPTIONS" }

/* What a caller sends of its environment by itself; names that end in * match a prefix. */
#define CALLER_ENV \
	{ \
		"PATH", \
		"HOME", \
		"USER", \
		"LOGNAME", \
		"SHELL", \
		"SSH_AUTH_SOCK", \
		"SSH_ASKPASS", \
		"SSH_ASKPASS_REQUIRE", \
		"SSH_SK_PROVIDER", \
		"KRB5CCNAME", \
		"KRB5_CONFIG", \
		"DISPLAY", \
		"WAYLAND_DISPLAY", \
		"TERM", \
		"COLORTERM", \
		"LANG", \
		"LC_*", \
		"SSH_POOL_*", \
	}

/* What an agent has of the environment of the call that starts it; and the end of its PATH. */
#define AGENT_ENV \
	{ \
		"HOME", \
		"USER", \
		"LOGNAME", \
		"SHELL", \
		"LANG", \
		"LC_*", \
		"TZ", \
		"TMPDIR", \
		"XDG_RUNTIME_DIR", \
		"XDG_STATE_HOME", \
		"SSH_POOL_*", \
	}
#define SYSTEM_PATH "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
#define MALLOC_THRESHOLD "65536"

#endif
