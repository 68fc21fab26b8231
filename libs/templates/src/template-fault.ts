/** What is wrong with a template, and where. */
export interface TemplateFault {
  /** JSON pointer within the bundle, such as `/partials/totals`. */
  pointer: string;
  /** What is wrong and how to mend it. */
  detail: string;
  /** Of a text, from 1. */
  line?: number;
  /** Of a text, from 1. */
  column?: number;
}

/** A step of a JSON pointer. */
export function pointerStep(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** The keys that a JSON pointer is made of. */
export function pointerKeys(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
