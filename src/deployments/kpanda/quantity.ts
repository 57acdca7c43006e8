/**
 * Converts Kubernetes quantities (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/) to
 * integers with exact arithmetic. Hand-written, because client-node's parser uses floating point
 * and throws on `1.5Gi`.
 */

const quantityPattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d{1,3}))?$/;

/** An API server sends no longer quantity; the bound limits the cost of the arithmetic. */
const maxLength = 64;

const decimalExponents: Readonly<Record<string, number>> = {
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

const binaryExponents: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/**
 * Converts to whole units, such as bytes. Rounds away from zero, as `Quantity.Value()` of apimachinery does.
 *
 * @returns undefined if `quantity` is invalid
 */
export function toUnits(quantity: string): bigint | undefined {
  return roundUp(parse(quantity), 1n);
}

/** Converts to thousandths of the unit, such as milli-CPU. Rounds as `Quantity.MilliValue()` does. */
export function toMilliUnits(quantity: string): bigint | undefined {
  return roundUp(parse(quantity), 1000n);
}

function parse(quantity: string): Fraction | undefined {
  const match = quantity.length <= maxLength ? quantityPattern.exec(quantity) : null;
  if (match === null) return undefined;
  const [, sign, whole = '', decimals = '', suffix = '', exponent = '0'] = match;
  if (whole + decimals === '') return undefined;
  const digits = BigInt(whole + decimals);
  const tenExponent = (decimalExponents[suffix] ?? Number(exponent)) - decimals.length;
  const twoExponent = binaryExponents[suffix] ?? 0;
  return {
    numerator: (sign === '-' ? -digits : digits) * power(10n, tenExponent) * power(2n, twoExponent),
    denominator: power(10n, -tenExponent),
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
