/** Injection token of the object store. */
export const OBJECT_STORE = Symbol('OBJECT_STORE');
/** Injection token of the service's settings. */
export const DOCUMENTS_CONFIG = Symbol('DOCUMENTS_CONFIG');
/** Injection token of the source of templates, a `TemplateSource`. */
export const TEMPLATES = Symbol('TEMPLATES');
