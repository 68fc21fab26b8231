import type { WaitFor } from '@tandem/contracts/page-options';
import { Rejected } from '@tandem/messaging/outcome';
import type { JobPage } from './job-page.js';
import { type PageScripts, ScriptFailed } from './page-scripts.js';
import type { Traffic } from './traffic.js';

const LOOK_MS = 50;
const IDLE_MS = 500;

/** Waits for what the job asked for, one after the other. Fonts are waited for by {@link FONTS_AND_IMAGES}. */
export async function waitUntilReady(job: JobPage, scripts: PageScripts, traffic: Traffic | undefined): Promise<void> {
  const { selector, expression, networkIdle, delayMs }: WaitFor = job.load.waitFor ?? {};
  if (selector) await waitForSelector(job, scripts, selector);
  if (expression) await waitForExpression(job, scripts, expression);
  if (networkIdle && traffic) {
    job.deadline.awaiting(
      () => `the network was not idle (load.waitFor.networkIdle); ${traffic.underWay ?? 'requests'} came last`,
    );
    while (traffic.quietMs < IDLE_MS) await scripts.pause(LOOK_MS);
  }
  if (delayMs) {
    job.deadline.awaiting(`load.waitFor.delayMs is ${delayMs}`);
    await scripts.pause(delayMs);
  }
}

async function waitForSelector(job: JobPage, scripts: PageScripts, selector: string): Promise<void> {
  job.deadline.awaiting(`no element that load.waitFor.selector matches (${selector}) was visible`);
  const visible = `(() => {
    for (const e of document.querySelectorAll(${JSON.stringify(selector)})) {
      const { width, height } = e.getBoundingClientRect();
      if (width > 0 && height > 0 && getComputedStyle(e).visibility === 'visible') return true;
    }
    return false;
  })()`;
  while (!(await scripts.run<boolean>(visible).catch(badSelector('load.waitFor.selector'))))
    await scripts.pause(LOOK_MS);
}

async function waitForExpression(job: JobPage, scripts: PageScripts, expression: string): Promise<void> {
  const fault = await scripts.syntaxFault(expression);
  if (fault) throw new Rejected('invalid_input', `load.waitFor.expression is not JavaScript: ${fault}.`);
  let last = '';
  job.deadline.awaiting(() => `load.waitFor.expression did not become true${last}`);
  const truth = `Promise.resolve((0, eval)(${JSON.stringify(expression)})).then(Boolean)`;
  for (;;) {
    try {
      if (await scripts.runInPage<boolean>(truth)) return;
      last = '';
    } catch (error) {
      if (!(error instanceof ScriptFailed)) throw error;
      last = `; it throws ${error.message}`;
    }
    await scripts.pause(LOOK_MS);
  }
}

/** Says which option holds a selector that is none. */
export function badSelector(field: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof ScriptFailed)) throw error;
    throw new Rejected('invalid_input', `${field} is not a CSS selector.`, { cause: error });
  };
}
