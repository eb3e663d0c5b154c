#!/bin/sh
# openssh-tests.sh [SUITE [TEST...]]: runs OpenSSH's own regression tests of the client, with ssh and then with
# `sshpool ssh` in its place, for the machine's own OpenSSH or that of another Debian suite. It runs them as an
# ordinary user, who exists for these tests alone, or with ROOT=1 as root: some tests need the one, some the other.
# KEEP names a directory for all logs, LIMIT the seconds for each test. It leaves nothing behind: mounts,
# processes and ports are in namespaces of their own.
set -u
here=$(cd "$(dirname "$0")" && pwd)
sshpool=$here/../../bin/sshpool
suite=${1:--}
[ $# = 0 ] || shift
tree=-
[ "$suite" = - ] || tree=${TMPDIR:-/tmp}/sshpool-openssh/$suite

# The tests that use the client; other tests cover keys, agents and the configuration of sshd.
default='connect proxy-connect connect-uri connect-privsep connect-bigconf exit-status exit-status-signal
envpass transfer banner stderr-data stderr-after-eof broken-pipe yes-head login-timeout try-ciphers dhgex
kextype keytype rekey key-options scp scp3 scp-uri sftp sftp-cmds sftp-badcmds sftp-batch sftp-glob sftp-perm
sftp-uri sftp-resume sftp-chroot dynamic-forward forwarding forward-control multiplex reexec reconfigure
brokenkeys sshcfgparse cfgmatch cfgmatchlisten cfginclude percent localcommand forcecommand portnum
host-expand keys-command principals-command cert-hostkey cert-userkey cert-file multipubkey limit-keytype
hostkey-agent hostkey-rotate allow-deny-users authinfo knownhosts knownhosts-command agent agent-restrict
hostbased password kbdint channel-timeout connection-timeout match-subsystem pubkey-priority penalty
penalty-expire ssh-tty proxyjump sshfp-connect proto-version integrity'
# These change the server's files, or the way to it, between two calls, which a pooled connection does not notice.
# They must pass with a new connection for each call.
reuse=' envpass forcecommand multiplex multipubkey limit-keytype allow-deny-users authinfo agent-restrict channel-timeout
 banner match-subsystem principals-command key-options cert-userkey penalty penalty-expire '
# nc does not report that its connection has died (dynamic-forward); UpdateHostKeys takes some seconds
# (hostkey-rotate); a certificate's raw key beside another one (cert-hostkey).
known=' dynamic-forward hostkey-rotate cert-hostkey '

if [ "${IN_TESTS:-}" != 1 ]; then
	if [ "$(id -u)" != 0 ]; then
		echo 'openssh-tests: SKIPPED: not root' >&2
		exit 0
	fi
	tests=$tree/usr/lib/openssh/regress
	if [ "$suite" = - ]; then
		work=$(mktemp -d)
		trap 'rm -rf "$work"' EXIT
		chmod 755 "$work"
		(cd "$work" && apt-get -q -q -o APT::Sandbox::User=root download openssh-tests && dpkg -x openssh-tests_*.deb .)
		tests=$work/usr/lib/openssh/regress
	elif [ ! -d "$tests" ]; then
		"$here/get-openssh.sh" "$suite" "$tree"
	fi
	if [ ! -d "$tests" ]; then
		echo "openssh-tests: SKIPPED: the package openssh-tests of $suite cannot be had" >&2
		exit 0
	fi
	IN_TESTS=1 TESTS=$tests "$here/with-openssh.sh" "$tree" "$tree" "$0" "$suite" "$@"
	exit
fi

# A short path that no other user can write to: some tests require that for the server's files.
mount -t tmpfs -o mode=755 none /mnt
# A copy of /etc: a mount on a single file would be lost when another process replaces that file.
cp -a /etc /mnt/etc
mount --bind /mnt/etc /etc
# An sshd of an ordinary user reports that it cannot write the message of the day; some tests take that for
# ssh's output.
sed -i /pam_motd/d /etc/pam.d/sshd
name=root
as=
if [ "${ROOT:-}" != 1 ]; then
	name=sshpool-regress
	echo "$name:x:61234:65534::/mnt/run/home:/bin/sh" >> /etc/passwd
	echo "$name:*:19000:0:99999:7:::" >> /etc/shadow
	as='setpriv --reuid 61234 --regid 65534 --clear-groups'
fi

cp -a "$TESTS" /mnt/tests
# Counts the calls, and sets LogLevel INFO: with DEBUG3 the real ssh would do all calls.
sed -i -e '/^# create client config/,/^EOF/s/LogLevel.*/LogLevel INFO/' \
	-e 's|^exec ${SSH} -E|echo "\\$*" >> ${CALLS}\n${BEFORE}\n&|' /mnt/tests/test-exec.sh
# All tests use the same keys.
echo 'tid=keys' > /mnt/tests/keys.sh
ln -s "$(realpath "$sshpool")" /mnt/sshpool-ssh
chown -R "$name" /mnt/tests

lib=/usr/lib/openssh
export sshpool
export run="$as env -u SSH_AUTH_SOCK -u XDG_STATE_HOME HOME=/mnt/run/home XDG_RUNTIME_DIR=/mnt/run/xdg USER=$name LOGNAME=$name
	CALLS=/mnt/run/calls SUDO= BUILDDIR=/mnt/run/o TEST_SHELL=sh TEST_SSH_UNSAFE_PERMISSIONS=1 TEST_SSH_IPV6=yes
	TEST_SSH_SFTPSERVER=$lib/sftp-server TEST_SSH_SSHD_SESSION=$lib/sshd-session TEST_SSH_SSHD_AUTH=$lib/sshd-auth"

# one SSH TEST [BEFORE]: runs TEST in a directory of its own, with BEFORE before each call of ssh, and in namespaces
# of its own: processes that it leaves running end with it, and its ports conflict with no others.
one() {
	rm -rf /mnt/run
	mkdir -m 700 /mnt/run /mnt/run/home /mnt/run/xdg
	cp -a /mnt/tests /mnt/run/o
	chown -R "$name" /mnt/run
	BEFORE=${3:-} TEST_SSH_SSH=$1 unshare --net --pid --fork --kill-child --mount-proc sh -c '
		ip link set lo up
		cd /mnt/run/o
		$run timeout -k 5 "${LIMIT:-590}" sh test-exec.sh /mnt/run/o "/mnt/run/o/$1.sh" < /dev/null > /mnt/run/words 2>&1
		status=$?
		$run "$sshpool" stats --json > /mnt/run/stats 2> /dev/null
		$run "$sshpool" agent stop --force > /dev/null 2>&1
		exit $status' - "$2"
	status=$?
	result=ok
	[ $status = 0 ] || result=fails
	[ $status != 124 ] || result=timeout
	! grep -qi '^skip' /mnt/run/words || result=skips
	calls=$(grep -c -v -E '^-[QGV]' /mnt/run/calls)
	pooled=$(node -p 'const s = JSON.parse(fs.readFileSync(0)); s ? s.totals.poolHits + s.totals.poolMisses : 0' < /mnt/run/stats)
	if [ -n "${KEEP:-}" ]; then
		mkdir -p "$KEEP"
		rm -rf "$KEEP/$2.$(basename "$1")${3:+.cold}"
		cp -a /mnt/run "$KEEP/$2.$(basename "$1")${3:+.cold}"
	fi
}

one /usr/bin/ssh keys
for file in /mnt/run/o/*; do
	case $(basename "$file") in ssh-ed25519* | ssh-rsa* | ssh-dss* | ecdsa* | sk-*) cp -a "$file" /mnt/tests/ ;; esac
done
[ $# != 0 ] || set -- $default
new=0
for test; do
	[ -f "/mnt/tests/$test.sh" ] || continue
	one /usr/bin/ssh "$test"
	with_ssh=$result
	one /mnt/sshpool-ssh "$test"
	with_sshpool=$result
	figures="calls $calls  pooled $pooled"
	line=ok
	[ "$with_ssh" = ok ] || line=$with_ssh
	if [ "$with_ssh" = ok ] && [ "$with_sshpool" != ok ]; then
		one /mnt/sshpool-ssh "$test" "$sshpool close --all > /dev/null 2>&1"
		with_sshpool="$with_sshpool, with new connections $result ($pooled)"
		line=FAILS
		case $known in *" $test "*) line=differs ;; esac
		case "$result  $(echo $reuse) " in "ok "*" $test "*) line=differs ;; esac
		[ $line = differs ] || new=$((new + 1))
	fi
	echo "$line  $test  with ssh $with_ssh, with sshpool $with_sshpool  $figures"
done
echo "openssh-tests: $(ssh -V 2>&1), $name: $new new differences"
[ $new = 0 ]
