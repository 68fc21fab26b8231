/**
 * Makes LiquidJS evaluate without generators where a template is filled in one go. LiquidJS walks every name, filter and operator
 * as a generator of its own, so that any of them may wait; ours never do, and an invoice of 175 lines took 2.6 times as long.
 * A fill that may wait (`liquid.render`) still goes LiquidJS's own way, which is what the tests compare with. This is written after
 * `Value`, `Filter` and `Expression` of LiquidJS 10.30, private parts included: package.json names that version exactly, and who
 * raises it reads those three again.
 */
import {
  type Context,
  Expression,
  evalToken,
  Filter,
  type Token,
  TypeGuards,
  toValue,
  toValueSync,
  Value,
} from 'liquidjs';

const own = {
  evaluate: Expression.prototype.evaluate,
  render: Filter.prototype.render,
  value: Value.prototype.value,
};

/** Callers hand on whatever they get: a generator is run, a value is taken. */
type Steps = ReturnType<typeof own.value>;

function isDirect({ sync, strictVariables }: Context): boolean {
  return sync && !strictVariables;
}

Value.prototype.value = function (context, lenient): Steps {
  if (!isDirect(context)) return own.value.call(this, context, lenient);
  let value: unknown = this.initial.evaluate(context, lenient);
  for (const filter of this.filters) value = filter.render(value, context);
  return value as Steps;
};

Filter.prototype.render = function (value, context): Steps {
  if (!isDirect(context)) return own.render.call(this, value, context) as Steps;
  const { args, handler, token, liquid } = this as unknown as FilterParts;
  const given = args.map((arg) => (Array.isArray(arg) ? [arg[0], read(arg[1], context)] : read(arg, context)));
  return toValueSync(handler.call({ context, token, liquid }, value, ...given)) as Steps;
};

Expression.prototype.evaluate = function (context, lenient): Steps {
  if (!isDirect(context)) return own.evaluate.call(this, context, lenient) as Steps;
  const { postfix } = this as unknown as { postfix: Token[] };
  if (postfix.length === 1) return read(postfix[0], context) as Steps;
  const operands: unknown[] = [];
  for (const token of postfix) {
    if (!TypeGuards.isOperatorToken(token)) {
      operands.push(read(token, context));
      continue;
    }
    const operator = context.opts.operators[token.operator] as (...args: unknown[]) => unknown;
    const right = operands.pop();
    const result = token.operator === 'not' ? operator(right, context) : operator(operands.pop(), right, context);
    operands.push(toValueSync(result as Steps));
  }
  return operands[0] as Steps;
};

/** As LiquidJS's `evalToken`: literals and paths of names here, what is rarer there. */
function read(token: Token | undefined, context: Context): unknown {
  if (!token) return undefined;
  if ('content' in token) return token.content;
  if (!TypeGuards.isPropertyAccessToken(token) || token.variable)
    return toValueSync(evalToken(token, context) as unknown as Steps);
  const keys = token.props.map((prop) => toValue(read(prop, context)) as string);
  const scopes = context as unknown as { findScope(key: string): object };
  return keys.reduce<unknown>((value, key) => context.readProperty(value as object, key), scopes.findScope(keys[0]!));
}

/** What a filter keeps to itself. */
interface FilterParts {
  args: (Token | [string, Token])[];
  handler: (this: object, ...args: unknown[]) => unknown;
  token: unknown;
  liquid: unknown;
}
