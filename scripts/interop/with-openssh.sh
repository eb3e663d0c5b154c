#!/bin/sh
# with-openssh.sh CLIENT SERVER CMD...: runs CMD with ssh and its tools from the tree CLIENT and sshd from
# SERVER; `-` is the machine's own. It uses a mount namespace of its own: other processes see no change.
if [ "$IN_NAMESPACE" != 1 ]; then
	export IN_NAMESPACE=1
	exec unshare --mount --propagation private "$0" "$@"
fi
unset IN_NAMESPACE
client=$1
server=$2
shift 2
helpers=$(mktemp -d)
cp -a /usr/lib/openssh/. "$helpers"/

copy() {
	if [ -f "$1/usr/lib/openssh/$2" ]; then cp -a "$1/usr/lib/openssh/$2" "$helpers"/; fi
}

if [ "$client" != - ]; then
	for program in ssh ssh-add ssh-agent ssh-keygen ssh-keyscan scp sftp; do
		mount --bind "$client/usr/bin/$program" "/usr/bin/$program"
	done
	for program in ssh-keysign ssh-pkcs11-helper ssh-sk-helper; do copy "$client" "$program"; done
	mount --bind "$client/etc/ssh/ssh_config" /etc/ssh/ssh_config
fi
if [ "$server" != - ]; then
	mount --bind "$server/usr/sbin/sshd" /usr/sbin/sshd
	for program in sshd-session sshd-auth sftp-server; do copy "$server" "$program"; done
fi
mount --bind "$helpers" /usr/lib/openssh
"$@"
status=$?
umount /usr/lib/openssh
rm -rf "$helpers"
exit $status
