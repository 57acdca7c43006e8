/** What makes a shell, or kubectl, ask this program for completion; pure. */

export const shells = ['bash', 'zsh', 'fish', 'kubectl'] as const;
export type Shell = (typeof shells)[number];

const bash = `# Completion of kubectl-accesskey for bash: source <(kubectl-accesskey completion bash)
_kubectl_accesskey() {
  local line directive=4
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :*) directive=\${line#:} ;;
      *) line=\${line%%$'\\t'*}; [[ \${COMP_WORDS[COMP_CWORD-1]} == = || \${COMP_WORDS[COMP_CWORD]} == = ]] && line=\${line#*=}; printf -v line %q "$line"; COMPREPLY+=("$line") ;;
    esac
  done < <(kubectl-accesskey __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  [[ $directive == 0 ]] && compopt -o default
  return 0
}
complete -F _kubectl_accesskey kubectl-accesskey
`;

const zsh = `#compdef kubectl-accesskey
# Completion of kubectl-accesskey for zsh: source <(kubectl-accesskey completion zsh)
_kubectl_accesskey() {
  local line directive=4
  local -a candidates
  while IFS= read -r line; do
    case $line in
      :*) directive=\${line#:} ;;
      *) candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done < <(kubectl-accesskey __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#candidates} )); then
    _describe kubectl-accesskey candidates
  elif [[ $directive == 0 ]]; then
    _files
  fi
}
compdef _kubectl_accesskey kubectl-accesskey
`;

const fish = `# Completion of kubectl-accesskey for fish: kubectl-accesskey completion fish | source
function __kubectl_accesskey_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines (kubectl-accesskey __complete -- $words[2..] 2>/dev/null)
    string match -v -r '^:\\d+$' -- $lines
    if contains -- :0 $lines
        __fish_complete_path (commandline -ct)
    end
end
complete -c kubectl-accesskey -f -a '(__kubectl_accesskey_complete)'
`;

const kubectl = `#!/bin/sh
# Completion of "kubectl accesskey": save this as an executable file kubectl_complete-accesskey on the PATH.
exec kubectl-accesskey __complete -- "$@"
`;

const scripts: Record<Shell, string> = { bash, zsh, fish, kubectl };

export function scriptFor(shell: Shell): string {
  return scripts[shell];
}
