#!/bin/bash
# With cgroup v2, creates the kubelet's root cgroups with all controllers. Runs before the kubelet, when systemd has
# moved all processes out of the root cgroup.
set -euo pipefail
cd /sys/fs/cgroup
[ -f cgroup.controllers ] || exit 0
for group in . kubelet kubelet.slice; do
  mkdir -p "$group"
  for controller in $(<"$group/cgroup.controllers"); do echo "+$controller" >"$group/cgroup.subtree_control"; done
done
