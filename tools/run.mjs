import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** When we began: it may end while packages are installed and built. */
const PARENT = process.ppid;

/** Runs a script under Node 24 in our place: its input and output are ours, and so are its signals and exit code. */
export function run(machine, args, env = {}) {
  return runTogether(machine, [args], env);
}

/** Runs scripts side by side until one ends, then asks the others to end; resolves to the first one's exit code. */
export function runTogether({ root, node, env }, commands, extraEnv = {}) {
  const children = commands.map((args) =>
    spawn(node, args, { cwd: root, env: { ...env, ...extraEnv }, stdio: 'inherit' }),
  );
  const stopForwarding = forwardSignals(children);
  const stopWatching = whenParentEnds(() => {
    for (const child of children) child.kill('SIGTERM');
  });
  const ends = children.map(
    (child) => new Promise((resolve) => child.once('exit', (...end) => resolve(exitCode(...end)))),
  );
  return Promise.race(ends).then(async (code) => {
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(ends);
    stopForwarding();
    stopWatching();
    return code;
  });
}

// We stay until the children have drained. A terminal's Ctrl-C reaches them directly, as they are in our process group;
// passing it on would be a second press, which means "now".
function forwardSignals(children) {
  const forward = (signal) => {
    if (signal === 'SIGINT' && process.stdin.isTTY) return;
    for (const child of children) child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  return () => {
    for (const signal of signals) process.off(signal, forward);
  };
}

/** The shell of npm passes no SIGTERM on: whoever ends npm would leave everything running without a parent. */
function whenParentEnds(listener) {
  const timer = setInterval(() => {
    if (process.ppid === PARENT) return;
    clearInterval(timer);
    listener();
  }, 500);
  return () => clearInterval(timer);
}

function exitCode(code, signal) {
  return code ?? 128 + constants.signals[signal];
}
