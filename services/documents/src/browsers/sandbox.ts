import { ChromiumProcess, ChromiumStartFailed } from './chromium-process.js';

/** `auto` goes without Chromium's sandbox where the system does not allow it; `require` does not start there. */
export type SandboxMode = 'auto' | 'require' | 'off';

const FORBIDDEN = /No usable sandbox|without --no-sandbox|namespace/i;

/** Starts a browser in its sandbox when the mode asks for one, and tells whether it has one. Throws when it does not start. */
export async function startInSandbox(
  mode: SandboxMode,
  options: { program: string; proxyUrl: string },
): Promise<{ process: ChromiumProcess; sandbox: boolean }> {
  if (mode === 'off') return { process: await ChromiumProcess.start({ ...options, sandbox: false }), sandbox: false };
  try {
    return { process: await ChromiumProcess.start({ ...options, sandbox: true }), sandbox: true };
  } catch (error) {
    if (!(error instanceof ChromiumStartFailed && FORBIDDEN.test(error.lastWords))) throw error;
    if (mode === 'auto')
      return { process: await ChromiumProcess.start({ ...options, sandbox: false }), sandbox: false };
    const why =
      "This system does not let Chromium's sandbox work. Allow unprivileged user namespaces, or set CHROMIUM_SANDBOX=auto.";
    throw new ChromiumStartFailed(why, error.lastWords, { cause: error });
  }
}
