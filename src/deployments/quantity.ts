/**
 * Kubernetes quantities (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/) as whole
 * numbers of a unit, in exact arithmetic.
 */

const QUANTITY = /^([+-]?)(\d*)(?:\.(\d*))?(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d{1,3}))?$/;

/** Longer strings are no quantity that an API server would send; the bound keeps the arithmetic small. */
const MAX_LENGTH = 64;

const DECIMAL_EXPONENT: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};

const BINARY_EXPONENT: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/**
 * `quantity` in whole units (bytes, say), rounded away from zero as apimachinery's `Quantity.Value()` does; undefined
 * when it is not a quantity.
 */
export const toUnits = (quantity: string): bigint | undefined => roundUp(parse(quantity), 1n);

/** `quantity` in thousandths of the unit (milli-CPU, say), rounded as `Quantity.MilliValue()` does. */
export const toMilliUnits = (quantity: string): bigint | undefined => roundUp(parse(quantity), 1000n);

function parse(quantity: string): Fraction | undefined {
  const match = quantity.length <= MAX_LENGTH ? QUANTITY.exec(quantity) : null;
  if (match === null) return undefined;
  const [, sign, whole = '', decimals = '', suffix = '', exponent = '0'] = match;
  if (whole + decimals === '') return undefined;
  const digits = BigInt(whole + decimals);
  const ten = (DECIMAL_EXPONENT[suffix] ?? Number(exponent)) - decimals.length;
  const two = BINARY_EXPONENT[suffix] ?? 0;
  return {
    numerator: (sign === '-' ? -digits : digits) * power(10n, ten) * power(2n, two),
    denominator: power(10n, -ten),
  };
}

const power = (base: bigint, exponent: number): bigint => (exponent > 0 ? base ** BigInt(exponent) : 1n);

function roundUp(value: Fraction | undefined, scale: bigint): bigint | undefined {
  if (value === undefined) return undefined;
  const scaled = value.numerator * scale;
  const quotient = scaled / value.denominator;
  if (scaled % value.denominator === 0n) return quotient;
  return scaled > 0n ? quotient + 1n : quotient - 1n;
}
