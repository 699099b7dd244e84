import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';

/** A user of the database and a password that nobody has seen: 40 letters and digits, within Redshift's rules. */
export const createLogin = (
  scope: Construct,
  id: string,
  login: { user: string; purpose: string },
): Secret => {
  const secret = new Secret(scope, id, {
    description: login.purpose,
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ username: login.user }),
      generateStringKey: 'password',
      passwordLength: 40,
      excludePunctuation: true,
      requireEachIncludedType: true,
    },
    removalPolicy: RemovalPolicy.DESTROY,
  });
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions-SMG4',
    reason: 'Rotation would have to change the user in the database in the same moment; a deploy does both.',
  });
  return secret;
};
