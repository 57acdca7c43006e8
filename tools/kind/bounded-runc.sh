#!/bin/bash
# runc, for a process without some capabilities: removes them from the containers, which could not start otherwise.
#
# Containers of kind are privileged and request all capabilities. runc reads them from config.json in the bundle (create,
# run) or from the file of --process (exec).
set -euo pipefail

known=(CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
  NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
  SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
  MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE)

# Prints the capabilities outside the bounding set as a JSON array.
missing() {
  local bounding i names=()
  bounding=$((16#$(awk '/^CapBnd:/ { print $2 }' /proc/self/status)))
  for i in "${!known[@]}"; do (((bounding >> i) & 1)) || names+=("\"CAP_${known[i]}\""); done
  local IFS=,
  echo "[${names[*]}]"
}

# Prints the file of the process to start, if any.
process_file() {
  local command='' bundle=. process=''
  while [ $# -gt 0 ]; do
    case $1 in
      create | run | exec) command=${command:-$1} ;;
      --bundle | -b) bundle=$2 ;;
      --process | -p) process=$2 ;;
    esac
    shift
  done
  case $command in
    create | run) echo "$bundle/config.json" ;;
    exec) echo "$process" ;;
  esac
}

file=$(process_file "$@")
if [ -f "$file" ]; then
  bounded=$(jq -c --argjson missing "$(missing)" '
    def bounded: if .capabilities then .capabilities |= map_values(. - $missing) else . end;
    if .process then .process |= bounded else bounded end' "$file")
  printf '%s' "$bounded" >"$file"
fi
exec runc "$@"
