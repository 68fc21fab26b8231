import { Rejected } from '@tandem/messaging/outcome';
import type { Protocol, Target } from 'puppeteer-core';
import { type JobPage, unheard } from './job-page.js';

const MOST_MESSAGES = 5_000;
const MOST_CHARACTERS = 10_000_000;

/** Keeps a page from what a document has no use for, and takes note of what its scripts complain about. */
export function watchPage(job: JobPage): void {
  const { session, target } = job.lent;
  if (!job.javascript) return;
  job.on(session, 'Page.javascriptDialogOpening', ({ type, message }) => {
    unheard(session.send('Page.handleJavaScriptDialog', { accept: type === 'beforeunload' }));
    if (type !== 'beforeunload') job.findings.warn(`The page opened a dialog, which was dismissed: ${message}`);
  });
  job.on(session, 'Page.windowOpen', ({ url }) => {
    job.findings.resourceFailed(url || 'about:blank', 'a document may not open windows');
  });
  const context = target.browserContext();
  const closeWindow = (other: Target) => {
    if (other.type() !== 'page' || other === target) return;
    unheard(other.createCDPSession().then((window) => window.send('Page.close')));
  };
  context.on('targetcreated', closeWindow);
  job.deadline.signal.addEventListener('abort', () => context.off('targetcreated', closeWindow), { once: true });
  job.on(session, 'Page.downloadWillBegin', ({ url }) => {
    job.findings.resourceFailed(url, 'downloads are refused');
  });
  const talk = limitTalk(job);
  job.on(session, 'Runtime.exceptionThrown', ({ exceptionDetails }) => {
    const text = textOf(exceptionDetails);
    talk(exceptionDetails.exception?.description ?? text);
    job.findings.consoleError(text);
  });
  job.on(session, 'Runtime.consoleAPICalled', ({ type, args }) => {
    talk(...args.map(({ value, description }) => (typeof value === 'string' ? value : (description ?? ''))));
    if (type === 'error' || type === 'assert') job.findings.consoleError(args.map(shown).join(' '));
  });
  unheard(session.send('Page.setDownloadBehavior', { behavior: 'deny' }));
  unheard(session.send('Runtime.enable'));
}

/** Ends a page that writes without end: all of it comes to us, and each megabyte is time that other documents do not get. */
function limitTalk({ deadline }: JobPage): (...texts: string[]) => void {
  let messages = 0;
  let characters = 0;
  return (...texts) => {
    messages += 1;
    for (const { length } of texts) characters += length;
    if (messages <= MOST_MESSAGES && characters <= MOST_CHARACTERS) return;
    const detail = `Its scripts write more than ${MOST_MESSAGES} messages or ${MOST_CHARACTERS / 1e6} MB to the console, errors among them. Have them write less.`;
    deadline.fail(new Rejected('document_failed', detail));
  };
}

function textOf({ text, exception }: Protocol.Runtime.ExceptionDetails): string {
  return exception?.description?.split('\n')[0] ?? (exception ? `${text} ${shown(exception)}` : text);
}

function shown({ value, description, type }: Protocol.Runtime.RemoteObject): string {
  if (typeof value === 'string') return value;
  return description?.split('\n')[0] ?? JSON.stringify(value) ?? type;
}
