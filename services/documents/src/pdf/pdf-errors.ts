import { Rejected } from '@tandem/messaging/outcome';

/** The PDF cannot be read; `why` is a sentence. */
export function unreadable(why = 'It is damaged, or no PDF at all.', cause?: unknown): Rejected {
  const detail = `The PDF cannot be read. ${why} Open it in a viewer, print or export it as a new PDF and send that.`;
  return new Rejected('document_unreadable', detail, { cause });
}

/** The PDF is encrypted, and `password` (none when undefined) does not open it. */
export function passwordRequired(password: string | undefined): Rejected {
  const detail =
    password === undefined
      ? 'The PDF is encrypted. Send its password in source.password.'
      : 'The password does not open the PDF. Check source.password.';
  return new Rejected('password_required', detail);
}
