import { MAX_TEMPLATE_BYTES, TemplateBundle } from '@tandem/contracts/template';
import { checkTemplate } from '@tandem/templates/check-template';
import { Problem } from '../http/problem.js';
import { validate } from '../http/validate.js';

/**
 * The template that somebody sent; `at` is its pointer in the request. Throws a `Problem` `invalid_input` that names every
 * field at fault, of Liquid with line and column, and `payload_too_large`.
 */
export function takeTemplate(body: unknown, at = ''): TemplateBundle {
  const bundle = validate(TemplateBundle, body, 'template', at);
  const size = Buffer.byteLength(JSON.stringify(bundle));
  if (size > MAX_TEMPLATE_BYTES)
    throw new Problem(
      'payload_too_large',
      `The template has ${size} bytes of JSON; ${MAX_TEMPLATE_BYTES} are allowed. Make its assets smaller, or give them to each job as objects.`,
    );
  const errors = checkTemplate(bundle).map(({ pointer, detail, line, column }) => ({
    pointer: at + pointer,
    detail: line === undefined ? detail : `line ${line}, column ${column}: ${detail}`,
  }));
  const [first] = errors;
  if (!first) return bundle;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  throw new Problem('invalid_input', `The template is not valid: ${first.pointer}: ${first.detail}${more}`, errors);
}
