import type { DocumentFormat } from '@tandem/contracts/documents';
import { Rejected } from '@tandem/messaging/outcome';
import type { JobPage } from './job-page.js';

/** The size of the window that a page is laid out in, in CSS pixels. */
export interface Window {
  width: number;
  height: number;
  scale: number;
}

/** Gives the page the media, place and window that its job wants. Sent all at once, before the page is opened. */
export function emulate(job: JobPage, format: DocumentFormat, window: Window | undefined): Promise<unknown>[] {
  const { load } = job;
  const { session } = job.lent;
  const media = load.media ?? (format === 'pdf' ? 'print' : 'screen');
  const wished = {
    'prefers-color-scheme': load.colorScheme,
    'prefers-reduced-motion': load.reducedMotion,
    'prefers-contrast': load.contrast,
    'forced-colors': load.forcedColors,
  };
  const features = Object.entries(wished).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
  const sent: Promise<unknown>[] = [session.send('Emulation.setEmulatedMedia', { media, features })];
  if (window) {
    const { width, height, scale } = window;
    sent.push(
      session.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: scale, mobile: false }),
    );
  }
  const { timeZone, locale, userAgent } = load;
  if (timeZone) sent.push(session.send('Emulation.setTimezoneOverride', { timezoneId: timeZone }).catch(unknownZone));
  // Without scripts the language matters to hosts only, and to the text by its own `lang`.
  if (locale && job.javascript) sent.push(session.send('Emulation.setLocaleOverride', { locale }).catch(() => {}));
  if (userAgent || (locale && job.lent.grant)) sent.push(overrideUserAgent(job));
  return sent;
}

async function overrideUserAgent({ lent, load }: JobPage): Promise<void> {
  const userAgent = load.userAgent ?? (await lent.target.browser().userAgent());
  await lent.session.send('Emulation.setUserAgentOverride', { userAgent, acceptLanguage: load.locale });
}

function unknownZone(): never {
  throw new Rejected('invalid_input', 'load.timeZone is not a time zone of the IANA list, such as Africa/Dakar.');
}
