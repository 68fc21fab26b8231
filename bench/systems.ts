/** The job systems that are compared, as rows of the tables. */
export interface System {
  key: string;
  name: string;
  /** A file of `peers` and the name of what it exports. */
  peer: [file: string, name: string];
  /** The database of its own that it gets. */
  database?: string;
  /** The processes, beside producer and worker, whose processor time counts as its own. */
  uses: ('gateway' | 'postgres' | 'nats' | 'redis everysec' | 'redis always')[];
}

export const SYSTEMS: System[] = [
  { key: 'tandem', name: 'Tandem', peer: ['tandem', 'tandem'], uses: ['gateway', 'postgres', 'nats'] },
  { key: 'bullmq-everysec', name: 'BullMQ, AOF everysec', peer: ['bullmq', 'everysec'], uses: ['redis everysec'] },
  { key: 'bullmq-always', name: 'BullMQ, AOF always', peer: ['bullmq', 'always'], uses: ['redis always'] },
  { key: 'pg-boss', name: 'pg-boss, polling', peer: ['pg-boss', 'polling'], database: 'pg_boss', uses: ['postgres'] },
  {
    key: 'pg-boss-notify',
    name: 'pg-boss, NOTIFY',
    peer: ['pg-boss', 'notified'],
    database: 'pg_boss_notify',
    uses: ['postgres'],
  },
  {
    key: 'graphile',
    name: 'graphile-worker',
    peer: ['graphile-worker', 'single'],
    database: 'graphile',
    uses: ['postgres'],
  },
  {
    key: 'graphile-batched',
    name: 'graphile-worker, batched',
    peer: ['graphile-worker', 'batched'],
    database: 'graphile_batched',
    uses: ['postgres'],
  },
  { key: 'jetstream', name: 'bare JetStream (the limit)', peer: ['jetstream', 'bare'], uses: ['nats'] },
];

/** The systems that `--only a,b` names; all when it is not given. */
export function chosenSystems<S extends { key: string }>(systems: S[], only: string[] | undefined): S[] {
  const unknown = only?.find((key) => !systems.some((system) => system.key === key));
  if (unknown) throw new Error(`--only knows ${systems.map(({ key }) => key).join(', ')}, but not ${unknown}.`);
  return systems.filter(({ key }) => !only || only.includes(key));
}
