/** Injection token of the object store. */
export const OBJECT_STORE = Symbol('OBJECT_STORE');
/** Injection token of the service's settings. */
export const MEDIA_CONFIG = Symbol('MEDIA_CONFIG');
