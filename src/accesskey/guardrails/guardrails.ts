/** The limits of administrators in the ConfigMap of manifests/components/guardrails. Pure. */
import { durationMs } from '../../kube/duration.ts';

/** Name of the ConfigMap in the operator's namespace. */
export const guardrailsConfigMap = 'accesskey-operator-guardrails';

/** Valid limits; docs/guardrails.md explains them. */
export interface Guardrails {
  /** As in the ConfigMap, for messages. undefined: no limit. */
  readonly maxKeyPairLifetime: string | undefined;
  readonly requireExpiryOrRotation: boolean;
  /** As in the ConfigMap, for messages. undefined: no limit. */
  readonly maxTokenLifetime: string | undefined;
  /** `<namespace>: <group>` or `*: <group>`. Empty: no limit. */
  readonly allowedGroups: ReadonlySet<string>;
  /** Empty: no limit. */
  readonly allowedAudiences: ReadonlySet<string>;
}

/** What applies if there is no ConfigMap. */
export const noGuardrails: Guardrails = {
  maxKeyPairLifetime: undefined,
  requireExpiryOrRotation: false,
  maxTokenLifetime: undefined,
  allowedGroups: new Set(),
  allowedAudiences: new Set(),
};

/** The ConfigMap is malformed; the message names each field and its rule, as the admission policy does. */
export class GuardrailsError extends Error {}

type Data = Readonly<Record<string, string>>;

const durationRule = 'must be a duration in hours, minutes and seconds such as 2160h';
/** A line without the white space around it; \S(.*\S)? in RE2, which the admission policy uses. */
const nonBlankLine = /[^\t\n\f\r ](?:[^\n]*[^\t\n\f\r ])?/g;
/** More would exceed the cost limit of the admission policy. */
const maxLines = 5_000;
const tooManyLines = `must have at most ${maxLines} lines`;
const groupLine = /^([*]|[a-z0-9][-a-z0-9]*):( [^\n]*)?$/;

/**
 * Reads the data of the ConfigMap.
 *
 * @throws GuardrailsError
 */
export function parseGuardrails(data: Data): Guardrails {
  const problems = problemsOf(data);
  if (problems.length > 0) throw new GuardrailsError(problems.join('; '));
  return {
    maxKeyPairLifetime: textOf(data, 'maxKeyPairLifetime') || undefined,
    requireExpiryOrRotation: textOf(data, 'requireExpiryOrRotation') === 'true',
    maxTokenLifetime: textOf(data, 'maxTokenLifetime') || undefined,
    allowedGroups: new Set(linesOf(data, 'allowedGroups')),
    allowedAudiences: new Set(linesOf(data, 'allowedAudiences')),
  };
}

function problemsOf(data: Data): string[] {
  const [groups, audiences] = [linesOf(data, 'allowedGroups'), linesOf(data, 'allowedAudiences')];
  const isDuration = (field: keyof Guardrails) => textOf(data, field) === '' || durationMs(textOf(data, field)) > 0;
  const rules: [string, boolean, string][] = [
    ['maxKeyPairLifetime', isDuration('maxKeyPairLifetime'), durationRule],
    ['maxTokenLifetime', isDuration('maxTokenLifetime'), durationRule],
    [
      'requireExpiryOrRotation',
      ['', 'true', 'false'].includes(textOf(data, 'requireExpiryOrRotation')),
      'must be true or false',
    ],
    ['allowedGroups', groups.length <= maxLines, tooManyLines],
    ['allowedGroups', groups.every((line) => groupLine.test(line)), 'must have one "<namespace>: <group>" per line'],
    ['allowedAudiences', audiences.length <= maxLines, tooManyLines],
    ['allowedAudiences', audiences.every((line) => !line.includes(' ')), 'must have one audience per line'],
  ];
  const unknown = Object.keys(data).filter((field) => !Object.hasOwn(noGuardrails, field));
  return [
    ...unknown.map((field) => `${field} is unknown`),
    ...rules.filter(([, isValid]) => !isValid).map(([field, , rule]) => `${field} ${rule}`),
  ];
}

function textOf(data: Data, field: keyof Guardrails): string {
  return data[field]?.trim() ?? '';
}

function linesOf(data: Data, field: keyof Guardrails): string[] {
  return (data[field] ?? '').match(nonBlankLine) ?? [];
}
