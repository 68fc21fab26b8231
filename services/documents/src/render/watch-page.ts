import type { Protocol } from 'puppeteer-core';
import { type JobPage, unheard } from './job-page.js';

/** Keeps a page from what a document has no use for, and takes note of what its scripts complain about. */
export function watchPage(job: JobPage): void {
  const { session, page } = job.lent;
  if (!job.javascript) return;
  job.on(session, 'Page.javascriptDialogOpening', ({ type, message }) => {
    unheard(session.send('Page.handleJavaScriptDialog', { accept: type === 'beforeunload' }));
    if (type !== 'beforeunload') job.findings.warn(`The page opened a dialog, which was dismissed: ${message}`);
  });
  job.on(session, 'Page.windowOpen', ({ url }) => {
    job.findings.resourceFailed(url || 'about:blank', 'a document may not open windows');
  });
  const close = (popup: { close(): Promise<void> } | null) => void popup?.close().catch(() => {});
  page.on('popup', close);
  job.deadline.signal.addEventListener('abort', () => page.off('popup', close), { once: true });
  job.on(session, 'Page.downloadWillBegin', ({ url }) => {
    job.findings.resourceFailed(url, 'downloads are refused');
  });
  job.on(session, 'Runtime.exceptionThrown', ({ exceptionDetails }) =>
    job.findings.consoleError(textOf(exceptionDetails)),
  );
  job.on(session, 'Runtime.consoleAPICalled', ({ type, args }) => {
    if (type === 'error' || type === 'assert') job.findings.consoleError(args.map(shown).join(' '));
  });
  unheard(session.send('Page.setDownloadBehavior', { behavior: 'deny' }));
  unheard(session.send('Runtime.enable'));
}

function textOf({ text, exception }: Protocol.Runtime.ExceptionDetails): string {
  return exception?.description?.split('\n')[0] ?? (exception ? `${text} ${shown(exception)}` : text);
}

function shown({ value, description, type }: Protocol.Runtime.RemoteObject): string {
  if (typeof value === 'string') return value;
  return description?.split('\n')[0] ?? JSON.stringify(value) ?? type;
}
