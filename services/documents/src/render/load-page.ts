import type { CDPSession } from 'puppeteer-core';
import { RequestAnswers } from './answer-requests.js';
import { type JobPage, unheard } from './job-page.js';
import type { MainPage } from './main-page.js';
import type { Traffic } from './traffic.js';
import { watchPage } from './watch-page.js';

/** Opens the page of a job, and waits until all that belongs to it is there or has failed. */
export async function loadPage(
  job: JobPage,
  main: MainPage,
  traffic: Traffic | undefined,
  emulated: Promise<unknown>[],
): Promise<void> {
  const { session } = job.lent;
  const answers = new RequestAnswers(job, main, traffic);
  const loaded = traffic
    ? loadedWith(job, main, traffic)
    : new Promise<void>((resolve) => job.on(session, 'Page.loadEventFired', () => resolve()));
  main.watch();
  watchPage(job);
  job.deadline.awaiting(() => waitingFor(traffic));
  const attached = attach(job, session, answers, traffic);
  if (traffic) await job.deadline.race(Promise.all([...emulated, ...attached]));
  if (traffic && 'html' in job.content) await answers.introduce();
  // One after the other on the wire, but nobody waits between them.
  await job.deadline.race(Promise.all([session.send('Page.enable'), ...attached, ...emulated, main.open(), loaded]));
}

/** Resolves when the page has loaded what it will get. */
function loadedWith(job: JobPage, main: MainPage, traffic: Traffic): Promise<void> {
  const { session } = job.lent;
  let parsed = false;
  let reopening = false;
  return new Promise((resolve) => {
    job.on(session, 'Page.frameNavigated', ({ frame }) => {
      if (!frame.parentId) parsed = reopening = false;
    });
    job.on(session, 'Page.domContentEventFired', () => {
      parsed = !reopening;
    });
    job.on(session, 'Page.loadEventFired', () => {
      if (!reopening) resolve();
    });
    traffic.onStuck = () => {
      if (parsed) {
        unheard(session.send('Page.stopLoading'));
        return resolve();
      }
      // What was given up holds up the parser (a script, a style sheet), so that breaking it off would cut the page. The page is
      // opened again, and does not get it this time.
      reopening = true;
      traffic.restart();
      unheard(main.open());
    };
  });
}

function attach(
  job: JobPage,
  session: CDPSession,
  answers: RequestAnswers,
  traffic: Traffic | undefined,
): Promise<unknown>[] {
  if (!traffic) return [answers.attach(session)];
  job.on(session, 'Target.attachedToTarget', ({ sessionId, targetInfo }) => {
    const child = session.connection()?.session(sessionId);
    if (!child) return;
    // A frame of another site runs in a process of its own, with requests of its own.
    if (targetInfo.type === 'iframe') for (const sent of attach(job, child, answers, traffic)) sent.catch(() => {});
    unheard(child.send('Runtime.runIfWaitingForDebugger'));
  });
  const autoAttach = { autoAttach: true, waitForDebuggerOnStart: true, flatten: true };
  return [answers.attach(session), traffic.attach(session), session.send('Target.setAutoAttach', autoAttach)];
}

function waitingFor(traffic: Traffic | undefined): string {
  const open = traffic?.underWay;
  return open ? `${open} was still being loaded` : 'the page was still being laid out, or its scripts were running';
}
