import type { DocumentFormat } from '@tandem/contracts/documents';
import type { ScreenshotOptions } from '@tandem/contracts/page-options';
import { Rejected } from '@tandem/messaging/outcome';
import type { Protocol } from 'puppeteer-core';
import type { Window } from './emulation.js';
import { imageSize } from './image-size.js';
import type { JobPage } from './job-page.js';
import type { PageScripts } from './page-scripts.js';
import { tooLarge } from './print-pdf.js';
import { badSelector } from './wait-until-ready.js';

/** The largest side that Chromium paints without repeating itself, and as many pixels as fit into memory more than once. */
const MOST_PIXELS = { side: 16_384, all: 100_000_000 };
const QUALITY = 85;

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The window that a screenshot is taken through. */
export function screenshotWindow({ width = 1280, height = 720, scale = 1 }: ScreenshotOptions): Window {
  checkPixels({ width, height }, scale);
  return { width, height, scale };
}

/** An image of the page. Throws `Rejected` when there is nothing to see, or too much. */
export async function takeScreenshot(
  job: JobPage,
  scripts: PageScripts,
  format: Exclude<DocumentFormat, 'pdf'>,
  options: ScreenshotOptions,
  maxMegabytes: number,
): Promise<{ data: Buffer; width: number; height: number }> {
  const { scale = 1, quality = QUALITY, transparent } = options;
  const box = await boxOf(job, scripts, options);
  if (box) checkPixels(box, scale);
  if (transparent) await job.send('Emulation.setDefaultBackgroundColorOverride', { color: { r: 0, g: 0, b: 0, a: 0 } });
  job.deadline.awaiting('the browser was still painting it');
  const parameters: Protocol.Page.CaptureScreenshotRequest = {
    format,
    ...(format !== 'png' && { quality }),
    ...(box && { clip: { ...box, scale: 1 }, captureBeyondViewport: true }),
  };
  const { data: base64 } = await job.send('Page.captureScreenshot', parameters);
  const data = Buffer.from(base64, 'base64');
  if (data.length > maxMegabytes * 1_000_000) throw tooLarge(maxMegabytes);
  return { data, ...imageSize(data) };
}

/** What of the page is wanted, in CSS pixels from its beginning; undefined for what the window shows. */
async function boxOf(
  job: JobPage,
  scripts: PageScripts,
  { fullPage, selector, clip }: ScreenshotOptions,
): Promise<Box | undefined> {
  if (clip) return clip;
  if (fullPage) {
    const { cssContentSize } = await job.send('Page.getLayoutMetrics');
    return { x: 0, y: 0, width: Math.ceil(cssContentSize.width), height: Math.ceil(cssContentSize.height) };
  }
  if (!selector) return undefined;
  const box = await scripts
    .run<Box | null>(
      `(() => {
        const e = document.querySelector(${JSON.stringify(selector)});
        if (!e) return null;
        const { x, y, width, height } = e.getBoundingClientRect();
        return { x: x + scrollX, y: y + scrollY, width, height };
      })()`,
    )
    .catch(badSelector('screenshot.selector'));
  if (!box) throw new Rejected('document_failed', 'No element matches screenshot.selector.');
  if (box.width < 1 || box.height < 1) {
    throw new Rejected('document_failed', 'The element that screenshot.selector matches has no size.');
  }
  return box;
}

function checkPixels({ width, height }: Pick<Box, 'width' | 'height'>, scale: number): void {
  const [across, down] = [Math.ceil(width * scale), Math.ceil(height * scale)];
  if (across <= MOST_PIXELS.side && down <= MOST_PIXELS.side && across * down <= MOST_PIXELS.all) return;
  const detail = `The image would have ${across} by ${down} pixels; ${MOST_PIXELS.side} for a side and ${MOST_PIXELS.all / 1_000_000} million in all are possible. Lower screenshot.scale, or take a part by screenshot.clip.`;
  throw new Rejected('document_failed', detail);
}
