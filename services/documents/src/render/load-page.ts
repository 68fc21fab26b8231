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
  let parsed = false;
  const loaded = new Promise<void>((resolve) => {
    job.on(session, 'Page.loadEventFired', () => resolve());
    if (!traffic) return;
    job.on(session, 'Page.domContentEventFired', () => {
      parsed = true;
    });
    traffic.onStuck = () => {
      // What was given up may hold up the parser (a script, a style sheet), so that breaking it off would cut the page. The
      // page is opened again then, and does not get it this time.
      if (!parsed) return void main.open().catch(() => {});
      unheard(session.send('Page.stopLoading'));
      resolve();
    };
  });
  main.watch();
  watchPage(job);
  job.deadline.awaiting(() => waitingFor(traffic));
  if (traffic) await job.deadline.race(Promise.all(emulated));
  // One after the other on the wire, but nobody waits between them.
  await job.deadline.race(
    Promise.all([
      session.send('Page.enable'),
      ...attach(job, session, answers, traffic),
      ...emulated,
      main.open(),
      loaded,
    ]),
  );
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
