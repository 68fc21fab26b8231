/** The day on which a job was admitted (UTC, `YYYY-MM-DD`). */
export function dayOf(jobId: string): string {
  return timeOf(jobId).toISOString().slice(0, 10);
}

/** When a job was admitted: ids are UUIDs of version 7, which begin with the time in milliseconds. */
export function timeOf(jobId: string): Date {
  return new Date(Number.parseInt(jobId.replaceAll('-', '').slice(0, 12), 16));
}
