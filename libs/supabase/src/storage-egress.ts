import { Egress } from '@tandem/egress/egress';

/**
 * A way out to the host of `url` and no other, also when its address is private, as in self-hosted Supabase. For URLs that
 * an operator set, or that follow from one: never for a caller's.
 */
export function storageEgress(url: string): Egress {
  return new Egress({ allow: [new URL(url).host], only: true });
}
