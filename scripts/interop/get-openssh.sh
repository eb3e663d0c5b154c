#!/bin/sh
# get-openssh.sh SUITE DIR: unpacks the OpenSSH of another Debian suite, with all dependencies, into DIR,
# beside the machine's own. It uses the mirror that apt is configured with.
set -e
suite=$1
dir=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$dir"
# With an empty status file apt fetches all dependencies of OpenSSH, libc too.
: > "$work/status"
mirror=$(sed -n 's/^URIs: //p;s/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' \
	/etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null | head -n 1)
keys=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keys check-valid-until=no] $mirror $suite main" > "$work/list"

apt() {
	apt-get -q -q -o Dir::State::Lists="$work/lists" -o Dir::State::status="$work/status" \
		-o Dir::Etc::sourcelist="$work/list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferencesparts=/dev/null -o Dir::Cache="$work/cache" \
		-o APT::Install-Recommends=0 -o Debug::NoLocking=1 -o APT::Sandbox::User=root "$@"
}

apt update > /dev/null 2>&1
apt -y --download-only install openssh-client openssh-server openssh-sftp-server > /dev/null 2>&1
# OpenSSH's own tests, without their recommended packages.
(cd "$work/cache/archives" && apt -t "$suite" download openssh-tests > /dev/null 2>&1) || true
for package in "$work"/cache/archives/*.deb; do dpkg -x "$package" "$dir"; done

# The programs find the unpacked libraries; the rest of the machine stays unchanged.
loader=$(realpath "$(find "$dir" -name 'ld-linux-*.so.*' | head -n 1)")
libraries=$(dirname "$(find "$dir" -name 'libcrypto.so.*' | head -n 1)")
for program in "$dir"/usr/bin/s* "$dir"/usr/sbin/sshd "$dir"/usr/lib/openssh/* "$dir"/usr/lib/openssh/regress/*; do
	if [ -f "$program" ] && head -c 4 "$program" | grep -q ELF; then
		patchelf --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$program"
	fi
done
# Some versions create the file only at their installation.
if [ ! -f "$dir/etc/ssh/ssh_config" ]; then
	mkdir -p "$dir/etc/ssh"
	printf 'Host *\n    SendEnv LANG LC_*\n    HashKnownHosts yes\n' > "$dir/etc/ssh/ssh_config"
fi
"$dir/usr/bin/ssh" -V
