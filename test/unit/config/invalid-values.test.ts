import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { ConfigurationError, parseConfiguration } from '../../../src/config/load.ts';
import { schema } from '../../../src/config/schema.ts';

interface Field {
  properties?: Record<string, Field>;
}

/** @returns the paths of all fields, such as http.port */
function pathsOf({ properties = {} }: Field, above: readonly string[] = []): string[][] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = [...above, name];
    return [path, ...pathsOf(field, path)];
  });
}

const valid = {
  apiVersion: 'config.ghippo.io/v1alpha1',
  kind: 'OperatorConfiguration',
  http: { plain: true },
  web: { publicUrl: 'https://keys.example.org', oidc: { issuer: 'https://login.example.org', clientID: 'keys' } },
};

/** @returns the section with the value at the path replaced */
function replaced(section: Record<string, unknown>, [name = '', ...rest]: readonly string[], value: unknown): object {
  if (rest.length === 0) return { ...section, [name]: value };
  return { ...section, [name]: replaced((section[name] ?? {}) as Record<string, unknown>, rest, value) };
}

const values = ['', 'a', 'a b', 'https://', 'https://host:99999', '::', -1, 0.5, 1e9, true, null, [], [''], [{}], {}];

const paths = pathsOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Field);

it.each(paths.map((path) => ({ path, field: path.join('.') })))(
  'accepts a value of $field, or names a field and its rule',
  ({ path, field }) => {
    for (const value of values) {
      let thrown: unknown;
      try {
        parseConfiguration(stringify(replaced(valid, path, value)), 'c.yaml');
      } catch (error) {
        thrown = error;
      }
      if (thrown === undefined) continue;
      expect(thrown, `${field}: ${JSON.stringify(value)}`).toBeInstanceOf(ConfigurationError);
      expect((thrown as Error).message).toMatch(/^c\.yaml: [A-Za-z0-9.]+: ./);
    }
  },
);
