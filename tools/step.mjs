/** A failure that the person at the keyboard can mend: its message is all they need, no stack trace. */
export class SetupError extends Error {}

/** Tells on stderr what is being done; stdout belongs to the command that is being started. */
export function say(message) {
  process.stderr.write(`tandem: ${message}\n`);
}

/** Says that the work took long enough to be told, and how long. */
export async function step(message, work) {
  say(`${message} ...`);
  const start = performance.now();
  const result = await work();
  say(`${message}: done in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

/** Turns what a failed tool printed into one line with the likely cause and the remedy. */
export function diagnose(output) {
  if (/ENOSPC|no space left/i.test(output)) return 'The disk is full: free some space and try again.';
  if (/EACCES|EPERM|Permission denied/i.test(output)) return 'A file may not be written: check who owns this folder.';
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|network|Could not resolve|Failed to fetch/i.test(output)) {
    return 'The download server cannot be reached: check the network, the proxy settings and `npm config get registry`.';
  }
  // npm and apt mark what matters and put it first; others end with it.
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const marked = lines
    .filter((line) => /^(npm error|E:)\s+\S/.test(line))
    .map((line) => line.replace(/^npm error\s+/, ''));
  return (marked.length > 0 ? marked.slice(0, 4) : lines.slice(-4)).join(' | ');
}
