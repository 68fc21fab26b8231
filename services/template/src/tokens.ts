/** Injection token of the service's settings. */
export const TEMPLATE_CONFIG = Symbol('TEMPLATE_CONFIG');
