import { Rejected } from '@tandem/messaging/outcome';
import type { Protocol, Target } from 'puppeteer-core';
import { type JobPage, unheard } from './job-page.js';

const MOST_MESSAGES = 5_000;
const MOST_INTERRUPTIONS = 100;
const MOST_CHARACTERS = 10_000_000;

/** Keeps a page from what a document has no use for, and takes note of what its scripts complain about. */
export function watchPage(job: JobPage): void {
  const { session, target } = job.lent;
  if (!job.javascript) return;
  const talk = limited(job, MOST_MESSAGES, 'messages to the console, errors among them');
  const interrupt = limited(job, MOST_INTERRUPTIONS, 'dialogs, windows and downloads');
  job.on(session, 'Page.javascriptDialogOpening', ({ type, message }) => {
    interrupt(message);
    unheard(session.send('Page.handleJavaScriptDialog', { accept: type === 'beforeunload' }));
    if (type !== 'beforeunload') job.findings.warn(`The page opened a dialog, which was dismissed: ${message}`);
  });
  job.on(session, 'Page.windowOpen', ({ url }) => {
    interrupt(url);
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
    interrupt(url);
    job.findings.resourceFailed(url, 'downloads are refused');
  });
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

/** Ends a page that makes such things without end: all of them come to us, and each megabyte is time that other documents do not get. */
function limited({ deadline }: JobPage, most: number, what: string): (...texts: string[]) => void {
  let count = 0;
  let characters = 0;
  return (...texts) => {
    count += 1;
    for (const { length } of texts) characters += length;
    if (count <= most && characters <= MOST_CHARACTERS) return;
    const detail = `Its scripts make more than ${most} ${what}, or ${MOST_CHARACTERS / 1e6} MB of them. Have them make fewer.`;
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
