/** The day on which a job was admitted (UTC, `YYYY-MM-DD`): ids are UUIDs of version 7, which begin with the time in milliseconds. */
export function dayOf(jobId: string): string {
  const milliseconds = Number.parseInt(jobId.replaceAll('-', '').slice(0, 12), 16);
  return new Date(milliseconds).toISOString().slice(0, 10);
}
