import { z } from 'zod';

/**
 * Stand-in for the DynamoDB table of sent mails: as much as Powertools' idempotency and the counter of mails ask of it. A condition is taken
 * to be the only one it uses: no such item, or one that has expired, or one that was left in progress.
 */
const attribute = z.record(z.string(), z.unknown());
const item = z.record(z.string(), attribute);
const requestSchema = z.object({
  Item: item.optional(),
  Key: item.optional(),
  UpdateExpression: z.string().optional(),
  ExpressionAttributeNames: z.record(z.string(), z.string()).default({}),
  ExpressionAttributeValues: item.default({}),
});
type Request = z.output<typeof requestSchema>;
type Item = z.output<typeof item>;

export type Answer = { readonly status: number; readonly body: object };

const idOf = (key: Item | undefined): string => String(key?.['id']?.['S'] ?? '');

const isFree = (known: Item | undefined, nowMs: number): boolean => {
  if (known === undefined) return true;
  if (Number(known['expiration']?.['N']) * 1000 < nowMs) return true;
  const until = known['in_progress_expiration']?.['N'];
  return known['status']?.['S'] === 'INPROGRESS' && until !== undefined && Number(until) < nowMs;
};

/** `SET #status = :status, #data = :data` */
const update = (known: Item, { UpdateExpression = '', ...request }: Request): Item => ({
  ...known,
  ...Object.fromEntries(
    [...UpdateExpression.matchAll(/(#\w+) = (:\w+)/g)].map(([, name = '', value = '']) => [
      request.ExpressionAttributeNames[name] ?? name,
      request.ExpressionAttributeValues[value] ?? {},
    ]),
  ),
});

/** `SET expiration = :end ADD mails :one`: the counter of mails of a station and hour. */
const add = (known: Item, { ExpressionAttributeValues }: Request): Item => ({
  ...known,
  expiration: ExpressionAttributeValues[':end'] ?? {},
  mails: { N: String(Number(known['mails']?.['N'] ?? 0) + 1) },
});

export const createSentMailsTable = (): ((operation: string, body: unknown) => Answer) => {
  const items = new Map<string, Item>();
  return (operation, body) => {
    const request = requestSchema.parse(body);
    const id = idOf(request.Item ?? request.Key);
    const known = items.get(id);
    switch (operation) {
      case 'PutItem':
        if (!isFree(known, Date.now())) {
          const __type = 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException';
          return { status: 400, body: { __type, message: 'The conditional request failed', Item: known } };
        }
        items.set(id, request.Item ?? {});
        return { status: 200, body: {} };
      case 'UpdateItem':
        if (request.UpdateExpression?.includes(' ADD ') === true) {
          const counted = add(known ?? request.Key ?? {}, request);
          items.set(id, counted);
          return { status: 200, body: { Attributes: counted } };
        }
        items.set(id, update(known ?? request.Key ?? {}, request));
        return { status: 200, body: {} };
      case 'GetItem':
        return { status: 200, body: { Item: known } };
      case 'DeleteItem':
        items.delete(id);
        return { status: 200, body: {} };
      default:
        return { status: 400, body: { __type: 'ValidationException', message: `no ${operation} here` } };
    }
  };
};
