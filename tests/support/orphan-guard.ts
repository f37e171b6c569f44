/**
 * Ends what this process started once this process is gone, however it went: also by SIGKILL, when no hook and
 * no `finally` of its own runs. One shell watches, for all that is guarded: its input ends when this process does.
 */
const watch = `
trap '' INT TERM HUP
kept=
while read -r verb name what; do
  case $verb in
    guard) kept="$kept
$name $what" ;;
    release) kept=$(printf '%s\\n' "$kept" | grep -vxF "$name $what") ;;
  esac
done
printf '%s\\n' "$kept" | while read -r name what; do
  test "$name" = process && kill -s KILL -- "$what"
done 2>/dev/null
printf '%s\\n' "$kept" | while read -r name what; do
  test "$name" = folder && rm -rf -- "$what"
done
`;

let orders: Bun.FileSink | null = null;

function tell(verb: "guard" | "release", name: "process" | "folder", what: string): void {
  if (orders === null) {
    const guard = Bun.spawn(["sh", "-c", watch], {
      stdio: ["pipe", "ignore", "ignore"],
      // Ctrl-C goes to the whole group of the terminal.
      detached: true,
    });
    guard.unref();
    orders = guard.stdin;
  }
  orders.write(`${verb} ${name} ${what}\n`);
  void orders.flush();
}

/** Kills the process when this one ends; with a negative id, its whole group. */
export function guardProcess(pid: number): void {
  tell("guard", "process", String(pid));
}

/** It is gone already: its id may soon be another's. */
export function releaseProcess(pid: number): void {
  tell("release", "process", String(pid));
}

/** Removes the folder, after its processes, when this one ends. */
export function guardFolder(path: string): void {
  tell("guard", "folder", path);
}

export function releaseFolder(path: string): void {
  tell("release", "folder", path);
}
