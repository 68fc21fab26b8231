/** Settings for tests: the time of an image includes the start of its process, for which a busy machine takes long. */
export const PATIENT = { MEDIA_SVG_TIMEOUT_S: '60', MEDIA_TIMEOUT_S: '100' };
