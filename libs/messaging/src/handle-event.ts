import { UseFilters } from '@nestjs/common';
import { type MessageHandler, MessagePattern } from '@nestjs/microservices';
import type { EventDefinition } from '@tandem/contracts/event';
import type { SelectedEvent } from '@tandem/contracts/event-subjects';
import { PassErrors } from './handle-command.js';
import type { EventOf } from './received-event.js';
import { type SubscriptionSettings, subscriptionName } from './subscribe-events.js';

const PATTERN = 'event:';

type HandlerMethod<E extends EventDefinition> = (event: EventOf<E>) => Promise<void>;

/** A subscription that a method of a service class asks for. */
interface Asked extends SubscriptionSettings {
  events: readonly (EventDefinition | SelectedEvent)[];
  name: string;
}

/**
 * Marks the method that handles `events`: the service is subscribed to them as `subscribeEvents` does, under a name of
 * its own. The type checker compares the method's parameter with the declarations.
 */
export function HandleEvent<const E extends EventDefinition | SelectedEvent>(
  events: E | readonly E[],
  settings: SubscriptionSettings = {},
) {
  const declared = [events].flat() as E[];
  const name = subscriptionName(declared, settings.name);
  return (target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<HandlerMethod<E>>): void => {
    const asked: Asked = { ...settings, events: declared, name };
    MessagePattern(PATTERN + name, { asked })(target, key, descriptor);
    UseFilters(PassErrors)(target, key, descriptor);
  };
}

/** True when a pattern of Nest's is that of a `HandleEvent` method. */
export function isEventPattern(pattern: string): boolean {
  return pattern.startsWith(PATTERN);
}

/** The subscriptions among Nest's handlers. */
export function askedSubscriptions(handlers: ReadonlyMap<string, MessageHandler>): [Asked, MessageHandler][] {
  return [...handlers]
    .filter(([pattern]) => isEventPattern(pattern))
    .map(([, handler]) => [handler.extras?.asked as Asked, handler]);
}
