import { describe, expect, it } from 'vitest';
import { crossCheck } from '../../src/config/cross-checks.ts';
import { gatewaySchema } from '../../src/config/schema.ts';
import { formatProblem } from '../../src/config/text-file.ts';
import { validateYaml } from '../../src/config/validate.ts';
import { brokenConfigurations } from './broken-configurations.ts';
import { brokenRules } from './broken-rules.ts';

const broken = [...brokenConfigurations, ...brokenRules];

const validate = (text: string) => validateYaml({ file: 'f', text, schema: gatewaySchema, crossCheck });

describe('a broken configuration', () => {
  it.each(broken)('is told its exact problems: $title', ({ text, problems }) => {
    const found = validate(text).problems ?? [];

    expect(found.map((problem) => formatProblem(problem).replace(/^f:/, ''))).toEqual(problems);
  });

  it('comes in more than 100 kinds, each with a title of its own', () => {
    expect(new Set(broken.map(({ title }) => title)).size).toBe(broken.length);
    expect(broken.length).toBeGreaterThan(100);
  });

  it('never shows a token', () => {
    const { problems = [] } = validate('http: { token: hunter2, listen: 0.0.0.0 }\n');

    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });
});

describe('a good configuration', () => {
  it('may open the dashboard to the network with a token', () => {
    const { value } = validate(
      'station: { id: "1", name: A }\n' +
        'aws: { endpoint: localhost, certificate: /c.pem, privateKey: /c.key }\n' +
        'http: { listen: 0.0.0.0, token: "0123456789abcdef" }\n',
    );

    expect(value?.http).toEqual({ listen: '0.0.0.0', port: 8080, token: '0123456789abcdef' });
  });
});
