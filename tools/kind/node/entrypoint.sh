#!/bin/bash
# The first process of a node: prepares the container for systemd, containerd and the kubelet, and then becomes systemd.
set -eu

# systemd would manage a writable /sys as that of a machine. Mounts of pods must propagate.
mount -o remount,ro /sys
mount --make-rshared /
echo 1 >/proc/sys/net/ipv4/ip_forward

# Kernel settings without a namespace. The kubelet finds the values that it requires here, and does not write those of
# the machine.
settings=/run/kernel-settings
mkdir -p "$settings"
protect() {
  echo "$2" >"$settings/${1##*/}"
  mount --bind "$settings/${1##*/}" "/proc/sys/$1"
}
protect vm/overcommit_memory 1
protect vm/panic_on_oom 0
protect kernel/panic 10
protect kernel/panic_on_oops 1
protect kernel/keys/root_maxkeys 1000000
protect kernel/keys/root_maxbytes 25000000

# kind waits for one of these two messages in the log of the container.
cgroups=/sys/fs/cgroup
if [ -f "$cgroups/cgroup.controllers" ]; then
  echo 'detected cgroup v2'
  rm -f /etc/kubernetes/kubelet.conf.d/cgroup-v1.conf
else
  echo 'detected cgroup v1'
  mount --make-rprivate "$cgroups"
  for hierarchy in "$cgroups"/*/; do
    [ -f "${hierarchy}cgroup.procs" ] || continue
    # The kubelet's cgroupRoot with the drivers cgroupfs and systemd. systemd does not remove a mount point.
    for root in kubelet kubelet.slice; do
      mkdir -p "$hierarchy$root"
      for file in cpuset.cpus cpuset.mems; do
        if [ -f "$hierarchy$file" ]; then cat "$hierarchy$file" >"$hierarchy$root/$file"; fi
      done
      mount --bind "$hierarchy$root" "$hierarchy$root"
    done
  done
fi

rm -f /etc/machine-id
systemd-machine-id-setup >/dev/null

# Docker's DNS server listens on 127.0.0.11, which pods cannot reach. It is published on the address of the gateway,
# which nothing else uses in this network namespace.
gateway=$(ip -4 route show default | awk '{ print $3; exit }')
if [ -n "$gateway" ] && grep -q '^nameserver 127\.0\.0\.11' /etc/resolv.conf; then
  for protocol in udp tcp; do
    server=$(iptables -t nat -S DOCKER_OUTPUT 2>/dev/null | awk -v p="-p $protocol" 'index($0, p) { print $NF; exit }')
    [ -n "$server" ] || continue
    for chain in PREROUTING OUTPUT; do
      iptables -t nat -A "$chain" -d "$gateway" -p "$protocol" --dport 53 -j DNAT --to-destination "$server"
    done
  done
  echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
  # Not with sed -i, because Docker mounts the file.
  names=$(sed "s/127\.0\.0\.11/$gateway/" /etc/resolv.conf)
  echo "$names" >/etc/resolv.conf
fi

# Rejects requests to Services (kind's default network) for which kube-proxy has not written rules yet. Without it, they
# are dropped on machines that do not forward, and clients such as CoreDNS try again only after 30 seconds.
iptables -A FORWARD -d 10.96.0.0/16 -j REJECT

exec /sbin/init
