#!/bin/sh
# bin/sshpool and bin/sshpool-ssh of the package: becomes the launcher for this machine without starting
# another program, or Node where there is none. $0 may be a link: a package manager's, or the user's own
# named ssh.
case $0 in
*/*) at=${0%/*} ;;
*) at=. ;;
esac
for here in "$at" "$at/../lib/node_modules/sshpool/bin" "$at/../sshpool/bin" \
	"$at/../install/global/node_modules/sshpool/bin" ''; do
	[ -f "$here/sshpool.js" ] || continue
	if [ "$0" -ef "$here/sshpool" ] || [ "$0" -ef "$here/sshpool-ssh" ]; then break; fi
done
if [ -z "$here" ]; then
	here=$(readlink -f "$0") || exit 255
	here=${here%/*}
fi

# The name of the machine, since Linux 6.1. Before that, cpuinfo and the place of the dynamic linker tell.
kernel=
machine=
if [ -r /proc/sys/kernel/arch ]; then
	read -r kernel </proc/sys/kernel/arch
	case $kernel in
	armv*l) machine=arm ;;
	*) machine=$kernel ;;
	esac
elif [ -r /proc/cpuinfo ]; then
	{
		read -r _ && IFS=: read -r field value
	} </proc/cpuinfo
	case $field in
	vendor_id*) [ -e /lib64/ld-linux-x86-64.so.2 ] || [ -e /lib/ld-musl-x86_64.so.1 ] && machine=x86_64 ;;
	BogoMIPS*) machine=aarch64 ;;
	hart*) machine=riscv64 ;;
	model*) case $value in *ARM*) machine=arm ;; esac ;;
	esac
fi

export SSHPOOL_CALLED_AS="$0" SSHPOOL_PACKAGE_BIN="$here"
[ -x "$here/launchers/sshpool-$machine" ] && exec "$here/launchers/sshpool-$machine" "$@"

# Compiled by the agent for this user, where the package has none for the machine. Not from the home of
# another user, as that which sudo may leave to root: its owner could replace the file.
cache=${HOME:-}/.cache/sshpool
compiled=$cache/launcher-@SOURCE@-$kernel
case ${HOME:-} in
/*)
	[ -O "$HOME" ] && [ -O "$cache" ] && [ -O "$compiled" ] && [ -x "$compiled" ] &&
		exec "$compiled" "$@"
	;;
esac

for node in node "$here/../../../../bin/node" /usr/local/bin/node /usr/bin/node /opt/homebrew/bin/node; do
	command -v "$node" >/dev/null 2>&1 && exec "$node" "$here/sshpool.js" "$@"
done
echo 'sshpool: cannot find node; install Node.js, or put it into PATH' >&2
exit 255
