import type { TemplateBundle } from '@tandem/contracts/template';
import { Rejected } from '@tandem/messaging/outcome';
import { readTemplateFolder } from '@tandem/templates/read-template-folder';
import type { TemplateSource } from './template-source.js';

/** The templates of a folder, each as every version of itself: for tests and benchmarks, where there is no gateway. */
export class FolderTemplates implements TemplateSource {
  private constructor(private readonly bundles: ReadonlyMap<string, TemplateBundle>) {}

  /** Throws an `Error` that names every file at fault. */
  static async read(folder: string): Promise<FolderTemplates> {
    return new FolderTemplates(await readTemplateFolder(folder));
  }

  async get(_tenant: string, template: string): Promise<TemplateBundle> {
    const name = template.replace(/^shared\//, '').replace(/@\d+$/, '');
    const bundle = this.bundles.get(name);
    if (!bundle) throw new Rejected('not_found', `There is no template ${template}.`);
    return bundle;
  }
}
