import type { MultipartFile } from '@fastify/multipart';
import type { CommandDefinition } from '@tandem/contracts/command';
import type { FastifyRequest } from 'fastify';
import parseSafely from 'secure-json-parse';
import { JSON_LIMIT_BYTES } from '../http/bodies.js';
import { requireScope } from '../http/caller.js';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import type { ObjectDeletion } from '../objects/delete-object.js';
import { type FormField, type FormLimits, fileBytes, fileName, formParts } from '../objects/form-file.js';
import { WRITE } from '../objects/object-view.js';
import type { ObjectUpload } from '../objects/upload-object.js';

const MOST_FILES = 4;

/** What a form comes to: the input of a command, whose files are objects by now. */
export interface FormInput {
  input: Record<string, unknown>;
  /** The input as far as two requests must be equal: files count by their content. */
  sent: Record<string, unknown>;
  /** Deletes the objects again, when there is no job that needs them. */
  discard(): Promise<void>;
}

/** Takes a command as `multipart/form-data`: a field `input` with JSON, and files, each for the property that it names. */
export class CommandForm {
  constructor(
    private readonly uploads: ObjectUpload,
    private readonly deletion: ObjectDeletion,
  ) {}

  /** Throws a `Problem` that says what is wrong with the form; nothing is kept of its files then. */
  async read(caller: Principal, command: CommandDefinition, request: FastifyRequest): Promise<FormInput> {
    if (!command.reads)
      throw new Problem(
        'unsupported_media_type',
        `${command.type} takes no files. Send JSON, with Content-Type: application/json.`,
      );
    requireScope(caller, WRITE);
    if (Number(request.headers['content-length'] ?? 0) > this.uploads.maxBytes + 2 * JSON_LIMIT_BYTES)
      throw this.uploads.tooLarge();
    const form = new Parts(command);
    const discard = async () => {
      for (const { id } of form.files.values()) await this.deletion.delete(caller, id);
    };
    try {
      for await (const part of formParts(request, limitsFor(this.uploads.maxBytes))) {
        if (part.type === 'field') form.takeField(part);
        else await this.#takeFile(caller, part, form);
      }
      return { ...form.compose(), discard };
    } catch (error) {
      await discard();
      throw error;
    }
  }

  async #takeFile(caller: Principal, part: MultipartFile, form: Parts): Promise<void> {
    const { fieldname, filename, file } = part;
    try {
      form.expectFile(fieldname);
      const object = await this.uploads.upload(caller, fileBytes(part), { name: fileName(filename) ?? null });
      form.files.set(fieldname, object);
    } finally {
      file.destroy();
    }
  }
}

/** The parts of one form, in whatever order they come. */
class Parts {
  readonly files = new Map<string, { id: string; sha256: string }>();
  #input: Record<string, unknown> | undefined;

  constructor(private readonly command: CommandDefinition) {}

  takeField({ fieldname, value, valueTruncated }: FormField): void {
    if (fieldname !== 'input') throw refusal(fieldname, `unknown field; put it into the JSON of the field input`);
    if (this.#input) throw refusal('input', 'stands there twice');
    if (valueTruncated) throw new Problem('payload_too_large', 'The field input may have at most 1 MB.');
    const input = parsed(String(value));
    if (input === null || typeof input !== 'object' || Array.isArray(input))
      throw refusal('input', 'must be a JSON object');
    this.#input = input as Record<string, unknown>;
  }

  /** Asked before the bytes are stored. Throws a `Problem` for a file that the command has no place for. */
  expectFile(name: string): void {
    const { shape } = this.command.input as { shape?: Record<string, unknown> };
    if (shape && !Object.hasOwn(shape, name))
      throw refusal(name, `${this.command.type} has no such property to put a file into`);
    if (this.files.has(name)) throw refusal(name, 'there are two files for it; send one');
  }

  compose(): { input: Record<string, unknown>; sent: Record<string, unknown> } {
    if (this.files.size === 0)
      throw new Problem('invalid_input', 'The form has no file. Add a part with a filename, or send JSON.');
    const given = this.#input ?? {};
    const both = [...this.files.keys()].find((name) => Object.hasOwn(given, name));
    if (both) throw refusal(both, 'is given by the field input and by a file; leave one out');
    const filled = (value: (file: { id: string; sha256: string }) => object) =>
      Object.fromEntries([...this.files].map(([name, file]) => [name, value(file)]));
    return {
      input: { ...given, ...filled(({ id }) => ({ object: id })) },
      sent: filled(({ sha256 }) => ({ sha256 })),
    };
  }
}

/** One more of each than is allowed: the parser would cut off the rest without a word, whereas we refuse. */
function limitsFor(maxBytes: number): FormLimits {
  return {
    fileSize: maxBytes + 1,
    files: MOST_FILES + 1,
    fields: 3,
    fieldSize: JSON_LIMIT_BYTES,
    parts: MOST_FILES + 3,
  };
}

function parsed(text: string): unknown {
  try {
    return parseSafely(text);
  } catch {
    throw new Problem('malformed_body', 'The field input is not JSON. Check its quotes, commas and brackets.');
  }
}

function refusal(name: string, detail: string): Problem {
  const pointer = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  return new Problem('invalid_input', `The form is not valid: ${pointer}: ${detail}`, [{ pointer, detail }]);
}
