import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { ClaimState } from '../contract/claims.ts';

/** `expected` lets a station register by the claim once; `revoked` keeps it out until it is listed again. */
export const setClaim = async (
  dynamo: DynamoDBClient,
  table: string,
  id: string,
  state: ClaimState,
): Promise<void> => {
  await dynamo.send(new PutItemCommand({ TableName: table, Item: { id: { S: id }, state: { S: state } } }));
};
